// The samples of site/tokens.md sign tokens that the real server takes, however the secret's file ends.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { blocks, labelled } from "../../scripts/markdown.mjs";
import { startServer } from "../e2e/support/server.mjs";

const PAGE = "site/tokens.md";
/** Which program runs which sample. */
const SAMPLES = { "token.mjs": "node", "token.py": "python3", "token.php": "php", "token.rb": "ruby", "token.pl": "perl", "token.sh": "sh" };

const folder = mkdtempSync(join(tmpdir(), "pairvoice-samples-"));
after(() => rmSync(folder, { recursive: true }));

function file(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const secret = randomBytes(32).toString("hex");
const endings = { nothing: secret, "a line feed": `${secret}\n`, "a Windows line end": `${secret}\r\n`, "white space all around": `\n ${secret} \t\n\n` };
const secrets = Object.fromEntries(Object.entries(endings).map(([ending, text], index) => [ending, file(`secret-${index}`, text)]));
const servers = [];

before(async () => {
  for (const path of [secrets.nothing, secrets["a line feed"]]) {
    servers.push(await startServer({ args: ["--jwt-secret-file", path], page: "tests/docs" }));
  }
});
after(() => Promise.all(servers.map((server) => server.stop())));

/** What the server says to a token: nothing, or why it refuses. */
async function refusal(server, token, sessionId, userId) {
  const body = JSON.stringify({ v: 1, token, sessionId, userId, instance: randomBytes(16).toString("hex"), check: true });
  const answer = await fetch(`${server.url}/pairvoice/knock`, { method: "POST", body });
  return answer.status === 200 ? undefined : `${answer.status} ${(await answer.json()).message}`;
}

for (const [name, program] of Object.entries(SAMPLES)) {
  const script = file(name, labelled(PAGE, name));
  const sign = async (path, ...ids) => (await promisify(execFile)(program, [script, path, ...ids])).stdout;

  test(`${name}: a token by the secret's file with any end is taken by a server that read it with another`, async () => {
    const signed = Object.entries(secrets).map(async ([ending, path]) => {
      const printed = await sign(path, "s-42", "7", "9");
      assert.match(printed, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, ending);
      for (const server of servers) assert.equal(await refusal(server, printed.trim(), "s-42", "7"), undefined, `a file that ends with ${ending}`);
    });
    await Promise.all(signed);
  });

  test(`${name}: it names the two people, also by letters beyond ASCII, and another secret is refused`, async () => {
    const [server] = servers;
    const token = (await sign(secrets.nothing, "sitzung-ü", "jürgen", "зоя")).trim();
    const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    assert.deepEqual([claims.sub, claims.session, claims.participants], ["jürgen", "sitzung-ü", ["jürgen", "зоя"]]);
    assert.equal(claims.exp - claims.iat, 600);
    assert.equal(await refusal(server, token, "sitzung-ü", "jürgen"), undefined);
    assert.match(await refusal(server, token, "sitzung-ü", "зоя"), /^401 the token is for another user/);
    const other = (await sign(file("other", randomBytes(32).toString("hex")), "s-42", "7", "9")).trim();
    assert.match(await refusal(server, other, "s-42", "7"), /^401 the token is signed with another key/);
  });
}

test("every program on the page that signs a token is one of them", () => {
  const labels = [...blocks(PAGE)].map(({ label }) => label).filter((label) => label?.startsWith("token."));
  assert.deepEqual(labels, Object.keys(SAMPLES));
});
