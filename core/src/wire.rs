//! What travels between client and server, and between the two clients: one module that both ends share.
//! `docs/protocol.md` is its specification for other implementers.

use serde::{Deserialize, Serialize};

use crate::id::{InstanceId, MessageId, SessionId, UserId};
use crate::reason::{MicrophoneReason, VoiceReason};

/// Version of the protocol; a server refuses others with `version-mismatch`.
pub const VERSION: u32 = 1;
/// The Socket.IO namespace.
pub const NAMESPACE: &str = "/pairvoice";
/// Largest serialised signal in bytes.
pub const MAX_SIGNAL_BYTES: usize = 32 * 1024;
/// Longest chat text in Unicode scalar values.
pub const MAX_TEXT_CHARS: usize = 8_000;
/// Most chat messages in one `chat` event.
pub const MAX_BATCH: usize = 64;
/// Largest Socket.IO message in bytes.
pub const MAX_MESSAGE_BYTES: usize = 128 * 1024;
/// Room for the UTF-8 texts of one `chat` event in bytes, which leaves the rest of [`MAX_MESSAGE_BYTES`] for escapes and frame.
pub const MAX_BATCH_TEXT_BYTES: usize = 48 * 1024;
/// Most parked signals of one seat.
pub const MAX_PARKED_SIGNALS: usize = 64;
/// Most bytes of parked signals of one seat.
pub const MAX_PARKED_BYTES: usize = 128 * 1024;
/// Most messages in one page of chat history.
pub const MAX_PAGE: u32 = 200;

/// The `auth` of the Socket.IO handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// Always [`VERSION`].
    pub v: u32,
    /// JSON web token (RFC 7519) that lets this user into this session.
    pub token: String,
    /// The session.
    pub session_id: SessionId,
    /// The user.
    pub user_id: UserId,
    /// This life of the client.
    pub instance: InstanceId,
    /// Everything up to this sequence number of the chat log is known already.
    #[serde(default)]
    pub since: u64,
    /// The chat log that `since` speaks of.
    #[serde(default)]
    pub log: Option<String>,
    /// The message at `since`, so that a log that was set back is noticed.
    #[serde(default)]
    pub tip: Option<MessageId>,
    /// What the other side shall know of this side's voice.
    #[serde(default)]
    pub voice: VoiceStatus,
    /// Signals of the running attempt that nobody has answered.
    #[serde(default)]
    pub signals: Vec<Envelope>,
}

/// Whether a person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Connected.
    Present,
    /// The connection broke off a moment ago; the person is probably coming back.
    Away,
    /// Not here, or gone.
    #[default]
    Absent,
}

/// A microphone as its owner and the other side see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MicrophoneState {
    /// Not asked for.
    #[default]
    Off,
    /// The browser's permission prompt may be open.
    Asking,
    /// Sound is taken.
    Live,
    /// There is none; a [`MicrophoneReason`] says why.
    Failed,
}

/// The word for a voice state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoiceState {
    /// Voice is not wanted here.
    #[default]
    Off,
    /// Wanted, and the session is not joined yet.
    Starting,
    /// Wanted, and the other is not here or has not turned voice on.
    Waiting,
    /// Both want it, and there is no link yet.
    Connecting,
    /// The two are linked.
    Connected,
    /// The link was up and is being mended.
    Reconnecting,
    /// Given up for now.
    Unavailable,
}

impl VoiceState {
    /// The word as it is written in state, logs and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Starting => "starting",
            Self::Waiting => "waiting",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What one side tells about its voice: the body of the `voice` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VoiceStatus {
    /// The person wants voice.
    pub on: bool,
    /// The person muted the microphone.
    pub muted: bool,
    /// The microphone.
    pub microphone: MicrophoneState,
    /// Why there is no microphone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub microphone_reason: Option<MicrophoneReason>,
    /// The state that this person sees, for the server's log.
    pub state: VoiceState,
    /// Why this side can't have voice at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<VoiceReason>,
}

/// The other person, as the server knows them: the body of the `peer` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerInfo {
    /// Who.
    pub user_id: UserId,
    /// Their newest instance; none before they came for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// Whether they are there.
    pub presence: Presence,
    /// They said goodbye, so that a connection that still looks alive means nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// How often this instance was welcomed; a higher number means a new socket of the same instance.
    #[serde(default)]
    pub welcomes: u32,
    /// Their voice.
    #[serde(default)]
    pub voice: VoiceStatus,
}

