//! What the app sees of a session: plain values, each part with a revision that rises when it changes.

use serde::Serialize;

use crate::id::UserId;
use crate::input::Path;
use crate::reason::{MicrophoneReason, SessionReason, VoiceReason};
use crate::role::Role;
use crate::wire::{MicrophoneState, Presence, VoiceState};

/// The session's own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct SessionView {
    /// The word.
    pub state: SessionState,
    /// Why it is offline or ended.
    pub reason: Option<SessionReason>,
    /// The reason as a sentence.
    pub message: Option<&'static str>,
    /// What a person can do.
    pub hint: Option<&'static str>,
}

/// The word for a session's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Not let in yet.
    Joining,
    /// In.
    Joined,
    /// Was in or tried to; tried again by itself unless the reason says otherwise.
    Offline,
    /// Over.
    Ended,
}

/// Voice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VoiceView {
    /// The word.
    pub state: VoiceState,
    /// Our part in the offer/answer exchange, once the other is known.
    pub role: Option<Role>,
    /// Muted by the person.
    pub muted: bool,
    /// Voice is on and there is no microphone.
    pub listen_only: bool,
    /// The microphone.
    pub microphone: MicrophoneView,
    /// How packets travel, once it is known.
    pub path: Option<PathView>,
    /// The browser waits for a gesture before it plays; `resumeAudio()` within one lets it.
    pub playback_blocked: bool,
    /// What is being done while it is reconnecting.
    pub recovery: Option<Recovery>,
    /// Why voice is unavailable.
    pub reason: Option<VoiceReason>,
    /// The reason, or what is being done, as a sentence.
    pub message: Option<&'static str>,
    /// What a person can do.
    pub hint: Option<&'static str>,
}

/// What is being done about a link that was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Recovery {
    /// Reaching the server again.
    Network,
    /// Looking for another path on the same connection (ICE restart).
    Path,
    /// Making a new connection.
    Connection,
}

impl Recovery {
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Network => "Neither the other person nor the server can be reached. Trying again.",
            Self::Path => "Nothing arrives from the other person. Looking for another path.",
            Self::Connection => "The connection broke. Making a new one.",
        }
    }

    /// The same for all: there is nothing to do.
    pub(crate) const HINT: &'static str = "Voice comes back by itself. What you write is kept.";
}

/// The microphone of this person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct MicrophoneView {
    /// The word.
    pub state: MicrophoneState,
    /// Why it failed.
    pub reason: Option<MicrophoneReason>,
    /// The reason as a sentence.
    pub message: Option<&'static str>,
    /// What a person can do.
    pub hint: Option<&'static str>,
    /// The device's name; empty while unknown.
    pub label: String,
}

/// How packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PathView {
    /// From one person to the other.
    Direct,
    /// Through a relay.
    Relay,
}

impl From<Path> for PathView {
    fn from(path: Path) -> Self {
        match path {
            Path::Direct => Self::Direct,
            Path::Relay => Self::Relay,
        }
    }
}

/// The other person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerView {
    /// Who, once known.
    pub user_id: Option<UserId>,
    /// Whether they are there.
    pub presence: Presence,
    /// They want voice.
    pub voice: bool,
    /// They muted themselves.
    pub muted: bool,
    /// Their microphone.
    pub microphone: MicrophoneState,
    /// Why they have no microphone.
    pub microphone_reason: Option<MicrophoneReason>,
}

/// The parts and their revisions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View {
    /// The session's own state.
    pub session: SessionView,
    /// Voice.
    pub voice: VoiceView,
    /// The other person.
    pub peer: PeerView,
    /// How often each of the three changed, in this order.
    pub revisions: [u32; 3],
}

impl View {
    /// Takes new parts and raises the revisions of those that differ.
    pub(crate) fn update(&mut self, session: SessionView, voice: VoiceView, peer: PeerView) {
        let [s, v, p] = &mut self.revisions;
        if self.session != session {
            self.session = session;
            *s = s.wrapping_add(1);
        }
        if self.voice != voice {
            self.voice = voice;
            *v = v.wrapping_add(1);
        }
        if self.peer != peer {
            self.peer = peer;
            *p = p.wrapping_add(1);
        }
    }
}

pub(crate) fn session_view(state: SessionState, reason: Option<SessionReason>) -> SessionView {
    SessionView { state, reason, message: reason.map(SessionReason::message), hint: reason.map(SessionReason::hint) }
}

pub(crate) fn microphone_view(state: MicrophoneState, reason: Option<MicrophoneReason>, label: &str) -> MicrophoneView {
    MicrophoneView {
        state,
        reason,
        message: reason.map(MicrophoneReason::message),
        hint: reason.map(MicrophoneReason::hint),
        label: label.to_owned(),
    }
}

impl Default for View {
    fn default() -> Self {
        Self {
            session: session_view(SessionState::Joining, None),
            voice: VoiceView {
                state: VoiceState::Off,
                role: None,
                muted: false,
                listen_only: false,
                microphone: microphone_view(MicrophoneState::Off, None, ""),
                path: None,
                playback_blocked: false,
                recovery: None,
                reason: None,
                message: None,
                hint: None,
            },
            peer: PeerView {
                user_id: None,
                presence: Presence::Absent,
                voice: false,
                muted: false,
                microphone: MicrophoneState::Off,
                microphone_reason: None,
            },
            revisions: [0; 3],
        }
    }
}
