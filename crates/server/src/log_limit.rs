//! How many lines of the log one client can cause, and all together.
//!
//! [`LogLimit`] decides and knows no clock; [`LogGate`] asks it with the time, and counts what is left out.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::metrics::Metrics;

/// Lines of one peer at once, and a second.
const PEER: Rate = Rate { burst: 30, per_second: 2 };
/// Lines of all peers at once, and a second.
const TOGETHER: Rate = Rate { burst: 400, per_second: 200 };
/// Peers that are remembered; the one that was heard of longest ago is forgotten.
const PEERS: usize = 10_000;
/// How often the departure of one peer may be worth a line, in milliseconds.
const FAREWELL_MS: u64 = 10_000;

/// A token bucket's size.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u64,
    per_second: u64,
}

impl Rate {
    /// After how many milliseconds without a line an empty bucket is full.
    const fn full_after_ms(self) -> u64 {
        self.burst * 1_000 / self.per_second
    }
}

/// A token bucket, in thousandths of a line so that no remainder is lost.
#[derive(Debug)]
struct Bucket {
    rate: Rate,
    thousandths: u64,
    at: u64,
}

impl Bucket {
    fn full(rate: Rate, now: u64) -> Self {
        Self { rate, thousandths: rate.burst * 1_000, at: now }
    }

    fn has(&mut self, lines: u64, now: u64) -> bool {
        let gained = now.saturating_sub(self.at).saturating_mul(self.rate.per_second);
        self.thousandths = self.thousandths.saturating_add(gained).min(self.rate.burst * 1_000);
        self.at = self.at.max(now);
        self.thousandths >= lines * 1_000
    }

    fn take(&mut self, lines: u64) {
        self.thousandths = self.thousandths.saturating_sub(lines * 1_000);
    }
}

#[derive(Debug)]
struct Peer {
    bucket: Bucket,
    /// Lines left out that no line has told of.
    left_out: u64,
    /// When its departure was last worth a line.
    farewell: Option<u64>,
    /// Its place in the order of the peers.
    turn: u64,
}

/// What goes before a line: these many lines are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Missing {
    /// Lines of the same peer.
    pub of_peer: u64,
    /// Lines of peers that are forgotten.
    pub of_others: u64,
}

impl Missing {
    /// Lines that tell of it.
    fn lines(self) -> u64 {
        u64::from(self.of_peer > 0) + u64::from(self.of_others > 0)
    }
}

/// Which lines are written. Times are milliseconds of a clock that does not go back.
#[derive(Debug)]
pub struct LogLimit {
    peers: HashMap<u64, Peer>,
    /// Peers by when they were last heard of.
    order: BTreeMap<u64, u64>,
    turns: u64,
    together: Bucket,
    /// Lines left out of peers that are forgotten.
    of_others: u64,
}

impl LogLimit {
    /// Nobody has caused a line.
    #[must_use]
    pub fn new(now: u64) -> Self {
        let together = Bucket::full(TOGETHER, now);
        Self { peers: HashMap::new(), order: BTreeMap::new(), turns: 0, together, of_others: 0 }
    }

    /// A peer causes a line: `Some` when it is written, after lines about what is [`Missing`], which count as lines, too.
    pub fn line(&mut self, peer: u64, now: u64) -> Option<Missing> {
        self.forget(peer, now);
        let of_others = self.of_others;
        let (known, together) = self.remember(peer, now);
        let missing = Missing { of_peer: known.left_out, of_others };
        let own = 1 + u64::from(missing.of_peer > 0);
        if !known.bucket.has(own, now) || !together.has(1 + missing.lines(), now) {
            known.left_out += 1;
            return None;
        }
        known.bucket.take(own);
        known.left_out = 0;
        together.take(1 + missing.lines());
        self.of_others = 0;
        Some(missing)
    }

    /// A peer goes: how many lines of it a last line shall call missing, if any. What is not told now is told later.
    pub fn gone(&mut self, peer: u64, now: u64) -> Option<u64> {
        let known = self.peers.get_mut(&peer)?;
        let is_early = known.farewell.is_some_and(|at| now < at.saturating_add(FAREWELL_MS));
        if known.left_out == 0 || is_early || !self.together.has(1, now) {
            return None;
        }
        self.together.take(1);
        known.farewell = Some(now);
        Some(std::mem::take(&mut known.left_out))
    }

    /// The peer, which is now the newest, and the bucket of all.
    fn remember(&mut self, peer: u64, now: u64) -> (&mut Peer, &mut Bucket) {
        self.turns += 1;
        let turn = self.turns;
        let new = || Peer { bucket: Bucket::full(PEER, now), left_out: 0, farewell: None, turn };
        let known = self.peers.entry(peer).or_insert_with(new);
        self.order.remove(&known.turn);
        self.order.insert(turn, peer);
        known.turn = turn;
        (known, &mut self.together)
    }

    /// Forgets who is like a peer that never caused a line, and the oldest if this one would be too many.
    fn forget(&mut self, peer: u64, now: u64) {
        let most = if self.peers.contains_key(&peer) { PEERS } else { PEERS - 1 };
        while let Some((&turn, &peer)) = self.order.first_key_value() {
            let is_quiet = |known: &Peer| now.saturating_sub(known.bucket.at) >= PEER.full_after_ms();
            if self.peers.len() <= most && !self.peers.get(&peer).is_none_or(is_quiet) {
                break;
            }
            self.order.remove(&turn);
            self.of_others += self.peers.remove(&peer).map_or(0, |known| known.left_out);
        }
    }
}

