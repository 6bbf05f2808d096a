//! The first words by HTTP: what a call needs does not wait for a socket.

use super::Session;
use crate::input::KnockAnswer;
use crate::op_id::OpId;
use crate::output::Output;
use crate::signalling::Words;
use crate::wire::{Envelope, Handshake, IceServers, Knocked, VERSION};

impl Session {
    /// Knocks if there is something that must not wait for the socket.
    pub(super) fn knock(&mut self) {
        let connecting = self.signalling.has_socket() && !self.signalling.is_joined();
        let words = if connecting { self.call.first_words() } else { Words::None };
        if self.signalling.may_knock(words) {
            let (id, fresh) = self.signalling.knock(&mut self.out);
            let signals = self.call.knock_signals();
            let handshake = Box::new(self.handshake(String::new(), signals));
            self.out.push(Output::Knock { id, handshake, fresh });
        }
    }

    pub(super) fn handshake(&self, token: String, signals: Vec<Envelope>) -> Handshake {
        Handshake {
            v: VERSION,
            token,
            session_id: self.me.session.clone(),
            user_id: self.me.user.clone(),
            instance: self.me.instance.clone(),
            since: self.chat.since(),
            log: self.chat.log().map(str::to_owned),
            tip: self.chat.tip(),
            voice: self.call.status(self.voice_state()),
            signals,
            check: false,
        }
    }

    pub(super) fn knocked(&mut self, id: OpId, answer: KnockAnswer) {
        let of_this_connect = self.signalling.knocked(id, &answer);
        let KnockAnswer::Let(knocked) = answer else { return };
        // The socket that came meanwhile knows better; what was handed out is good all the same.
        let Knocked { v, peer, signals, ice_servers, ice_lifetime } = *knocked;
        if v != VERSION {
            return;
        }
        if of_this_connect {
            self.call.set_ice_servers(IceServers { ice_servers, ice_lifetime }, &mut self.out);
            self.call.ice_servers_are_new();
            if let Some(peer) = peer {
                self.peer_changed(peer, false);
            }
        }
        for envelope in signals {
            self.signal(envelope);
        }
    }
}
