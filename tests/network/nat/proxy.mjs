// An HTTP proxy as companies have them: CONNECT to port 443, and nothing else (RFC 9110, section 9.3.6).
// node proxy.mjs PORT NAMES; NAMES is JSON, { name: { v4 } }; prints a line once it listens.
import { createServer } from "node:http";
import { connect } from "node:net";

function makeProxy(names) {
  const proxy = createServer((_, response) => response.writeHead(403).end());
  proxy.on("connect", (request, client, head) => {
    const { hostname, port } = new URL(`http://${request.url}`);
    client.on("error", () => {});
    // A URL of http leaves out its own port, 80.
    if (port !== "443") return void client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const target = connect({ host: names[hostname]?.v4 ?? hostname.replace(/^\[|\]$/g, ""), port: Number(port) }, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.write(head);
      target.pipe(client).pipe(target);
    });
    target.on("error", () => client.destroy());
    client.on("close", () => target.destroy());
  });
  return proxy;
}

const [port, names] = process.argv.slice(2);
makeProxy(JSON.parse(names)).listen(Number(port), () => console.log("ready"));
