//! The connection to the other and the microphone: facts for [`Recovery`](crate::recovery::Recovery), and what it decides
//! about them is carried out.

use super::{Session, TOO_LATE_MS};
use crate::input::{ConnectionEvent, LinkState, MicrophoneEvent, OpId};
use crate::liveness::Silence;
use crate::negotiation::Attempt;
use crate::output::{ConnectionCommand, Note, Output};
use crate::reason::{SessionReason, VoiceReason};
use crate::recovery::{Budget, Decision, Fact, Link, MediaAction, Situation, SocketAction, silence};
use crate::role::Role;
use crate::timer::Timer;
use crate::wire::{IceServer, InBand, MicrophoneState, RestartWhy, SignalBody};

/// What a page that is about to be frozen announces of its next heartbeat, in milliseconds: it can't know.
const FROZEN_MS: u32 = 10_000;

impl Session {
    // Facts and decisions

    fn situation(&self) -> Situation {
        let attempt = self.negotiation.attempt();
        let newest = attempt.filter(|a| self.negotiation.is_carrier(a.id));
        let link = match self.negotiation.carrier() {
            Some(carrier) if carrier.link == LinkState::Failed => Link::Failed,
            Some(_) if self.negotiation.is_silent() => Link::Silent,
            Some(_) => Link::Up,
            None => Link::New,
        };
        Situation {
            role: self.role,
            joined: self.is_joined(),
            joining: self.socket.is_some(),
            may_rejoin: self.may_rejoin() && (self.ever_joined || self.socket.is_none()),
            link,
            settled: attempt.is_some_and(Attempt::is_served),
            negotiated: attempt.is_some_and(Attempt::is_negotiated),
            offering: self.negotiation.is_offering() || self.negotiation.has_offer(),
            rebuilding: self.negotiation.is_rebuilding(),
            rebuild_failed: newest.is_none() && attempt.is_some_and(|a| a.link == LinkState::Failed),
            concealed: newest.is_some_and(|a| a.concealed) && self.voice.microphone == MicrophoneState::Live,
        }
    }

    /// Something says how call or socket are: one decision follows.
    pub(super) fn recover(&mut self, because: Fact) {
        self.decide(because);
    }

    fn decide(&mut self, because: Fact) -> Decision {
        let decision = self.recovery.decide(because, &self.situation());
        let Decision { media, socket, look, .. } = decision;
        if media.is_some() || socket.is_some() {
            self.queue.push(Output::Log(Note::Recovery(decision)));
        }
        if matches!(because, Fact::AddressChanged { .. }) && media.is_some() {
            // What was said over the old path from now on would be said to nobody.
            self.negotiation.set_silent(true);
        }
        match socket {
            Some(SocketAction::Probe) => self.probe(true),
            Some(SocketAction::Replace) => self.replace_socket(),
            Some(SocketAction::Rejoin) => self.recovery.budget.rejoin(self.voice.on, &mut self.queue),
            None => {}
        }
        match media {
            Some(MediaAction::RestartIce) => self.negotiation.restart(&mut self.queue),
            Some(MediaAction::Rebuild) => self.negotiation.retire(&mut self.queue),
            Some(MediaAction::Ask(why)) => self.ask(why),
            Some(MediaAction::GiveUp) => self.give_up(),
            None => {}
        }
        if look {
            self.look();
        }
        decision
    }

    /// Asks the offerer, who alone makes offers.
    fn ask(&mut self, why: RestartWhy) {
        self.say(SignalBody::Restart { why });
        if why == RestartWhy::Silent {
            Budget::restarted(&mut self.queue);
        }
    }

    fn give_up(&mut self) {
        let relay = self.ice_servers.iter().any(IceServer::is_relay);
        // Without the server there is no telling whether a relay would have helped.
        let reason = if relay || !self.is_joined() { VoiceReason::ConnectionFailed } else { VoiceReason::NoRelay };
        if self.role == Some(Role::Offerer) {
            self.say(SignalBody::GiveUp { reason });
        }
        self.negotiation.close(&mut self.queue);
        self.recovery.budget.give_up(reason, &mut self.queue);
    }

