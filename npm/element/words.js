// The words of the panel: chosen by language, and by the app where it has its own.
import en from "./words/en.js";

const others = {
  de: () => import("./words/de.js"),
  es: () => import("./words/es.js"),
  fr: () => import("./words/fr.js"),
  ja: () => import("./words/ja.js"),
};

/** Languages whose words are part of the package. */
export const languages = ["en", ...Object.keys(others)];

const isGroup = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The first words with those of the second in their place where it has any. */
function merged(base, own) {
  if (!isGroup(base) || !isGroup(own)) return own ?? base;
  return Object.fromEntries(Object.keys({ ...base, ...own }).map((key) => [key, merged(base[key], own[key])]));
}

/** A language whose script runs from right to left. */
export function directionOf(language) {
  try {
    const locale = new Intl.Locale(language);
    const info = locale.getTextInfo?.() ?? locale.textInfo;
    if (info) return info.direction;
  } catch {
    // No language that this browser knows.
  }
  return /^(ar|arc|ckb|dv|fa|he|ks|ku-arab|ps|sd|ug|ur|yi)\b/i.test(language) ? "rtl" : "ltr";
}

/** The words of the first language that the package has, else English ones; the app's own stand before them. Words that can't be
 * loaded are English ones. `from` has the English words and what loads those of each other language; without it they are the panel's. */
export async function loadWords(language, own, from = { en, others }) {
  const short = language.toLowerCase().split("-")[0];
  const found = await from.others[short]?.().then((module) => module.default, () => undefined);
  // Dates and numbers are written as the words are.
  const isKnown = short === "en" || found !== undefined || own !== undefined;
  return new Words(merged(from.en, merged(found ?? {}, own ?? {})), isKnown ? language : "en");
}

export class Words {
  #all;
  #plurals;

  constructor(all, language) {
    this.#all = all;
    this.language = language;
    try {
      this.#plurals = new Intl.PluralRules(language);
    } catch {
      this.language = "en";
      this.#plurals = new Intl.PluralRules("en");
    }
  }

  /** What stands at a path such as `["bar", "mute"]`; nothing when there is nothing. */
  #at(path) {
    return path.split("/").reduce((group, key) => group?.[key], this.#all);
  }

  /** The words at a path such as `bar/mute`, with the values in their places; an empty text when there are none. */
  t(path, values = {}) {
    let text = this.#at(path);
    if (isGroup(text)) text = text[this.#plurals.select(values.n)] ?? text.other;
    return fill(text ?? "", values);
  }

  /** Two sentences at a path: what is, and what a person can do. Those of the second argument when there are none. */
  pair(path, [message, hint] = []) {
    return this.#at(path) ?? [message ?? "", hint ?? ""];
  }

  /** All the words of a group. */
  group(path) {
    return this.#at(path);
  }

  number(value, options) {
    return new Intl.NumberFormat(this.language, options).format(value);
  }
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
