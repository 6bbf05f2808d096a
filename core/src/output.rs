//! Everything a session asks its driver to do.

use crate::chat::StoredMessage;
use crate::id::{InstanceId, MessageId, UserId};
use crate::input::OpId;
use crate::recovery::Decision;
use crate::role::Role;
use crate::timer::Timer;
use crate::wire::{
    Candidate, ChatBatch, Envelope, HistoryRequest, IceServer, InBand, Receipt, Typing, VoiceState, VoiceStatus,
};

/// One thing to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Output {
    /// Connect a new socket; its handshake is [`crate::Session::handshake`], asked for at the moment it is sent.
    ConnectSocket {
        /// Its name from now on.
        id: OpId,
        /// Ask the app for a token, instead of using the one that the server took last.
        fresh_token: bool,
    },
    /// Close that socket and forget it. What was emitted before still goes out.
    CloseSocket {
        /// Which one.
        id: OpId,
    },
    /// Emit on the connected socket and report the acknowledgement.
    Emit {
        /// Names the acknowledgement.
        request: OpId,
        /// What.
        event: ClientEvent,
    },
    /// Work on the browser's store of unsent messages, in the order given.
    Outbox(OutboxCommand),
    /// Ask the system for the addresses of this host's interfaces. The page's own browsing context may know them two seconds
    /// late (Chromium), a new one does not.
    FindAddresses {
        /// Names the question.
        id: OpId,
    },
    /// Work on a peer connection.
    Connection {
        /// Which one; an offer or an accept makes it.
        id: OpId,
        /// What.
        command: ConnectionCommand,
    },
    /// Ask for the microphone (W3C Media Capture, `getUserMedia`).
    OpenMicrophone {
        /// Names the request.
        id: OpId,
    },
    /// Stop the microphone's track, or the one that a pending request may still bring.
    CloseMicrophone,
    /// Let sound through or not (`MediaStreamTrack.enabled`).
    EnableMicrophone(bool),
    /// Stop playing.
    StopSpeaker,
    /// Fire after so many milliseconds.
    SetTimer {
        /// Which one.
        timer: Timer,
        /// Milliseconds.
        after: u32,
        /// Add up to a quarter at random, so that many clients don't come at once.
        spread: bool,
    },
    /// Stop a timer.
    ClearTimer(Timer),
    /// Tell the app.
    Event(Event),
    /// Write to the console.
    Log(Note),
    /// The session is over and everything is let go.
    Ended,
}

/// What a client emits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClientEvent {
    /// A signal.
    Signal(Envelope),
    /// Our voice.
    Voice(VoiceStatus),
    /// Messages.
    Chat(ChatBatch),
    /// How far we have got.
    Receipt(Receipt),
    /// We type.
    Typing(Typing),
    /// Older messages.
    History(HistoryRequest),
    /// Is the server there?
    Probe,
    /// We leave.
    Bye,
}

/// What is done to the browser's store of unsent messages, which all tabs of this user share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OutboxCommand {
    /// Read all messages of this server, session and user.
    Load,
    /// Keep a message, in the place of the one with the same ID.
    Put(StoredMessage),
    /// Keep that one no longer.
    Remove(MessageId),
    /// Tell the other tabs of this user that something is left for them.
    Announce,
}

/// What is done to a peer connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConnectionCommand {
    /// Make it with one `sendrecv` audio transceiver and the data channels, and set a local offer.
    Offer {
        /// The servers to gather candidates with.
        ice_servers: Vec<IceServer>,
        /// In a browsing context of its own, which asks the system for this host's addresses: those that the page's own
        /// context knows may be two seconds old.
        fresh: bool,
    },
    /// Make it, set the remote offer, take its transceiver as `sendrecv`, and set a local answer.
    Accept {
        /// The servers to gather candidates with.
        ice_servers: Vec<IceServer>,
        /// The offer.
        sdp: String,
        /// As for an offer.
        fresh: bool,
    },
    /// Set the remote answer.
    Answer {
        /// The answer.
        sdp: String,
    },
    /// Set a local offer that restarts ICE (RFC 8445 section 9), on the same connection.
    Restart,
    /// Set the remote offer of a restart and a local answer, on the same connection.
    AcceptRestart {
        /// The offer.
        sdp: String,
    },
    /// Send a heartbeat and report what arrived since the last time.
    Pulse {
        /// When the next one follows, in milliseconds.
        next: u32,
    },
    /// Add a remote candidate.
    AddCandidate(Candidate),
    /// Send the microphone's track (`replaceTrack`).
    SendMicrophone,
    /// Play what it brings, instead of what another brings.
    Play,
    /// Send over the reliable data channel.
    InBand(Box<InBand>),
    /// Close it and forget it.
    Close,
}

/// What the app may want to know and state does not keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// A message of the other arrived for the first time.
    Message(MessageId),
    /// The other is gone.
    PeerLeft(UserId),
    /// The other types or stops typing.
    Typing(bool),
}

/// A line for the console.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Note {
    /// An attempt begins.
    Roles {
        /// Our part in it.
        role: Role,
        /// The other.
        peer: UserId,
        /// The offerer's instance.
        offerer: InstanceId,
        /// Its number.
        attempt: u32,
    },
    /// Voice changed its state.
    Voice(VoiceState),
    /// Something does not work, and what is done about it; only at debug level.
    Recovery(Decision),
    /// A signal came too late, twice, or from someone else; only at debug level.
    Dropped {
        /// Its kind.
        kind: &'static str,
    },
}
