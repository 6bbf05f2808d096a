//! How much one connection may send: a token bucket.

use pairvoice_wire::{ClientEvent, Code, Refusal};

/// So many seconds' worth of events may come at once.
const BURST_S: u64 = 4;
/// A page of history may be some hundred kilobytes; it counts as so many events.
const PAGE_COST: u64 = 20;
/// A thousandth of an event is what the bucket counts in, so that a millisecond adds a whole number.
const EVENT: u64 = 1_000;
/// When a client that sent too much may go on, in milliseconds.
const WAIT_MS: u32 = 1_000;

/// What a connection may still send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Bucket {
    /// Events a second.
    rate: u64,
    /// Thousandths of an event.
    tokens: u64,
    /// When it was last filled, in milliseconds; none before the first event.
    filled: Option<u64>,
}

impl Bucket {
    /// A full bucket for so many events a second.
    pub(crate) fn new(rate: u32) -> Self {
        let rate = u64::from(rate);
        Self { rate, tokens: rate * BURST_S * EVENT, filled: None }
    }

    /// Takes what an event costs at this time.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when the connection sends more than it may.
    pub(crate) fn take(&mut self, event: Option<&ClientEvent>, at: u64) -> Result<(), Refusal> {
        let elapsed = at.saturating_sub(self.filled.unwrap_or(at));
        self.filled = Some(at);
        self.tokens = (self.tokens + elapsed.saturating_mul(self.rate)).min(self.rate * BURST_S * EVENT);
        let cost = if matches!(event, Some(ClientEvent::History(_))) { PAGE_COST * EVENT } else { EVENT };
        match self.tokens.checked_sub(cost) {
            Some(left) => {
                self.tokens = left;
                Ok(())
            }
            None => Err(Refusal { after_ms: Some(WAIT_MS), ..Refusal::new(Code::RateLimited, "too many events") }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_seconds_at_once_and_then_as_many_as_the_rate() {
        let mut bucket = Bucket::new(10);
        let mut taken = |at| (0..1_000).take_while(|_| bucket.take(Some(&ClientEvent::Probe), at).is_ok()).count();
        assert_eq!([taken(5), taken(5), taken(1_005), taken(1_055), taken(1_105)], [40, 0, 10, 0, 1]);
        assert_eq!(taken(1_000_000), 40);
    }
}
