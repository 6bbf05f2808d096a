// Where the other's cursor is and what they have selected. It is drawn by classes only: the page's policy allows no inline styles.
import { RangeSet } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, WidgetType } from "@codemirror/view";
import { createAbsolutePositionFromRelativePosition, createRelativePositionFromTypeIndex } from "yjs";

class Caret extends WidgetType {
  constructor(name) {
    super();
    this.name = name;
  }

  eq(other) {
    return other.name === this.name;
  }

  toDOM() {
    const caret = document.createElement("span");
    caret.className = "remote-caret";
    caret.ariaHidden = "true";
    const name = document.createElement("bdi");
    name.className = "remote-name";
    name.textContent = this.name;
    caret.append("\u2060", name);
    return caret;
  }

  ignoreEvent() {
    return true;
  }
}

const selected = Decoration.mark({ class: "remote-selection" });

/** Tells the other where this person's cursor is, and shows theirs. */
export function cursors(text, awareness) {
  const place = (index) => createRelativePositionFromTypeIndex(text, index);
  const index = (position) => {
    try {
      const found = position && createAbsolutePositionFromRelativePosition(position, text.doc);
      return found?.type === text ? found.index : undefined;
    } catch {
      // The other side says what it likes.
      return undefined;
    }
  };

  class Cursors {
    decorations = Decoration.none;

    constructor(view) {
      this.view = view;
      this.changed = ({ added, updated, removed }) => {
        const isOther = (client) => client !== awareness.clientID;
        if ([...added, ...updated, ...removed].some(isOther)) view.dispatch({});
      };
      this.draw();
      awareness.on("change", this.changed);
    }

    destroy() {
      awareness.off("change", this.changed);
    }

    update({ view, state, selectionSet, docChanged, focusChanged }) {
      if (selectionSet || docChanged || focusChanged) {
        const { anchor, head } = state.selection.main;
        const cursor = view.hasFocus ? { anchor: place(anchor), head: place(head) } : null;
        awareness.setLocalStateField("cursor", cursor);
      }
      this.draw();
    }

    draw() {
      const ranges = [];
      for (const [client, state] of awareness.getStates()) {
        if (client === awareness.clientID) continue;
        const [anchor, head] = [index(state.cursor?.anchor), index(state.cursor?.head)];
        const end = this.view.state.doc.length;
        if (anchor === undefined || head === undefined || Math.max(anchor, head) > end) continue;
        if (anchor !== head) ranges.push(selected.range(Math.min(anchor, head), Math.max(anchor, head)));
        const caret = new Caret([...String(state.user?.name ?? "?")].slice(0, 64).join(""));
        ranges.push(Decoration.widget({ widget: caret, side: head > anchor ? -1 : 1 }).range(head));
      }
      this.decorations = RangeSet.of(ranges, true);
    }
  }

  return [ViewPlugin.fromClass(Cursors, { decorations: ({ decorations }) => decorations }), theme];
}

const theme = EditorView.baseTheme({
  ".remote-caret": { position: "relative", borderInlineStart: "2px solid var(--remote, #b4460f)", marginInlineStart: "-2px" },
  ".remote-name": {
    position: "absolute",
    insetBlockEnd: "100%",
    insetInlineStart: "-2px",
    padding: "0 0.4em",
    borderRadius: "0.3em 0.3em 0.3em 0",
    background: "var(--remote, #b4460f)",
    color: "var(--on-remote, #fff)",
    font: "600 0.7rem/1.5 system-ui, sans-serif",
    whiteSpace: "nowrap",
    pointerEvents: "none",
    zIndex: "5",
  },
  ".remote-selection": { background: "color-mix(in srgb, var(--remote, #b4460f) 25%, transparent)" },
});
