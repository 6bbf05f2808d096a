// `POST /pairvoice/knock`: a handshake by HTTP, which is here before the client's socket is open. The room decides what it is answered.
import { Refused, refusal, refuse } from "./refusal.js";
import { readHandshakeText } from "./room.js";

const PATH = "/pairvoice/knock";
const MAX_BODY_BYTES = 128 * 1024;
const MAX_WAIT_MS = 5_000;
/** How long the body of a request may take, in milliseconds. */
const BODY_MS = 10_000;
const STATUS = {
  "bad-request": 400,
  "version-mismatch": 400,
  unauthorized: 401,
  "opened-elsewhere": 409,
  "session-full": 409,
  "too-large": 413,
  "rate-limited": 429,
  busy: 503,
  restarting: 503,
};

/** Whether a request is a knock; what is no `POST` is the app's. */
export const isKnock = ({ method, url }) => (method === "POST" || method === "OPTIONS") && url.split("?", 1)[0] === PATH;

/** Whether a page whose socket could not be opened asks why: an answer means that it is not for its origin. */
const asksWhy = ({ url }) => url.endsWith("?why");

/** What answers the knocks of each HTTP server that is listened to; nothing while they are left to the app. */
const answers = new WeakMap();

/** Has an HTTP server of an app answer knocks before anything else does, as Engine.IO does for its own requests. */
export function listenForKnocks(http, answer) {
  const listens = answers.has(http);
  answers.set(http, answer);
  if (listens) return;
  const others = http.listeners("request");
  http.removeAllListeners("request");
  http.on("request", (request, response) => {
    const own = isKnock(request) ? answers.get(http) : undefined;
    if (own) own(request, response);
    else for (const listener of others) listener.call(http, request, response);
  });
}

/** Leaves the knocks that something answered to the app. */
export function leaveKnocks(http, answer) {
  if (answers.get(http) === answer) answers.set(http, undefined);
}

/** Answers a knock. `admit` verifies it and asks its room, `refused` is told of each refusal; `io` says which pages may connect. */
export function answerKnock(io, request, response, admit, refused) {
  const answer = async () => {
    try {
      const why = await whyNot(io, request);
      if (why === undefined && asksWhy(request)) return response.writeHead(204, { "cache-control": "no-store" }).end();
      if (why === undefined) return await admit(await read(request), response);
      // A page that asks was refused before.
      if (!asksWhy(request)) refused(why, { origin: request.headers.origin });
      // The page may read that it may not connect; a WebSocket would not tell it.
      return send(response, 403, why, { "access-control-allow-origin": "*" });
    } catch (error) {
      const told = error instanceof Refused ? error.refusal : refusal("busy", "the server could not verify the handshake");
      if (!response.destroyed && !response.headersSent) refused(told);
      return tellRefusal(response, told);
    }
  };
  // What sets the headers for pages of other origins, and answers their preflights.
  if (typeof io.engine?._applyMiddlewares !== "function") return void answer();
  return io.engine._applyMiddlewares(request, response, (error) => (error ? response.writeHead(400).end() : request.method === "POST" ? void answer() : response.writeHead(204).end()));
}

/** The refusal of a page that may not connect. */
function whyNot({ engine }, request) {
  const { allowRequest } = engine?.opts ?? {};
  const no = (why) => refusal("origin-forbidden", typeof why === "string" ? why : "this origin may not connect");
  return new Promise((resolve) => (allowRequest ? allowRequest(request, (why, may) => resolve(may ? undefined : no(why))) : resolve()));
}

/** The handshake, and how long it may wait for a signal. Throws a refusal. */
async function read(request) {
  const [, wait = "0"] = /[?&]wait=([^&]*)/.exec(request.url) ?? [];
  if (!/^\d{1,10}$/.test(wait) || Number(wait) >= 2 ** 32) refuse("bad-request", "wait is a number of milliseconds");
  const type = String(request.headers["content-type"] ?? "").split(";", 1)[0].trim().toLowerCase();
  if (type !== "text/plain" && type !== "application/json") refuse("bad-request", "a knock is text/plain or application/json");
  return { ...readHandshakeText(await bodyOf(request)), waitMs: Math.min(Number(wait), MAX_WAIT_MS) };
}

async function bodyOf(request) {
  const tooLarge = () => refuse("too-large", "a knock has at most 128 KiB");
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) tooLarge();
  const late = setTimeout(() => request.destroy(), BODY_MS);
  try {
    const chunks = [];
    let bytes = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) tooLarge();
      chunks.push(chunk);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof Refused) throw error;
    return refuse("bad-request", "the knock is not a text");
  } finally {
    clearTimeout(late);
  }
}

/** Sends what a room answered; false when nobody waits for it any more. */
export function tell(response, { Ok: knocked, Err: told }) {
  if (response.destroyed || response.writableEnded) return false;
  if (told) tellRefusal(response, told);
  else send(response, 200, knocked);
  return true;
}

function tellRefusal(response, told) {
  if (response.destroyed || response.headersSent) return;
  const status = STATUS[told.code] ?? 403;
  const headers = {};
  if (told.afterMs !== undefined) headers["retry-after"] = String(Math.max(1, Math.ceil(told.afterMs / 1000)));
  if (status === 401) headers["www-authenticate"] = "Bearer";
  // A body that was not read to its end is none that the next request begins behind.
  if (!response.req.complete) headers.connection = "close";
  send(response, status, told, headers);
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers }).end(JSON.stringify(body));
}
