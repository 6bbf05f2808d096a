//! What the server says, and the socket's life.

use super::Session;
use crate::decision::Fact;
use crate::input::{AppFault, SocketEvent};
use crate::op_id::OpId;
use crate::output::{Note, Output};
use crate::reason::SessionReason;
use crate::recovery;
use crate::signalling::{Refused, Stay, Urgency};
use crate::wire::{Acknowledgement, Code, IceServers, Notice, PeerInfo, Refusal, ServerEvent, VERSION, Welcome, name};

impl Session {
    pub(super) fn urgency(&self) -> Urgency {
        Urgency { voice: self.call.voice().on, round_trip: self.call.round_trip() }
    }

    pub(super) fn connect(&mut self, hinted: bool) {
        let urgency = self.urgency();
        self.call.begin_knocks();
        self.signalling.connect(urgency, hinted, &mut self.out);
    }

    pub(super) fn drop_socket(&mut self) {
        self.signalling.drop_socket(&mut self.out);
        self.chat.disconnected();
        self.call.disconnected();
    }

    pub(super) fn go_offline(&mut self, reason: SessionReason) {
        self.chat.disconnected();
        self.call.disconnected();
        self.peer.types(false, &mut self.out);
        self.signalling.go_offline(reason);
    }

    /// Another socket takes the place of this one, which is not waited for: its close may take a minute.
    pub(super) fn replace_socket(&mut self, hinted: bool) {
        self.drop_socket();
        if self.signalling.is_joined() {
            self.go_offline(SessionReason::SignalingUnreachable);
        }
        if self.signalling.stay() == Stay::Leaving {
            self.end(SessionReason::Left);
        } else if self.signalling.may_join() {
            self.connect(hinted);
        }
    }

    pub(super) fn new_token(&mut self) {
        if self.signalling.new_token() {
            // With a token that failed, the next try may be under way.
            self.drop_socket();
            self.go_offline(SessionReason::SignalingUnreachable);
            self.connect(false);
        }
    }

    pub(super) fn socket_event(&mut self, id: OpId, event: SocketEvent) {
        match event {
            SocketEvent::TokenAtHand => self.signalling.token_at_hand(),
            SocketEvent::HandshakeWanted { token } => self.send_handshake(id, token),
            SocketEvent::Token(token) => self.signalling.renew(token, &mut self.out),
            SocketEvent::Server(event) => {
                self.signalling.heard();
                self.server_event(event);
            }
            SocketEvent::Unreadable { event } => {
                self.signalling.heard();
                self.count_unreadable(event);
                if event == name::WELCOME {
                    self.end(SessionReason::VersionMismatch);
                }
            }
            SocketEvent::Refused(refusal) => self.refused(&refusal),
            SocketEvent::Closed => {
                self.signalling.ask_why(&mut self.out);
                self.socket_lost(self.signalling.unreachable());
            }
            SocketEvent::AppFailed { fault, cause } => self.app_failed(fault, cause),
        }
    }

    pub(super) fn server_event(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Welcome(welcome) => self.welcome(*welcome),
            ServerEvent::Peer(peer) => self.peer_changed(peer, false),
            ServerEvent::Signal(envelope) => self.signal(envelope),
            ServerEvent::Chat(delivery) => {
                self.peer.types(false, &mut self.out);
                self.chat.deliver(delivery.messages, &mut self.out);
            }
            ServerEvent::Receipt(receipt) => self.chat.receipt(&receipt),
            ServerEvent::Typing(typing) => self.peer.types(typing.on, &mut self.out),
            ServerEvent::Data(data) => self.data.take(data, &mut self.out),
            ServerEvent::Ice(ice) => self.call.set_ice_servers(ice, &mut self.out),
            ServerEvent::Notice(notice) => self.notice(&notice),
        }
    }

    pub(super) fn socket_lost(&mut self, reason: SessionReason) {
        self.drop_socket();
        self.go_offline(reason);
        if self.signalling.stay() == Stay::Leaving {
            self.end(SessionReason::Left);
        } else {
            self.learn(Fact::SocketClosed);
        }
    }

    pub(super) fn app_failed(&mut self, fault: AppFault, cause: String) {
        let reason = self.signalling.app_failed(fault, cause, &mut self.out);
        if let Some(reason) = reason {
            self.socket_lost(reason);
        }
    }

    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.drop_socket();
        match self.signalling.refused(refusal, &mut self.out) {
            Refused::Again => self.connect(false),
            Refused::Later(reason) => self.socket_lost(reason),
            Refused::Offline(reason) => self.go_offline(reason),
            Refused::End(reason) => self.end(reason),
        }
    }

    pub(super) fn send_handshake(&mut self, id: OpId, token: String) {
        let status = self.call.status(self.voice_state());
        let signals = self.call.handshake(status);
        let handshake = self.handshake(token, signals);
        self.out.push(Output::Handshake { id, handshake: Box::new(handshake) });
    }

    pub(super) fn welcome(&mut self, welcome: Welcome) {
        if welcome.v != VERSION {
            return self.end(SessionReason::VersionMismatch);
        }
        let Welcome { peer, signals, chat, ice_servers, ice_lifetime, .. } = welcome;
        self.signalling.welcomed(&mut self.out);
        self.call.set_ice_servers(IceServers { ice_servers, ice_lifetime }, &mut self.out);
        // Budgets are new before what waited is looked at: it may hold that the other gave up just now.
        self.note(Fact::Welcome);
        // When the server knows of nobody else, whoever we knew is not there, unless the link itself shows them.
        if let Some(peer) = peer.or_else(|| self.peer.user().cloned().map(PeerInfo::unmet)) {
            self.peer_changed(peer, true);
        }
        for envelope in signals {
            self.signal(envelope);
        }
        if self.signalling.is_ended() {
            return;
        }
        self.call.rejoined(&mut self.out);
        let decision = recovery::decide(Fact::Welcome, &self.signalling, &self.call);
        self.obey(decision);
        self.chat.welcome(chat, &mut self.out);
    }

    pub(super) fn notice(&mut self, notice: &Notice) {
        match notice.code {
            Code::OpenedElsewhere => self.end(SessionReason::OpenedElsewhere),
            Code::TokenExpiring => self.signalling.token_expires(&mut self.out),
            Code::Unauthorized => self.signalling.token_void(notice.after_ms.unwrap_or_default()),
            Code::Restarting => self.signalling.server_restarts(notice.after_ms.unwrap_or_default()),
            _ => {}
        }
    }

    pub(super) fn acknowledged(&mut self, request: OpId, answer: Option<Acknowledgement>, took: u32) {
        if let Some(answer) = &answer {
            self.signalling.acknowledged(request, answer.ok, took, &mut self.out);
        }
        let outcome = answer.as_ref().and_then(|a| a.outcome);
        self.call.acknowledged(request, outcome, self.peer.instance());
        self.data.acknowledged(request, answer.as_ref(), &mut self.out);
        self.chat.acknowledged(request, answer, &mut self.out);
    }

    pub(super) fn count_unreadable(&mut self, event: &'static str) {
        self.unreadable = self.unreadable.wrapping_add(1);
        self.out.push(Output::Log(Note::Unreadable { event, count: self.unreadable }));
    }
}
