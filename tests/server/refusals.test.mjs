// Each refusal is one line of the log, which names its kind.
import assert from "node:assert/strict";
import { test } from "node:test";

import { startServer } from "../e2e/support/server.mjs";
import { join, logged, token } from "./support.mjs";

const refused = (joining) => joining.then(assert.fail, ({ code }) => code);

test("a token that is none, a full session, another token, a knock, a page of another origin: one line for each", async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const origin = "https://elsewhere.example";
  const knock = (headers, query = "") => fetch(`${server.url}/pairvoice/knock${query}`, { method: "POST", body: "{}", headers: { "content-type": "text/plain", ...headers } });

  assert.equal(await refused(join(server, "forged", "7", { auth: { token: "a.b.c" } })), "unauthorized");
  const [a] = [await join(server, "full", "7"), await join(server, "full", "9")];
  assert.equal(await refused(join(server, "full", "8")), "session-full");
  assert.equal((await a.emit("token", { token: await token(server, "full", "9") })).error.detail, "invalid");
  assert.equal((await knock({})).status, 400);
  // A page that asks why it can't connect was refused before.
  for (const query of ["", "?why"]) assert.equal((await knock({ origin }, query)).status, 403);
  await refused(join(server, "foreign", "7", { extraHeaders: { origin } }));
  // What is written comes in its order.
  (await join(server, "last", "7")).leave();
  await logged(server, /joined room="last"/);

  const lines = server.log.split("\n").filter((line) => line.includes("refused"));
  const wanted = [
    /refused a handshake connection=\d+ code="unauthorized" detail="invalid" why="the token is not a JSON web token/,
    /refused a handshake room="full" user="8" connection=\d+ code="session-full" why="two other users/,
    /refused another token room="full" user="7" connection=\d+ code="unauthorized" detail="invalid" why="the token is for another user"/,
    /refused a knock code="version-mismatch" why=/,
    /refused a page of another origin; see --allow-origin origin="https:\/\/elsewhere\.example" path="\/pairvoice\/knock" code="origin-forbidden"/,
    /refused a page of another origin; see --allow-origin origin="https:\/\/elsewhere\.example" path="\/socket\.io\/" code="origin-forbidden"/,
  ];
  assert.equal(lines.length, wanted.length, lines.join("\n"));
  for (const [index, line] of lines.entries()) assert.match(line, wanted[index]);
});
