//! The connection to the other, the microphone, and the timers that judge them.

use super::{Session, TOO_LATE_MS};
use crate::input::{ConnectionEvent, LinkState, MicrophoneEvent, OpId};
use crate::output::{ConnectionCommand, Output};
use crate::reason::{SessionReason, VoiceReason};
use crate::recovery::{Recovery, Verdict};
use crate::role::Role;
use crate::timer::Timer;
use crate::wire::{IceServer, InBand, RestartWhy, SignalBody};

impl Session {
    pub(super) fn connection_event(&mut self, id: OpId, event: ConnectionEvent) {
        if self.negotiation.attempt().is_none_or(|a| a.id != id) {
            return;
        }
        let joined = self.is_joined();
        self.negotiation.connection_event(id, &event, joined, &mut self.queue);
        match event {
            ConnectionEvent::Link(LinkState::Interrupted) => Recovery::interrupted(&mut self.queue),
            ConnectionEvent::Link(LinkState::Connected) => {
                Recovery::uninterrupted(&mut self.queue);
                self.recovery.connected(&mut self.queue);
            }
            ConnectionEvent::Link(LinkState::Failed) | ConnectionEvent::Broken => {
                Recovery::uninterrupted(&mut self.queue);
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
            return match timer {
                Timer::Interruption => Recovery::interrupted(&mut self.queue),
                _ => self.role.into_iter().for_each(|role| self.recovery.arm(role, &mut self.queue)),
            };
        }
        match timer {
            Timer::Rejoin if self.socket.is_none() && self.may_rejoin() => self.connect(),
            Timer::Connect => self.attempt_failed(),
            Timer::Interruption => self.negotiation.interrupt(),
            Timer::Outbox => self.chat.resume(),
            Timer::Leave if self.leaving => self.end(SessionReason::Left),
            Timer::Rejoin | Timer::Leave => {}
            Timer::PeerTyping => self.peer_typing(false),
        }
    }
}
