//! What the server says: the socket's life, the other person, and their signals.

use super::{Phase, Session, TYPING_MS};
use crate::input::{OpId, SocketEvent};
use crate::negotiation::Signalled;
use crate::output::{ClientEvent, Event, Output};
use crate::reason::SessionReason;
use crate::recovery::{Budget, Fact};
use crate::role::Role;
use crate::timer::Timer;
use crate::wire::{
    Acknowledgement, Envelope, Notice, PeerInfo, Presence, Refusal, RestartWhy, SignalBody, Typing, VERSION,
    VoiceStatus, Welcome,
};

impl Session {
    pub(super) fn connect(&mut self) {
        self.queue.push(Output::ClearTimer(Timer::Rejoin));
        let id = self.queue.next_id();
        self.socket = Some(id);
        let fresh_token = !self.token_taken;
        self.queue.push(Output::ConnectSocket { id, fresh_token });
        // A token comes from the app, which may take its time.
        let eager = self.ever_joined && self.voice.on && !fresh_token;
        self.recovery.budget.joining(eager, &self.recovery.liveness, &mut self.queue);
    }

    pub(super) fn may_rejoin(&self) -> bool {
        !self.suspended
            && matches!(
                self.phase,
                Phase::Joining | Phase::Joined | Phase::Offline(SessionReason::SignalingUnreachable)
            )
    }

    pub(super) fn drop_socket(&mut self) {
        if let Some(id) = self.socket.take() {
            self.queue.push(Output::CloseSocket { id });
        }
        self.probe = None;
        for timer in [Timer::Probe, Timer::Idle, Timer::Join] {
            self.queue.push(Output::ClearTimer(timer));
        }
        self.chat.disconnected();
    }

    /// Asks the server for a sign of life. A doubt that comes later makes a patient question a pressing one.
    pub(super) fn probe(&mut self, doubted: bool) {
        if !self.is_joined() {
            return;
        }
        let pressing = self.probe.is_some_and(|(_, pressing)| pressing);
        let id = self.probe.map_or_else(|| self.queue.emit(ClientEvent::Probe), |(id, _)| id);
        if self.probe.is_none() || (doubted && !pressing) {
            self.recovery.budget.probing(doubted, &mut self.queue);
            self.probe = Some((id, doubted));
        }
    }

    /// What a question that was slept through might have been answered is not known: another one is asked.
    pub(super) fn probe_anew(&mut self) {
        self.probe = None;
        self.queue.push(Output::ClearTimer(Timer::Probe));
        self.probe(true);
    }

    /// A half-open socket says nothing for ever; this side asks. Without voice, Socket.IO's own ping is soon enough.
    pub(super) fn socket_idle(&mut self) {
        if self.is_joined() {
            if !std::mem::take(&mut self.socket_heard) && self.voice.on {
                self.probe(false);
            }
            Budget::idle(&mut self.queue);
        }
    }

    /// Another socket in the place of this one, which is not waited for: its close may take a minute.
    pub(super) fn replace_socket(&mut self) {
        self.drop_socket();
        if self.is_joined() {
            self.offline(SessionReason::SignalingUnreachable);
        }
        if self.leaving {
            self.end(SessionReason::Left);
        } else if self.may_rejoin() {
            self.connect();
        }
    }

    pub(super) fn offline(&mut self, reason: SessionReason) {
        self.chat.disconnected();
        self.peer_typing(false);
        self.phase = Phase::Offline(reason);
    }

    pub(super) fn new_token(&mut self) {
        self.refused_once = false;
        self.token_taken = false;
        if self.phase == Phase::Offline(SessionReason::Unauthorized) && !self.suspended {
            self.offline(SessionReason::SignalingUnreachable);
            self.connect();
        }
    }

    pub(super) fn socket_event(&mut self, event: SocketEvent) {
        self.socket_heard = true;
        match event {
            SocketEvent::Welcome(welcome) => self.welcome(*welcome),
            SocketEvent::Refused(refusal) => self.refused(&refusal),
            SocketEvent::Closed => {
                self.drop_socket();
                self.offline(SessionReason::SignalingUnreachable);
                if self.leaving {
                    self.end(SessionReason::Left);
                } else {
                    self.recover(Fact::SocketClosed);
                }
            }
            SocketEvent::Peer(peer) => self.peer(peer),
            SocketEvent::Signal(envelope) => self.signal(envelope),
            SocketEvent::Chat(delivery) => {
                self.peer_typing(false);
                self.chat.deliver(delivery.messages, &mut self.queue);
            }
            SocketEvent::Receipt(receipt) => self.chat.receipt(&receipt),
            SocketEvent::Typing(on) => self.peer_typing(on),
            SocketEvent::Notice(notice) => self.notice(&notice),
        }
    }

