//! What the network does to a packet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::link::{Link, Packet};

/// So much data waits in front of a link that has a limit, in milliseconds.
const QUEUE_MS: u64 = 300;

/// A host and what its access link is like, each way.
#[derive(Debug, Default)]
struct Host {
    name: String,
    down: bool,
    slow: Duration,
    from: Link,
    to: Link,
}

/// A packet under way between two access links; the number keeps the order of equal times.
type InFlight = Reverse<(Instant, u64, Packet)>;

/// What happens next.
enum Event {
    /// A packet has left its sender's link.
    Sent(usize),
    /// It reaches the link of its receiver.
    Arrives,
    /// It has left that link.
    Received(usize),
}

/// Hosts, routes, and what is under way.
#[derive(Debug, Default)]
pub(crate) struct Network {
    hosts: Vec<Host>,
    routes: HashMap<Ipv4Addr, usize>,
    blocked: HashSet<(usize, usize)>,
    delay: Duration,
    flights: BinaryHeap<InFlight>,
    count: u64,
}

/// A share in percent, or nothing.
fn percent(word: &str) -> Option<f64> {
    word.parse().ok().filter(|value| (0.0..=100.0).contains(value))
}

/// A number that is not negative.
fn amount(word: &str) -> Option<f64> {
    word.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)
}

