// Between two sessions: whether they are the same, what is shown while there is none, and the end of one that the next has to wait for.

/** A token as a text; empty for a function. */
export const textOf = (token) => (typeof token === "string" ? token : "");

/** What is to be joined, as texts: which session by `seat`, in what manner by `how`, `all` of it, and by which `token`; nothing while something
 * is missing. */
export function identityOf({ url, sessionId, userId, peerUserId, token, relayOnly, standby }) {
  if (sessionId === undefined || userId === undefined || !token) return undefined;
  const seat = JSON.stringify([url, `${sessionId}`, `${userId}`]);
  const how = JSON.stringify([`${peerUserId ?? ""}`, Boolean(relayOnly), Boolean(standby)]);
  return { seat, how, all: JSON.stringify([seat, how]), token: textOf(token) };
}

/** Whether a session has ended that another token lets in. */
export const wasRefused = ({ state, reason }) => state === "ended" && ["unauthorized", "token-expired", "token-invalid"].includes(reason);

const NONE = { reason: null, message: null, hint: null };

/** The state before there is a session. */
export const NOTHING = {
  session: { ...NONE, state: "joining" },
  voice: { ...NONE, state: "starting", muted: false, talking: false, microphone: { state: "off" }, speaker: {}, volume: 1, since: null },
  peer: { userId: null, name: null, presence: "absent", voice: false },
  chat: { messages: [], unread: 0, unsent: 0, more: false, durable: null },
};

/** A state, or nothing, with other parts. */
const changed = (state = NOTHING, parts) => Object.fromEntries(Object.keys(state).map((part) => [part, { ...state[part], ...parts[part] }]));

/** A state, or nothing, of which the person has taken leave. */
export const leftState = (state) =>
  changed(state, {
    session: { ...NONE, state: "ended", reason: "left" },
    voice: { ...NONE, state: "off", talking: false, recovery: null, since: null },
    peer: { presence: "absent" },
  });

/** A state, or nothing, to which the person comes back. */
export const joiningState = (state) => changed(state, { session: { ...NONE, state: "joining" }, voice: { ...NONE, state: "starting" } });

/** Sessions that are being left, by server, session and user: how each was joined, and a promise of its end. */
const leaving = new Map();

/** Leaves the session `seat` that was joined as `how` says; `null`: whoever joins it next wants another life of it. */
export function leave(handle, seat, how) {
  const entry = { how, gone: handle.leave().then(() => leaving.get(seat) === entry && leaving.delete(seat)) };
  leaving.set(seat, entry);
}

/** Waits for the end of a session that was joined otherwise: joined before that, it would go on as it was. One that is joined again at
 * once, and in the same manner, may go on. */
export async function whenFree(seat, how) {
  const before = leaving.get(seat);
  if (before && before.how !== how) await before.gone;
}
