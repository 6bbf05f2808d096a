// pairvoice's server for Node.js: its namespace on an app's own Socket.IO server. `npx pairvoice-server` starts it alone.

/** What is used of the `Server` of the package socket.io, version 4. */
export interface SocketIoServer {
  of(namespace: string): unknown;
}

/** What a token says of its user, as `verify` tells it. The payload of a JSON web token has this form. */
export interface Claims {
  /** Compared with the user of the handshake. */
  sub: string;
  /** Compared with its session. An ordinary login's token has none: it lets nobody in. */
  session: string;
  /** Until when the token is good, in seconds since 1970. A minute before, the client is asked for another one. Without it, it does not run out. */
  exp?: number;
  /** When it was issued, in seconds since 1970. Without it the token is void once tokens of its user or session were revoked. */
  iat?: number;
  /** The two users of the session: the first token that names them keeps everybody else out for good. */
  participants?: readonly string[] | null;
  /** What the user is called: the other reads it as `peer.name`, 64 characters of it at most. Half of a character becomes U+FFFD. */
  name?: unknown;
  [claim: string]: unknown;
}

/**
 * Whether a token lets a user into a session: what the token says, of which `sub` and `session` are compared with those of the handshake, or `true`, which
 * says that you have compared both yourself. Claims without one of them, everything else, and what is thrown, refuse the client with
 * `unauthorized`; an error with `retryable: true` has it come again, and one with the `detail` `"expired"` or `"invalid"` has the client say `token-expired` or
 * `token-invalid`. What is thrown is told to `log` and not to the client.
 */
export type Verify = (token: string, who: { sessionId: string; userId: string }) => Claims | boolean | null | undefined | Promise<Claims | boolean | null | undefined>;

/** JSON web tokens with HS256, as {@link signToken} makes them. */
export interface VerifySecret {
  /** At least 32 bytes; white space around it, such as a file's last line feed, is not part of it. One of several does. */
  secret: string | Uint8Array | readonly (string | Uint8Array)[];
  /** What tokens have to name in `aud`. Without it tokens with an audience are refused. */
  audience?: string;
  /** What tokens have to name in `iss`. */
  issuer?: string;
}

/** A message of the chat log. */
export interface StoredMessage {
  /** A UUID, unique within its session. */
  id: string;
  sender: string;
  /** Its place in the session's log, from 1. */
  seq: number;
  /** When it was written, in milliseconds since 1970. */
  at: number;
  text: string;
}

/** How far a user has got with the chat, in sequence numbers. */
export interface StoredReceipt {
  user: string;
  delivered: number;
  read: number;
}

/** What is kept of a session beside its messages. */
export interface StoredSession {
  /** A random text that stays the same for as long as sequence numbers do. */
  log: string;
  /** The greatest sequence number that was ever given, 0 when there is none. */
  last: number;
  receipts: StoredReceipt[];
  /** The two users that the session is pinned to. */
  participants?: readonly string[] | null;
  /** By user, and under an empty name for everybody: tokens that were not issued after this moment are void, in seconds since 1970. */
  revoked?: Record<string, number>;
  /** By user: bytes of UTF-8 that their texts have. Without it nobody's room is limited. */
  bytes?: Record<string, number>;
}

/** What is to be written; each part is optional. */
export interface StoreChange {
  /** New messages, whose IDs and numbers the session does not have. */
  messages?: StoredMessage[];
  /** Takes the place of the user's former one. */
  receipt?: StoredReceipt;
  /** Only when there are none yet. */
  participants?: readonly string[];
  /** An empty user means everybody. */
  revoked?: { user: string; at: number };
}

/**
 * Where the chat is kept. It needs no rules of its own: questions and changes of one session are asked one after the other. One process has a
 * session at a time. An error refuses what was asked for as `busy`, and with `code: "storage-full"` as `storage-full`; clients come again.
 */
export interface Store {
  /** What is kept of a session; of one that is not known `last` is 0 and lists are empty. */
  load(sessionId: string): Promise<StoredSession>;
  /** The newest messages with `after < seq < before`, at most `limit` of them, by rising `seq`. */
  read(sessionId: string, range: { after: number; before: number; limit: number }): Promise<StoredMessage[]>;
  /** Those of these messages that there are. */
  find(sessionId: string, ids: string[]): Promise<StoredMessage[]>;
  /** Writes all of a change or nothing, and resolves once it is durable: the client is told then. */
  write(sessionId: string, change: StoreChange): Promise<void>;
  /** Called at the end by {@link Pairvoice.close}. */
  close?(): void | Promise<void>;
}

