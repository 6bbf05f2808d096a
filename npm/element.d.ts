/** `<pairvoice-session>`: the whole panel of a session as an element, with people, status, controls, settings and chat. */
import type { CheckReason, ConnectionCheck, PairvoiceErrorCode, Session, SessionOptions, SessionReason, State } from "./index.js";

/** Two sentences: what is, and what a person can do about it. */
export type WordPair = readonly [message: string, hint: string];

/** Words of the panel: groups of texts as in `npm/element/words/en.js`. What is left out stays as it is. Texts hold places such as
 * `{name}`; a text that counts may be an object by plural categories (`one`, `other`, … as in `Intl.PluralRules`). */
export interface Words {
  readonly [key: string]: string | WordPair | Words;
}

/**
 * The element. It joins once it is in the document and knows session, user and token. When what it joins changes, it leaves and joins
 * anew, also for another `peer`, `relayOnly` or `standby`; taken out of the document it leaves, and moved within it, it stays. Another token
 * is taken by the session that goes on. Where it was refused for its token, it joins again by another one; where it could not
 * join at all, it says so and waits for the person, or for a change of these.
 *
 * It has one handle on the session. A handle that the app has beside it keeps the session, as it was joined, when the panel leaves.
 *
 * Attributes:
 * - `url`: the server's address; the page's own origin when it is left out
 * - `session`, `user`, `peer`: as `sessionId`, `userId` and `peerUserId` of {@link SessionOptions}
 * - `token`: the token as a text, renewed by setting another one; use the property for a function
 * - `voice="off"`: joins for text; the person can turn voice on
 * - `name`, `peer-name`: what this person and the other are called in this panel; nobody else is told. Without `peer-name` it is what the
 *   other's token says (`name`), else the user ID
 * - `ask-name`: the screen before the call (`ready`) asks for a name, too, unless `name` says one; it is remembered in this browser. The
 *   other sees it once the token says it: the `token` function is given it
 * - `lang`: the language of its words; the one of the element around it when it is left out
 * - `ready`: shows a screen to choose and try the devices before the first call, `ready="always"` before each
 * - `compact`: status and control bar only
 * - `badge="off"`: leaves the page's title and icon alone
 *
 * CSS custom properties: `--pairvoice-font`, `-background`, `-surface`, `-border`, `-control-border`, `-text`, `-text-quiet`, `-accent`,
 * `-on-accent`, `-own-message`, `-good`, `-fair`, `-bad`, `-radius`. Dark or light is what the page's `color-scheme` says.
 *
 * Parts: `panel`, `voice`, `status`, `people`, `person`, `quality`, `chat`, `sheet`, `bar`, `control`, `ready`.
 */
export class PairvoiceSession extends HTMLElement {
  /** The handle; `undefined` while there is none. What is set is the attribute, as React and Vue do it. */
  get session(): Session | undefined;
  set session(id: Session | string | number | null | undefined);
  /** The token, or a function that brings one, as in {@link SessionOptions}. Setting another one leaves nothing: the session takes it. */
  get token(): ElementToken | null;
  set token(value: ElementToken | null | undefined);
  /** The other options; attributes stand before them. */
  get options(): Partial<SessionOptions> & { words?: Words };
  set options(value: (Partial<SessionOptions> & { words?: Words }) | null | undefined);
  /** The app's own words in place of the package's. */
  get words(): Words | undefined;
  set words(value: Words | null | undefined);
}

/** A token, or a function that brings one. `name` is what the person wants to be called, by the attribute `name` or the screen before the call;
 * whatever it is, the app's server decides what the token says. */
export type ElementToken = string | ((wanted: { readonly name: string | null }) => string | Promise<string>);

/** Events of the element; they bubble and leave shadow roots. */
export interface PairvoiceSessionEvents {
  /** The server has let this person in. */
  "pairvoice-joined": CustomEvent<{ readonly session: Session }>;
  /** The session is over, the person has left by the panel, or it could not be started at all: then there is an `error`. */
  "pairvoice-ended": CustomEvent<{ readonly reason: SessionReason | PairvoiceErrorCode | null; readonly error?: Error }>;
  /** Another state. */
  "pairvoice-state": CustomEvent<State>;
  /** The person checked the connection. */
  "pairvoice-check": CustomEvent<ConnectionCheck & { readonly reason: CheckReason | null }>;
}

declare global {
  interface HTMLElementTagNameMap {
    "pairvoice-session": PairvoiceSession;
  }
  interface HTMLElementEventMap extends PairvoiceSessionEvents {}
}
