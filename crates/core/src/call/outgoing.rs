//! What this side says about attempts: by the server while it can, else over the data channel, and again after a
//! reconnection.

use super::attempt::{Attempt, Exchange};
use super::negotiation::Negotiation;
use crate::op_id::OpId;
use crate::output::{ConnectionCommand, Output};
use crate::outputs::Outputs;
use crate::signalling::Words;
use crate::wire::{ClientEvent, Envelope, InBand, InstanceId, Outcome, Role, SignalBody};

impl Negotiation {
    /// Says a description or a candidate of the newest attempt, and keeps it until it has served.
    pub(super) fn say_of_attempt(&mut self, body: SignalBody, joined: bool, out: &mut Outputs) {
        let envelope = self.envelope(body);
        if let Some(attempt) = &mut self.attempt
            && (attempt.exchange < Exchange::Served || matches!(envelope.body, SignalBody::Answer { .. }))
        {
            attempt.said.push(envelope.clone());
        }
        self.send(envelope, joined, out);
    }

    /// Says something about the running attempt, or about the newest when none runs.
    pub(super) fn say(&mut self, body: SignalBody, joined: bool, out: &mut Outputs) {
        let envelope = self.envelope(body);
        self.send(envelope, joined, out);
    }

    fn envelope(&mut self, body: SignalBody) -> Envelope {
        self.sequence = self.sequence.wrapping_add(1);
        let generation = self.attempt.as_ref().map_or(0, |a| a.generation);
        let (attempt, to) = match &self.attempt {
            Some(a) if a.role == Role::Answerer => (a.number, Some(a.offerer.clone())),
            Some(a) => (a.number, None),
            None => (self.newest_offer.as_ref().map_or(self.attempts, |newest| newest.1), None),
        };
        Envelope {
            session: self.me.session.clone(),
            user: self.me.user.clone(),
            instance: self.me.instance.clone(),
            to,
            attempt,
            generation,
            sequence: self.sequence,
            body,
        }
    }

    fn send(&mut self, envelope: Envelope, joined: bool, out: &mut Outputs) {
        if joined {
            let offer = matches!(envelope.body, SignalBody::Offer { .. });
            let number = envelope.attempt;
            let request = out.emit(ClientEvent::Signal(envelope));
            if offer {
                self.requests.push((request, number));
            }
            return;
        }
        if matches!(envelope.body, SignalBody::Restart { .. }) {
            self.unsent_request = Some(envelope.clone());
        }
        if self.can_send_in_band() {
            self.send_in_band(InBand::Signal(envelope), out);
        }
    }

    /// What the server did with an offer: one that was handed to an instance of the other belongs to that instance.
    pub(super) fn acknowledged(&mut self, request: OpId, outcome: Option<Outcome>, with: Option<&InstanceId>) {
        let Some(index) = self.requests.iter().position(|(r, _)| *r == request) else { return };
        let (_, number) = self.requests.swap_remove(index);
        if outcome == Some(Outcome::Delivered) {
            self.taken(Some(number), with);
        }
    }

    /// The signals that ride along with a handshake that is being sent.
    pub(super) fn handshake_signals(&mut self) -> Vec<Envelope> {
        self.in_handshake = self.sequence;
        let said = self.attempt.as_ref().map(|a| a.said.as_slice()).unwrap_or_default();
        said.iter().chain(&self.unsent_request).cloned().collect()
    }

    /// Another connect begins, and nothing was said by its knocks.
    pub(super) fn begin_knocks(&mut self) {
        self.in_knock = 0;
    }

    /// What there is to say before a socket is open.
    pub(super) fn first_words(&self) -> Words {
        let said = self.attempt.as_ref().map(|a| a.said.as_slice()).unwrap_or_default();
        let is_description = |e: &Envelope| matches!(e.body, SignalBody::Offer { .. } | SignalBody::Answer { .. });
        let unsaid = |e: &&Envelope| e.sequence > self.in_knock;
        let making = self.attempt.as_ref().is_some_and(|a| a.exchange < Exchange::Negotiated);
        if self.unsent_request.iter().any(|e| unsaid(&e)) || said.iter().filter(unsaid).any(is_description) {
            Words::News
        } else if making && !said.iter().any(is_description) {
            // It comes within some milliseconds, and then goes with what is said.
            Words::None
        } else if said.iter().any(|e| unsaid(&e)) {
            Words::Candidates
        } else if self.has_offered() || self.unsent_request.is_some() {
            Words::Patience
        } else {
            Words::Presence
        }
    }

    /// The signals that go with a knock: those that no knock has carried.
    pub(super) fn knock_signals(&mut self) -> Vec<Envelope> {
        let carried = std::mem::replace(&mut self.in_knock, self.sequence);
        let said = self.attempt.as_ref().map(|a| a.said.as_slice()).unwrap_or_default();
        said.iter().chain(&self.unsent_request).filter(|e| e.sequence > carried).cloned().collect()
    }

    /// Our own socket is back: what its handshake could not carry yet goes out.
    pub(super) fn rejoined(&mut self, out: &mut Outputs) {
        let carried = self.in_handshake;
        self.requests.clear();
        if let Some(request) = self.unsent_request.take().filter(|request| request.sequence > carried) {
            self.send(request, true, out);
        }
        self.say_again(carried, out);
    }

    /// The other's socket is back: all that it may have missed goes out again, unchanged.
    pub(super) fn peer_rejoined(&mut self, out: &mut Outputs) {
        self.say_again(0, out);
    }

    fn say_again(&mut self, after: u32, out: &mut Outputs) {
        let Some(attempt) = &self.attempt else { return };
        let again: Vec<Envelope> = attempt.said.iter().filter(|e| e.sequence > after).cloned().collect();
        for envelope in again {
            self.send(envelope, true, out);
        }
    }

    pub(crate) fn can_send_in_band(&self) -> bool {
        self.carrier().is_some_and(|a: &Attempt| a.channel_open && a.is_alive())
    }

    /// Sends over the reliable data channel.
    pub(crate) fn send_in_band(&self, message: InBand, out: &mut Outputs) {
        if let Some(attempt) = self.carrier() {
            let command = ConnectionCommand::InBand(Box::new(message));
            out.push(Output::Connection { id: attempt.id, command });
        }
    }
}
