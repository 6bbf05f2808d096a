// Search in the messages that are loaded: a field, how many there are, the next and the previous one. Escape closes it.
import { h, icon, isComposing, setText, show } from "./dom.js";
import { keyOf } from "./message.js";

const HIGHLIGHT = "pairvoice-search";

/** The search of a chat; `messages` brings what is looked through, `reveal` brings a message into sight and returns its element. */
export function searchField({ words }, messages, reveal) {
  const say = (key, values) => words.t(`chat/${key}`, values);
  const button = h("button", { type: "button", id: "search-open", class: "plain", "aria-expanded": "false", "aria-controls": "search" }, icon("search"), say("searchOpen"));
  const input = h("input", { type: "search", id: "search-text", "aria-label": say("search"), placeholder: say("search"), dir: "auto", autocomplete: "off" });
  const count = h("span", { id: "search-count", class: "fine", role: "status" });
  const step = (name, label, by) => h("button", { type: "button", class: "plain square", "aria-label": say(label), onclick: () => go(by) }, icon(name));
  const close = h("button", { type: "button", class: "plain square", "aria-label": words.t("panel/close"), onclick: () => open(false) }, icon("close"));
  const element = h("div", { id: "search", role: "search", hidden: true }, input, count, step("up", "previous", -1), step("down", "next", 1), close);

  /** The messages in which it was found, oldest first, and the one that is shown. */
  let found = [];
  let at;
  let marked;
  let searched;

  function open(on) {
    show(element, on);
    button.setAttribute("aria-expanded", String(on));
    if (on) input.select();
    (on ? input : button).focus();
    search(on);
  }

  function search(jump) {
    const wanted = element.hidden ? "" : input.value.trim().toLocaleLowerCase();
    const all = messages();
    searched = all;
    found = wanted === "" ? [] : all.filter(({ text }) => text.toLocaleLowerCase().includes(wanted));
    const place = found.findIndex((message) => keyOf(message) === at);
    // The newest one is what one most likely looks for.
    if (place < 0) at = found.length > 0 ? keyOf(found.at(-1)) : undefined;
    mark(wanted, jump);
  }

  function go(by) {
    if (found.length === 0) return;
    const place = found.findIndex((message) => keyOf(message) === at);
    at = keyOf(found[(place + by + found.length) % found.length]);
    mark(input.value.trim().toLocaleLowerCase(), true);
  }

  function mark(wanted, jump) {
    const place = found.findIndex((message) => keyOf(message) === at);
    const none = wanted === "" ? "" : say("searchNone");
    setText(count, place < 0 ? none : say("searchCount", { n: place + 1, of: found.length }));
    marked?.classList.remove("found");
    globalThis.CSS?.highlights?.delete(HIGHLIGHT);
    if (place < 0) return (marked = undefined);
    if (jump) {
      marked = reveal(found[place]);
      input.focus();
    }
    marked?.classList.add("found");
    if (marked) highlight(marked, wanted);
  }

  input.addEventListener("input", () => search(true));
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      open(false);
    } else if (event.key === "Enter" && event.target === input && !isComposing(event)) {
      event.preventDefault();
      go(event.shiftKey ? 1 : -1);
    }
  });
  button.addEventListener("click", () => open(element.hidden));

  return {
    button,
    element,
    /** The messages may be others. */
    draw() {
      if (!element.hidden && messages() !== searched) search(false);
    },
  };
}

/** Marks each place of a text in an element, where the browser can (CSS Custom Highlight API). */
function highlight(element, wanted) {
  if (!globalThis.CSS?.highlights || !globalThis.Highlight) return;
  const ranges = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    const text = node.data.toLocaleLowerCase();
    // A letter that has another length in lower case would shift the place.
    if (text.length !== node.data.length || node.parentElement.closest(".fine, button")) continue;
    for (let from = text.indexOf(wanted); from >= 0; from = text.indexOf(wanted, from + wanted.length)) {
      const range = new Range();
      range.setStart(node, from);
      range.setEnd(node, from + wanted.length);
      ranges.push(range);
    }
  }
  CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
}