    /// Asks for this host's addresses, where a new one could help.
    fn look(&mut self) {
        if self.negotiation.carrier().is_some() {
            let id = self.queue.next_id();
            self.looking = Some(id);
            self.queue.push(Output::FindAddresses { id });
        }
    }

    /// The system's word on this host's addresses, compared with what the newest connection knows.
    pub(super) fn addresses(&mut self, id: OpId, addresses: &[String]) {
        if self.looking != Some(id) {
            return;
        }
        self.looking = None;
        if let Some(moved) = self.negotiation.attempt().and_then(|a| a.has_moved(addresses)) {
            // A socket that was replaced after the move is not left again.
            let gone = moved.gone && !self.fresh;
            let decision = self.decide(Fact::AddressChanged { gone });
            // The next connection must not begin with what the page's context still believes.
            self.fresh |= decision.media.is_some();
        }
    }

    // The connection

    pub(super) fn connection_event(&mut self, id: OpId, event: ConnectionEvent) {
        if !self.negotiation.knows(id) {
            return;
        }
        let joined = self.is_joined();
        let newest = self.negotiation.attempt().filter(|a| a.id == id);
        let first = newest.is_some_and(|a| !a.was_connected);
        let newest = newest.is_some();
        self.negotiation.connection_event(id, &event, joined, &mut self.queue);
        let carrier = self.negotiation.is_carrier(id);
        match event {
            ConnectionEvent::Link(LinkState::Interrupted) if carrier => self.recovery.liveness.hint(),
            ConnectionEvent::Link(LinkState::Connected) if newest => self.link_is_up(first),
            ConnectionEvent::Link(LinkState::Failed) | ConnectionEvent::Broken if newest => {
                self.recover(Fact::ConnectionFailed);
            }
            ConnectionEvent::InBand(message) => self.in_band(*message),
            ConnectionEvent::Channel { open: true } if carrier => self.chat.channel_opened(),
            ConnectionEvent::RemoteDescriptionSet if carrier => Budget::restarted(&mut self.queue),
            ConnectionEvent::Received { packets } if carrier => self.received(packets),
            ConnectionEvent::Heartbeat(heartbeat) if carrier => self.recovery.liveness.heartbeat(heartbeat),
            _ => {}
        }
    }

    fn link_is_up(&mut self, first: bool) {
        self.recovery.budget.connected(&mut self.queue);
        if first {
            self.fresh = false;
            // What the connection before it was silent for is not this one's silence.
            self.recovery.liveness.begin();
            // Its channel may have opened before, and whatever the one before it carried may not have arrived.
            self.chat.channel_opened();
        }
        self.set_pulse();
    }

