// The loader "file" gives the module's file a name and returns its address.
import wasm from "pairvoice/pairvoice_bg.wasm";

import { start } from "../plain/app.js";

start({ wasm: new URL(wasm, import.meta.url) });
