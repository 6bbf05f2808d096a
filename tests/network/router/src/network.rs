//! What the network does to a packet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// A host and what its link is like.
#[derive(Debug, Default)]
struct Host {
    name: String,
    down: bool,
    slow: Duration,
    loss: u8,
}

/// A packet under way; the number keeps the order of equal times.
type InFlight = Reverse<(Instant, u64, usize, Vec<u8>)>;

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

impl Network {
    pub(crate) fn new(names: Vec<String>) -> Self {
        let hosts = names.into_iter().map(|name| Host { name, ..Host::default() }).collect();
        Self { hosts, ..Self::default() }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.name == name)
    }

    /// Does what a line says; nothing when it makes no sense.
    pub(crate) fn command(&mut self, words: &[&str]) -> Option<()> {
        match words {
            ["route", address, name] => {
                let host = self.find(name)?;
                self.routes.insert(address.parse().ok()?, host);
            }
            ["delay", ms] => self.delay = Duration::from_millis(ms.parse().ok()?),
            ["slow", name, ms] => {
                let slow = Duration::from_millis(ms.parse().ok()?);
                let host = self.find(name)?;
                self.hosts.get_mut(host)?.slow = slow;
            }
            ["loss", name, percent] => {
                let host = self.find(name)?;
                self.hosts.get_mut(host)?.loss = percent.parse().ok()?;
            }
            ["link", name, state @ ("up" | "down")] => {
                let host = self.find(name)?;
                self.hosts.get_mut(host)?.down = *state == "down";
            }
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
        Some(())
    }

    /// Takes a packet from a host.
    pub(crate) fn take(&mut self, from: usize, packet: &[u8], now: Instant) {
        let Some((to, delay)) = self.fate(from, packet) else { return };
        self.count += 1;
        self.flights.push(Reverse((now + delay, self.count, to, packet.to_vec())));
    }

    /// Where a packet goes and how long that takes; nothing when it is lost.
    fn fate(&self, from: usize, packet: &[u8]) -> Option<(usize, Duration)> {
        let destination: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
        // Only IPv4 is routed.
        let to =
            *self.routes.get(&Ipv4Addr::from(destination)).filter(|_| packet.first().is_some_and(|b| b >> 4 == 4))?;
        let (sender, receiver) = (self.hosts.get(from)?, self.hosts.get(to)?);
        let lost = [sender, receiver].iter().any(|host| host.down || fastrand::u8(0..100) < host.loss);
        let passes = !lost && !self.blocked.contains(&(from, to));
        passes.then_some((to, self.delay + sender.slow + receiver.slow))
    }

    /// A packet whose time has come. What is under way when a link goes down is lost with it.
    pub(crate) fn due(&mut self, now: Instant) -> Option<(usize, Vec<u8>)> {
        while self.flights.peek().is_some_and(|Reverse((due, ..))| *due <= now) {
            if let Some(Reverse((_, _, host, packet))) = self.flights.pop()
                && self.hosts.get(host).is_some_and(|host| !host.down)
            {
                return Some((host, packet));
            }
        }
        None
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.flights.peek().map(|Reverse((due, ..))| *due)
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

    fn network(commands: &[&str]) -> Network {
        let mut network = Network::new(vec!["a".into(), "b".into()]);
        for line in ["route 10.0.0.1 a", "route 10.0.0.2 b", "delay 10"].iter().chain(commands) {
            assert!(network.command(&line.split(' ').collect::<Vec<_>>()).is_some(), "{line}");
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
        assert!(network(&[]).command(&["link", "c", "up"]).is_none());
    }
}