impl Network {
    pub(crate) fn new(names: Vec<String>) -> Self {
        let hosts = names.into_iter().map(|name| Host { name, ..Host::default() }).collect();
        Self { hosts, ..Self::default() }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.name == name)
    }

    fn host(&mut self, name: &str) -> Option<&mut Host> {
        self.hosts.iter_mut().find(|host| host.name == name)
    }

    /// Does what a line says and gives what it asks for; nothing when it makes no sense.
    pub(crate) fn command(&mut self, words: &[&str], now: Instant) -> Option<String> {
        match words {
            ["route", address, name] => {
                let host = self.find(name)?;
                self.routes.insert(address.parse().ok()?, host);
            }
            ["delay", ms] => self.delay = Duration::from_millis(ms.parse().ok()?),
            ["slow", name, ms] => self.host(name)?.slow = Duration::from_millis(ms.parse().ok()?),
            ["loss", name, share, burst @ ..] if burst.len() < 2 => {
                let (share, burst) = (percent(share)?, burst.first().map_or(Some(1.0), |word| amount(word))?);
                let host = self.host(name)?;
                host.from.lose(share, burst);
                host.to.lose(share, burst);
            }
            ["cap", name, kbits, more @ ..] if more.len() < 3 => {
                let kbits = amount(kbits)?;
                let queue = more.first().map_or(Some(QUEUE_MS), |word| word.parse().ok())?;
                let way = more.get(1).copied().unwrap_or("both");
                if !["both", "from", "to"].contains(&way) {
                    return None;
                }
                let host = self.host(name)?;
                for (link, is_meant) in [(&mut host.from, way != "to"), (&mut host.to, way != "from")] {
                    if is_meant {
                        link.limit(kbits, Duration::from_millis(queue), now);
                    }
                }
            }
            ["count", name] => {
                let host = self.host(name)?;
                return Some(format!("{} {}", host.from.carried, host.to.carried));
            }
            ["link", name, state @ ("up" | "down")] => self.host(name)?.down = *state == "down",
            ["block", a, b, state @ ("on" | "off")] => {
                let (a, b) = (self.find(a)?, self.find(b)?);
                for pair in [(a, b), (b, a)] {
                    if *state == "on" {
                        self.blocked.insert(pair);
                    } else {
                        self.blocked.remove(&pair);
                    }
                }
            }
            _ => return None,
        }
        Some(String::new())
    }

    /// Takes a packet from a host.
    pub(crate) fn take(&mut self, from: usize, bytes: &[u8], now: Instant) {
        let Some(to) = self.destination(from, bytes) else { return };
        let Some(sender) = self.hosts.get_mut(from) else { return };
        if let Some(packet) = sender.from.offer(Packet { from, to, bytes: bytes.to_vec() }, now) {
            self.fly(packet, now);
        }
    }

    /// Where a packet goes; nothing when there is no way.
    fn destination(&self, from: usize, packet: &[u8]) -> Option<usize> {
        let destination: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
        // Only IPv4 is routed.
        let to =
            *self.routes.get(&Ipv4Addr::from(destination)).filter(|_| packet.first().is_some_and(|b| b >> 4 == 4))?;
        let lost = [from, to].iter().any(|host| self.hosts.get(*host).is_none_or(|host| host.down));
        (!lost && !self.blocked.contains(&(from, to))).then_some(to)
    }

    /// A packet has left its sender's link at this moment, and may be lost on it.
    fn fly(&mut self, packet: Packet, now: Instant) {
        let Some(receiver) = self.hosts.get(packet.to).map(|host| host.slow) else { return };
        let Some(sender) = self.hosts.get_mut(packet.from) else { return };
        sender.from.carried += u64::try_from(packet.bytes.len()).unwrap_or(0);
        if sender.from.loses() {
            return;
        }
        self.count += 1;
        self.flights.push(Reverse((now + self.delay + sender.slow + receiver, self.count, packet)));
    }

    /// A packet has left its receiver's link. What is under way when a link goes down is lost with it.
    fn land(&mut self, packet: Packet) -> Option<(usize, Vec<u8>)> {
        let host = self.hosts.get_mut(packet.to).filter(|host| !host.down)?;
        if host.to.loses() {
            return None;
        }
        host.to.carried += u64::try_from(packet.bytes.len()).unwrap_or(0);
        Some((packet.to, packet.bytes))
    }

    fn next(&self) -> Option<(Instant, Event)> {
        let sent = self.hosts.iter().enumerate().filter_map(|(i, host)| Some((host.from.leaves()?, Event::Sent(i))));
        let received =
            self.hosts.iter().enumerate().filter_map(|(i, host)| Some((host.to.leaves()?, Event::Received(i))));
        let arrives = self.flights.peek().map(|Reverse((at, ..))| (*at, Event::Arrives));
        sent.chain(received).chain(arrives).min_by_key(|(at, _)| *at)
    }

    /// A packet whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Option<(usize, Vec<u8>)> {
        while let Some((at, event)) = self.next().filter(|(at, _)| *at <= now) {
            let through = match event {
                Event::Sent(host) => {
                    if let Some(packet) = self.hosts.get_mut(host).and_then(|host| host.from.leave(at)) {
                        self.fly(packet, at);
                    }
                    None
                }
                Event::Arrives => self.flights.pop().and_then(|Reverse((_, _, packet))| {
                    self.hosts.get_mut(packet.to).and_then(|host| host.to.offer(packet, at))
                }),
                Event::Received(host) => self.hosts.get_mut(host).and_then(|host| host.to.leave(at)),
            };
            if let Some(landed) = through.and_then(|packet| self.land(packet)) {
                return Some(landed);
            }
        }
        None
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.next().map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(to: [u8; 4]) -> Vec<u8> {
        let mut packet = vec![0; 20];
        packet[0] = 0x45;
        packet[16..].copy_from_slice(&to);
        packet
    }

    fn command(network: &mut Network, line: &str) -> Option<String> {
        network.command(&line.split(' ').collect::<Vec<_>>(), Instant::now())
    }

    fn network(commands: &[&str]) -> Network {
        let mut network = Network::new(vec!["a".into(), "b".into()]);
        for line in ["route 10.0.0.1 a", "route 10.0.0.2 b", "delay 10"].iter().chain(commands) {
            assert!(command(&mut network, line).is_some(), "{line}");
        }
        network
    }

    /// Milliseconds that a packet from a to b takes.
    fn takes(network: &mut Network) -> Option<u128> {
        let now = Instant::now();
        network.take(0, &packet([10, 0, 0, 2]), now);
        let due = network.next_due()?;
        network.due(due).map(|_| (due - now).as_millis())
    }

    #[test]
    fn a_packet_is_delayed_lost_or_blocked_as_told() {
        assert_eq!(takes(&mut network(&[])), Some(10));
        assert_eq!(takes(&mut network(&["slow b 5", "slow a 1"])), Some(16));
        assert_eq!(takes(&mut network(&["loss a 100"])), None);
        assert_eq!(takes(&mut network(&["link b down"])), None);
        assert_eq!(takes(&mut network(&["link b down", "link b up"])), Some(10));
        assert_eq!(takes(&mut network(&["block b a on"])), None);
        assert_eq!(takes(&mut network(&["block a b on", "block a b off"])), Some(10));
    }

    #[test]
    fn what_makes_no_sense_is_not_done() {
        let lines =
            ["link c up", "loss a 101", "loss a 1 2 3", "loss a x", "cap a -1", "cap a 1 2 up", "count c", "cap a"];
        for line in lines {
            assert_eq!(command(&mut network(&[]), line), None, "{line}");
        }
    }

    /// Sends packets of 125 bytes from a to b; milliseconds at which they arrive.
    fn arrivals(network: &mut Network, packets: usize) -> Vec<u128> {
        let mut bytes = packet([10, 0, 0, 2]);
        bytes.resize(125, 0);
        let now = Instant::now();
        for _ in 0..packets {
            network.take(0, &bytes, now);
        }
        let mut arrived = Vec::new();
        while let Some(due) = network.next_due() {
            if network.due(due).is_some() {
                arrived.push((due - now).as_millis());
            }
        }
        arrived
    }

    #[test]
    fn a_cap_holds_either_way_and_is_lifted() {
        assert_eq!(arrivals(&mut network(&["cap a 50"]), 3), [30, 50, 70]);
        assert_eq!(arrivals(&mut network(&["cap b 50 40"]), 9), [30, 50, 70]);
        assert_eq!(arrivals(&mut network(&["cap a 50 300 to"]), 2), [10, 10]);
        assert_eq!(arrivals(&mut network(&["cap b 50 300 to"]), 2), [30, 50]);
        assert_eq!(arrivals(&mut network(&["cap a 50", "cap b 25"]), 3), [70, 110, 150]);
        assert_eq!(arrivals(&mut network(&["cap a 50", "cap a 0"]), 2), [10, 10]);
    }

    #[test]
    fn bytes_are_counted_where_they_are_carried() {
        let mut lossy = network(&["loss b 100"]);
        assert!(arrivals(&mut lossy, 3).is_empty());
        assert_eq!(command(&mut lossy, "count a").as_deref(), Some("375 0"));
        assert_eq!(command(&mut lossy, "count b").as_deref(), Some("0 0"));
        let mut short = network(&["cap a 50 40"]);
        assert_eq!(arrivals(&mut short, 9).len(), 3);
        assert_eq!(command(&mut short, "count a").as_deref(), Some("375 0"));
        assert_eq!(command(&mut short, "count b").as_deref(), Some("0 375"));
    }
}
