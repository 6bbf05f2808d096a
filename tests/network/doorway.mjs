// A loopback port of a host's namespace, at the same number out here: Firefox is driven over one, and a namespace has its own
// loopback. Unix sockets pass between namespaces.
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

import { freePort } from "../e2e/support/server.mjs";

/** Joins each connection that comes to a new one elsewhere. */
function forward(target) {
  return createServer((incoming) => {
    const outgoing = connect(target);
    for (const [socket, other] of [[incoming, outgoing], [outgoing, incoming]]) {
      socket.on("error", () => other.destroy());
      socket.pipe(other);
    }
  });
}

/** Opens one; `space` is the namespace, `folder` a place for the Unix socket. */
export async function openDoorway(space, folder) {
  const port = await freePort();
  const path = join(folder, `doorway-${port}`);
  const inside = spawn("ip", ["netns", "exec", space, process.execPath, fileURLToPath(import.meta.url), path, port], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => createInterface({ input: inside.stdout }).once("line", resolve));
  const outside = forward({ path });
  await new Promise((resolve) => outside.listen(port, "127.0.0.1", resolve));
  const close = () => {
    outside.close();
    inside.kill();
  };
  return { port, close };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path, port] = process.argv.slice(2);
  forward({ host: "127.0.0.1", port: Number(port) }).listen(path, () => console.log("ready"));
}
