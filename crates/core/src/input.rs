//! Everything that can happen to a session.

use serde::{Deserialize, Deserializer, Serialize};

use crate::data::SentData;
use crate::device::{Device, Processing, Source, Volume};
use crate::op_id::OpId;
use crate::quality::{Hearing, Means, Reception, Traffic};
use crate::stored_message::StoredMessage;
use crate::timer::Timer;
use crate::wire::{
    Acknowledgement, Candidate, Code, InBand, Knocked, MessageId, MicrophoneReason, Refusal, ServerEvent,
};

/// One thing that happened. [`crate::Session::handle`] takes any of them at any time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input {
    /// The person wants voice, or wants the microphone to be tried again.
    StartVoice,
    /// The person wants no voice.
    StopVoice,
    /// The person asks to try again.
    RetryVoice,
    /// The person mutes or unmutes the microphone.
    SetMuted(bool),
    /// Push-to-talk is held or released: who is muted talks as long as it is held.
    SetTalking(bool),
    /// The delay line of [`crate::Output::DelayMicrophone`] brings sound (`AudioContext.state` is `running`), or brings none any more.
    DelayRuns(bool),
    /// The person chooses a microphone, or the app gives a track of its own.
    SetMicrophone(Source),
    /// The person chooses what is done to the microphone's sound.
    SetProcessing(Processing),
    /// The person chose a speaker, and it plays there; none is whatever the system uses.
    SetSpeaker(Option<Device>),
    /// A speaker that [`crate::Output::UseSpeaker`] named could not be used: the system's plays.
    SpeakerMissing,
    /// The person chooses how loud the other is.
    SetVolume(Volume),
    /// The browser says that there are other devices than before (`devicechange`).
    DevicesChanged,
    /// The answer to [`crate::Output::ListDevices`].
    Devices {
        /// In the browser's order, where the system's choice stands first.
        microphones: Vec<Device>,
        /// In the same order.
        speakers: Vec<Device>,
    },
    /// The microphone was allowed in the browser's settings (`change` of its `PermissionStatus`).
    MicrophoneAllowed,
    /// The person sends a message; the text has passed [`crate::wire::check_text`].
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
    /// The app sends something to the other side's app.
    SendData {
        /// A name for it that no other has: [`crate::Event::DataDone`] says what became of it.
        id: u32,
        /// What it sends.
        data: SentData,
    },
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
        /// The socket.
        id: OpId,
        /// Its report.
        event: SocketEvent,
    },
    /// What became of [`crate::Output::Knock`].
    Knocked {
        /// The knock.
        id: OpId,
        /// The server's answer.
        answer: KnockAnswer,
    },
    /// The answer to [`crate::Output::AskServer`].
    ServerAnswered {
        /// The question.
        id: OpId,
        /// What answered; none when nothing did, or while the browser is offline.
        answer: Option<ServerAnswer>,
    },
    /// What became of [`crate::Output::Emit`].
    Acknowledged {
        /// The event.
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
        /// The connection.
        id: OpId,
        /// Its report.
        event: ConnectionEvent,
    },
    /// From the microphone that [`crate::Output::OpenMicrophone`] asked for.
    Microphone {
        /// The request.
        id: OpId,
        /// Its report.
        event: MicrophoneEvent,
    },
    /// The answer to [`crate::Output::FindAddresses`].
    Addresses {
        /// The question.
        id: OpId,
        /// The addresses of this host's interfaces, or what hides them (`.local`).
        addresses: Vec<String>,
    },
    /// This person speaks, muted or not, or has stopped.
    Speaking(bool),
    /// The browser plays the other's sound, or refuses to before a gesture.
    Playback {
        /// Refused (`NotAllowedError` of `play()`).
        blocked: bool,
    },
    /// The answer to [`crate::Output::ReadClock`].
    Clock {
        /// The question.
        id: OpId,
        /// Now, in milliseconds since 1970.
        at: u64,
    },
    /// A timer ran out.
    TimerFired {
        /// The timer.
        timer: Timer,
        /// How much later than asked, in milliseconds.
        late: u32,
    },
}

/// What a knock brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KnockAnswer {
    /// The server takes it.
    Let(Box<Knocked>),
    /// The server refuses it.
    Refused(Refusal),
    /// Whoever answered does not know knocks.
    Unknown,
    /// Nobody answered.
    Lost,
}

/// What answers by HTTP where no socket can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerAnswer {
    /// The status (RFC 9110 section 15); 0 where the page may not read it.
    pub status: u16,
    /// The code of its refusal, if it is one.
    #[serde(default)]
    pub code: Option<Code>,
    /// Its refusal's sentence for developers, else what else is to be said of it.
    pub message: String,
}

