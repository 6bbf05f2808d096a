//! Facts about the call and the socket, and what is decided about them.

use serde::Serialize;

use crate::wire::{RestartWhy, VoiceReason};

/// One thing that tells how the call or the socket is. Budgets change by facts alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    /// Steady sound stopped, or some heartbeats are missing: too little to call the path broken.
    Pause,
    /// Steady sound has just stopped, for a tenth of a second: it may go on at once.
    Hush,
    /// Nothing came for five announced heartbeats and a round trip, or for 300 ms after a hint: the path is broken.
    Silence,
    /// Nothing has come since [`Fact::Silence`], for another second, or five after half a minute.
    StillSilent,
    /// Packets arrive again over a path that was silent.
    SoundBack,
    /// The newest connection is connected; `first` when it was not before.
    LinkUp {
        /// It was never connected before.
        first: bool,
    },
    /// The reliable data channel of the connection that carries the sound opened.
    ChannelOpen,
    /// The browser gave the newest connection up, or an operation on it was rejected.
    ConnectionFailed,
    /// The browser gave up the connection that carried the sound, beside its successor or after voice was given up.
    FormerFailed,
    /// A restart was negotiated and brought nothing in its time.
    RestartUseless,
    /// There was no connection in its time.
    ConnectTooLong,
    /// A request over the socket was not acknowledged in time.
    SocketSilent,
    /// The socket was closed, or could not be opened.
    SocketClosed,
    /// The server was not reached in time.
    JoinTooLong,
    /// The server let us in.
    Welcome,
    /// The browser says that the network may have changed: a hint.
    NetworkHint,
    /// The page or the machine slept.
    Woke,
    /// This host has an address that the newest connection does not know.
    AddressChanged {
        /// None of the addresses that it knows is left, so that the socket can't live either.
        gone: bool,
    },
    /// The microphone was granted, and what was gathered before hides this host's addresses, or voice was given up.
    MicrophoneGranted,
    /// Newer credentials for the relay are there, and nobody has used them yet.
    IceRenewed,
    /// The person here asks for another try.
    Person,
    /// The person here wants no voice any more.
    VoiceOff,
    /// The other wants no voice any more, or ended the attempt.
    PeerVoiceOff,
    /// The other is gone.
    PeerGone,
    /// Another instance of the other has taken the place of the one that was known.
    PeerReplaced,
    /// The same instance of the other has a new socket.
    PeerReturned,
    /// The offerer made a new offer.
    Offered,
    /// The answerer asks for a restart or a new connection.
    Asked(RestartWhy),
    /// This side or the offerer gave voice up.
    GaveUp(VoiceReason),
}

/// What is done about the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MediaAction {
    /// Look for another path on the same connection (ICE restart, RFC 8445 section 9).
    RestartIce,
    /// Make a new connection; one that was connected stays open until its successor is connected.
    Rebuild,
    /// Ask the offerer.
    Ask(RestartWhy),
    /// Go on by text.
    GiveUp,
}

/// What is done about the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SocketAction {
    /// Ask the server for a sign of life.
    Probe,
    /// Leave it without waiting for its close, and connect another one at once.
    Replace,
    /// Connect another one after a while.
    Rejoin,
}

/// What follows from a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The evidence.
    pub because: Fact,
    /// For the media.
    pub media: Option<MediaAction>,
    /// For the socket.
    pub socket: Option<SocketAction>,
    /// Ask the system for this host's addresses.
    pub look: bool,
    /// Give the connection that carried the sound, which its browser has given up, the other's candidates anew.
    pub revive: bool,
}
