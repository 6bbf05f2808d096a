// Small helpers for elements. Nothing here takes markup from a text, so that pages with Trusted Types and a strict policy can use it.
import { icons } from "./icons.js";

/** An element with attributes, listeners (`onclick`) and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A picture beside a word, which says the same; screen readers leave it out. */
export function icon(name) {
  const picture = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" });
  picture.append(...icons[name].map((d) => svg("path", { d })));
  return picture;
}

/** Sets a text that is another one; what stays is not touched, for live regions would say it again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A key that is part of writing a word, as in Japanese. The one that ends it comes after the end in Safari, by this number alone
 * (https://bugs.webkit.org/show_bug.cgi?id=165004). */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** Shows or hides an element. */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Resolves in a task of its own, so that the browser draws and takes input before what follows. */
export const nextTask = () => globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));

/** Keeps values of this browser; pages that may not store anything forget them. */
export function kept(storage, key) {
  const name = `pairvoice.${key}`;
  return {
    get() {
      try {
        return JSON.parse(globalThis[storage].getItem(name)) ?? undefined;
      } catch {
        return undefined;
      }
    },
    set(value) {
      try {
        if (value === undefined) globalThis[storage].removeItem(name);
        else globalThis[storage].setItem(name, JSON.stringify(value));
      } catch {
        // It holds for this page all the same.
      }
    },
  };
}
