// The demo: a coding session for two. It uses the package exactly as any app would.
import { preload } from "pairvoice";
import "pairvoice/element";

import { inviteButton } from "./invite.js";
import { pageWords, shown, writePage } from "./words.js";

const query = new URLSearchParams(location.search);
// The token stands behind the #, so that it is sent to no server and stands in no log.
const secret = new URLSearchParams(location.hash.slice(1));

const sessionId = query.get("session") ?? "demo";
const userId = query.get("user") ?? "mentor";

const $ = (id) => document.getElementById(id);

let ownName = query.get("name");

// Before the panel, which speaks the page's language.
const speaking = pageWords(query.get("lang") ?? undefined, query.get("dir") ?? undefined);
void speaking.then((words) => writePage(words, { session: shown(sessionId), user: shown(userId) }));

/** The server for development signs whatever name it is told; one of an app knows its people. */
async function token({ name } = {}) {
  ownName = name ?? ownName;
  const wanted = { session: sessionId, user: userId, ...(ownName && { name: ownName }) };
  const response = await fetch(`/dev/token?${new URLSearchParams(wanted)}`);
  if (!response.ok) throw new Error((await speaking).t("page/noToken"));
  return response.text();
}

const options = {
  url: location.origin,
  sessionId,
  userId,
  peerUserId: query.get("peer") ?? undefined,
  token: secret.get("token") ?? token,
  log: query.get("log") ?? undefined,
  relayOnly: query.get("relay") === "only",
};

// Before the page is drawn, and before anybody joins.
void preload(options);

// Voice and chat do not wait for it.
const idle = new Promise((resolve) => (globalThis.requestIdleCallback ?? setTimeout)(resolve));
const opening = idle
  .then(() => {
    // The build's lines for all parts of the editor (vite.config.js): what is evaluated one by one is fetched at once.
    document.head.append($("editor-parts")?.content ?? "");
    return Promise.all([import("./editor.js"), speaking]);
  })
  .then(([{ codeEditor }, words]) => codeEditor($("code-editor"), { sessionId, words, name: () => ownName ?? userId }));
opening.catch(() => ($("editor-trouble").hidden = false));

const call = $("call");
call.addEventListener("pairvoice-state", ({ detail: state }) => {
  drawUnread(state);
  if (globalThis.session === call.session) return;
  // For the curious: type session.getState() into the console.
  globalThis.session = call.session;
  const { session } = call;
  if (session) opening.then((editor) => session === call.session && editor.attach(session)).catch(() => {});
});
call.addEventListener("pairvoice-check", ({ detail }) => (globalThis.lastCheck = detail));
if (query.get("voice") === "off") call.setAttribute("voice", "off");
call.setAttribute("ask-name", "");
// The links that people are given say `first`: the screen before the call comes once in a browser.
if (query.has("ready")) call.setAttribute("ready", query.get("ready") === "first" ? "" : "always");
for (const name of ["name", "peer-name"]) if (query.has(name)) call.setAttribute(name, query.get(name));
call.token = options.token;
call.options = options;

inviteButton($("invite"), $("invited"), { sessionId, userId, peerUserId: options.peerUserId }, speaking);

// On a phone one part is shown at a time; of the call there is always the status and the control bar.
const phone = matchMedia("(max-width: 50rem)");
function showPart(part) {
  document.querySelector("main").dataset.part = part;
  for (const name of ["editor", "call"]) $(`tab-${name}`).setAttribute("aria-pressed", String(name === part));
  call.toggleAttribute("compact", phone.matches && part === "editor");
  if (latest) void drawUnread(latest);
}

let latest;
/** The tab of the call says how many messages are unread: on a phone they may be in the part that is not shown. */
async function drawUnread(state) {
  latest = state;
  const { session, chat } = state;
  // After the end nobody counts any more: what was unread stays so until it is looked at.
  const isLeft = session.state === "ended" && shownPart() === "call";
  const n = isLeft ? 0 : chat.unread;
  const words = await speaking;
  const badge = $("unread");
  if (badge.textContent === String(n)) return;
  badge.hidden = n === 0;
  badge.textContent = String(n);
  badge.ariaLabel = words.t("page/unread", { n });
}

const shownPart = () => document.querySelector("main").dataset.part;
for (const name of ["editor", "call"]) $(`tab-${name}`).addEventListener("click", () => showPart(name));
phone.addEventListener("change", () => showPart(shownPart()));
