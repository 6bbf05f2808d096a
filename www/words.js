// The words of the demo around the panel. Functions of the panel choose, fill in and count them.
import { directionOf, languages, loadWords } from "../npm/element/words.js";
import en from "./words/en.js";

const others = {
  de: () => import("./words/de.js"),
  es: () => import("./words/es.js"),
  fr: () => import("./words/fr.js"),
  ja: () => import("./words/ja.js"),
};

/** The first language that a person reads and that has words. */
const preferred = () => navigator.languages.find((language) => languages.includes(language.toLowerCase().split("-")[0])) ?? "en";

/** What the editor says of a run, by name. */
export const SAYINGS = Object.keys(en.said);

/** Makes the page one of a language, and of a direction, before the panel looks for them; resolves with the words. */
export async function pageWords(language = preferred(), direction) {
  const { documentElement: page } = document;
  page.lang = language;
  page.dir = direction ?? directionOf(language);
  const words = await loadWords(language, undefined, { en, others });
  page.lang = words.language;
  page.dir = direction ?? directionOf(words.language);
  return words;
}

/** Names may be any text: what they are called changes no direction beside it (UAX 9, FSI and PDI), and is cut. */
export const shown = (name) => `\u2068${[...String(name ?? "?").replace(/[\u2066-\u2069]/g, "")].slice(0, 64).join("")}\u2069`;

/** Puts the words into the page's own elements: each says by `data-word`, or by `data-label` for its name, which are its own. */
export function writePage(words, values) {
  document.title = words.t("title");
  for (const element of document.querySelectorAll("[data-word]")) writeWith(element, words.t(element.dataset.word, values));
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = words.t(element.dataset.label);
}

/** A text in which what stands between backticks is code; what stays is not touched. */
function writeWith(element, text) {
  const parts = text.split("`");
  if (element.textContent.replace(/\s+/g, " ").trim() === parts.join("")) return;
  const code = (part) => Object.assign(document.createElement("code"), { textContent: part, dir: "ltr" });
  element.replaceChildren(...parts.map((part, index) => (index % 2 === 1 ? code(part) : part)));
}
