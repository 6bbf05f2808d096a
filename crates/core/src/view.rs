//! What the app sees of a session: plain values, each part with a revision that rises when it changes.

use serde::Serialize;

use crate::call::{Call, Voice};
use crate::device::{Device, Volume};
use crate::input::Path;
use crate::peer::Peer;
use crate::reason::SessionReason;
use crate::sentence::{self, Sentences};
use crate::signalling::{Phase, Signalling};
use crate::wire::{MicrophoneReason, MicrophoneState, Presence, Role, UserId, VoiceReason, VoiceState};

/// The session's own state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct SessionView {
    /// The word.
    pub state: SessionState,
    /// Why it is offline or ended.
    pub reason: Option<SessionReason>,
    /// The reason as a sentence.
    pub message: Option<&'static str>,
    /// What a person can do.
    pub hint: Option<&'static str>,
    /// The app's own error, or the server's sentence for developers, where the reason is one of those.
    pub cause: Option<String>,
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
#[allow(clippy::struct_excessive_bools, reason = "what an app shows, each by itself")]
pub struct VoiceView {
    /// The word.
    pub state: VoiceState,
    /// Our part in the offer/answer exchange, once the other is known.
    pub role: Option<Role>,
    /// Muted by the person.
    pub muted: bool,
    /// The person talks by push-to-talk, and is muted when that is over.
    pub talking: bool,
    /// Voice is on and there is no microphone.
    pub listen_only: bool,
    /// The microphone.
    pub microphone: MicrophoneView,
    /// Where the other is played.
    pub speaker: SpeakerView,
    /// How loud the other is played, from 0 to 1.
    pub volume: Volume,
    /// How packets travel, once it is known.
    pub path: Option<Path>,
    /// The other hears this person, does not, or it is not known: nothing was said yet.
    pub heard: Option<bool>,
    /// This person is muted and talks.
    pub muted_talking: bool,
    /// The browser waits for a gesture before it plays; `resumeAudio()` within one lets it.
    pub playback_blocked: bool,
    /// What is being done while it is reconnecting.
    pub recovery: Option<Recovery>,
    /// When the link that was up broke, in milliseconds since 1970.
    pub since: Option<u64>,
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

/// The microphone of this person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
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
    /// `deviceId` of the device in use; empty while there is none.
    pub device_id: String,
    /// What the speaker plays is taken out of its sound.
    pub echo_cancellation: bool,
    /// Steady noise is taken out.
    pub noise_suppression: bool,
    /// Quiet and loud voices are made alike.
    pub auto_gain_control: bool,
}

/// The speaker of this person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpeakerView {
    /// `deviceId`; empty is whatever the system uses.
    pub device_id: String,
    /// The device's name; empty while unknown.
    pub label: String,
    /// The browser lets a page choose.
    pub selectable: bool,
}

/// The other person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerView {
    /// Who, once known.
    pub user_id: Option<UserId>,
    /// What their token calls them.
    pub name: Option<String>,
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
    /// Takes the machines as they are now, and raises the revisions of the parts that differ. `since`: see [`VoiceView`].
    pub(crate) fn refresh(&mut self, signalling: &Signalling, call: &Call, peer: &Peer, since: Option<u64>) {
        let [s, v, p] = &mut self.revisions;
        replace(&mut self.session, session_view(signalling), s);
        replace(&mut self.voice, voice_view(signalling, call, peer, since), v);
        replace(&mut self.peer, peer_view(signalling, peer), p);
    }
}

fn replace<T: PartialEq>(part: &mut T, now: T, revision: &mut u32) {
    if *part != now {
        *part = now;
        *revision = revision.wrapping_add(1);
    }
}

impl Default for View {
    fn default() -> Self {
        let microphone = MicrophoneState::Off;
        Self {
            session: SessionView { state: SessionState::Joining, reason: None, message: None, hint: None, cause: None },
            voice: VoiceView {
                state: VoiceState::Off,
                role: None,
                muted: false,
                talking: false,
                listen_only: false,
                microphone: MicrophoneView::default(),
                speaker: SpeakerView::default(),
                volume: Volume::default(),
                path: None,
                heard: None,
                muted_talking: false,
                playback_blocked: false,
                recovery: None,
                since: None,
                reason: None,
                message: None,
                hint: None,
            },
            peer: PeerView {
                user_id: None,
                name: None,
                presence: Presence::Absent,
                voice: false,
                muted: false,
                microphone,
                microphone_reason: None,
            },
            revisions: [0; 3],
        }
    }
}

