//! Timers are data: the core names one, the driver keeps it.

use serde::{Deserialize, Serialize};

/// Longest round trip that is reckoned with, in milliseconds.
pub(crate) const MAX_ROUND_TRIP_MS: u32 = 2_000;

/// A timer of the core. Setting one that runs starts it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Timer {
    /// Until the socket is connected again.
    Rejoin,
    /// Until a connection attempt counts as failed.
    Connect,
    /// Until the next heartbeat, and the next look whether packets of the other arrive.
    Pulse,
    /// Until a restarted connection that stays silent is given up.
    Restart,
    /// Until a socket that does not answer counts as dead.
    Probe,
    /// Until the next look whether the socket has been silent.
    Idle,
    /// Until a socket that does not get in is given up for a new one.
    Join,
    /// Until the outbox is tried again after a retryable refusal.
    Outbox,
    /// Until a leaving session stops waiting for its outbox.
    Leave,
    /// Until the other counts as having stopped typing.
    PeerTyping,
    /// Until a microphone that the system mutes is given up for another one.
    MicrophoneMuted,
    /// Until a microphone that took the place of one that was lost counts as working.
    MicrophoneSteady,
    /// Until the last of what was said by push-to-talk has gone out.
    Talk,
    /// Until a direct path is looked for again, for a call that goes through a relay.
    Improve,
    /// Until newer credentials for a relay are used by a call that goes through it.
    Ice,
    /// Until what was found after a knock follows it.
    Knock,
    /// Until a connection that takes over from another one is played, or the other one is closed, whatever has come.
    Handover,
    /// Until app data is sent to a server again that wanted a moment.
    Data,
    /// Until the other is told by the server what has arrived of its app data.
    DataReceipt,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Self; 19] = [
        Self::Rejoin,
        Self::Connect,
        Self::Pulse,
        Self::Restart,
        Self::Probe,
        Self::Idle,
        Self::Join,
        Self::Outbox,
        Self::Leave,
        Self::PeerTyping,
        Self::MicrophoneMuted,
        Self::MicrophoneSteady,
        Self::Talk,
        Self::Improve,
        Self::Ice,
        Self::Knock,
        Self::Handover,
        Self::Data,
        Self::DataReceipt,
    ];

    /// Whether its firing is a verdict on someone else's silence. Such a verdict is void when the timer itself came late,
    /// as after a sleep: the messages that would speak against it may still lie in the queue.
    #[must_use]
    pub const fn judges(self) -> bool {
        matches!(self, Self::Connect | Self::Pulse | Self::Restart | Self::Probe | Self::Join | Self::MicrophoneMuted)
    }
}
