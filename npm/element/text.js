// A message's text as elements: code and links stand out, and nothing of it is ever markup.
import { h, setText } from "./dom.js";

const FENCE = /^```[^\n`]*\n([\s\S]*?)\n?^```[ \t]*$/gm;
/** Code between two backticks, or a link with what follows it up to the next space. */
const INLINE = /`([^`\n]+)`|\bhttps?:\/\/[^\s<>"'`.,;:!?)\]}][^\s<>"'`]*/gu;
const BRACKETS = Object.entries({ "(": ")", "[": "]", "{": "}" });

/** The elements that show a text: paragraphs, and code blocks that can be copied. */
export function textElements(text, words) {
  const elements = [];
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    addParagraph(elements, text.slice(from, match.index));
    elements.push(codeBlock(match[1], words));
    from = match.index + match[0].length;
  }
  addParagraph(elements, text.slice(from));
  return elements;
}

function addParagraph(elements, text) {
  const trimmed = elements.length > 0 ? text.replace(/^\n+/, "") : text;
  const shown = trimmed.replace(/\n+$/, "");
  if (shown === "" && (elements.length > 0 || trimmed === "")) return;
  const paragraph = h("p", { dir: "auto" });
  let from = 0;
  for (const match of shown.matchAll(INLINE)) {
    const [whole, code] = match;
    const address = code === undefined && addressIn(whole);
    paragraph.append(shown.slice(from, match.index), address ? link(address) : h("code", { dir: "ltr" }, code));
    from = match.index + (address || whole).length;
  }
  paragraph.append(shown.slice(from));
  elements.push(paragraph);
}

/** An address without the marks of the sentence around it. A closing bracket is one unless its opening one stands in the address. */
function addressIn(text) {
  const surplus = Object.fromEntries(BRACKETS.map(([open, close]) => [close, text.split(close).length - text.split(open).length]));
  let end = text.length;
  for (; ".,;:!?".includes(text[end - 1]) || surplus[text[end - 1]] > 0; end -= 1) surplus[text[end - 1]] -= 1;
  return text.slice(0, end);
}

/** Only http and https get here; the page that opens learns nothing of this one. */
function link(address) {
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address);
}

function codeBlock(code, words) {
  const inner = h("code", {}, code);
  const pre = h("pre", { tabindex: 0, role: "group", "aria-label": words.t("chat/code"), dir: "ltr" }, inner);
  const copy = h("button", { type: "button", "aria-label": words.t("chat/copyCode") }, words.t("chat/copy"));
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code);
      setText(copy, words.t("chat/copied"));
    } catch {
      // Without the permission the person can still copy by hand.
      getSelection()?.selectAllChildren(inner);
      setText(copy, words.t("chat/selected"));
    }
  });
  return h("div", { class: "code" }, pre, copy);
}
