// TLS on the server's own port: pages by HTTP/2, the session by a secure WebSocket, and a certificate that is renewed while it runs.
import assert from "node:assert/strict";
import { copyFileSync, chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as http2Connect } from "node:http2";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { after, test } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { fileURLToPath } from "node:url";

import { io } from "socket.io-client";

import { startServer } from "../e2e/support/server.mjs";
import { tcp } from "./raw.mjs";
import { inTime, instance } from "./support.mjs";
import { until } from "./watch.mjs";

const fixtures = fileURLToPath(new URL("../../crates/server/tests/tls/", import.meta.url));
const folder = mkdtempSync(path(tmpdir(), "pairvoice-tls-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Puts one of the fixtures where the server reads its certificate. */
function use(name) {
  copyFileSync(path(fixtures, `test-only-${name}-key.pem`), path(folder, "key.pem"));
  chmodSync(path(folder, "key.pem"), 0o600);
  copyFileSync(path(fixtures, `test-only-${name}-cert.pem`), path(folder, "cert.pem"));
}

const serve = (...args) => {
  use("first");
  return startServer({ args: ["--dev", "--tls-cert", path(folder, "cert.pem"), "--tls-key", path(folder, "key.pem"), ...args] });
};

/** The certificate that a new connection is shown. */
const shown = (server) =>
  inTime("a certificate", new Promise((resolve, reject) => {
    const socket = tlsConnect({ port: server.port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().raw.toString("base64"));
      socket.destroy();
    });
    socket.once("error", reject);
  }));
const fixture = (name) => readFileSync(path(fixtures, `test-only-${name}-cert.pem`), "utf8").replace(/-----[^-]+-----|\s/g, "");

const get = (server, target) =>
  inTime(target, new Promise((resolve, reject) => {
    const asked = request({ port: server.port, path: target, rejectUnauthorized: false, headers: { host: "localhost" } }, (response) => {
      let text = "";
      response.on("data", (data) => (text += data)).on("end", () => resolve({ status: response.statusCode, text }));
    });
    asked.once("error", reject).end();
  }));

test("a session over TLS, and pages by HTTP/2 beside it", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  assert.match(server.line, /^pairvoice-server listens on https:\/\/127\.0\.0\.1:\d+/);
  const { text: token } = await get(server, "/dev/token?session=s&user=7");
  const socket = io(`https://localhost:${server.port}/pairvoice`, {
    forceNew: true, reconnection: false, transports: ["websocket"], rejectUnauthorized: false,
    auth: { v: 1, token, sessionId: "s", userId: "7", instance: instance(), since: 0 },
  });
  t.after(() => socket.disconnect());
  const welcome = await inTime("a welcome", new Promise((resolve, reject) => socket.once("welcome", resolve).once("connect_error", reject)));
  assert.equal(welcome.v, 1);
  assert.ok((await socket.timeout(5_000).emitWithAck("probe", null)).ok);
  const session = http2Connect(`https://localhost:${server.port}`, { rejectUnauthorized: false });
  t.after(() => session.close());
  const status = await inTime("a page by HTTP/2", new Promise((resolve, reject) => {
    session.once("error", reject);
    session.request({ ":path": "/healthz" }).once("response", (headers) => resolve(headers[":status"])).resume().end();
  }));
  assert.equal(status, 200);
  assert.equal(session.alpnProtocol, "h2");
});

test("TLS 1.2 is spoken, plain HTTP and what says nothing are not served", async (t) => {
  const server = await serve("--header-timeout", "1");
  t.after(() => server.stop());
  const old = tlsConnect({ port: server.port, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  t.after(() => old.destroy());
  await inTime("TLS 1.2", new Promise((resolve, reject) => old.once("secureConnect", resolve).once("error", reject)));
  const plain = await tcp(server);
  t.after(() => plain.end());
  plain.socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until("the end of a connection without TLS", () => plain.closed);
  assert.doesNotMatch(plain.text, /HTTP/);
  const silent = await tcp(server);
  t.after(() => silent.end());
  await until("the end of a connection that says nothing", () => silent.closed);
});

test("a renewed certificate is shown to new connections, and a broken one to nobody", async (t) => {
  const server = await serve();
  t.after(() => server.stop());
  assert.equal(await shown(server), fixture("first"));
  use("second");
  server.signal("SIGHUP");
  await until("the second certificate", async () => (await shown(server)) === fixture("second"));
  copyFileSync(path(fixtures, "test-only-first-key.pem"), path(folder, "key.pem"));
  server.signal("SIGHUP");
  await until("a line about the pair that does not fit", () => /cert\.pem/.test(server.log));
  assert.equal(await shown(server), fixture("second"));
});