/// One ICE server (W3C WebRTC, `RTCIceServer`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl IceServer {
    /// Whether it relays.
    #[must_use]
    pub fn is_relay(&self) -> bool {
        self.urls.iter().any(|url| url.starts_with("turn"))
    }
}

/// The first event of every connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The server's protocol version.
    pub v: u32,
    /// The other person, when the server knows who that is.
    #[serde(default)]
    pub peer: Option<PeerInfo>,
    /// Signals that waited for this user.
    #[serde(default)]
    pub signals: Vec<Envelope>,
    /// The chat since the handshake's `since`.
    pub chat: ChatPage,
    /// ICE servers for this user.
    #[serde(default)]
    pub ice_servers: Vec<IceServer>,
}

/// What of the chat log comes with a welcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatPage {
    /// Random ID of the session's log; another one than before means that sequence numbers start anew.
    pub log: String,
    /// What of the handshake's `since` holds for this log: the same, or 0 when it was said of another one.
    pub since: u64,
    /// Sequence number of the newest message, 0 when there is none.
    pub last: u64,
    /// How far each person has got.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
    /// Messages by rising sequence number.
    #[serde(default)]
    pub messages: Vec<ChatMessage>,
    /// Older messages exist that are neither known nor in this page.
    #[serde(default)]
    pub more: bool,
}

/// A message of the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Given by its author.
    pub id: MessageId,
    /// Its author.
    pub sender: UserId,
    /// Its place in the session's log, from 1.
    pub seq: u64,
    /// When the server wrote it, in milliseconds since 1970.
    pub at: u64,
    /// The text: data, never markup.
    pub text: String,
}

/// How far a person has got: the body of the `receipt` event. Numbers are sequence numbers and never fall.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// Whose; the server overwrites it with the authenticated user.
    pub user: UserId,
    /// Arrived in that person's browser.
    pub delivered: u64,
    /// Seen by that person.
    pub read: u64,
}

/// A message on its way to the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NewMessage {
    /// Given by the author, so that the same message is written once however often it arrives.
    pub id: MessageId,
    /// The text.
    pub text: String,
    /// Whoever names an author must be that author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
}

/// The body of a client's `chat` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatBatch {
    /// In the author's order, at most [`MAX_BATCH`].
    pub messages: Vec<NewMessage>,
}

/// The body of a server's `chat` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatDelivery {
    /// By rising sequence number.
    pub messages: Vec<ChatMessage>,
}

/// The body of a `history` event: asks for messages before one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// Only messages with a smaller sequence number.
    pub before: u64,
    /// At most so many, and never more than [`MAX_PAGE`].
    pub limit: u32,
}

/// The body of a `typing` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Typing {
    /// The person is typing.
    pub on: bool,
}

/// The body of a server's `notice` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What happened: `opened-elsewhere`, `restarting`.
    pub code: String,
    /// When to come back, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u32>,
}

/// A signal with everything that tells whether it is still wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// The session; the server overwrites it.
    pub session: SessionId,
    /// The sender; the server overwrites it.
    pub user: UserId,
    /// The sender's instance; the server overwrites it.
    pub instance: InstanceId,
    /// The receiver's instance, when the signal is meant for that life only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<InstanceId>,
    /// The peer connection, as numbered by the offerer within its instance.
    pub attempt: u32,
    /// ICE restarts within the attempt.
    #[serde(default)]
    pub generation: u32,
    /// Rises with each signal of the sender's instance; a copy keeps its number.
    pub sequence: u32,
    /// What it says.
    pub body: SignalBody,
}

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalBody {
    /// The offerer's description (RFC 9429).
    Offer {
        /// Session description (RFC 8866).
        sdp: String,
    },
    /// The answerer's description.
    Answer {
        /// Session description (RFC 8866).
        sdp: String,
    },
    /// One ICE candidate (trickle ICE, RFC 8838).
    Candidate(Candidate),
    /// The answerer asks for a new connection.
    Restart {
        /// Why.
        why: RestartWhy,
    },
    /// The attempt is over: its sender turned voice off.
    End,
    /// The offerer stopped trying.
    GiveUp {
        /// Why.
        reason: VoiceReason,
    },
}

