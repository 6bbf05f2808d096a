//! Timers are data: the core names one, the driver keeps it.

/// A timer of the core. Setting one that runs starts it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// Until the socket is connected again.
    Rejoin,
    /// Until a connection attempt counts as failed.
    Connect,
    /// Until an interruption counts as one: shorter ones mend themselves and are nobody's business.
    Interruption,
    /// Until the outbox is tried again after a retryable refusal.
    Outbox,
    /// Until a leaving session stops waiting for its outbox.
    Leave,
    /// Until the other counts as having stopped typing.
    PeerTyping,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Self; 6] =
        [Self::Rejoin, Self::Connect, Self::Interruption, Self::Outbox, Self::Leave, Self::PeerTyping];

    /// Whether its firing is a verdict on someone else's silence. Such a verdict is void when the timer itself came late,
    /// as after a sleep: the messages that would speak against it may still lie in the queue.
    #[must_use]
    pub const fn judges(self) -> bool {
        matches!(self, Self::Connect | Self::Interruption)
    }
}
