// Sheets between the chat and the bar, of which one at most is open. The chat stays in sight above them.
import { h, icon, show } from "./dom.js";

/** The sheets of a panel: `contents` has title and content by name, `changed` is told what opens and closes. */
export function sheetsView({ words }, contents, changed) {
  const ids = { devices: "devices", volume: "loudness", help: "help" };
  const sheets = Object.fromEntries(
    Object.entries(contents).map(([name, { title, content }]) => {
      const close = h("button", { type: "button", class: "plain square", "aria-label": words.t("panel/close"), onclick: () => toggle(name, false) }, icon("close"));
      const heading = h("h3", { id: `${ids[name]}-title` }, title);
      const element = h("section", { class: "sheet", part: "sheet", id: ids[name], "aria-labelledby": `${ids[name]}-title`, hidden: true }, h("div", { class: "heading" }, heading, close), content);
      element.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        toggle(name, false);
      });
      return [name, element];
    }),
  );
  let open;
  let opener;

  function toggle(name, on = open !== name) {
    const before = open;
    open = on ? name : before === name ? undefined : before;
    if (before === open) return;
    const { activeElement } = sheets[name].getRootNode();
    const hadFocus = before && sheets[before].contains(activeElement);
    if (on && activeElement && !Object.values(sheets).some((sheet) => sheet.contains(activeElement))) opener = activeElement;
    for (const [each, sheet] of Object.entries(sheets)) show(sheet, each === open);
    for (const each of Object.keys(sheets)) if (each === before || each === open) changed(each, each === open);
    if (open) sheets[open].querySelector("select, input, button:not(.square)")?.focus();
    else if (hadFocus) opener?.focus();
  }

  return { element: h("div", { class: "sheets" }, ...Object.values(sheets)), toggle };
}