    fn in_band(&mut self, message: InBand) {
        match message {
            InBand::Bye => self.membership.leave(),
            InBand::Voice(voice) => {
                let wanted = self.membership.voice().on;
                self.membership.voice_in_band(voice);
                self.note_peer_voice(wanted);
            }
            InBand::Signal(envelope) => self.signal(envelope),
            InBand::Typing(typing) => self.peer_typing(typing.on),
            message => self.chat_in_band(message),
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
        let judged = self.recovery.liveness.received(packets);
        match judged {
            Silence::None => {
                self.recovery.liveness.proved();
                self.queue.push(Output::ClearTimer(Timer::Restart));
                self.negotiation.set_silent(false);
                if was_silent && self.negotiation.is_connected() {
                    self.recovery.budget.connected(&mut self.queue);
                }
            }
            Silence::Long => self.negotiation.set_silent(true),
            Silence::Short | Silence::Suspicious => {}
        }
        if let Some(fact) = silence(judged, was_silent, self.recovery.liveness.is_whole_second()) {
            self.recover(fact);
        }
    }

    pub(super) fn microphone_event(&mut self, id: OpId, event: MicrophoneEvent) {
        if !self.voice.microphone_event(id, event, &mut self.queue) {
            return;
        }
        let mut hopeless = self.recovery.budget.given_up().is_some();
        for id in self.negotiation.ids() {
            self.queue.push(Output::Connection { id, command: ConnectionCommand::SendMicrophone });
        }
        hopeless |= self.negotiation.attempt().is_some_and(|a| a.concealed && a.link != LinkState::Connected);
        // Candidates made before the grant hide this host's addresses for good: begin again with better ones.
        if hopeless {
            self.recovery.budget.refresh(&mut self.queue);
            self.recover(Fact::MicrophoneGranted);
        }
    }

    pub(super) fn timer_fired(&mut self, timer: Timer, late: u32) {
        if timer.judges() && late > TOO_LATE_MS {
            return self.judge_later(timer);
        }
        match timer {
            Timer::Rejoin if self.socket.is_none() && self.may_rejoin() => self.connect(),
            Timer::Connect => self.try_is_over(),
            Timer::Pulse => self.pulse(),
            Timer::Restart => self.recover(Fact::RestartUseless),
            Timer::Probe if self.probe.is_some() => {
                if self.recovery.liveness.is_doubtful() {
                    // Both are silent: that is no pause of speech.
                    self.negotiation.set_silent(true);
                }
                self.recover(Fact::SocketSilent);
            }
            Timer::Idle => self.socket_idle(),
            Timer::Join if !self.is_joined() && self.socket.is_some() => {
                self.recovery.budget.join_timed_out();
                self.recover(Fact::JoinTooLong);
            }
            Timer::Outbox => self.chat.resume(),
            Timer::Leave if self.leaving => self.end(SessionReason::Left),
            Timer::Rejoin | Timer::Leave | Timer::Probe | Timer::Join => {}
            Timer::PeerTyping => self.peer_typing(false),
        }
    }

    /// No connection in its time.
    fn try_is_over(&mut self) {
        self.recover(Fact::ConnectTooLong);
        self.role.into_iter().for_each(|role| self.recovery.budget.attempt_began(role, &mut self.queue));
    }

    fn set_pulse(&mut self) -> u32 {
        let after = self.recovery.liveness.pulse();
        self.queue.push(Output::SetTimer { timer: Timer::Pulse, after, spread: false });
        after
    }

    fn pulse(&mut self) {
        if let Some(id) = self.negotiation.carrier().map(|a| a.id) {
            let next = self.set_pulse();
            self.queue.push(Output::Connection { id, command: ConnectionCommand::Pulse { next } });
        }
    }

    /// Hidden or seen: the other is told at once how often heartbeats come now, before the browser slows the timers down.
    pub(super) fn hide(&mut self, hidden: bool) {
        self.recovery.liveness.hide(hidden);
        self.pulse();
    }

    /// Nothing runs in this page from now on, until it is thawed.
    pub(super) fn freeze(&mut self) {
        if let Some(id) = self.negotiation.carrier().map(|a| a.id) {
            self.queue.push(Output::Connection { id, command: ConnectionCommand::Pulse { next: FROZEN_MS } });
        }
    }

    /// The verdict would be about a time that this side slept through: what is asked anew counts.
    fn judge_later(&mut self, timer: Timer) {
        match timer {
            Timer::Connect => self.role.into_iter().for_each(|role| self.recovery.budget.arm(role, &mut self.queue)),
            Timer::Pulse => {
                self.woke();
                self.pulse();
            }
            Timer::Restart => Budget::restarted(&mut self.queue),
            Timer::Probe => self.probe_anew(),
            Timer::Join => self.recovery.budget.joining(true, &self.recovery.liveness, &mut self.queue),
            _ => {}
        }
    }
}
