//! What the other says, by the server or over the data channel, and what peer connections report.

use super::Session;
use crate::decision::Fact;
use crate::input::ConnectionEvent;
use crate::op_id::OpId;
use crate::reason::SessionReason;
use crate::wire::{Envelope, InBand, PeerInfo, Presence};

impl Session {
    pub(super) fn peer_changed(&mut self, mut info: PeerInfo, in_welcome: bool) {
        if info.user_id == self.me.user {
            return;
        }
        let present = info.presence == Presence::Present;
        if info.instance.is_none() && self.call.is_connected() {
            // A server that has just started has not met them; the link knows better.
            info.voice = self.peer.voice();
        }
        let wanted = self.peer.voice().on;
        let change = self.peer.update(info, in_welcome);
        // Signals may follow in the same breath, and what becomes of an offer depends on the role.
        self.elect();
        if self.signalling.is_ended() {
            return;
        }
        self.compare_intent(wanted);
        let instance = self.peer.instance().cloned();
        if change.instance {
            self.call.peer_replaced(instance.as_ref(), &mut self.out);
            self.learn(Fact::PeerReplaced);
        }
        if present {
            self.call.peer_present(instance.as_ref());
        }
        if change.welcomed && present {
            self.learn(Fact::PeerReturned);
            self.call.peer_rejoined(&mut self.out);
        }
    }

    /// Voice off and on again is a new beginning, on both sides.
    pub(super) fn compare_intent(&mut self, wanted: bool) {
        if wanted && !self.peer.voice().on && self.call.given_up().is_some() {
            self.learn(Fact::PeerVoiceOff);
        }
    }

    pub(super) fn elect(&mut self) {
        if let Some(peer) = self.peer.user()
            && self.call.elect(&self.me.user, peer).is_err()
        {
            self.end(SessionReason::SameUser);
        }
    }

    pub(super) fn signal(&mut self, envelope: Envelope) {
        if self.signalling.is_ended() {
            return;
        }
        let joined = self.signalling.is_joined();
        let fact = self.call.signal(envelope, self.peer.instance(), joined, &mut self.out);
        // A request of the answerer's is for somebody who wants voice.
        let void = matches!(fact, Some(Fact::Asked(_))) && !self.call.wants_link();
        self.learn_any(fact.filter(|_| !void));
    }

    pub(super) fn connection_event(&mut self, id: OpId, event: ConnectionEvent) {
        match event {
            ConnectionEvent::InBand(message) => self.in_band(*message),
            ConnectionEvent::Unreadable => self.count_unreadable("in-band"),
            event => {
                let joined = self.signalling.is_joined();
                let fact = self.call.connection_event(id, &event, joined, &mut self.out);
                self.learn_any(fact);
            }
        }
    }

    pub(super) fn in_band(&mut self, message: InBand) {
        let Some(peer) = self.peer.user().cloned() else { return };
        match message {
            InBand::Bye => self.peer.leave(),
            InBand::Voice(voice) => {
                let wanted = self.peer.voice().on;
                self.peer.voice_in_band(voice);
                self.compare_intent(wanted);
            }
            InBand::Signal(envelope) => self.signal(envelope),
            InBand::Data(data) => self.data.take(data, &mut self.out),
            InBand::Typing(typing) => self.peer.types(typing.on, &mut self.out),
            InBand::Chat(copies) => {
                self.peer.types(false, &mut self.out);
                self.chat.take_copies(&peer, copies, &mut self.out);
            }
            InBand::ChatReceipt(receipt) => self.chat.copies_received(receipt),
            InBand::ChatWithdrawn(id) => self.chat.copy_withdrawn(&peer, &id),
        }
    }
}
