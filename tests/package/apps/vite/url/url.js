import wasm from "pairvoice/pairvoice_bg.wasm?url";

import { start } from "../../plain/app.js";

start({ wasm });
