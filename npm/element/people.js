// Who is here: two people, each with a ring while speaking, what is to be known of their microphone, and how loud they are.
import { h, setText } from "./dom.js";
import { bare, ownNote, peerNote, sentence } from "./status.js";

/** The people of a panel. */
export function peopleView({ words, name, ownName }) {
  const cards = Object.fromEntries(
    [
      ["own", "note/level"],
      ["peer", "note/peerLevel"],
    ].map(([who, label]) => {
      const parts = {
        avatar: h("span", { class: "avatar", "aria-hidden": "true" }),
        name: h("bdi", { id: `${who}-name` }),
        speaks: h("span", { id: `${who}-speaks`, class: "visually-hidden" }),
        note: h("span", { class: "note", id: `${who}-note` }),
        level: h("meter", { id: `${who}-level`, min: 0, max: 1, value: 0, "aria-label": words.t(label) }),
      };
      const element = h(
        "li",
        { class: "person", id: who, part: "person" },
        parts.avatar,
        h("span", { class: "name" }, parts.name, " ", parts.speaks),
        parts.note,
        parts.level,
      );
      return [who, { element, ...parts }];
    }),
  );

  function call(who, shown) {
    setText(cards[who].name, shown);
    setText(cards[who].avatar, [...shown][0]?.toLocaleUpperCase() ?? "");
  }

  return {
    element: h("ul", { class: "people", part: "people", "aria-label": words.t("panel/people") }, cards.own.element, cards.peer.element),
    draw(state) {
      call("own", ownName() ? `${ownName()} (${words.t("you")})` : words.t("you"));
      call("peer", name() === words.t("other") ? sentence(name()) : bare(name()));
      setText(cards.own.note, ownNote(state, words));
      setText(cards.peer.note, peerNote(state, words));
      // Nothing is measured any more, and the last level would stay.
      if (state.session.state === "ended" || state.voice.state === "off") cards.own.level.value = 0;
      if (state.session.state === "ended" || state.voice.state !== "connected") cards.peer.level.value = 0;
      cards.peer.element.toggleAttribute("data-absent", state.peer.presence !== "present");
    },
    /** Somebody begins to speak or stops. */
    speaking(speaks) {
      for (const who of ["own", "peer"]) {
        cards[who].element.toggleAttribute("data-speaking", speaks[who]);
        setText(cards[who].speaks, speaks[who] ? words.t("note/speaking") : "");
      }
    },
    /** How loud both are, from 0 to 1. Speech is mostly between 0.01 and 0.3, which a root spreads over the meter. */
    level({ own, peer }) {
      cards.own.level.value = Math.sqrt(own);
      cards.peer.level.value = Math.sqrt(peer);
    },
  };
}
