// The field for one's message. What stands in it stays: over a reload, and when the session ends.
import { h, isComposing, kept, setText, show } from "./dom.js";

/** The other is told again after so many milliseconds that this person still types. */
const TYPING_MS = 4000;

/** The composer of a panel; `sent` is called after a message was sent. */
export function composer({ words, session, ids }, sent) {
  const say = (key, values) => words.t(`chat/${key}`, values);
  const text = h("textarea", { id: "text", rows: 2, placeholder: say("placeholder"), enterkeyhint: "send", dir: "auto", "aria-describedby": "refused closed" });
  const button = h("button", { type: "submit", class: "primary" }, say("send"));
  const refused = h("p", { id: "refused", class: "error", role: "alert" });
  const closed = h("p", { id: "closed", class: "fine", hidden: true });
  const form = h("form", { id: "composer" }, h("label", { for: "text", class: "visually-hidden" }, say("message")), text, button);
  const element = h("div", { class: "writing" }, form, closed, refused);
  const draft = kept("sessionStorage", `draft.${JSON.stringify(ids())}`);
  text.value = draft.get() ?? "";
  let typingSince = 0;

  function send() {
    // Nobody is joined yet: what was written waits in the field.
    if (text.readOnly || !session()) return;
    setText(refused, "");
    try {
      session().send(text.value);
      text.value = "";
      draft.set(undefined);
      typingSince = 0;
      sent();
    } catch (error) {
      if (error.code !== "text-empty") setText(refused, say("notSent", { why: words.t(`error/${error.code}`) || error.message }));
    }
    text.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) {
      event.preventDefault();
      send();
    }
  });
  text.addEventListener("input", () => {
    draft.set(text.value || undefined);
    const now = Date.now();
    if (text.value === "") {
      if (typingSince) session()?.setTyping(false);
      typingSince = 0;
    } else if (now - typingSince > TYPING_MS) {
      typingSince = now;
      session()?.setTyping(true);
    }
  });

  return {
    element,
    draw({ session: { state } }) {
      const over = state === "ended";
      // Read-only and not disabled, so that what was written can be copied.
      text.readOnly = over;
      button.disabled = over || !session();
      // Empty until then: it describes the field also where it is not shown.
      setText(closed, over ? say("closed") : "");
      show(closed, over);
    },
  };
}
