// A page whose first wish for the package is the call.
import { atOnce, keep, options } from "./options.js";

globalThis.ready = true;
globalThis.start = async () => {
  globalThis.mark?.("call");
  const { startVoiceCall } = await import("pairvoice");
  globalThis.mark?.("module here");
  keep(await startVoiceCall(options));
};
if (atOnce) globalThis.start();
