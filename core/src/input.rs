//! Everything that can happen to a session.

use crate::chat::StoredMessage;
use crate::id::MessageId;
use crate::liveness::Heartbeat;
use crate::reason::MicrophoneReason;
use crate::timer::Timer;
use crate::wire::{
    Acknowledgement, Candidate, ChatDelivery, Envelope, InBand, Notice, PeerInfo, Receipt, Refusal, Welcome,
};

/// Names one operation or one object of the driver, so that what an abandoned one still reports is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpId(pub u32);

/// One thing that happened. [`crate::Session::handle`] takes any of them at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The person wants voice, or wants the microphone to be tried again.
    StartVoice,
    /// The person wants no voice.
    StopVoice,
    /// The person asks to try again.
    RetryVoice,
    /// The person mutes or unmutes the microphone.
    SetMuted(bool),
    /// The person sends a message; the text has passed [`crate::check_text`].
    Send {
        /// A new ID.
        id: MessageId,
        /// The text.
        text: String,
        /// Now, in milliseconds since 1970.
        at: u64,
    },
    /// The person scrolls up.
    LoadEarlier,
    /// The person has seen everything that has arrived.
    MarkRead,
    /// The person types or stops typing.
    SetTyping(bool),
    /// A failed message is to be tried again.
    Resend(MessageId),
    /// A failed message is to be forgotten.
    Discard(MessageId),
    /// The last holder lets go, or the session is ended for all.
    Leave,
    /// There is another token than before.
    NewToken,
    /// The page goes away (`pagehide`).
    PageHidden,
    /// The page came back from the back/forward cache (`pageshow`).
    PageShown,
    /// The browser says that the network may have changed (`online`, `offline`, `navigator.connection`): a hint.
    NetworkChanged,
    /// The page is about to be frozen (`freeze`, Page Lifecycle).
    Frozen,
    /// The page was thawed (`resume`): what it slept through is asked for.
    Woke,
    /// The page is hidden or seen (`visibilitychange`).
    Hidden(bool),
    /// From a socket that [`crate::Output::ConnectSocket`] asked for.
    Socket {
        /// Which one.
        id: OpId,
        /// What.
        event: SocketEvent,
    },
    /// What became of [`crate::Output::Emit`].
    Acknowledged {
        /// Which one.
        request: OpId,
        /// The server's answer; none when it did not come in time.
        answer: Option<Acknowledgement>,
        /// How long it took, in milliseconds.
        took: u32,
    },
    /// From the browser's store of unsent messages.
    Outbox(OutboxEvent),
    /// From a peer connection that [`crate::Output::Connection`] made.
    Connection {
        /// Which one.
        id: OpId,
        /// What.
        event: ConnectionEvent,
    },
    /// From the microphone that [`crate::Output::OpenMicrophone`] asked for.
    Microphone {
        /// Which request.
        id: OpId,
        /// What.
        event: MicrophoneEvent,
    },
    /// The answer to [`crate::Output::FindAddresses`].
    Addresses {
        /// Which question.
        id: OpId,
        /// The addresses of this host's interfaces, or what hides them (`.local`).
        addresses: Vec<String>,
    },
    /// The browser plays the other's sound, or refuses to before a gesture.
    Playback {
        /// Refused (`NotAllowedError` of `play()`).
        blocked: bool,
    },
    /// A timer ran out.
    TimerFired {
        /// Which one.
        timer: Timer,
        /// How much later than asked, in milliseconds.
        late: u32,
    },
}

/// What a socket reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// The server let us in.
    Welcome(Box<Welcome>),
    /// The server did not let us in.
    Refused(Refusal),
    /// It broke or could not be opened.
    Closed,
    /// The other person changed.
    Peer(PeerInfo),
    /// A signal of the other.
    Signal(Envelope),
    /// Messages of the other.
    Chat(ChatDelivery),
    /// How far the other has got.
    Receipt(Receipt),
    /// The other types or stops typing.
    Typing(bool),
    /// A word of the server.
    Notice(Notice),
}

/// What the store of unsent messages reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxEvent {
    /// All that it holds for this server, session and user: the answer to [`crate::OutboxCommand::Load`].
    Loaded(Vec<StoredMessage>),
    /// Another tab of this user left something in it.
    Changed,
    /// The browser has none, or it does not work: messages are in this page's memory only.
    Missing,
}

/// What a peer connection reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// Its local description is set.
    LocalDescription {
        /// Session description (RFC 8866).
        sdp: String,
    },
    /// Its remote description is set: candidates can be added.
    RemoteDescriptionSet,
    /// It found a way to be reached.
    LocalCandidate(Candidate),
    /// Its `connectionState` changed (W3C WebRTC).
    Link(LinkState),
    /// An operation on it was rejected: it is of no use any more.
    Broken,
    /// Its reliable data channel opened or closed.
    Channel {
        /// It is open.
        open: bool,
    },
    /// A message over its reliable data channel.
    InBand(Box<InBand>),
    /// How its packets travel.
    Path(Path),
    /// The answer to [`crate::ConnectionCommand::Pulse`]: so many packets of sound since the one before.
    Received {
        /// RTP packets (W3C WebRTC Statistics, `packetsReceived` of `inbound-rtp`).
        packets: u32,
    },
    /// A heartbeat over its unreliable data channel.
    Heartbeat(Heartbeat),
}

/// How packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Path {
    /// From one person to the other.
    Direct,
    /// Through a TURN relay (RFC 8656).
    Relay,
}

/// `RTCPeerConnectionState`, as far as it decides anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// `new` or `connecting`.
    Connecting,
    /// `connected`.
    Connected,
    /// `disconnected`: nothing has come for some seconds.
    Interrupted,
    /// `failed` or `closed`.
    Failed,
}

/// What the microphone reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MicrophoneEvent {
    /// It is open.
    Granted {
        /// Its name, for people.
        label: String,
    },
    /// It is not, or no longer.
    Failed(MicrophoneReason),
}
