//! The conclusions that hold whatever happened.

use super::{Interruption, Session};
use crate::call::Surroundings;
use crate::data::Way;
use crate::decision::Fact;
use crate::output::{Event, Note, Output};
use crate::reason::SessionReason;
use crate::signalling::Stay;
use crate::view::voice_state;
use crate::wire::VoiceState;

impl Session {
    /// Draws the conclusions that hold whatever happened.
    pub(super) fn settle(&mut self) {
        if !self.signalling.is_ended() {
            self.elect();
        }
        if !self.signalling.is_ended() {
            self.conclude_presence();
            if let Some(fact) = self.pursue() {
                self.learn(fact);
                self.pursue();
            }
            self.knock();
            if self.signalling.is_joined() {
                self.chat.flush(&mut self.out);
            }
            if self.call.negotiation().can_send_in_band() {
                for message in self.chat.copies() {
                    self.call.send_in_band(message, &mut self.out);
                }
            }
            self.flush_data();
            if self.signalling.stay() == Stay::Leaving && self.chat.unsent() == 0 {
                self.end(SessionReason::Left);
            }
        }
        self.refresh_view();
    }

    /// The call does what is called for. The other is told of it before anything follows from it.
    fn pursue(&mut self) -> Option<Fact> {
        let now = self.surroundings();
        let fact = self.call.pursue(&now, &mut self.out);
        let status = self.call.status(self.voice_state());
        self.call.tell(status, now.joined, &mut self.out);
        fact
    }

    /// App data goes over the data channel, or by the server to somebody who is there.
    fn flush_data(&mut self) {
        self.data.meet(self.peer.instance(), &mut self.out);
        let negotiation = self.call.negotiation();
        let channel = negotiation.carrier().filter(|_| negotiation.can_send_in_band()).map(|carrier| carrier.id);
        let is_there = self.signalling.is_joined() && self.peer.is_connected();
        let server =
            || self.signalling.socket_id().filter(|_| is_there).map(|id| Way::Server(id, self.peer.welcomes()));
        let way = channel.map(Way::Channel).or_else(server);
        for message in self.data.flush(way, &mut self.out) {
            self.call.send_in_band(message, &mut self.out);
        }
    }

    pub(super) fn conclude_presence(&mut self) {
        if self.peer.conclude_presence(self.call.is_connected()) {
            self.call.peer_gone(self.peer.has_left(), &mut self.out);
            self.learn(Fact::PeerGone);
            self.peer.types(false, &mut self.out);
            if let Some(peer) = self.peer.user() {
                self.out.push(Output::Event(Event::PeerLeft(peer.clone())));
            }
        }
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        Surroundings {
            joined: self.signalling.is_joined(),
            met: self.signalling.was_met(),
            staying: self.signalling.stay() == Stay::Here,
            peer: self.peer.user().cloned(),
            peer_voice: self.peer.voice(),
            peer_presence: self.peer.presence(),
        }
    }

    pub(super) fn voice_state(&self) -> VoiceState {
        voice_state(&self.signalling, &self.call, &self.peer)
    }

    pub(super) fn refresh_view(&mut self) {
        let state = self.voice_state();
        if state != self.view.voice.state {
            self.out.push(Output::Log(Note::Voice(state)));
        }
        match (state, self.interruption) {
            (VoiceState::Reconnecting, Interruption::None) => {
                let id = self.out.next_id();
                self.interruption = Interruption::Asked(id);
                self.out.push(Output::ReadClock { id });
            }
            (VoiceState::Reconnecting, _) => {}
            _ => self.interruption = Interruption::None,
        }
        let since = if let Interruption::At(at) = self.interruption { Some(at) } else { None };
        self.view.refresh(&self.signalling, &self.call, &self.peer, since);
    }
}
