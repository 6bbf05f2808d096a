// Whether the gateways are what they are called, by what RFC 4787 and RFC 5780 look at: a host asks two public hosts under which address
// they see it (mapping), and each answers from a second port, too (filtering).
// node gateways.mjs echo: answers on ports 7000 and 7001; node gateways.mjs ask HOST HOST: prints what came back.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const script = fileURLToPath(import.meta.url);

/** What each kind of NAT does: the same port for both hosts, and whether an answer from another port comes in. */
const EXPECTED = {
  open: { answered: true, ports: 1, unasked: true },
  cone: { answered: true, ports: 1, unasked: true },
  restricted: { answered: true, ports: 1, unasked: false },
  symmetric: { answered: true, ports: 2, unasked: false },
  "no-udp": { answered: false, ports: 0, unasked: false },
  "tls-443": { answered: false, ports: 0, unasked: false },
  proxy: { answered: false, ports: 0, unasked: false },
};

/** Checks each kind at both sites. */
export async function checkGateways({ topology }) {
  const echoes = ["server", "relay"].map((host) => {
    const [command, ...args] = [...topology.wrap(host), process.execPath, script, "echo"];
    return spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  });
  try {
    await Promise.all(echoes.map((echo) => once(createInterface({ input: echo.stdout }), "line")));
    for (const site of ["low", "high"]) {
      for (const [kind, expected] of Object.entries(EXPECTED)) {
        topology.site(site, kind);
        const [command, ...args] = [...topology.wrap(site), process.execPath, script, "ask", topology.hosts.server.v4, topology.hosts.relay.v4];
        const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
        assert.equal(status, 0, stderr);
        assert.deepEqual(JSON.parse(stdout), expected, `${kind} at ${site}`);
      }
    }
  } finally {
    for (const echo of echoes) echo.kill();
  }
}

async function echo() {
  const [socket, other] = [createSocket("udp4"), createSocket("udp4")];
  socket.on("message", (_, { address, port }) => {
    socket.send(JSON.stringify({ port }), port, address);
    other.send(JSON.stringify({ port, unasked: true }), port, address);
  });
  await Promise.all([[socket, 7000], [other, 7001]].map(([one, port]) => new Promise((resolve) => one.bind(port, resolve))));
  console.log("ready");
}

async function ask(hosts) {
  const socket = createSocket("udp4");
  const found = [];
  socket.on("message", (data) => found.push(JSON.parse(data)));
  await new Promise((resolve) => socket.bind(0, resolve));
  // Said again for as long as an answer may still come: that none comes can only be waited for.
  for (let time = 0; time < 5; time += 1) {
    for (const host of hosts) socket.send("?", 7000, host);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const asked = found.filter(({ unasked }) => !unasked);
  const ports = new Set(asked.map(({ port }) => port)).size;
  console.log(JSON.stringify({ answered: asked.length > 0, ports, unasked: found.some(({ unasked }) => unasked) }));
  socket.close();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [role, ...hosts] = process.argv.slice(2);
  await (role === "echo" ? echo() : ask(hosts));
}
