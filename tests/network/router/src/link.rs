//! One way of a host's access link: what it can carry, what waits in front of it, and what is lost on it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// An IP packet between two hosts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packet {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) bytes: Vec<u8>,
}

/// Loss by Gilbert's model: a link is good, or it is bad and loses every packet.
#[derive(Debug, Default, Clone)]
struct Loss {
    /// Share of packets, 0 to 1.
    share: f64,
    /// Mean number of packets that are lost one after the other; up to 1, each is lost or not by itself.
    burst: f64,
    bad: bool,
}

impl Loss {
    fn draw(&mut self) -> bool {
        let turns_bad = if self.burst <= 1.0 {
            self.share
        } else if self.bad {
            1.0 - 1.0 / self.burst
        } else {
            // What makes the bad state's share of all packets the one that is wanted.
            self.share / (1.0 - self.share).max(f64::EPSILON) / self.burst
        };
        self.bad = fastrand::f64() < turns_bad;
        self.bad
    }
}

/// What a link carries: kilobits (of IP packets) a second, and what may wait for it.
#[derive(Debug, Clone, Copy)]
struct Cap {
    kbits: f64,
    queue: Duration,
}

impl Cap {
    fn time(self, bits: f64) -> Duration {
        Duration::try_from_secs_f64(bits / self.kbits / 1_000.0).unwrap_or(Duration::MAX)
    }

    /// Bits that go within a time.
    fn bits(self, time: Duration) -> f64 {
        time.as_secs_f64() * self.kbits * 1_000.0
    }
}

/// Bits of a packet; none is as long as 4 GiB.
fn bits(packet: &Packet) -> f64 {
    f64::from(u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX)) * 8.0
}

/// One way of a host's link.
#[derive(Debug, Default)]
pub(crate) struct Link {
    loss: Loss,
    cap: Option<Cap>,
    /// The first one is being sent, until `leaves`.
    waiting: VecDeque<Packet>,
    leaves: Option<Instant>,
    /// IP bytes that the link carried so far.
    pub(crate) carried: u64,
}

impl Link {
    /// Loses so many percent of the packets, `burst` of them in a row on average.
    pub(crate) fn lose(&mut self, percent: f64, burst: f64) {
        self.loss = Loss { share: percent / 100.0, burst, bad: false };
    }

    /// Whether the packet that comes now is lost.
    pub(crate) fn loses(&mut self) -> bool {
        self.loss.draw()
    }

    /// Carries so many kbit/s from now on, with a queue of so many milliseconds of data; 0 is no limit.
    pub(crate) fn limit(&mut self, kbits: f64, queue: Duration, now: Instant) {
        let left = match (self.cap, self.leaves) {
            (Some(cap), Some(leaves)) => cap.bits(leaves.saturating_duration_since(now)),
            _ => 0.0,
        };
        self.cap = (kbits > 0.0).then_some(Cap { kbits, queue });
        // What is half sent goes on at the new speed; without a limit all that waits goes at once.
        self.leaves = self.leaves.map(|_| match self.cap {
            Some(cap) => now.checked_add(cap.time(left)).unwrap_or(now),
            None => now,
        });
    }

    /// Takes a packet that is to be sent; gives it back when it is through at once. A full queue drops it.
    pub(crate) fn offer(&mut self, packet: Packet, now: Instant) -> Option<Packet> {
        let Some(cap) = self.cap else {
            if self.waiting.is_empty() {
                return Some(packet);
            }
            self.waiting.push_back(packet);
            return None;
        };
        let queued: f64 = self.waiting.iter().skip(1).map(bits).sum();
        // A packet that is longer than the whole queue still finds room in an empty one.
        if self.waiting.len() > 1 && queued + bits(&packet) > cap.bits(cap.queue) {
            return None;
        }
        self.waiting.push_back(packet);
        if self.leaves.is_none() {
            self.begin(now);
        }
        None
    }

    fn begin(&mut self, now: Instant) {
        self.leaves = self.waiting.front().map(|packet| match self.cap {
            Some(cap) => now.checked_add(cap.time(bits(packet))).unwrap_or(now),
            None => now,
        });
    }

