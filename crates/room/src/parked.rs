//! Signals that wait in their sender's seat until the other comes.

use std::collections::VecDeque;

use pairvoice_wire::{Envelope, InstanceId, MAX_PARKED_BYTES, MAX_PARKED_SIGNALS, SignalBody};

/// The signals that one seat has parked, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Parked(VecDeque<Envelope>);

impl Parked {
    /// Keeps a signal; tells whether there was room. A newer offer wipes what belongs to older attempts. Knock and handshake of a
    /// client both bring what nobody has answered: a copy of what is here adds nothing.
    pub(crate) fn keep(&mut self, envelope: Envelope) -> bool {
        if matches!(envelope.body, SignalBody::Offer { .. }) {
            self.0.retain(|parked| parked.attempt >= envelope.attempt);
        }
        if self.0.iter().any(|parked| parked.instance == envelope.instance && parked.sequence == envelope.sequence) {
            return true;
        }
        let held: usize = self.0.iter().map(Envelope::size).sum();
        let fits = self.0.len() < MAX_PARKED_SIGNALS && held + envelope.size() <= MAX_PARKED_BYTES;
        if fits {
            // Requests may overtake each other: what belongs together is handed out in the order in which it was said.
            let later = |parked: &Envelope| parked.instance == envelope.instance && parked.sequence > envelope.sequence;
            let place = self.0.iter().position(later).unwrap_or(self.0.len());
            self.0.insert(place, envelope);
        }
        fits
    }

    /// Nothing of the sender is wanted any more.
    pub(crate) fn wipe(&mut self) {
        self.0.clear();
    }

    /// That attempt was answered.
    pub(crate) fn answered(&mut self, attempt: u32) {
        self.0.retain(|parked| parked.attempt != attempt);
    }

    /// Gives everything to an instance of the other, but for what is meant for another life of theirs.
    pub(crate) fn hand_out(&mut self, to: &InstanceId) -> Vec<Envelope> {
        std::mem::take(&mut self.0).into_iter().filter(|e| e.to.as_ref().is_none_or(|wanted| wanted == to)).collect()
    }
}
