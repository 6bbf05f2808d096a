//! The connection to the other, the microphone, and the timers that judge them.

use super::{Phase, Session, TOO_LATE_MS};
use crate::input::{ConnectionEvent, LinkState, MicrophoneEvent, OpId};
use crate::liveness::Silence;
use crate::negotiation::Attempt;
use crate::output::{ConnectionCommand, Output};
use crate::reason::{SessionReason, VoiceReason};
use crate::recovery::{Recovery, Verdict};
use crate::role::Role;
use crate::timer::Timer;
use crate::wire::{IceServer, InBand, MicrophoneState, RestartWhy, SignalBody};

impl Session {
    pub(super) fn connection_event(&mut self, id: OpId, event: ConnectionEvent) {
        if self.negotiation.attempt().is_none_or(|a| a.id != id) {
            return;
        }
        let joined = self.is_joined();
        let first = self.negotiation.attempt().is_some_and(|a| !a.was_connected);
        self.negotiation.connection_event(id, &event, joined, &mut self.queue);
        match event {
            ConnectionEvent::Link(LinkState::Interrupted) => self.recovery.liveness.hint(),
            ConnectionEvent::Link(LinkState::Connected) => {
                self.recovery.connected(&mut self.queue);
                if first {
                    // What the connection before it was silent for is not this one's silence.
                    self.recovery.liveness.begin();
                }
                self.recovery.pulse(&mut self.queue);
            }
            ConnectionEvent::Link(LinkState::Failed) | ConnectionEvent::Broken => {
                self.probe();
                self.link_failed();
            }
            ConnectionEvent::InBand(message) => match *message {
                InBand::Bye => self.membership.leave(),
                InBand::Voice(voice) => {
                    let wanted = self.membership.voice().on;
                    self.membership.voice_in_band(voice);
                    self.note_peer_voice(wanted);
                }
                InBand::Signal(envelope) => self.signal(envelope),
                InBand::Typing(typing) => self.peer_typing(typing.on),
                message => self.chat_in_band(message),
            },
            ConnectionEvent::Channel { open: true } => self.chat.channel_opened(),
            ConnectionEvent::RemoteDescriptionSet if self.recovery.was_up() => Recovery::restarted(&mut self.queue),
            ConnectionEvent::Received { packets } => self.received(packets),
            ConnectionEvent::Heartbeat(heartbeat) => self.recovery.liveness.heartbeat(heartbeat),
            _ => {}
        }
    }

    fn chat_in_band(&mut self, message: InBand) {
        let Some(peer) = self.membership.user().cloned() else { return };
        match message {
            InBand::Chat(copies) => {
                self.peer_typing(false);
                self.chat.take_copies(&peer, copies, &mut self.queue);
            }
            InBand::ChatReceipt(receipt) => self.chat.copies_received(receipt),
            InBand::ChatWithdrawn(id) => self.chat.copy_withdrawn(&peer, &id),
            _ => {}
        }
    }

    fn received(&mut self, packets: u32) {
        let was_silent = self.negotiation.is_silent();
        match self.recovery.received(packets, &mut self.queue) {
            Silence::None => {
                self.negotiation.set_silent(false);
                if was_silent && self.negotiation.is_connected() {
                    self.recovery.connected(&mut self.queue);
                }
            }
            Silence::Short => {}
            Silence::Suspicious => self.probe(),
            Silence::Long if was_silent => {}
            Silence::Long => self.path_is_broken(),
        }
    }

    /// Nothing comes any more. Looking for another path costs nothing that could be heard, should the old one come back.
    fn path_is_broken(&mut self) {
        self.negotiation.set_silent(true);
        self.probe();
        self.seek_path();
    }

    /// Does what this side can do about a silent link.
    pub(super) fn seek_path(&mut self) {
        if !self.negotiation.is_silent() {
            return;
        }
        match self.role {
            Some(Role::Offerer) => self.restart_ice(),
            Some(Role::Answerer) if self.is_joined() && self.negotiation.attempt().is_some_and(Attempt::is_served) => {
                self.say(SignalBody::Restart { why: RestartWhy::Silent });
                Recovery::restarted(&mut self.queue);
            }
            _ => {}
        }
    }

    /// Candidates that hide this host's addresses would be hidden again: only a new connection has better ones.
    pub(super) fn restart_ice(&mut self) {
        let Some(attempt) = self.negotiation.attempt() else { return };
        if !attempt.was_connected || attempt.link == LinkState::Failed {
            return;
        }
        if attempt.concealed && self.voice.microphone == MicrophoneState::Live {
            self.negotiation.close(&mut self.queue);
        } else {
            self.negotiation.restart(&mut self.queue);
        }
    }