    pub(super) fn welcome(&mut self, welcome: Welcome) {
        if welcome.v != VERSION {
            return self.end(SessionReason::VersionMismatch);
        }
        self.phase = Phase::Joined;
        self.ever_joined = true;
        self.refused_once = false;
        self.token_taken = true;
        self.ice_servers = welcome.ice_servers;
        self.recovery.budget.welcomed(&mut self.queue);
        if !self.negotiation.is_connected() {
            self.recovery.budget.refresh(&mut self.queue);
        }
        match (welcome.peer, self.membership.user().cloned()) {
            (Some(peer), _) => self.peer(peer),
            // The server knows of nobody else: whoever we knew is not there, unless the link itself shows them.
            (None, Some(user_id)) => self.peer(PeerInfo {
                user_id,
                instance: None,
                presence: Presence::Absent,
                left: false,
                welcomes: 0,
                voice: VoiceStatus::default(),
            }),
            (None, None) => {}
        }
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        for envelope in welcome.signals {
            self.signal(envelope);
        }
        self.negotiation.rejoined(&mut self.queue);
        if self.voice.is_wanted() {
            self.recover(Fact::Welcome);
        }
        self.chat.welcome(welcome.chat, &mut self.queue);
        if self.typing {
            self.queue.emit(ClientEvent::Typing(Typing { on: true }));
        }
    }

    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.drop_socket();
        self.token_taken = false;
        match refusal.code.as_str() {
            "unauthorized" if self.token_renews && !self.refused_once => {
                self.refused_once = true;
                self.connect();
            }
            "unauthorized" if self.ever_joined => self.offline(SessionReason::Unauthorized),
            "unauthorized" => self.end(SessionReason::Unauthorized),
            "session-full" => self.end(SessionReason::SessionFull),
            "opened-elsewhere" => self.end(SessionReason::OpenedElsewhere),
            "version-mismatch" => self.end(SessionReason::VersionMismatch),
            "same-user" => self.end(SessionReason::SameUser),
            _ => {
                self.offline(SessionReason::SignalingUnreachable);
                self.recovery.budget.rejoin(self.voice.on, &mut self.queue);
            }
        }
    }

    pub(super) fn notice(&mut self, notice: &Notice) {
        if notice.code == "opened-elsewhere" {
            self.end(SessionReason::OpenedElsewhere);
        }
    }

    pub(super) fn acknowledged(&mut self, request: OpId, answer: Option<Acknowledgement>, took: u32) {
        if answer.is_some() {
            self.socket_heard = true;
            self.recovery.budget.acknowledged(took);
            if self.probe.is_some_and(|(id, _)| id == request) {
                self.probe = None;
                self.queue.push(Output::ClearTimer(Timer::Probe));
            }
        }
        let outcome = answer.as_ref().and_then(|a| a.outcome);
        self.negotiation.acknowledged(request, outcome, self.membership.instance());
        self.chat.acknowledged(request, answer, &mut self.queue);
    }

    // The other

    pub(super) fn peer(&mut self, mut peer: PeerInfo) {
        if peer.user_id == self.user {
            return;
        }
        let present = peer.presence == Presence::Present;
        if peer.instance.is_none() && self.negotiation.is_connected() {
            // A server that has just started has not met them; the link knows better.
            peer.voice = self.membership.voice();
        }
        let wanted = self.membership.voice().on;
        let change = self.membership.update(peer);
        // Signals may follow in the same breath, and what becomes of an offer depends on the role.
        self.elect();
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        self.note_peer_voice(wanted);
        let instance = self.membership.instance().cloned();
        if change.instance {
            self.negotiation.forget_offer();
            self.negotiation.forget_former(&mut self.queue);
            if self.negotiation.is_with_other_than(instance.as_ref()) {
                self.negotiation.close(&mut self.queue);
            }
            self.recovery.budget.reset(&mut self.queue);
        }
        if present {
            self.negotiation.taken(None, instance.as_ref());
        }
        if change.welcomed && present {
            if !self.negotiation.is_connected() {
                self.recovery.budget.refresh(&mut self.queue);
            }
            self.negotiation.peer_rejoined(&mut self.queue);
        }
    }

    /// Voice off and on again is a new beginning, on both sides.
    pub(super) fn note_peer_voice(&mut self, wanted: bool) {
        if wanted && !self.membership.voice().on && self.recovery.budget.given_up().is_some() {
            self.recovery.budget.reset(&mut self.queue);
        }
    }

    pub(super) fn peer_typing(&mut self, on: bool) {
        if on {
            self.queue.push(Output::SetTimer { timer: Timer::PeerTyping, after: TYPING_MS, spread: false });
        } else if self.peer_typing {
            self.queue.push(Output::ClearTimer(Timer::PeerTyping));
        }
        if self.peer_typing != on {
            self.peer_typing = on;
            self.queue.push(Output::Event(Event::Typing(on)));
        }
    }

    pub(super) fn signal(&mut self, envelope: Envelope) {
        match self.negotiation.signal(envelope, self.membership.instance(), &mut self.queue) {
            Signalled::Nothing => {}
            // Somebody is trying: that is a new budget for this side too.
            Signalled::Offered if self.role == Some(Role::Answerer) => {
                if self.recovery.budget.given_up().is_some() {
                    self.recovery.budget.refresh(&mut self.queue);
                }
            }
            Signalled::Offered => self.negotiation.forget_offer(),
            Signalled::Lost => self.say(SignalBody::Restart { why: RestartWhy::Failed }),
            Signalled::Restart(why) => self.asked(why),
            Signalled::Ended => {
                self.negotiation.close(&mut self.queue);
                self.recovery.budget.reset(&mut self.queue);
            }
            Signalled::GaveUp(_) if self.role == Some(Role::Offerer) => {}
            Signalled::GaveUp(reason) => {
                self.negotiation.close(&mut self.queue);
                self.negotiation.forget_offer();
                self.recovery.budget.give_up(reason, &mut self.queue);
            }
        }
    }

    fn asked(&mut self, why: RestartWhy) {
        if self.voice.is_wanted() {
            if matches!(why, RestartWhy::Granted | RestartWhy::Person) && !self.negotiation.is_connected() {
                self.recovery.budget.refresh(&mut self.queue);
            }
            self.recover(Fact::Asked(why));
        }
    }

    pub(super) fn say(&mut self, body: SignalBody) {
        self.negotiation.say(body, self.phase == Phase::Joined, &mut self.queue);
    }
}
