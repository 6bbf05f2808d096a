//! A token bucket: how much somebody may send.

use std::time::Instant;

/// So many seconds' worth of events may come at once.
const BURST_S: u64 = 4;
/// A thousandth of an event is what the bucket counts in, so that a millisecond adds a whole number.
const EVENT: u64 = 1_000;

/// What may still be sent.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Events a second.
    rate: u64,
    /// Events that a full bucket holds.
    size: u64,
    /// Thousandths of an event.
    tokens: u64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket for so many events a second.
    pub(crate) fn new(rate: u32, now: Instant) -> Self {
        Self::with_size(rate, u64::from(rate) * BURST_S, now)
    }

    /// A full bucket that holds so many events.
    pub(crate) fn with_size(rate: u32, size: u64, now: Instant) -> Self {
        Self { rate: rate.into(), size, tokens: size.saturating_mul(EVENT), filled: now }
    }

    /// Takes what so many events cost; tells whether the bucket held it.
    pub(crate) fn take(&mut self, events: u32, now: Instant) -> bool {
        self.fill(now);
        match self.tokens.checked_sub(u64::from(events) * EVENT) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// When a bucket that was found empty holds so many events again, in milliseconds from now; never longer than to be full.
    pub(crate) fn after_ms(&self, events: u32) -> u32 {
        let wanted = (u64::from(events) * EVENT).min(self.size.saturating_mul(EVENT));
        u32::try_from(wanted.saturating_sub(self.tokens).div_ceil(self.rate.max(1))).unwrap_or(u32::MAX)
    }

    /// Whether nothing was taken for long enough.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens == self.size.saturating_mul(EVENT)
    }

    fn fill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_millis();
        let added = u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_mul(self.rate);
        if added > 0 {
            self.filled = now;
            self.tokens = self.tokens.saturating_add(added).min(self.size.saturating_mul(EVENT));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn four_seconds_at_once_and_then_as_many_as_the_rate() {
        let began = Instant::now();
        let mut bucket = Bucket::new(10, began);
        let mut taken = |ms| (0..1_000).take_while(|_| bucket.take(1, began + Duration::from_millis(ms))).count();
        assert_eq!([taken(5), taken(5), taken(1_005), taken(1_055), taken(1_105)], [40, 0, 10, 0, 1]);
        assert_eq!(taken(1_000_000), 40);
    }

    #[test]
    fn an_empty_bucket_says_when_to_come_back() {
        let began = Instant::now();
        let mut bucket = Bucket::new(10, began);
        assert!(bucket.take(40, began));
        assert_eq!((bucket.after_ms(1), bucket.after_ms(20), bucket.after_ms(1_000)), (100, 2_000, 4_000));
        assert!(!bucket.is_full(began + Duration::from_secs(3)));
        assert!(bucket.is_full(began + Duration::from_secs(4)));
    }
}
