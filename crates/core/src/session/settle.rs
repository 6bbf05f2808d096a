//! The conclusions that hold whatever happened.

use super::{Interruption, Session};
use crate::call::Surroundings;
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
            let now = self.surroundings();
            self.call.pursue(&now, &mut self.out);
            let status = self.call.status(self.voice_state());
            self.call.tell(status, now.joined, &mut self.out);
            self.knock();
            if now.joined {
                self.chat.flush(&mut self.out);
            }
            if self.call.negotiation().can_send_in_band() {
                for message in self.chat.copies() {
                    self.call.send_in_band(message, &mut self.out);
                }
            }
            if self.signalling.stay() == Stay::Leaving && self.chat.unsent() == 0 {
                self.end(SessionReason::Left);
            }
        }
        self.refresh_view();
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
