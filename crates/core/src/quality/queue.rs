//! How long packets wait on the way: heartbeats say when they were sent, by the sender's clock, and the quickest of the last minute
//! waited for nothing.

/// Heartbeats in half a minute of a page that is seen.
const HALF: u16 = 120;
/// Heartbeats that come at once were not sent so: each waited by so much less than the one before, in milliseconds. A page that was busy
/// reads them so, and a link that had stopped brings them so.
const BURST_MS: i32 = 100;
/// No queue is so long, in milliseconds: a clock stood still, since its machine slept.
const ODD_MS: u32 = 5_000;
/// The newest of so many heartbeats are looked at: a page that was busy is no queue.
const NEWEST: usize = 4;

/// What was seen of the way here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Queue {
    /// The smallest difference of the clocks in this half minute and in the one before.
    least: Option<u32>,
    before: Option<u32>,
    seen: u16,
    newest: [Option<u32>; NEWEST],
}

impl Queue {
    /// A heartbeat came: the clock here less the clock there when it was sent, in milliseconds, wrapping.
    pub(crate) fn heartbeat(&mut self, lag: u32) {
        let last = self.newest.first().copied().flatten();
        let later = |before: u32| lag.wrapping_sub(before).cast_signed();
        if last.is_some_and(|last| later(last).unsigned_abs() >= ODD_MS) {
            *self = Self::default();
        }
        if self.seen >= HALF {
            self.before = self.least.take();
            self.seen = 0;
        }
        self.seen += 1;
        self.least = Some(earlier(self.least, lag));
        if last.is_none_or(|last| later(last) > -BURST_MS) {
            self.newest.rotate_right(1);
        }
        if let Some(newest) = self.newest.first_mut() {
            *newest = Some(lag);
        }
    }

    /// How much longer than at best packets take now, in milliseconds.
    pub(crate) fn wait(&self) -> u32 {
        let least = self.least.map(|least| earlier(self.before, least));
        let now = self.newest.iter().flatten().copied().reduce(|a, b| earlier(Some(a), b));
        now.zip(least).map_or(0, |(now, least)| now.wrapping_sub(least))
    }
}

/// The smaller of two differences of clocks, whose zero is anywhere.
fn earlier(one: Option<u32>, other: u32) -> u32 {
    one.filter(|one| one.wrapping_sub(other).cast_signed() < 0).unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_what_all_new_heartbeats_wait_for() {
        let mut queue = Queue::default();
        // The clocks are far apart, and wrap.
        let zero = u32::MAX - 10;
        for late in [0, 5, 40, 3, 300, 2] {
            queue.heartbeat(zero.wrapping_add(late));
        }
        assert_eq!(queue.wait(), 2, "one that was late is a busy page");
        for _ in 0..4 {
            queue.heartbeat(zero.wrapping_add(200));
        }
        assert_eq!(queue.wait(), 200);
        for _ in 0..2 * HALF {
            queue.heartbeat(zero.wrapping_add(200));
        }
        assert_eq!(queue.wait(), 0, "the way has become longer");
        for late in [1_150, 900, 650, 410] {
            queue.heartbeat(zero.wrapping_add(late));
        }
        assert_eq!(queue.wait(), 0, "a page that was busy for a second reads them at once");
        for late in [700, 690, 650, 660] {
            queue.heartbeat(zero.wrapping_add(late));
        }
        assert_eq!(queue.wait(), 450);
        for _ in 0..4 {
            queue.heartbeat(zero.wrapping_add(20_200));
        }
        assert_eq!(queue.wait(), 0, "the other's clock stood still");
    }
}
