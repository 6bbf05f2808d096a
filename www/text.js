// A message's text as elements: fenced code and links stand out, and nothing of it is ever markup.

const FENCE = /^```[^\n`]*\n([\s\S]*?)\n?^```[ \t]*$/gm;
const LINK = /\bhttps?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/gu;

/** The elements that show a text: paragraphs, and code blocks that can be copied. */
export function textElements(text) {
  const elements = [];
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    addParagraph(elements, text.slice(from, match.index));
    elements.push(codeBlock(match[1]));
    from = match.index + match[0].length;
  }
  addParagraph(elements, text.slice(from));
  return elements;
}

function addParagraph(elements, text) {
  const trimmed = elements.length > 0 ? text.replace(/^\n+/, "") : text;
  const shown = trimmed.replace(/\n+$/, "");
  if (shown === "" && (elements.length > 0 || trimmed === "")) return;
  const paragraph = document.createElement("p");
  paragraph.dir = "auto";
  let from = 0;
  for (const match of shown.matchAll(LINK)) {
    paragraph.append(shown.slice(from, match.index), link(match[0]));
    from = match.index + match[0].length;
  }
  paragraph.append(shown.slice(from));
  elements.push(paragraph);
}

/** Only http and https get here; the page that opens learns nothing of this one. */
function link(address) {
  const element = document.createElement("a");
  element.href = address;
  element.target = "_blank";
  element.rel = "noopener noreferrer nofollow";
  element.textContent = address;
  return element;
}

function codeBlock(code) {
  const block = document.createElement("div");
  block.className = "code";
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  pre.setAttribute("aria-label", "Code");
  const inner = document.createElement("code");
  inner.textContent = code;
  pre.append(inner);
  const copy = document.createElement("button");
  copy.type = "button";
  copy.textContent = "Copy";
  copy.setAttribute("aria-label", "Copy code");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code);
      copy.textContent = "Copied";
    } catch {
      // Without the permission the person can still copy by hand.
      getSelection()?.selectAllChildren(inner);
      copy.textContent = "Selected";
    }
  });
  block.append(pre, copy);
  return block;
}
