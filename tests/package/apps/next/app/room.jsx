"use client";

import { useSession } from "pairvoice/react";

import { Call } from "./call.jsx";

/** What the server can't hand over: a function. */
export function Room(props) {
  const { url, sessionId, userId } = props;
  const token = async () => {
    const response = await fetch(`${url}/dev/token?${new URLSearchParams({ session: sessionId, user: userId })}`);
    if (!response.ok) throw new Error(`no token: ${response.status}`);
    return response.text();
  };
  // The test's own look at the session: one more component with the same IDs.
  globalThis.session = useSession({ ...props, token }).session;
  return <Call {...props} token={token} />;
}