fn session_view(signalling: &Signalling) -> SessionView {
    let (state, reason) = match signalling.phase() {
        Phase::Joining => (SessionState::Joining, None),
        Phase::Joined => (SessionState::Joined, None),
        Phase::Offline(reason) => (SessionState::Offline, Some(reason)),
        Phase::Ended(reason) => (SessionState::Ended, Some(reason)),
    };
    let (message, hint) = split(reason.map(sentence::of_session));
    let cause = signalling.cause().filter(|_| reason.is_some_and(SessionReason::has_cause));
    SessionView { state, reason, message, hint, cause: cause.map(str::to_owned) }
}

fn split(sentences: Option<Sentences>) -> (Option<&'static str>, Option<&'static str>) {
    sentences.map(|Sentences { message, hint }| (message, hint)).unzip()
}

fn peer_view(signalling: &Signalling, peer: &Peer) -> PeerView {
    let voice = peer.voice();
    PeerView {
        user_id: peer.user().cloned(),
        name: peer.name().map(str::to_owned),
        presence: if signalling.is_ended() { Presence::Absent } else { peer.presence() },
        voice: voice.on,
        muted: voice.muted,
        microphone: voice.microphone,
        microphone_reason: voice.microphone_reason,
    }
}

fn voice_view(signalling: &Signalling, call: &Call, peer: &Peer, since: Option<u64>) -> VoiceView {
    let voice = call.voice();
    let state = voice_state(signalling, call, peer);
    let reason = unavailable(call, peer);
    let own = voice.incapable.is_some() || call.given_up().is_some();
    let recovery = (state == VoiceState::Reconnecting).then(|| recovery(signalling, call));
    let said = reason.map(if own { sentence::of_voice } else { sentence::of_peer_voice });
    let (message, hint) = split(said.or(recovery.map(sentence::of_recovery)));
    VoiceView {
        state,
        role: call.role(),
        muted: voice.muted,
        talking: voice.talk.is_on(),
        listen_only: voice.on && voice.microphone.state() == MicrophoneState::Failed,
        microphone: microphone_view(voice),
        speaker: speaker_view(voice),
        volume: voice.speaker.volume,
        path: call.negotiation().carrier().and_then(|a| a.path),
        heard: call.quality().is_heard().filter(|_| state == VoiceState::Connected && !voice.muted),
        muted_talking: state == VoiceState::Connected && voice.muted && call.quality().is_muted_talk(),
        playback_blocked: voice.playback_blocked,
        recovery,
        since,
        reason,
        message,
        hint,
    }
}

fn microphone_view(voice: &Voice) -> MicrophoneView {
    let microphone = &voice.microphone;
    let reason = microphone.reason();
    let (message, hint) = split(reason.map(sentence::of_microphone));
    let Device { id, label, .. } = microphone.device().cloned().unwrap_or_default();
    let processing = microphone.processing();
    MicrophoneView {
        state: microphone.state(),
        reason,
        message,
        hint,
        label,
        device_id: id,
        echo_cancellation: processing.echo_cancellation,
        noise_suppression: processing.noise_suppression,
        auto_gain_control: processing.auto_gain_control,
    }
}

fn speaker_view(voice: &Voice) -> SpeakerView {
    let Device { id, label, .. } = voice.speaker.device().cloned().unwrap_or_default();
    SpeakerView { device_id: id, label, selectable: voice.speaker.selectable }
}

fn unavailable(call: &Call, peer: &Peer) -> Option<VoiceReason> {
    let voice = call.voice();
    if !voice.on {
        None
    } else if voice.incapable.is_some() {
        voice.incapable
    } else if call.is_connected() {
        None
    } else {
        call.given_up().or(peer.voice().unavailable)
    }
}

/// The word for what voice is now: own intent, the other's intent, and the link.
pub(crate) fn voice_state(signalling: &Signalling, call: &Call, peer: &Peer) -> VoiceState {
    if !call.voice().on {
        VoiceState::Off
    } else if unavailable(call, peer).is_some() {
        VoiceState::Unavailable
    } else if call.is_connected() && call.stands_by() && !peer.voice().on {
        VoiceState::Waiting
    } else if call.is_connected() {
        VoiceState::Connected
    } else if !signalling.was_met() {
        VoiceState::Starting
    } else if peer.presence() == Presence::Absent || !peer.voice().on {
        VoiceState::Waiting
    } else if call.was_up() {
        VoiceState::Reconnecting
    } else {
        VoiceState::Connecting
    }
}

fn recovery(signalling: &Signalling, call: &Call) -> Recovery {
    if !signalling.is_joined() {
        Recovery::Network
    } else if call.negotiation().is_silent() && !call.negotiation().is_rebuilding() {
        Recovery::Path
    } else {
        Recovery::Connection
    }
}
