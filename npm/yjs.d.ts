import type { ObservableV2 } from "lib0/observable";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Session } from "pairvoice";

/** Options of a {@link PairvoiceProvider}. */
export interface PairvoiceProviderOptions {
  /** Tells documents of one session apart; `"yjs"` by default. It is the topic of `sendData()`. */
  topic?: string;
  /** Who does what where, for remote cursors; a new one by default. */
  awareness?: Awareness;
}

/**
 * Keeps a Yjs document and its awareness the same on both sides of a session (the sync protocol of y-protocols over `sendData()`). What
 * is written while the other is away is exchanged when they are there again. At most 512 KiB of it are handed to `sendData()` at once. A
 * document whose update has more than 32 MiB is not sent; the console says so, as it does when the session refuses for good what is sent. It does not own the session: leave that yourself.
 */
export class PairvoiceProvider extends ObservableV2<{
  /** All that the other had is here, or they went, or came with another page. */
  sync: (synced: boolean) => void;
}> {
  /** @throws {PairvoiceError} `invalid-options` when the topic is no string of at most 128 bytes */
  constructor(session: Session, doc: Y.Doc, options?: PairvoiceProviderOptions);
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  /** Everything that the other had when they came is here. */
  readonly synced: boolean;
  /** Stops; the other no longer sees this person's state. The document stays. */
  destroy(): void;
}
