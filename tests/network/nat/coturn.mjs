// coturn as an operator would run it beside the server: UDP and TCP on 3478, TLS on 443, credentials by the REST scheme.
import { createHmac } from "node:crypto";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The secret that coturn and whoever makes credentials share. */
export const TURN_SECRET = "a shared secret of this test, long enough";

/** The addresses at which clients reach it. */
export const turnUrls = (name) => [`turn:${name}:3478?transport=udp`, `turn:${name}:3478?transport=tcp`, `turns:${name}:443?transport=tcp`];

/** Credentials by the REST scheme, as an app's server would make them. */
export function credentials(user, seconds = 3600) {
  const username = `${Math.floor(Date.now() / 1000) + seconds}:${user}`;
  return { username, credential: createHmac("sha1", TURN_SECRET).update(username).digest("base64") };
}

/** Starts it on a host: `{ pid, log, kill, start }`. `wrap` is put before the command, `addresses` are its own, `more` are further settings. */
export async function startCoturn({ folder, wrap, addresses, cert, key, port = 3478, more = [] }) {
  const file = join(folder, "turnserver.conf");
  const lines = [
    ...addresses.flatMap((address) => [`listening-ip=${address}`, `relay-ip=${address}`]),
    ...[`listening-port=${port}`, "min-port=49152", "max-port=65535", "fingerprint", "realm=relay.test"],
    ...["use-auth-secret", `static-auth-secret=${TURN_SECRET}`],
    ...(cert ? ["tls-listening-port=443", `cert=${cert}`, `pkey=${key}`] : ["no-tls", "no-dtls"]),
    ...["no-cli", "no-software-attribute", "simple-log", "log-file=stdout", `pidfile=${join(folder, "turnserver.pid")}`],
    // Its database is of no use here; each run has one of its own.
    `userdb=${join(folder, "turndb")}`,
    ...more,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const coturn = { log: "" };
  let child;
  coturn.start = async () => {
    const [command, ...args] = [...wrap, "turnserver", "-c", file];
    child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    coturn.pid = child.pid;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (coturn.log = (coturn.log + data).slice(-100_000)));
    coturn.log = "";
    child.exited = new Promise((resolve) => child.once("exit", resolve));
    const deadline = Date.now() + 20_000;
    // Its last thread is there once all listeners are.
    while (!coturn.log.includes("(admin thread)")) {
      if (Date.now() > deadline || child.exitCode !== null) throw new Error(`coturn did not start:\n${coturn.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  coturn.kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  await coturn.start();
  return coturn;
}
