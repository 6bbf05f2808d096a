//! What the other's signals change: offers, answers, candidates, requests.

use super::attempt::{Attempt, Exchange};
use super::negotiation::{Negotiation, is_relayed};
use super::quiet::without_candidates;
use crate::input::LinkState;
use crate::output::{ConnectionCommand, Note, Output};
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::{Candidate, Envelope, InstanceId, RestartWhy, Role, SignalBody, VoiceReason};

/// Candidates kept for an offer that is not accepted yet, or an answer that is not here yet.
const MAX_HELD_CANDIDATES: usize = 64;

/// What a signal asks of the call, after negotiation took what concerns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signalled {
    /// Nothing more.
    Nothing,
    /// The other made a new offer, which lies ready.
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
    pub(crate) fn signal(&mut self, envelope: Envelope, from: Option<&InstanceId>, out: &mut Outputs) -> Signalled {
        let kind = envelope.body.kind();
        let taken = self.take(envelope, from, out);
        if taken.is_none() {
            self.dropped = self.dropped.wrapping_add(1);
            out.push(Output::Log(Note::Dropped { kind, count: self.dropped }));
        }
        taken.unwrap_or(Signalled::Nothing)
    }

    fn take(&mut self, envelope: Envelope, from: Option<&InstanceId>, out: &mut Outputs) -> Option<Signalled> {
        if from != Some(&envelope.instance) || envelope.to.as_ref().is_some_and(|to| *to != self.me.instance) {
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
        let asks = matches!(envelope.body, SignalBody::Restart { .. });
        let taken = self.take_unseen(envelope, out);
        // What was of no use now, as a candidate before its offer, may be said again; a request that came too late is none later.
        if taken.is_some() || asks {
            self.seen.push(sequence);
        }
        taken
    }

    fn take_unseen(&mut self, envelope: Envelope, out: &mut Outputs) -> Option<Signalled> {
        match &envelope.body {
            SignalBody::Offer { sdp } if envelope.generation > 0 => {
                self.go_back_to(envelope.attempt, &envelope.instance, out);
                let running = self.attempt.as_mut().filter(|a| {
                    a.role == Role::Answerer && a.number == envelope.attempt && a.offerer == envelope.instance
                });
                let Some(attempt) = running else {
                    let newest = self
                        .newest_offer
                        .as_ref()
                        .is_some_and(|(i, n)| (i, *n) == (&envelope.instance, envelope.attempt));
                    return newest.then_some(Signalled::Lost);
                };
                if envelope.generation <= attempt.generation {
                    return None;
                }
                attempt.renew();
                attempt.remote.clear();
                attempt.generation = envelope.generation;
                let sdp = if attempt.is_quiet() { without_candidates(sdp) } else { sdp.clone() };
                let command = ConnectionCommand::AcceptRestart { sdp };
                out.push(Output::Connection { id: attempt.id, command });
                // It gathers with the newest servers.
                out.clear_timer(Timer::Ice);
                // The offerer goes on with this connection: what it offered since, and nobody accepted, is over.
                self.forget_offer();
                Some(Signalled::Nothing)
            }
            SignalBody::Offer { .. } => {
                let newer = match &self.newest_offer {
                    Some((instance, number)) => *instance != envelope.instance || envelope.attempt > *number,
                    None => true,
                };
                if !newer {
                    return None;
                }
                self.newest_offer = Some((envelope.instance.clone(), envelope.attempt));
                self.offer_candidates.clear();
                self.offer = Some(envelope);
                Some(Signalled::Offered)
            }
            SignalBody::Answer { sdp } => {
                let attempt = self.attempt.as_mut().filter(|a| {
                    a.exchange == Exchange::Offered
                        && (a.number, a.generation) == (envelope.attempt, envelope.generation)
                })?;
                attempt.exchange = Exchange::Answered;
                attempt.remote.clear();
                attempt.with = Some(envelope.instance.clone());
                attempt.said.retain(|e| !matches!(e.body, SignalBody::Offer { .. }));
                let sdp = if attempt.is_quiet() { without_candidates(sdp) } else { sdp.clone() };
                let command = ConnectionCommand::Answer { sdp };
                out.push(Output::Connection { id: attempt.id, command });
                Some(Signalled::Nothing)
            }
            SignalBody::Candidate(candidate) => {
                if let Some(offer) = &self.offer
                    && offer.attempt == envelope.attempt
                {
                    self.relays.there |= is_relayed(candidate);
                    return hold(&mut self.offer_candidates, candidate.clone());
                }
                let attempt = self
                    .attempt
                    .as_mut()
                    .filter(|a| (a.number, a.generation) == (envelope.attempt, envelope.generation))
                    .filter(|a| a.was_connected() || a.link != LinkState::Failed)?;
                attempt.complete.1 |= candidate.is_end();
                self.relays.there |= is_relayed(candidate);
                if attempt.exchange >= Exchange::Negotiated && !attempt.is_quiet() {
                    attempt.keep(candidate);
                    let command = ConnectionCommand::AddCandidate(candidate.clone());
                    out.push(Output::Connection { id: attempt.id, command });
                    Some(Signalled::Nothing)
                } else {
                    hold(&mut attempt.held, candidate.clone())
                }
            }
            SignalBody::Restart {
                why: RestartWhy::Failed | RestartWhy::Silent | RestartWhy::Moved | RestartWhy::Path,
            } if !self.concerns(&envelope) => None,
            // Their connection can't be mended any more: an offer that is out comes too late.
            SignalBody::Restart { why: why @ (RestartWhy::Failed | RestartWhy::Moved) }
                if self.attempt.as_ref().is_some_and(Attempt::was_connected) =>
            {
                Some(Signalled::Restart(*why))
            }
            SignalBody::Restart { why } => (!self.has_offered()).then_some(Signalled::Restart(*why)),
            SignalBody::End => {
                if self.offer.as_ref().is_some_and(|o| o.attempt <= envelope.attempt) {
                    self.forget_offer();
                    return Some(Signalled::Ended);
                }
                let running = match &self.attempt {
                    Some(attempt) => attempt.number == envelope.attempt,
                    // One that was set aside: what was begun after it is over as well.
                    None => self.former.as_ref()?.number <= envelope.attempt,
                };
                running.then_some(Signalled::Ended)
            }
            SignalBody::GiveUp { reason } => Some(Signalled::GaveUp(*reason)),
        }
    }

    /// Whether a request of the answerer is about the running connection as it is now.
    fn concerns(&self, envelope: &Envelope) -> bool {
        self.attempt.as_ref().is_some_and(|a| {
            a.number == envelope.attempt && (a.generation == envelope.generation || a.exchange == Exchange::Offered)
        })
    }
}

fn hold(held: &mut Vec<Candidate>, candidate: Candidate) -> Option<Signalled> {
    if held.len() >= MAX_HELD_CANDIDATES {
        return None;
    }
    held.push(candidate);
    Some(Signalled::Nothing)
}