/** `RTCIceServer` of the W3C. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** ICE servers whose credentials run out after so many seconds; the function is asked for others in time. */
export interface IceServers {
  iceServers: IceServer[];
  iceLifetime?: number;
}

/** Something that happened: `event` is `joined`, `away`, `left`, `let-go`, `voice`, `refused`, `verify-failed`, `store-failed` and so on. It holds no token, text or address.
 * Of refusals 50 a second are told; `leftOut` counts those that were not. */
export interface LogEvent {
  event: string;
  session?: string;
  user?: string;
  code?: string;
  message?: string;
  error?: unknown;
  [field: string]: unknown;
}

export interface AttachOptions {
  /** Who may enter. */
  verify: Verify | VerifySecret;
  /** Where the chat is kept: {@link sqliteStore}, {@link memoryStore} or an object of the app. */
  store: Store;
  /** ICE servers for all clients, or for each. None by default: calls work inside one network only. */
  iceServers?: IceServer[] | ((who: { sessionId: string; userId: string; headers: Record<string, string | string[] | undefined> }) => IceServer[] | IceServers | Promise<IceServer[] | IceServers>);
  /** Events a second of one connection, and of one user of a session; four times as many at once. 100 by default. */
  rate?: number;
  /** Text of one user in one session, in MiB. 16 by default. */
  chatUserLimit?: number;
  /**
   * Whether the HTTP server below the Socket.IO server answers `POST /pairvoice/knock`, by which a call begins two round trips sooner; `true` by default.
   * With `false`, or when there is no such server yet, `handleKnock` does.
   */
  knock?: boolean;
  /** Takes what happens. */
  log?: (event: LogEvent) => void;
}

export interface Pairvoice {
  /**
   * Makes tokens void that were issued until now: one user's, or everybody's of the session. Whoever is there by one is hung up on. Rejects with a `TypeError`
   * for what is no ID, such as an empty text.
   */
  revoke(sessionId: string | number, userId?: string | number | null): Promise<void>;
  /**
   * Tells clients when to come back, waits for what is being written, ends their connections, and closes the store. The app's Socket.IO server stays:
   * {@link attachPairvoice} may be called for it again afterwards, and until then whoever comes is told to come back.
   */
  close(): Promise<void>;
  /** Answers a request of `node:http`, if it is a knock; else it is the app's, and `false` is returned. For frameworks: before any parser of bodies. */
  handleKnock(request: object, response: object): boolean;
  /** How many sessions somebody is in. */
  readonly sessions: number;
}

/**
 * Adds the namespace `/pairvoice` to a Socket.IO server. Throws a `TypeError` for options that can't be used, and an `Error` for a server that has it already and
 * whose {@link Pairvoice.close} has not ended.
 *
 * Which pages may connect is the affair of the server's own `cors` and `allowRequest`, and so are `maxHttpBufferSize` (128 KiB is enough), `connectTimeout`, `pingInterval` and
 * `pingTimeout` (the program pairvoice-server has 8 s, 10 s and 8 s). docs/protocol.md has what this namespace promises. A connection on which other namespaces of the app are
 * stays open when this one is left or refused.
 */
export function attachPairvoice(io: SocketIoServer, options: AttachOptions): Pairvoice;

/**
 * The chat in one SQLite file, of the same form as the native server's. It needs the package better-sqlite3, or Node.js 22.13 or later. One process
 * has the file at a time. Throws an `Error` that names the file when it can't be opened.
 */
export function sqliteStore(path: string): Store & { close(): void };

/** The chat in memory: it is gone with the process. */
export function memoryStore(): Store;

export interface TokenOptions {
  sessionId: string | number;
  userId: string | number;
  /** The other user: nobody else gets in beside the two. */
  peerUserId?: string | number;
  /** For how many seconds it is good; 300 by default. */
  expiresIn?: number;
  audience?: string;
  issuer?: string;
  /** What the user is called: the other reads it as `peer.name`, 64 characters of it at most. Half of a character, as in a name that was cut, becomes U+FFFD. */
  name?: string;
  role?: string;
}

/**
 * A JSON web token (HS256) that lets one user into one session, at this server and at the native one. The secret has at least 32 bytes; white space around
 * it, such as a file's last line feed, is not part of it. Throws a `TypeError` when something is missing.
 */
export function signToken(secret: string | Uint8Array, options: TokenOptions): string;
