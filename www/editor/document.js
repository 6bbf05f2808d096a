// The document of a session: the text, its language and what came of running it; kept by this browser, the same for both.
import { PairvoiceProvider } from "pairvoice/yjs";
import { IndexeddbPersistence } from "y-indexeddb";
import { Awareness } from "y-protocols/awareness";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";

import { TASK } from "./task.js";

/** Whoever begins writes the same insertion as anybody else who begins, so that the task stands there once. Another task takes another number. */
const BEGINNER = 1;

/** The document of this session; `session` may be another handle later: call `connect` again. */
export async function openDocument(name) {
  const doc = new Doc();
  // Where the browser keeps nothing, a reload gets the text from the other.
  const kept = new IndexeddbPersistence(name, doc);
  await Promise.race([kept.whenSynced, new Promise((resolve) => setTimeout(resolve, 1_000))]).catch(() => {});
  const beginning = new Doc();
  beginning.clientID = BEGINNER;
  beginning.getText("code").insert(0, TASK);
  applyUpdate(doc, encodeStateAsUpdate(beginning));
  // One for all sessions of this page, for the editor's cursors are bound to it.
  const awareness = new Awareness(doc);
  let provider;
  return {
    doc,
    code: doc.getText("code"),
    settings: doc.getMap("settings"),
    output: doc.getArray("output"),
    awareness,
    /** Begins to be the same as the other's. */
    connect(session) {
      provider?.destroy();
      provider = new PairvoiceProvider(session, doc, { awareness });
    },
  };
}
