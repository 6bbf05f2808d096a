// The same app, with a document that both have.
import { PairvoiceProvider } from "pairvoice/yjs";
import * as Y from "yjs";

import { start } from "../plain/app.js";

await start();
const doc = new Y.Doc();
globalThis.text = doc.getText();
new PairvoiceProvider(globalThis.session, doc);