/// What a socket reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SocketEvent {
    /// The token for this connect is here; the transport may take some round trips more.
    TokenAtHand,
    /// The transport is open and the handshake is to be sent: answered by [`crate::Output::Handshake`].
    HandshakeWanted {
        /// The token that the app gave.
        token: String,
    },
    /// The answer to [`crate::Output::RenewToken`].
    Token(String),
    /// The server emitted an event.
    Server(ServerEvent),
    /// The server emitted an event that does not have the form of the protocol.
    Unreadable {
        /// The event's name.
        #[serde(deserialize_with = "event_name")]
        event: EventName,
    },
    /// The server did not let us in.
    Refused(Refusal),
    /// It broke or could not be opened.
    Closed,
    /// What the app must supply could not be had: no socket was opened, or an open one has no other token.
    AppFailed {
        /// What it was.
        fault: AppFault,
        /// The app's own error message.
        cause: String,
    },
}

/// The name of a Socket.IO event.
pub type EventName = &'static str;

/// What the app must supply for a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AppFault {
    /// Its `token()` threw, rejected, took too long, or brought no string.
    Token,
    /// The module socket.io-client could not be imported.
    Module,
}

/// What the store of unsent messages reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OutboxEvent {
    /// All that it holds for this server, session and user: the answer to [`crate::OutboxCommand::Load`].
    Loaded(Vec<StoredMessage>),
    /// Another tab of this user left something in it.
    Changed,
    /// The browser has none, or it does not work: messages are in this page's memory only.
    Missing,
}

/// What a peer connection reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConnectionEvent {
    /// Its local description is set.
    LocalDescription {
        /// Session description (RFC 8866).
        sdp: String,
    },
    /// Its remote description is set: candidates can be added.
    RemoteDescriptionSet,
    /// It found a way to be reached, or has found all of this generation (an empty candidate, RFC 8838 section 13).
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
    /// A message over its reliable data channel that does not have the form of the protocol.
    Unreadable,
    /// A relay has no room for it (`icecandidateerror` with 486 or 508, RFC 8656 section 7.2).
    RelayBusy,
    /// The answer to [`crate::ConnectionCommand::FindPath`].
    Figures {
        /// How packets travel, as far as it is known.
        path: Option<Path>,
        /// What has gone over it.
        traffic: Traffic,
    },
    /// Its descriptions are set: this is what can be done about loss over it.
    Carries(Means),
    /// The answer to [`crate::ConnectionCommand::Pulse`]: what has come of the other's sound so far.
    Received(Reception),
    /// By [`crate::ConnectionCommand::Watch`]: sound that came steadily has stopped for a tenth of a second, or goes on.
    Hushed(bool),
    /// The answer to [`crate::ConnectionCommand::Measure`].
    Captured {
        /// Made of figures of the microphone's sound (level, energy, duration): digital silence changes it as well, and only a
        /// microphone that brings nothing at all does not.
        mark: u64,
    },
    /// A heartbeat over its unreliable data channel.
    Heartbeat(Heartbeat),
}

/// How packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// From one person to the other.
    Direct,
    /// Through a TURN relay (RFC 8656).
    Relay,
}

/// What a heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Heartbeat {
    /// When the next one follows, in milliseconds.
    pub next: u32,
    /// How long this side's own last one took there and back, in milliseconds, when this one answers it.
    pub round_trip: Option<u32>,
    /// The clock here when it came less the clock there when it was sent, in milliseconds, wrapping; none from an older client.
    pub lag: Option<u32>,
    /// For how long the sender's sound is to be held back, so that copies come in time, in milliseconds; 0 is as the browser sees fit.
    pub target: u32,
    /// How the sender hears this side, twice a second.
    pub hearing: Option<Hearing>,
}

/// `RTCPeerConnectionState`, as far as it decides anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MicrophoneEvent {
    /// It is open.
    Granted {
        /// What was opened.
        device: Device,
        /// What is done to its sound.
        processing: Processing,
    },
    /// It could not be opened.
    Failed(MicrophoneReason),
    /// Its track ended (W3C Media Capture, `ended`).
    Ended,
    /// The system mutes it or lets it go on (`mute`, `unmute`).
    Muted(bool),
    /// The answer to [`crate::Output::ApplyProcessing`]: what is done to its sound now.
    Applied(Processing),
}

/// The name of an event that a recording holds.
fn event_name<'de, D: Deserializer<'de>>(recorded: D) -> Result<&'static str, D::Error> {
    let recorded = String::deserialize(recorded)?;
    Ok(ServerEvent::NAMES.into_iter().find(|name| *name == recorded).unwrap_or("unknown"))
}
