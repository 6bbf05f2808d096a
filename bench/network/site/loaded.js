// A page that has everything before the call, as far as the package lets it.
import * as pairvoice from "pairvoice";

import { keep, options } from "./options.js";

// Read from the object: a package without it is no error.
const { preload } = { ...pairvoice };
globalThis.ready = Promise.resolve(preload?.(options)).then(() => true);
globalThis.start = () => pairvoice.startVoiceCall(options).then(keep);
globalThis.join = () => pairvoice.joinSession(options).then(keep);
