//! The conclusions that hold whatever happened, and what the app sees of them.

use super::{Phase, Session};
use crate::negotiation::Attempt;
use crate::output::{ClientEvent, Event, Note, Output};
use crate::reason::{SessionReason, VoiceReason};
use crate::role::{Role, SameUser};
use crate::view::{PeerView, Recovery, SessionState, VoiceView, microphone_view, session_view};
use crate::wire::{InBand, MicrophoneState, Presence, VoiceState, VoiceStatus};

impl Session {
    /// Draws the conclusions that hold whatever happened.
    pub(super) fn settle(&mut self) {
        if !matches!(self.phase, Phase::Ended(_)) {
            self.elect();
        }
        if !matches!(self.phase, Phase::Ended(_)) {
            self.note_presence();
            self.pursue();
            self.tell_voice();
            if self.is_joined() {
                self.chat.flush(&mut self.queue);
            }
            if self.negotiation.can_send_in_band() {
                for message in self.chat.copies() {
                    self.negotiation.send_in_band(message, &mut self.queue);
                }
            }
            if self.leaving && self.chat.unsent() == 0 {
                self.end(SessionReason::Left);
            }
        }
        self.refresh_view();
    }

    pub(super) fn elect(&mut self) {
        let Some(peer) = self.membership.user() else { return };
        match Role::elect(&self.user, peer) {
            Ok(role) => self.role = Some(role),
            Err(SameUser) => self.end(SessionReason::SameUser),
        }
    }

    pub(super) fn presence(&self) -> Presence {
        self.membership.presence(self.negotiation.is_connected())
    }

    pub(super) fn note_presence(&mut self) {
        let now = self.presence();
        let before = std::mem::replace(&mut self.peer_presence, now);
        if now == Presence::Absent && before != Presence::Absent {
            // An offer that nobody took still waits for whoever comes; anything else was with the one who is gone.
            self.negotiation.forget_former(&mut self.queue);
            if self.negotiation.attempt().is_some_and(Attempt::is_taken) {
                self.negotiation.close(&mut self.queue);
            }
            self.negotiation.forget_offer();
            self.recovery.budget.reset(&mut self.queue);
            self.peer_typing(false);
            if let Some(peer) = self.membership.user() {
                self.queue.push(Output::Event(Event::PeerLeft(peer.clone())));
            }
        }
    }

    /// Offers, answers and counts as far as that is called for.
    pub(super) fn pursue(&mut self) {
        let (Some(role), Some(peer)) = (self.role, self.membership.user().cloned()) else { return };
        let able =
            self.voice.is_wanted() && !self.leaving && !self.suspended && self.recovery.budget.given_up().is_none();
        let possible = able && self.membership.voice().unavailable.is_none() && self.ever_joined;
        if possible && role == Role::Offerer && self.negotiation.attempt().is_none() {
            self.negotiation.offer(&peer, self.ice_servers.clone(), self.fresh, &mut self.queue);
            self.recovery.budget.attempt_began(role, &mut self.queue);
        }
        if possible && role == Role::Answerer && self.negotiation.has_offer() {
            self.negotiation.accept(&peer, self.ice_servers.clone(), self.fresh, &mut self.queue);
        }
        let needed = possible
            && self.membership.voice().on
            && self.peer_presence != Presence::Absent
            && !self.negotiation.is_connected();
        self.recovery.budget.watch(needed, role, &mut self.queue);
    }

    pub(super) fn status(&self) -> VoiceStatus {
        VoiceStatus {
            on: self.voice.is_wanted(),
            muted: self.voice.muted,
            microphone: self.voice.microphone,
            microphone_reason: self.voice.microphone_reason,
            state: self.voice_state(),
            unavailable: self.voice.incapable.filter(|_| self.voice.on),
        }
    }

    pub(super) fn tell_voice(&mut self) {
        let status = self.status();
        if self.is_joined() {
            if status != self.told {
                self.told = status;
                self.queue.emit(ClientEvent::Voice(status));
            }
            self.told_in_band = status;
        } else if status != self.told_in_band && self.negotiation.can_send_in_band() {
            self.told_in_band = status;
            self.negotiation.send_in_band(InBand::Voice(status), &mut self.queue);
        }
    }

    pub(super) fn unavailable(&self) -> Option<VoiceReason> {
        if !self.voice.on {
            None
        } else if self.voice.incapable.is_some() {
            self.voice.incapable
        } else if self.negotiation.is_connected() {
            None
        } else {
            self.recovery.budget.given_up().or(self.membership.voice().unavailable)
        }
    }

    pub(super) fn voice_state(&self) -> VoiceState {
        if !self.voice.on {
            VoiceState::Off
        } else if self.unavailable().is_some() {
            VoiceState::Unavailable
        } else if self.negotiation.is_connected() {
            VoiceState::Connected
        } else if !self.ever_joined {
            VoiceState::Starting
        } else if self.peer_presence == Presence::Absent || !self.membership.voice().on {
            VoiceState::Waiting
        } else if self.recovery.budget.was_up() {
            VoiceState::Reconnecting
        } else {
            VoiceState::Connecting
        }
    }

    pub(super) fn refresh_view(&mut self) {
        let state = self.voice_state();
        if state != self.view.voice.state {
            self.queue.push(Output::Log(Note::Voice(state)));
        }
        let (session, reason) = match self.phase {
            Phase::Joining => (SessionState::Joining, None),
            Phase::Joined => (SessionState::Joined, None),
            Phase::Offline(reason) => (SessionState::Offline, Some(reason)),
            Phase::Ended(reason) => (SessionState::Ended, Some(reason)),
        };
        let peer = self.membership.voice();
        let ended = session == SessionState::Ended;
        let peer = PeerView {
            user_id: self.membership.user().cloned(),
            presence: if ended { Presence::Absent } else { self.presence() },
            voice: peer.on,
            muted: peer.muted,
            microphone: peer.microphone,
            microphone_reason: peer.microphone_reason,
        };
        let voice = self.voice_view(state);
        self.view.update(session_view(session, reason), voice, peer);
    }

    fn recovery_view(&self) -> Recovery {
        if !self.is_joined() {
            Recovery::Network
        } else if self.negotiation.is_silent() && !self.negotiation.is_rebuilding() {
            Recovery::Path
        } else {
            Recovery::Connection
        }
    }

    pub(super) fn voice_view(&self, state: VoiceState) -> VoiceView {
        let reason = self.unavailable();
        let theirs = self.voice.incapable.is_none() && self.recovery.budget.given_up().is_none();
        let microphone = self.voice.microphone;
        let recovery = (state == VoiceState::Reconnecting).then(|| self.recovery_view());
        VoiceView {
            state,
            role: self.role,
            muted: self.voice.muted,
            listen_only: self.voice.on && microphone == MicrophoneState::Failed,
            microphone: microphone_view(microphone, self.voice.microphone_reason, &self.voice.label),
            path: self.negotiation.carrier().and_then(|a| a.path).map(Into::into),
            playback_blocked: self.voice.playback_blocked,
            recovery,
            reason,
            message: reason
                .map(if theirs { VoiceReason::peer_message } else { VoiceReason::message })
                .or(recovery.map(Recovery::message)),
            hint: reason
                .map(if theirs { VoiceReason::peer_hint } else { VoiceReason::hint })
                .or(recovery.map(|_| Recovery::HINT)),
        }
    }
}
