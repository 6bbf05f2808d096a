// A network namespace of the test's own: what is blocked there is blocked nowhere else, and goes with it.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function ip(...args) {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

/** Why namespaces can't be made here, or nothing. */
export function whyNoNamespace() {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  if (spawnSync("iptables", ["--version"]).status !== 0) return "iptables is missing";
  const name = `pairvoice-probe-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name]).status !== 0) return "network namespaces are not allowed here";
  spawnSync("ip", ["netns", "delete", name]);
  return undefined;
}

/** A namespace with one address that browsers can use as a candidate. */
export function makeNamespace() {
  const name = `pairvoice-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-ns-"));
  const wrap = ["ip", "netns", "exec", name];
  const inside = (...args) => ip("netns", "exec", name, ...args);
  ip("netns", "add", name);
  try {
    inside("ip", "link", "set", "lo", "up");
    inside("ip", "link", "add", "pv0", "type", "veth", "peer", "name", "pv1");
    inside("ip", "link", "set", "pv1", "up");
    inside("ip", "address", "add", "198.18.0.1/24", "dev", "pv0");
    inside("ip", "link", "set", "pv0", "up");
    inside("ip", "route", "add", "default", "dev", "pv0");
  } catch (error) {
    ip("netns", "delete", name);
    throw error;
  }
  const wrapper = join(folder, "chromium");
  const chromium = process.env.PAIRVOICE_CHROMIUM ?? "/usr/bin/chromium";
  writeFileSync(wrapper, `#!/bin/sh\nexec ${wrap.join(" ")} ${chromium} "$@"\n`);
  chmodSync(wrapper, 0o755);
  const remove = () => {
    spawnSync("ip", ["netns", "delete", name]);
    rmSync(folder, { recursive: true, force: true });
  };
  // A run that is stopped half-way leaves nothing behind either.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (remove(), process.exit(1)));
  const rule = ["iptables", "-I", "INPUT", "-p", "udp", "-j", "DROP"];
  return {
    wrap,
    wrapper,
    /** Media gets nowhere; TCP does. */
    cutMedia: () => inside(...rule),
    restoreMedia: () => inside(...rule.map((word) => (word === "-I" ? "-D" : word))),
    remove,
  };
}
