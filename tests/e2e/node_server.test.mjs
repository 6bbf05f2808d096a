// Two people by the server for Node.js: the same demo, the same package, the same rules. What client and server send each other, and the two clients
// in band, satisfies docs/schema.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { validate, validateClient, validateInBand } from "../protocol/schema.mjs";
import { bothHear } from "./support/browser.mjs";
import { HIGH, LOW, fresh, pair } from "./support/pair.mjs";

const cli = fileURLToPath(new URL("../../npm/server/cli.js", import.meta.url));
const two = pair({ server: { run: [process.execPath, cli] } });

/** Notes what goes over the reliable data channel; runs in the page. */
function noteInBand() {
  const { send } = RTCDataChannel.prototype;
  globalThis.inBand = [];
  RTCDataChannel.prototype.send = function noted(data) {
    if (this.id === 0 && typeof data === "string") globalThis.inBand.push(data);
    return send.call(this, data);
  };
}

/** One that only asks why no socket opens has no body. */
const isKnock = (asked) => asked.url().includes("/pairvoice/knock") && !asked.url().endsWith("?why");

/** Validates all packets of a page's sockets and its knocks; collects what does not satisfy, and which events there were. */
function watch({ page }) {
  const seen = { names: new Set(), wrong: [] };
  const checked = (check, name, body) => {
    seen.names.add(name);
    try {
      check(name, body);
    } catch (error) {
      seen.wrong.push(error.message);
    }
  };
  const packet = (check, connect) => ({ payload }) => {
    const [, kind, json] = /^4([02-4])\/pairvoice,\d*(.*)$/s.exec(String(payload)) ?? [];
    if (kind === undefined) return;
    const body = JSON.parse(json);
    if (kind === "0" && connect) checked(check, connect, body);
    if (kind === "2") checked(check, ...body);
    if (kind === "3") checked(check, "acknowledgement", body[0]);
    if (kind === "4") checked(check, "refusal", JSON.parse(body.message));
  };
  page.on("websocket", (socket) => {
    socket.on("framesent", packet(validateClient, "handshake"));
    socket.on("framereceived", packet(validate));
  });
  page.on("request", (request) => {
    if (isKnock(request)) checked(validateClient, "handshake", request.postDataJSON());
  });
  page.on("response", async (response) => {
    if (isKnock(response) && response.ok()) checked(validate, "knocked", await response.json().catch(() => ({})));
  });
  return seen;
}

test("two talk and write through the server for Node.js; a reload and a restart lose nothing", async () => {
  const here = fresh({ open: false, init: noteInBand });
  const [a, b] = await Promise.all([two.low("7", here()), two.high("9", here())]);
  const seen = [a, b].map(watch);
  await Promise.all([a.visit(), b.visit()]);
  await bothHear(a, LOW, b, HIGH);
  await a.says("hello");
  await b.reads(["hello"]);
  await b.says("hello yourself");
  await a.reads(["hello", "hello yourself"]);
  await b.page.reload();
  await b.reads(["hello", "hello yourself"]);
  await bothHear(a, LOW, b, HIGH);
  // The call goes on without the server, and the chat by its data channel.
  await two.server.kill("SIGTERM");
  await Promise.all([a.session("offline"), b.session("offline")]);
  await a.says("without a server");
  await b.reads(["hello", "hello yourself", "without a server"]);
  await two.server.start();
  await Promise.all([a, b].map((person) => person.until((s) => s.session.state === "joined" && s.chat.messages.every((m) => m.saved !== false))));
  await Promise.all([a.hears(HIGH), b.hears(LOW)]);
  for (const said of (await Promise.all([a, b].map(({ page }) => page.evaluate(() => globalThis.inBand)))).flat()) validateInBand(JSON.parse(said));
  await a.click("Leave");
  await b.until((s) => s.peer.presence === "absent");
  assert.match(two.server.log, / joined user="7"/);
  for (const { wrong } of seen) assert.deepEqual(wrong, []);
  const names = new Set(seen.flatMap((one) => [...one.names]));
  for (const name of ["handshake", "welcome", "peer", "signal", "voice", "chat", "receipt", "acknowledgement", "notice"]) assert.ok(names.has(name), name);
});
