// The kinds of network that a site can be, as rules of its gateway (interfaces `lan` and `wan`) and addresses of its host (`lan`).
//
// A host behind NAT has the same address as an open one, so that a browser needs no new start; its gateway lets nothing in that was
// not asked for, so that the address is as useless to others as a private one.

/** What each kind is, for reports. */
export const kinds = {
  open: "public address",
  cone: "NAT, endpoint-independent mapping and filtering (full cone)",
  restricted: "NAT, port-preserving; filtering by address and port (port-restricted)",
  symmetric: "NAT, another random port for each destination; filtering by address and port",
  "no-udp": "port-restricted NAT, no UDP passes",
  "tls-443": "NAT, nothing but TLS to port 443 passes",
  proxy: "nothing but an HTTP CONNECT proxy is reached, which connects to port 443 only",
  ipv6: "IPv6 only, lets in what was asked for",
};

/** Where the proxy of the kind `proxy` listens. */
export const PROXY_PORT = 3128;

const established = "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT";
// Linux keeps the source port while no other connection has it, so that one host's mapping is the same for all destinations. What
// comes in unasked must be dropped and not be answered: an answered packet counts as a connection and takes the port.
const masquerade = "iptables -t nat -A POSTROUTING -o wan -j MASQUERADE";

// The first byte of the first data of a connection tells TLS: a handshake record (22). Packets too short to carry a STUN message, such as
// those that open a connection, pass always.
const tlsOnly = `
  iptables -A FORWARD -i lan -p tcp --dport 443 -m connmark --mark 1 -j ACCEPT
  iptables -A FORWARD -i lan -p tcp --dport 443 -m length --length 0:80 -j ACCEPT
  iptables -A FORWARD -i lan -p tcp --dport 443 -m u32 --u32 "0>>22&0x3C@12>>26&0x3C@0>>24=0x16" -j CONNMARK --set-mark 1
  iptables -A FORWARD -i lan -p tcp --dport 443 -m connmark --mark 1 -j ACCEPT
  iptables -A FORWARD -i wan ${established}`;

const rules = {
  open: () => "iptables -A FORWARD -j ACCEPT",
  cone: (site) => `${masquerade}
    iptables -t nat -A PREROUTING -i wan -p udp -j DNAT --to-destination ${site.v4}
    iptables -A FORWARD ${established}
    iptables -A FORWARD -i lan -j ACCEPT
    iptables -A FORWARD -i wan -m conntrack --ctstate DNAT -j ACCEPT`,
  restricted: () => `${masquerade}
    iptables -A FORWARD ${established}
    iptables -A FORWARD -i lan -j ACCEPT`,
  symmetric: () => `${masquerade} --random-fully
    iptables -A FORWARD ${established}
    iptables -A FORWARD -i lan -j ACCEPT`,
  "no-udp": () => `${masquerade}
    iptables -A FORWARD -p udp -j DROP
    iptables -A FORWARD ${established}
    iptables -A FORWARD -i lan -j ACCEPT`,
  "tls-443": () => `${masquerade}${tlsOnly}`,
  proxy: (_, proxy) => `${masquerade}
    iptables -A FORWARD ${established}
    iptables -A FORWARD -i lan -p tcp -d ${proxy.v4} --dport ${PROXY_PORT} -j ACCEPT`,
  ipv6: () => `
    ip6tables -A FORWARD ${established}
    ip6tables -A FORWARD -i lan -j ACCEPT`,
};

/** Commands for the gateway of a site. */
export function gatewayScript(kind, site, proxy) {
  return `
    for tables in iptables ip6tables; do
      $tables -F; $tables -P FORWARD DROP
    done
    iptables -t nat -F
    iptables -A INPUT -i wan -p udp -j DROP
    iptables -A INPUT -i wan -p tcp -j DROP
    ${rules[kind](site, proxy)}
    conntrack -F 2>/dev/null`;
}

/** Commands for the host of a site: it has addresses of the one family that its network has. */
export function hostScript(kind, site) {
  const [own, gateway, length] = kind === "ipv6" ? [site.v6, site.v6Gateway, 64] : [site.v4, site.v4Gateway, 28];
  const family = kind === "ipv6" ? "-6" : "-4";
  const nodad = kind === "ipv6" ? "nodad" : "";
  return `
    if ! ip ${family} -o addr show dev lan | grep -q " ${own}/"; then
      ip -4 addr flush dev lan; ip -6 addr flush dev lan scope global
      ip ${family} addr add ${own}/${length} dev lan ${nodad}
      ip ${family} route replace default via ${gateway}
    fi`;
}
