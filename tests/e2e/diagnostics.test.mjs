// What went wrong is in a file that a person downloads: joined to the server's log by its names, without secrets, and replayed to
// the same decisions by the simulation. PAIRVOICE_RECORDINGS names a folder in which the files stay.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Recorder } from "../../npm/recorder.js";
import { CAP_MS, bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const two = pair();

/** Clicks the demo's button; the saved text. */
async function download(person, folder) {
  const help = person.page.getByRole("button", { name: "If something is wrong", exact: true });
  if ((await help.getAttribute("aria-expanded")) === "false") await help.click();
  const [saved] = await Promise.all([person.page.waitForEvent("download", { timeout: CAP_MS }), person.click("Download diagnostics")]);
  const path = join(folder, saved.suggestedFilename());
  await saved.saveAs(path);
  return { path, text: readFileSync(path, "utf8") };
}

/** The core takes the recorded inputs and does the same. */
function replay(path) {
  const args = ["run", "--locked", "--quiet", "--package", "pairvoice-sim", "--", "replay", path];
  return execFileSync("cargo", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

test("the downloaded diagnostics of a call with a restart of the server replay to the same decisions", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-diagnostics-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const here = fresh();
  const [a, b] = await Promise.all([two.low("7", here()), two.high("9", here())]);
  await bothHear(a, LOW, b, HIGH);
  await a.says("a very private remark");
  await b.reads(["a very private remark"]);
  await two.server.kill("SIGKILL");
  await Promise.all([a.session("offline"), b.session("offline")]);
  await b.says("żółw 🐢");
  await a.until((s) => s.chat.messages.length === 2);
  await two.server.start();
  await Promise.all([a, b].map((p) => p.until((s) => s.session.state === "joined" && s.chat.unsent === 0)));
  const sdp = await a.page.evaluate(() => globalThis.witness.connections[0].localDescription.sdp);
  const token = await (await fetch(`${two.server.url}/dev/token?session=x&user=7`)).text();
  await a.click("Leave");
  await b.until((s) => s.peer.presence === "absent");
  for (const person of [a, b]) {
    const { path, text } = await download(person, folder);
    const found = JSON.parse(text);
    for (const { name } of found.ids.sockets) {
      const joined = `joined room="${found.ids.room}" user="${found.ids.user}" instance="${found.ids.instance}" socket=`;
      const line = two.server.log.split("\n").find((entry) => entry.includes(`name="${name}"`));
      assert.ok(line?.includes(joined), `the server's log tells of ${name}: ${line}`);
    }
    assert.equal(found.ids.sockets.length, 2);
    assert.equal(found.ids.attempts[0].attempt, 1);
    assert.equal(found.role, person === a ? "offerer" : "answerer");
    const words = found.states.map((change) => change.voice).filter(Boolean);
    assert.ok(words.includes("connected"), words.join(" "));
    assert.ok(found.decisions.some((entry) => entry.recovery?.because === "socketClosed"), JSON.stringify(found.decisions));
    assert.deepEqual(found.microphone.map(({ event }) => Object.keys(event)[0]), ["granted"]);
    const [figures] = found.figures;
    assert.deepEqual([figures.local.type, typeof figures.roundTripMs, typeof figures.received], ["host", "number", "number"]);
    assert.equal(found.truncated, false);
    const address = sdp.match(/candidate:\S+ 1 udp \d+ (\S+) \d+ typ host/)[1];
    const password = sdp.match(/a=ice-pwd:(\S+)/)[1];
    for (const secret of ["remark", "żółw", token.split(".")[0], address, password]) {
      assert.ok(!text.includes(secret), `${secret} is in the file`);
    }
    const keep = process.env.PAIRVOICE_RECORDINGS;
    if (keep) {
      mkdirSync(keep, { recursive: true });
      copyFileSync(path, join(keep, `${found.role}.json`));
    }
    assert.match(replay(path), /^\d+ inputs gave the same \d+ outputs, \d+ notes among them\n$/);
  }
  const asked = await b.page.evaluate(() => globalThis.session.diagnostics({ addresses: true }).addresses);
  assert.ok(Object.entries(asked).some(([name, found]) => /^a\d+\.v4\.\w+$/.test(name) && /^\d+(\.\d+){3}$/.test(found)), JSON.stringify(asked));
});

const view = { session: {}, voice: { microphone: {} }, peer: {}, chat: { messages: [] } };

/** A recorder that took these inputs. */
function recorded(...inputs) {
  const recorder = new Recorder();
  recorder.begin({ me: { session: "s", user: "10.0.0.1", instance: "0".repeat(32) } }, "0");
  for (const input of inputs) recorder.input(input);
  return recorder;
}

test("addresses, tokens, passwords and texts are replaced, equal ones by equal ones of the same kind", () => {
  const lines = ["a=candidate:1 1 udp 9 10.0.0.7 9 typ host", "c=IN IP6 ::ffff:192.0.2.1", "a=ice-pwd:secret", "a=fingerprint:sha-256 AA:BB:CC"];
  const recorder = recorded(
    { local: { sdp: lines.join("\r\n") } },
    { addresses: { addresses: ["10.0.0.7", "fd00::7", "2001:db8::1", "100.64.0.1", "01234567-89ab-cdef-0123-456789abcdef.local"] } },
    { welcome: { iceServers: [{ urls: ["turn:192.0.2.9:3478", "turns:relay.example:443"], username: "u", credential: "key" }] } },
    { send: { id: "x", text: "Añ€🐢\n" } },
    { send: { id: "x", text: " " } },
    { failed: { cause: "no answer of 192.0.2.9 to eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl" } },
  );
  const { timeline } = recorder.diagnostics({}, view);
  assert.deepEqual(timeline.entries.slice(1).map(([, input]) => input), [
    { local: { sdp: "a=candidate:1 1 udp 9 a2.v4.private 9 typ host\r\nc=IN IP6 a3.v6.public\r\na=ice-pwd:p1\r\na=fingerprint:sha-256 AA:BB:CC" } },
    { addresses: { addresses: ["a2.v4.private", "a4.v6.private", "a5.v6.public", "a6.v4.carrier", "a7.mdns.local"] } },
    { welcome: { iceServers: [{ urls: ["turn:a8.v4.public:3478", "turns:relay.example:443"], username: "u", credential: "c9" }] } },
    { send: { id: "x", text: "xé€𝄞\n" } },
    { send: { id: "x", text: " " } },
    { failed: { cause: "no answer of a8.v4.public to t10" } },
  ]);
  assert.equal(timeline.config.me.user, "10.0.0.1");
  assert.equal(recorder.diagnostics({ addresses: true }, view).addresses["a2.v4.private"], "10.0.0.7");
});

test("a recording has bounds, and says that its start is gone", () => {
  const recorder = recorded(...Array.from({ length: 50_000 }, (_, id) => ({ log: "x".repeat(100), id })));
  const { truncated, timeline } = recorder.diagnostics({}, view);
  assert.deepEqual([truncated, timeline.truncated, timeline.entries.at(-1)[1].id], [true, true, 49_999]);
  assert.ok(JSON.stringify(timeline.entries).length < 4_200_000);
});
