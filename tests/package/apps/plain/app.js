// An app without a framework: it joins, shows the messages, and sends what is typed.
import { joinSession, startVoiceCall } from "pairvoice";

const query = new URLSearchParams(location.search);
const [sessionId, userId, url] = ["session", "user", "server"].map((name) => query.get(name));

async function token() {
  const response = await fetch(`${url}/dev/token?${new URLSearchParams({ session: sessionId, user: userId })}`);
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return response.text();
}

/** `more` are the options of one way to build the app. */
export async function start(more = {}) {
  const join = query.has("voice") ? startVoiceCall : joinSession;
  const session = await join({ url, sessionId, userId, token, ...more });
  const list = document.querySelector("#messages");
  session.subscribe(() => {
    const { messages } = session.getState().chat;
    list.replaceChildren(
      ...messages.map(({ text }) => {
        const item = document.createElement("li");
        item.append(Object.assign(document.createElement("p"), { textContent: text }));
        return item;
      }),
    );
  });
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    session.send(new FormData(event.target).get("text"));
    event.target.reset();
  });
  globalThis.session = session;
}
