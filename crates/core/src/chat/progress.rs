//! How far a person has got.

use super::message::Delivery;

/// Numbers that only rise: places in the log, or an author's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Progress {
    /// Up to here it has arrived.
    pub(super) delivered: u64,
    /// Up to here it was seen.
    pub(super) read: u64,
}

impl Progress {
    pub(super) fn raise(&mut self, delivered: u64, read: u64) {
        self.delivered = self.delivered.max(delivered).max(read);
        self.read = self.read.max(read);
    }

    /// What that says of the message at this place in the log.
    pub(super) fn status(self, seq: u64) -> Delivery {
        if seq <= self.read {
            Delivery::Read
        } else if seq <= self.delivered {
            Delivery::Delivered
        } else {
            Delivery::Sent
        }
    }
}
