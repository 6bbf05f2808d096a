//! What one side tells of its voice.

use serde::{Deserialize, Serialize};

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

/// Why there is no microphone (W3C Media Capture and Streams, errors of `getUserMedia`). The call goes on and this side listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MicrophoneReason {
    /// The person or the browser said no for good (`NotAllowedError`).
    Denied,
    /// It was not allowed this time, and can be asked for again (`NotAllowedError` while the permission is `prompt`).
    Dismissed,
    /// The system, or the policy of the page, withholds it whatever the person says (`NotAllowedError` all the same).
    Blocked,
    /// There is no microphone (`NotFoundError`).
    Missing,
    /// The microphone could not be opened, mostly because another program holds it (`NotReadableError`).
    Busy,
    /// It worked and went away: unplugged, or the permission was withdrawn.
    Ended,
    /// It is open and brings no sound: the system mutes it, or it is frozen.
    Silent,
}

/// Why voice was given up. Text goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoiceReason {
    /// No network path between the two was found, although both reached a relay, or nothing is known of that.
    ConnectionFailed,
    /// No direct path was found, and this side did not reach the relay (TURN, RFC 8656).
    RelayUnreachable,
    /// No direct path was found. This side reached the relay, and the other did not.
    PeerUnreachable,
    /// No direct path was found, and the relay can take no more calls.
    RelayBusy,
    /// No direct path was found, and the server names no relay (TURN, RFC 8656).
    NoRelay,
    /// The browser has no WebRTC.
    UnsupportedBrowser,
    /// The page is not in a secure context, so that browsers withhold microphone and WebRTC.
    InsecureContext,
}

impl VoiceReason {
    /// The same as the other side sees it.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::RelayUnreachable => Self::PeerUnreachable,
            Self::PeerUnreachable => Self::RelayUnreachable,
            same => same,
        }
    }
}

/// What one side tells of its voice: the body of the `voice` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::struct_excessive_bools, reason = "words of the wire, each of which means something by itself")]
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
    /// The two may be linked before both want voice; nothing is sent over it until then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub standby: bool,
    /// Descriptions may be exchanged before this side wants voice, without a candidate: its browser bears that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ahead: bool,
}
