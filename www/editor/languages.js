// Languages that a text may be in. What reads one is loaded when somebody chooses it.

/** What reads each language; of a plain text nothing. */
export const LANGUAGES = {
  javascript: () => import("@codemirror/lang-javascript").then(({ javascript }) => javascript()),
  python: () => import("@codemirror/lang-python").then(({ python }) => python()),
  text: () => [],
};

/** What a language is called; a plain text has another name in each language of the page. */
export const NAMES = { javascript: "JavaScript", python: "Python" };