    /// The newest restart had its time and nothing came.
    fn restart_was_useless(&mut self) {
        if !self.negotiation.is_silent() {
            return;
        }
        match self.role {
            Some(Role::Offerer) if self.negotiation.attempt().is_some_and(Attempt::is_negotiated) => {
                self.negotiation.close(&mut self.queue);
            }
            Some(Role::Answerer) if self.is_joined() => {
                self.say(SignalBody::Restart { why: RestartWhy::Failed });
            }
            _ => {}
        }
    }

    /// A connection that may yet come back, and nobody who could take an offer of another one: waiting is best.
    fn is_waiting_for_signaling(&self) -> bool {
        let may_come_back = self.negotiation.attempt().is_some_and(|a| a.was_connected && a.link != LinkState::Failed);
        may_come_back && (self.phase != Phase::Joined || self.negotiation.is_offering())
    }

    pub(super) fn link_failed(&mut self) {
        let was_connected = self.negotiation.attempt().is_some_and(|a| a.was_connected);
        match self.role {
            // The first failure after a working link is where the counting begins.
            Some(Role::Offerer) if was_connected => self.negotiation.close(&mut self.queue),
            Some(Role::Offerer) => self.attempt_failed(),
            Some(Role::Answerer) => self.say(SignalBody::Restart { why: RestartWhy::Failed }),
            None => {}
        }
    }

    pub(super) fn attempt_failed(&mut self) {
        let Some(role) = self.role else { return };
        match self.recovery.attempt_failed(role, &mut self.queue) {
            Verdict::Wait => {}
            Verdict::Rebuild => self.negotiation.close(&mut self.queue),
            Verdict::GiveUp => {
                let relay = self.ice_servers.iter().any(IceServer::is_relay);
                let reason = if relay { VoiceReason::ConnectionFailed } else { VoiceReason::NoRelay };
                if role == Role::Offerer {
                    self.say(SignalBody::GiveUp { reason });
                }
                self.negotiation.close(&mut self.queue);
                self.recovery.give_up(reason, &mut self.queue);
            }
        }
    }

    pub(super) fn microphone_event(&mut self, id: OpId, event: MicrophoneEvent) {
        if !self.voice.microphone_event(id, event, &mut self.queue) {
            return;
        }
        let mut hopeless = self.recovery.given_up().is_some();
        if let Some(attempt) = self.negotiation.attempt() {
            let command = ConnectionCommand::SendMicrophone;
            self.queue.push(Output::Connection { id: attempt.id, command });
            hopeless |= attempt.concealed && attempt.link != LinkState::Connected;
        }
        // Candidates made before the grant hide this host's addresses for good: begin again with better ones.
        if hopeless {
            self.recovery.refresh(&mut self.queue);
            match self.role {
                Some(Role::Offerer) => self.negotiation.close(&mut self.queue),
                Some(Role::Answerer) => self.say(SignalBody::Restart { why: RestartWhy::Granted }),
                None => {}
            }
        }
    }

    pub(super) fn timer_fired(&mut self, timer: Timer, late: u32) {
        if timer.judges() && late > TOO_LATE_MS {
            return self.judge_later(timer);
        }
        match timer {
            Timer::Rejoin if self.socket.is_none() && self.may_rejoin() => self.connect(),
            Timer::Connect if self.is_waiting_for_signaling() => self.judge_later(timer),
            Timer::Connect => self.attempt_failed(),
            Timer::Pulse => self.pulse(),
            Timer::Restart => self.restart_was_useless(),
            Timer::Probe => {
                self.socket_is_dead();
                // Both are silent: that is no pause of speech.
                if self.negotiation.is_connected() && self.recovery.liveness.is_doubtful() {
                    self.path_is_broken();
                }
            }
            Timer::Join if self.is_joined() || self.socket.is_none() => {}
            Timer::Join => {
                self.recovery.join_timed_out();
                self.socket_is_dead();
            }
            Timer::Outbox => self.chat.resume(),
            Timer::Leave if self.leaving => self.end(SessionReason::Left),
            Timer::Rejoin | Timer::Leave => {}
            Timer::PeerTyping => self.peer_typing(false),
        }
    }

    fn pulse(&mut self) {
        if let Some(attempt) = self.negotiation.attempt().filter(|a| a.was_connected) {
            let next = self.recovery.pulse(&mut self.queue);
            self.queue.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Pulse { next } });
        }
    }

    /// The verdict would be about a time that this side slept through: what is asked anew counts.
    fn judge_later(&mut self, timer: Timer) {
        match timer {
            Timer::Connect => self.role.into_iter().for_each(|role| self.recovery.arm(role, &mut self.queue)),
            Timer::Pulse => {
                self.woke();
                self.pulse();
            }
            Timer::Restart => Recovery::restarted(&mut self.queue),
            Timer::Probe => self.recovery.probing(&mut self.queue),
            Timer::Join => self.recovery.joining(true, &mut self.queue),
            _ => {}
        }
    }
}
