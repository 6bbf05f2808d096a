// One call through one fault: sound both ways again, one prompt, nothing of the chat lost.
import { call } from "./call.mjs";

/** Milliseconds from the end of the fault to new sound on both sides. */
export async function survive(world, fault, { swap = false } = {}) {
  const pair = await call(world, { swap });
  try {
    await pair.write();
    // A call that has run for a moment.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await fault.during(world, pair);
    const end = Date.now();
    await pair.write();
    const after = await pair.soundAfter(end, { afterPause: !fault.mediaLives });
    await pair.isWhole();
    if (fault.untouched) await pair.wasNotTouched();
    await pair.agree();
    return after;
  } catch (error) {
    throw new Error(`${error.message}\n${pair.told()}`, { cause: error });
  } finally {
    await pair.close();
  }
}
