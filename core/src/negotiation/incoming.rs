//! What the other's signals change: offers, answers, candidates, wishes.

use super::Negotiation;
use crate::id::InstanceId;
use crate::output::{ConnectionCommand, Note, Output};
use crate::queue::Queue;
use crate::reason::VoiceReason;
use crate::role::Role;
use crate::wire::{Candidate, Envelope, RestartWhy, SignalBody};

/// Candidates kept for an offer that is not accepted yet, or an answer that is not here yet.
const MAX_HELD_CANDIDATES: usize = 64;

/// What a signal asks of the session, after negotiation took what concerns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signalled {
    /// Nothing more.
    Nothing,
    /// A new offer lies ready.
    Offered,
    /// An ICE restart of a connection that is not here any more.
    Lost,
    /// The answerer asks for a new connection.
    Restart(RestartWhy),
    /// The other ended the attempt.
    Ended,
    /// The offerer stopped trying.
    GaveUp(VoiceReason),
}

impl Negotiation {
    /// Takes a signal of the other's instance `from`, the newest that is known.
    pub(crate) fn signal(&mut self, envelope: Envelope, from: Option<&InstanceId>, queue: &mut Queue) -> Signalled {
        let kind = envelope.body.kind();
        let taken = self.take(envelope, from, queue);
        if taken.is_none() {
            queue.push(Output::Log(Note::Dropped { kind }));
        }
        taken.unwrap_or(Signalled::Nothing)
    }

    fn take(&mut self, envelope: Envelope, from: Option<&InstanceId>, queue: &mut Queue) -> Option<Signalled> {
        if from != Some(&envelope.instance) || envelope.to.as_ref().is_some_and(|to| *to != self.instance) {
            return None;
        }
        if self.seen_of.as_ref() != Some(&envelope.instance) {
            self.seen_of = Some(envelope.instance.clone());
            self.seen.clear();
        }
        if self.seen.contains(&envelope.sequence) {
            return None;
        }
        let sequence = envelope.sequence;
        let taken = self.take_unseen(envelope, queue);
        // What was of no use now, as a candidate before its offer, may be said again.
        if taken.is_some() {
            self.seen.push(sequence);
        }
        taken
    }

    fn take_unseen(&mut self, envelope: Envelope, queue: &mut Queue) -> Option<Signalled> {
        match &envelope.body {
            SignalBody::Offer { sdp } if envelope.generation > 0 => {
                let running = self.attempt.as_mut().filter(|a| {
                    a.role == Role::Answerer && a.number == envelope.attempt && a.offerer == envelope.instance
                });
                let Some(attempt) = running else {
                    let newest =
                        self.newest.as_ref().is_some_and(|(i, n)| (i, *n) == (&envelope.instance, envelope.attempt));
                    return newest.then_some(Signalled::Lost);
                };
                if envelope.generation <= attempt.generation {
                    return None;
                }
                attempt.renew();
                attempt.generation = envelope.generation;
                let command = ConnectionCommand::AcceptRestart { sdp: sdp.clone() };
                queue.push(Output::Connection { id: attempt.id, command });
                Some(Signalled::Nothing)
            }
            SignalBody::Offer { .. } => {
                let newer = match &self.newest {
                    Some((instance, number)) => *instance != envelope.instance || envelope.attempt > *number,
                    None => true,
                };
                if !newer {
                    return None;
                }
                self.newest = Some((envelope.instance.clone(), envelope.attempt));
                self.offer_candidates.clear();
                self.offer = Some(envelope);
                Some(Signalled::Offered)
            }
            SignalBody::Answer { sdp } => {
                let attempt = self.attempt.as_mut().filter(|a| {
                    a.is_offering() && (a.number, a.generation) == (envelope.attempt, envelope.generation)
                })?;
                attempt.answered = true;
                attempt.with = Some(envelope.instance.clone());
                attempt.said.retain(|e| !matches!(e.body, SignalBody::Offer { .. }));
                let command = ConnectionCommand::Answer { sdp: sdp.clone() };
                queue.push(Output::Connection { id: attempt.id, command });
                Some(Signalled::Nothing)
            }
            SignalBody::Candidate(candidate) => {
                if let Some(offer) = &self.offer
                    && offer.attempt == envelope.attempt
                {
                    return hold(&mut self.offer_candidates, candidate.clone());
                }
                let attempt = self
                    .attempt
                    .as_mut()
                    .filter(|a| (a.number, a.generation) == (envelope.attempt, envelope.generation))?;
                if attempt.remote_set {
                    let command = ConnectionCommand::AddCandidate(candidate.clone());
                    queue.push(Output::Connection { id: attempt.id, command });
                    Some(Signalled::Nothing)
                } else {
                    hold(&mut attempt.held, candidate.clone())
                }
            }
            SignalBody::Restart { why: RestartWhy::Failed | RestartWhy::Silent | RestartWhy::Moved }
                if !self.concerns(&envelope) =>
            {
                None
            }
            // An offer to mend their connection comes too late.
            SignalBody::Restart { why: why @ (RestartWhy::Failed | RestartWhy::Moved) }
                if self.attempt.as_ref().is_some_and(|a| a.was_connected) =>
            {
                Some(Signalled::Restart(*why))
            }
            SignalBody::Restart { why } => (!self.is_offering()).then_some(Signalled::Restart(*why)),
            SignalBody::End => {
                if self.offer.as_ref().is_some_and(|o| o.attempt <= envelope.attempt) {
                    self.forget_offer();
                    return Some(Signalled::Ended);
                }
                let running = self.attempt.as_ref()?;
                (running.number == envelope.attempt).then_some(Signalled::Ended)
            }
            SignalBody::GiveUp { reason } => Some(Signalled::GaveUp(*reason)),
        }
    }

    /// Whether a word of the answerer is about the running connection as it is now.
    fn concerns(&self, envelope: &Envelope) -> bool {
        self.attempt
            .as_ref()
            .is_some_and(|a| a.number == envelope.attempt && (a.generation == envelope.generation || a.is_offering()))
    }
}

fn hold(held: &mut Vec<Candidate>, candidate: Candidate) -> Option<Signalled> {
    if held.len() >= MAX_HELD_CANDIDATES {
        return None;
    }
    held.push(candidate);
    Some(Signalled::Nothing)
}