impl SignalBody {
    /// Its name, for logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Offer { .. } => "offer",
            Self::Answer { .. } => "answer",
            Self::Candidate(_) => "candidate",
            Self::Restart { .. } => "restart",
            Self::End => "end",
            Self::GiveUp { .. } => "give-up",
        }
    }
}

/// An ICE candidate (W3C WebRTC, `RTCIceCandidateInit`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The candidate attribute (RFC 8839 section 5.1); empty at the end of a generation's candidates.
    pub candidate: String,
    /// The media section's identification tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_mid: Option<String>,
    /// The media section's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_m_line_index: Option<u16>,
    /// The generation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_fragment: Option<String>,
}

/// Why the answerer asks for a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestartWhy {
    /// Its connection failed.
    Failed,
    /// It hears nothing any more: an ICE restart may find another path.
    Silent,
    /// Its host has another address, which its connection will not know for some seconds: a new one knows it at once.
    Moved,
    /// Its microphone was granted, so that it has better candidates now.
    Granted,
    /// A person asked.
    Person,
}

/// Why a server refused a handshake or an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// A word for programs; clients treat unknown ones by `retryable`.
    pub code: String,
    /// A sentence for developers.
    pub message: String,
    /// Whether the same thing may work later.
    pub retryable: bool,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u32>,
}

/// The acknowledgement of a client's event; fields that do not belong to the event are left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Acknowledgement {
    /// Everything was done.
    pub ok: bool,
    /// A signal: handed on, or kept until the other comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// `chat`: what is durable now, in the order sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    /// `history`: the page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<ChatMessage>,
    /// `history`: there are older ones still.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// What was refused. In a `chat` batch this is about `refused_id`, and nothing after it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
    /// `chat`: the message that `error` is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_id: Option<MessageId>,
}

/// The place of a message that is durable now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Accepted {
    /// The message.
    pub id: MessageId,
    /// Its place in the log.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub at: u64,
}

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Handed to the other's socket.
    Delivered,
    /// Kept until the other comes.
    Parked,
    /// Not wanted any more.
    Dropped,
}

/// A message over the reliable data channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InBand {
    /// The sender leaves.
    Bye,
    /// The sender's voice, while the server can't tell it.
    Voice(VoiceStatus),
    /// A signal, while the server can't relay it.
    Signal(Envelope),
    /// Copies of the sender's chat messages that are not durable yet, in their author's order, at most [`MAX_BATCH`].
    Chat(Vec<ChatCopy>),
    /// How far the sender has got with the receiver's copies.
    ChatReceipt(CopyReceipt),
    /// The server refused a message for good: the copy of it is void.
    ChatWithdrawn(MessageId),
    /// The sender types or stops typing, while the server can't tell it.
    Typing(Typing),
}

/// A copy of a chat message on its way over the data channel; its author is the sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatCopy {
    /// Given by the author; the same as on the way over the server.
    pub id: MessageId,
    /// The text.
    pub text: String,
    /// When it was sent, in milliseconds since 1970 by the author's clock.
    pub at: u64,
    /// Rises with each of the author's messages.
    pub counter: u64,
}

/// How far a person has got with copies. Numbers are the author's counters and never fall within a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CopyReceipt {
    /// Arrived.
    pub delivered: u64,
    /// Seen.
    pub read: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_form_of_the_specification() {
        let body = serde_json::to_string(&SignalBody::Offer { sdp: "v=0".into() }).unwrap();
        assert_eq!(body, r#"{"offer":{"sdp":"v=0"}}"#);
        assert_eq!(serde_json::to_string(&SignalBody::End).unwrap(), r#""end""#);
        let give_up = SignalBody::GiveUp { reason: VoiceReason::NoRelay };
        assert_eq!(serde_json::to_string(&give_up).unwrap(), r#"{"give-up":{"reason":"no-relay"}}"#);
    }

    #[test]
    fn an_acknowledgement_leaves_out_what_does_not_belong_to_it() {
        let ack = Acknowledgement { ok: true, outcome: Some(Outcome::Parked), ..Acknowledgement::default() };
        assert_eq!(serde_json::to_string(&ack).unwrap(), r#"{"ok":true,"outcome":"parked"}"#);
    }

    #[test]
    fn unknown_fields_and_missing_optional_ones_are_accepted() {
        let peer: PeerInfo = serde_json::from_str(r#"{"userId":"9","presence":"absent","future":1}"#).unwrap();
        assert_eq!(peer.voice, VoiceStatus::default());
    }
}
