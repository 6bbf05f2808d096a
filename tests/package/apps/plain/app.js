// What an app has around the sample of bench/lines: who is who, and where the token is from.
import { call } from "../lines/pairvoice-plain.js";

const query = new URLSearchParams(location.search);
const [sessionId, userId, url] = ["session", "user", "server"].map((name) => query.get(name));

async function token() {
  const response = await fetch(`${url}/dev/token?${new URLSearchParams({ session: sessionId, user: userId })}`);
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return response.text();
}

/** `more` are the options of one way to build the app. */
export async function start(more = {}) {
  const [who, mute, messages, form] = ["#who", "#mute", "#messages", "form"].map((at) => document.querySelector(at));
  globalThis.session = await call({ url, sessionId, userId, token, ...more }, { who, mute, messages, form });
}
