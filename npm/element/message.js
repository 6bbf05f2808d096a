// One message as an item of the list. It stays the same element while its status changes, so that nothing is read out twice.
import { h, setText } from "./dom.js";
import { textElements } from "./text.js";

/** An ID is its author's word, so that another author may have given the same. */
export const keyOf = ({ sender, id }) => `${id} ${sender}`;

/** The element of a message; `names` says what its author is called, `act` does `resend` and `discard`. */
export class MessageItem {
  #words;
  #names;
  #act;
  #note = h("span", { class: "fine" });

  constructor(message, words, names, act) {
    this.#words = words;
    this.#names = names;
    this.#act = act;
    this.element = h("li", { class: "message", "data-id": message.id }, ...textElements(message.text, words), this.#note);
    this.element.classList.toggle("own", message.own);
    this.element.classList.toggle("wide", this.element.querySelector("pre") !== null);
    this.update(message);
  }

  update(message) {
    if (this.message === message) return;
    this.message = message;
    const { dataset, classList } = this.element;
    classList.toggle("failed", message.status === "failed");
    dataset.status = message.status;
    dataset.saved = message.saved;
    this.#describe();
  }

  /** Somebody's name is another one. */
  rename() {
    this.#describe();
  }

  #describe() {
    const { own, at, status, saved } = this.message;
    const say = (key) => this.#words.t(`chat/${key}`);
    const time = new Date(at).toLocaleTimeString(this.#words.language, { hour: "2-digit", minute: "2-digit" });
    const parts = [this.#names(this.message), time];
    if (own) parts.push(say(status));
    if (!saved && (!own || status !== "sending") && status !== "failed") parts.push(say("unsaved"));
    if (status !== "failed") return setText(this.#note, parts.join(" · "));
    const { id, failure, failureMessage } = this.message;
    const why = this.#words.t(`failure/${failure}`) || this.#words.t("failure/refused") || failureMessage;
    this.#note.replaceChildren(
      `${parts.join(" · ")}: ${why}`,
      h("button", { type: "button", onclick: () => this.#act("resend", id) }, say("again")),
      h("button", { type: "button", onclick: () => this.#act("discard", id) }, say("discard")),
    );
  }
}

/** A line between the messages: a day, or what happened. */
export const lineItem = (kind, text) => h("li", { class: kind }, text);

/** How a day is called, seen from now. */
export function dayOf(at, words, now = Date.now()) {
  const day = new Date(at).toDateString();
  if (day === new Date(now).toDateString()) return words.t("chat/today");
  if (day === new Date(now - 86_400_000).toDateString()) return words.t("chat/yesterday");
  return new Date(at).toLocaleDateString(words.language, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
}
