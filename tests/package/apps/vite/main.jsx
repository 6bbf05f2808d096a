import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { useSession } from "pairvoice/react";

import { Call } from "../lines/pairvoice-react.jsx";

const query = new URLSearchParams(location.search);
const [sessionId, userId, url] = ["session", "user", "server"].map((name) => query.get(name));

async function token() {
  const response = await fetch(`${url}/dev/token?${new URLSearchParams({ session: sessionId, user: userId })}`);
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return response.text();
}

/** The test's own look at the session: one more component with the same IDs. */
function Look(props) {
  globalThis.session = useSession(props).session;
  return null;
}

const props = { url, sessionId, userId, token };
createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <Call {...props} />
    <Look {...props} />
  </StrictMode>,
);