/// Lets lines through to the log, for all threads.
#[derive(Debug)]
pub struct LogGate {
    limit: Mutex<LogLimit>,
    keys: RandomState,
    began: Instant,
    metrics: Arc<Metrics>,
}

impl LogGate {
    /// A gate that counts what it leaves out.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { limit: Mutex::new(LogLimit::new(0)), keys: RandomState::new(), began: Instant::now(), metrics }
    }

    /// Milliseconds since the gate was made.
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The key of a peer: an address, or session and user. Nobody can choose two that have the same.
    pub fn key(&self, peer: impl Hash) -> u64 {
        self.keys.hash_one(peer)
    }

    /// Writes a line unless it is one too many; `write` gets how many lines of the same peer are missing before it, and tells
    /// of them if there are any.
    pub fn line(&self, peer: u64, write: impl FnOnce(u64)) {
        let missing = self.limit.lock().unwrap_or_else(PoisonError::into_inner).line(peer, self.now());
        let Some(Missing { of_peer, of_others }) = missing else { return self.metrics.log_lines_dropped(1) };
        if of_others > 0 {
            tracing::warn!(lines = of_others, "lines of other clients were left out");
        }
        write(of_peer);
    }

    /// A peer goes; `write` tells how many of its lines are missing, if any.
    pub fn gone(&self, peer: u64, write: impl FnOnce(u64)) {
        let missing = self.limit.lock().unwrap_or_else(PoisonError::into_inner).gone(peer, self.now());
        if let Some(lines) = missing {
            write(lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Missing = Missing { of_peer: 0, of_others: 0 };

    /// Lines that one peer gets written of so many at one time, with those about what is missing.
    fn lines(limit: &mut LogLimit, peer: u64, count: u64, now: u64) -> u64 {
        (0..count).filter_map(|_| limit.line(peer, now)).map(|missing| 1 + missing.lines()).sum()
    }

    #[test]
    fn thirty_lines_at_once_and_two_a_second() {
        let mut limit = LogLimit::new(0);
        assert_eq!(lines(&mut limit, 1, 100, 0), 30);
        assert_eq!(limit.line(1, 999), None);
        // A line, and one that says how many are missing.
        assert_eq!(limit.line(1, 1_000), Some(Missing { of_peer: 71, of_others: 0 }));
        assert_eq!(limit.line(2, 1_000), Some(NONE));
        let written: u64 = (1_001..=101_000).map(|now| lines(&mut limit, 1, 10, now)).sum();
        assert_eq!(written, 200);
        // After a pause the summary comes with the next line, and nothing is told twice.
        assert!(limit.line(1, 110_000).unwrap().of_peer > 0);
        assert_eq!(limit.line(1, 110_000), Some(NONE));
    }

    #[test]
    fn whoever_goes_leaves_one_line_and_no_fresh_start() {
        let mut limit = LogLimit::new(0);
        lines(&mut limit, 1, 50, 0);
        assert_eq!(limit.gone(1, 10), Some(20));
        assert_eq!(limit.gone(1, 20), None);
        // It comes back at once, and has no lines left.
        assert_eq!(limit.line(1, 30), None);
        assert_eq!(limit.gone(1, 40), None);
        assert_eq!(limit.gone(1, 10_010), Some(1));
        assert_eq!(limit.gone(2, 10_010), None);
    }

    #[test]
    fn many_peers_together_have_a_limit_and_what_is_forgotten_is_told() {
        let mut limit = LogLimit::new(0);
        let written: u64 = (0..20_000).map(|peer| lines(&mut limit, peer, 1, 0)).sum();
        assert_eq!(written, 400);
        assert_eq!((limit.peers.len(), limit.order.len()), (PEERS, PEERS));
        assert_eq!(limit.of_others, 9_600);
        let told = limit.line(50_000, 1_000).unwrap();
        assert_eq!(told, Missing { of_peer: 0, of_others: 9_601 });
        let more: u64 = (0..10_000).map(|step| lines(&mut limit, 100_000 + step, 1, 1_000 + step)).sum();
        assert!(more <= 200 + 2_000, "{more}");
    }

    #[test]
    fn quiet_peers_are_forgotten() {
        let mut limit = LogLimit::new(0);
        for peer in 0..300 {
            lines(&mut limit, peer, 1, 0);
        }
        lines(&mut limit, 1_000, 40, 10);
        assert_eq!(limit.line(1_001, 15_005), Some(NONE));
        assert_eq!(limit.peers.len(), 2);
        assert_eq!(limit.line(1_001, 20_000), Some(Missing { of_peer: 0, of_others: 10 }));
        assert_eq!((limit.peers.len(), limit.order.len()), (1, 1));
    }

    #[test]
    fn a_clock_that_stands_still_or_jumps_far_breaks_nothing() {
        let mut limit = LogLimit::new(100);
        assert_eq!(limit.line(1, 0), Some(NONE));
        assert_eq!(limit.line(1, u64::MAX), Some(NONE));
        assert_eq!(limit.line(1, 5), Some(NONE));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let metrics = Arc::new(Metrics::new());
        let gate = LogGate::new(Arc::clone(&metrics));
        let (key, mut written) = (gate.key(("s", "7")), 0);
        assert_ne!(key, gate.key(("s", "9")));
        // The clock may give a line or two while this runs.
        for _ in 0..10_000 {
            gate.line(key, |_| written += 1);
        }
        let left_out = 10_000 - written;
        assert!((30..10_000).contains(&written));
        assert!(metrics.encode().unwrap().contains(&format!("pairvoice_log_lines_dropped_total {left_out}\n")));
    }
}
