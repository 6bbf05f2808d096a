// What the tests and benches over this network need: programs, the package, a page, the server.
import { buildBarePage, buildServer, buildWasm } from "../../../scripts/build.mjs";
import { ensureNodePackages, ensurePrograms, ensureRust } from "../../../scripts/tools.mjs";

/** Builds and installs what is missing; says why there can be no such network here, or nothing. PAIRVOICE_SERVER names a server that is built already. */
export async function prepare() {
  await ensureNodePackages();
  if (process.getuid?.() === 0) {
    await ensurePrograms({
      ...{ chromium: "chromium", "firefox-esr": "firefox-esr", ip: "iproute2", iptables: "iptables", conntrack: "conntrack" },
      ...{ turnserver: "coturn", certutil: "libnss3-tools", openssl: "openssl" },
    });
  }
  const { whyNoTopology } = await import("./topology.mjs");
  const why = whyNoTopology();
  if (why) return why;
  if (!process.env.PAIRVOICE_SERVER) {
    await ensureRust();
    await buildWasm();
    await buildServer();
  }
  await buildBarePage();
  return undefined;
}