    /// When the packet that is being sent has left.
    pub(crate) fn leaves(&self) -> Option<Instant> {
        self.leaves
    }

    /// The packet that has left at this moment; the next one begins.
    pub(crate) fn leave(&mut self, now: Instant) -> Option<Packet> {
        let packet = self.waiting.pop_front();
        self.begin(now);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(bytes: usize) -> Packet {
        Packet { from: 0, to: 1, bytes: vec![0; bytes] }
    }

    /// Share of lost packets, and the mean length of a lost run.
    fn lost(percent: f64, burst: f64) -> (f64, f64) {
        fastrand::seed(7);
        let mut link = Link::default();
        link.lose(percent, burst);
        let all: Vec<bool> = (0..200_000).map(|_| link.loses()).collect();
        let lost = f64::from(u32::try_from(all.iter().filter(|&&lost| lost).count()).unwrap());
        let runs = f64::from(u32::try_from(all.windows(2).filter(|two| two[0] && !two[1]).count()).unwrap());
        (lost / 200_000.0, lost / runs)
    }

    #[test]
    fn loss_has_the_share_and_the_bursts_that_are_wanted() {
        for (percent, burst) in [(5.0, 2.0), (10.0, 3.0), (30.0, 2.0), (30.0, 3.0)] {
            let (share, run) = lost(percent, burst);
            assert!((share * 100.0 - percent).abs() < 0.6, "{percent} % in bursts of {burst}: {share}");
            assert!((run - burst).abs() < 0.1, "{percent} % in bursts of {burst}: {run}");
        }
        // Independent losses still follow each other by chance.
        let (share, run) = lost(30.0, 1.0);
        assert!((share - 0.3).abs() < 0.01 && (run - 1.0 / 0.7).abs() < 0.05, "{share} {run}");
        assert!(lost(100.0, 1.0).0 > 0.999_99 && lost(0.0, 3.0).0 == 0.0);
    }

    #[test]
    fn a_capped_link_sends_one_after_the_other_and_drops_what_its_queue_does_not_hold() {
        let now = Instant::now();
        let mut link = Link::default();
        assert!(link.offer(packet(1_000), now).is_some());
        // 125 bytes are 20 ms, the queue holds five of them beside the one that is being sent.
        link.limit(50.0, Duration::from_millis(100), now);
        for _ in 0..9 {
            assert!(link.offer(packet(125), now).is_none());
        }
        let mut left = Vec::new();
        while let Some(at) = link.leaves() {
            assert!(link.leave(at).is_some());
            left.push((at - now).as_millis());
        }
        assert_eq!(left, [20, 40, 60, 80, 100, 120]);
    }

    #[test]
    fn a_long_packet_passes_a_short_queue() {
        let now = Instant::now();
        let mut link = Link::default();
        link.limit(32.0, Duration::from_millis(100), now);
        assert!(link.offer(packet(1_500), now).is_none() && link.offer(packet(1_500), now).is_none());
        assert!(link.offer(packet(40), now).is_none());
        assert_eq!(link.waiting.len(), 2);
    }

    #[test]
    fn another_speed_holds_for_what_is_half_sent_and_no_limit_frees_all() {
        let now = Instant::now();
        let later = now + Duration::from_millis(10);
        let mut link = Link::default();
        link.limit(50.0, Duration::from_millis(300), now);
        assert!(link.offer(packet(125), now).is_none() && link.offer(packet(125), now).is_none());
        link.limit(5.0, Duration::from_millis(300), later);
        assert_eq!(link.leaves().map(|at| (at - now).as_millis()), Some(110));
        link.limit(0.0, Duration::ZERO, later);
        assert!(link.offer(packet(1), later).is_none(), "nothing overtakes");
        for _ in 0..3 {
            assert_eq!(link.leaves(), Some(later));
            assert!(link.leave(later).is_some());
        }
        assert!(link.offer(packet(1), later).is_some());
    }
}
