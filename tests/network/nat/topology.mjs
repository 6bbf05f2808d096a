// Two sites behind gateways and a public segment, in network namespaces of the test's own:
//
//   low ─ low-gateway ─┐        ┌─ high-gateway ─ high
//                     hub (routes)
//            server ───┘│└─ proxy
//                     relay, peer
//
// All interfaces are made inside the namespaces and go with them; nothing of the machine's own network is touched.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { whyNoNamespace } from "../../e2e/support/namespace.mjs";
import { pidsOn, signalTo } from "../support.mjs";
import { gatewayScript, hostScript } from "./kinds.mjs";

/** Public hosts and their link's number at the hub; addresses are of the ranges for documentation (RFC 5737, RFC 3849). */
const PUBLIC = { server: 1, relay: 2, proxy: 3, peer: 4, "low-gateway": 8, "high-gateway": 9 };
const SITES = ["low", "high"];
/** The names by which the hosts in the public segment are known. */
const NAMES = { server: "voice.test", relay: "relay.test", proxy: "proxy.test", peer: "peer.test" };

/** Why there can be no such network here, or nothing. */
export function whyNoTopology() {
  const why = whyNoNamespace();
  if (why) return why;
  return spawnSync("conntrack", ["--version"]).status === 0 ? undefined : "conntrack is missing";
}

/** Runs a script of commands in a namespace; throws with what the failing one said. */
function shell(space, script) {
  const { status, stderr } = spawnSync("ip", ["netns", "exec", space, "sh", "-e", "-c", script], { encoding: "utf8" });
  if (status !== 0) throw new Error(`in ${space}: ${stderr}\n${script}`);
}

function ip(...args) {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}

/** Makes the network; its sites are `open` until `site` makes them something else. */
export function makeTopology() {
  const folder = mkdtempSync(join(tmpdir(), "pairvoice-nat-"));
  const host = (name) => ({ name, space: `pairvoice-${name}-${process.pid}` });
  const hub = host("hub");
  const hosts = Object.fromEntries([...Object.keys(PUBLIC), ...SITES].map((name) => [name, host(name)]));
  for (const [name, link] of Object.entries(PUBLIC)) {
    Object.assign(hosts[name], { v4: `198.51.100.${4 * link + 2}`, v6: `2001:db8:${link}::2`, link });
  }
  for (const [index, name] of SITES.entries()) {
    const base = 16 * index;
    Object.assign(hosts[name], {
      ...{ v4: `203.0.113.${base + 2}`, v4Gateway: `203.0.113.${base + 1}`, v4Net: `203.0.113.${base}/28` },
      ...{ v6: `2001:db8:a${index}::2`, v6Gateway: `2001:db8:a${index}::1`, v6Net: `2001:db8:a${index}::/64` },
      gateway: hosts[`${name}-gateway`],
    });
  }
  const all = [hub, ...Object.values(hosts)];
  const remove = () => {
    for (const { space } of all) {
      // A run that is stopped half-way has browsers and servers in there still.
      for (const pid of pidsOn({ space })) signalTo(pid, "SIGKILL");
      spawnSync("ip", ["netns", "delete", space]);
      rmSync(`/etc/netns/${space}`, { recursive: true, force: true });
    }
    try {
      rmdirSync("/etc/netns");
    } catch {
      // Others have something there, or it is gone.
    }
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (remove(), process.exit(1)));

  const link = (a, nameA, b, nameB) =>
    ip("link", "add", nameA, "netns", a.space, "type", "veth", "peer", "name", nameB, "netns", b.space);
  const forwards = "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1";
  try {
    for (const { name, space, v4Gateway, v6Gateway } of all) {
      ip("netns", "add", space);
      if (SITES.includes(name)) {
        // `ip netns exec` puts it over /etc: each site has the name server that dns.mjs is.
        mkdirSync(`/etc/netns/${space}`, { recursive: true });
        writeFileSync(`/etc/netns/${space}/resolv.conf`, `nameserver ${v4Gateway}\nnameserver ${v6Gateway}\n`);
      }
      shell(space, "ip link set lo up");
    }
    shell(hub.space, forwards);
    for (const [name, number] of Object.entries(PUBLIC)) {
      link(hub, name, hosts[name], "wan");
      shell(hub.space, `ip addr add 198.51.100.${4 * number + 1}/30 dev ${name}; ip addr add 2001:db8:${number}::1/64 dev ${name} nodad; ip link set ${name} up`);
      shell(hosts[name].space, `ip addr add ${hosts[name].v4}/30 dev wan; ip addr add ${hosts[name].v6}/64 dev wan nodad; ip link set wan up
        ip route add default via 198.51.100.${4 * number + 1}; ip -6 route add default via 2001:db8:${number}::1`);
    }
    for (const name of SITES) {
      const site = hosts[name];
      link(site, "lan", site.gateway, "lan");
      shell(site.gateway.space, `${forwards}; ip addr add ${site.v4Gateway}/28 dev lan; ip addr add ${site.v6Gateway}/64 dev lan nodad; ip link set lan up`);
      shell(site.space, "ip link set lan up");
      shell(hub.space, `ip route add ${site.v4Net} via ${site.gateway.v4}; ip -6 route add ${site.v6Net} via ${site.gateway.v6}`);
    }
  } catch (error) {
    remove();
    throw error;
  }

  /** Adds or removes a rule of both protocol families at the hub. */
  const atHub = (on, rule) => {
    for (const program of ["iptables", "ip6tables"]) shell(hub.space, `${program} ${on ? "-I" : "-D"} FORWARD ${rule}`);
  };
  const between = (a, b, on, rule) => {
    for (const [from, to] of [[a, b], [b, a]]) atHub(on, `-i ${from} -o ${to} ${rule}`);
  };
  const topology = {
    hosts,
    folder,
    remove,
    names: NAMES,
    /** What a name server of this network knows. */
    zone: Object.fromEntries(Object.entries(NAMES).map(([name, dns]) => [dns, { v4: hosts[name].v4, v6: hosts[name].v6 }])),
    /** What is put before a command so that it runs on a host. */
    wrap: (name) => ["ip", "netns", "exec", hosts[name].space],
    /** A script that runs a program on a host; browsers are launched by it. `home` is its home folder. */
    wrapper(name, program, home) {
      const path = join(folder, `${program.split("/").at(-1)}-${name}`);
      writeFileSync(path, `#!/bin/sh\nHOME=${home} exec ip netns exec ${hosts[name].space} ${program} "$@"\n`);
      chmodSync(path, 0o755);
      return path;
    },
    /** Makes a site's network one of the kinds; connections that its gateway knew are forgotten. */
    site(name, kind) {
      const site = hosts[name];
      shell(site.gateway.space, gatewayScript(kind, site, hosts.proxy));
      shell(site.space, hostScript(kind, site));
      site.kind = kind;
    },
    /** Nothing passes between the two sites, or all does; both reach the servers. */
    direct: (passes) => between("low-gateway", "high-gateway", !passes, "-j DROP"),
    /** No UDP passes a site's gateway, or it does again. */
    udp(name, passes) {
      for (const program of ["iptables", "ip6tables"]) {
        shell(hosts[name].gateway.space, `${program} ${passes ? "-D" : "-I"} FORWARD -p udp -j DROP`);
      }
    },
    /** So many per cent of a site's packets to and from a public host are lost. */
    loss: (name, to, percent, on = true) =>
      between(`${name}-gateway`, to, on, `-m statistic --mode random --probability ${percent / 100} -j DROP`),
  };
  for (const name of SITES) topology.site(name, "open");
  return topology;
}
