//! Offer and answer: which peer connection is the running one, and which signals belong to it.
//!
//! Only the offerer offers, so two offers can't meet. Every signal names the offerer's attempt; what belongs to another is
//! counted and dropped. A connected attempt that is to be replaced stays open until its successor is connected: should its
//! path come back first, it simply goes on. What still brings sound then is handed over by `handover.rs`.

use super::addresses::candidate_type;
use super::attempt::{Attempt, Beginning, Exchange, Flow};
use super::handover::Leaving;
use super::quiet::without_candidates;
use crate::identity::Identity;
use crate::input::{ConnectionEvent, LinkState};
use crate::op_id::OpId;
use crate::output::{ConnectionCommand, Note, Output};
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::{Candidate, Envelope, InstanceId, Role, SignalBody, UserId};

/// Who found a relay since the two were connected last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Relays {
    /// This side has a relayed address.
    pub(super) here: bool,
    /// The other has one.
    pub(super) there: bool,
    /// A relay had no room for this side.
    pub(super) busy: bool,
}

/// The offer/answer exchange of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Negotiation {
    pub(super) me: Identity,
    /// The number of our newest signal.
    pub(super) sequence: u32,
    /// How many attempts we have begun as offerer.
    pub(super) attempts: u32,
    /// The newest attempt.
    pub(super) attempt: Option<Attempt>,
    /// The attempt before, which was connected and may come back, while the newest is not connected.
    pub(super) former: Option<Attempt>,
    /// The browser goes on with candidates that come after `failed`.
    pub(super) revives: bool,
    /// The connection that the newest, which is connected, takes over from.
    pub(super) leaving: Option<Leaving>,
    /// Pulses for which the former has carried the sound beside its successor.
    pub(super) beside: u32,
    /// Foundations given to candidates for a revival.
    pub(super) foundations: u32,
    /// A `restart` request that the server has not taken: it travels with the next handshake, whether the data channel
    /// carried it or not.
    pub(super) unsent_request: Option<Envelope>,
    /// The newest offer of the other that we have not accepted.
    pub(super) offer: Option<Envelope>,
    /// Candidates of that offer.
    pub(super) offer_candidates: Vec<Candidate>,
    /// The newest attempt that the other's instance began, so that older ones stay over.
    pub(super) newest_offer: Option<(InstanceId, u32)>,
    /// Numbers of the signals that were taken, and the instance that they are of.
    pub(super) seen: Vec<u32>,
    pub(super) seen_of: Option<InstanceId>,
    /// Signals up to this number travelled with the handshake.
    pub(super) in_handshake: u32,
    /// Signals up to this number travelled with a knock of the connect under way.
    pub(super) in_knock: u32,
    /// Offers that the server has not acknowledged, with the number of their attempt.
    pub(super) requests: Vec<(OpId, u32)>,
    /// Who found a relay.
    pub(super) relays: Relays,
    /// This person wants to hear the other.
    pub(super) audible: bool,
    /// How many signals were dropped.
    pub(super) dropped: u32,
}

impl Negotiation {
    pub(super) fn new(me: Identity, revives: bool) -> Self {
        Self {
            me,
            sequence: 0,
            attempts: 0,
            attempt: None,
            former: None,
            leaving: None,
            revives,
            beside: 0,
            foundations: 0,
            unsent_request: None,
            offer: None,
            offer_candidates: Vec::new(),
            newest_offer: None,
            seen: Vec::new(),
            seen_of: None,
            in_handshake: 0,
            in_knock: 0,
            requests: Vec::new(),
            relays: Relays::default(),
            audible: false,
            dropped: 0,
        }
    }

    /// Begins a new attempt as offerer in the place of the newest.
    pub(super) fn offer(&mut self, peer: &UserId, beginning: Beginning, out: &mut Outputs) {
        self.retire(out);
        self.attempts = self.attempts.wrapping_add(1);
        let attempt = Attempt::new(out.next_id(), Role::Offerer, self.attempts, self.me.instance.clone(), None);
        let withheld = beginning.quiet.then(Vec::new);
        let Beginning { ice_servers, own_context, .. } = beginning;
        let command = ConnectionCommand::Offer { ice_servers, own_context };
        self.begin(Attempt { withheld, ..attempt }, peer, command, out);
    }

    /// Accepts the newest offer, if one lies ready. `passive`: see [`ConnectionCommand::Accept`].
    pub(super) fn accept(&mut self, peer: &UserId, beginning: Beginning, passive: bool, out: &mut Outputs) {
        let Some(Envelope { body: SignalBody::Offer { sdp }, attempt: number, instance, .. }) = self.offer.take()
        else {
            return;
        };
        let held = std::mem::take(&mut self.offer_candidates);
        let complete = (false, held.iter().any(Candidate::is_end));
        self.retire(out);
        let with = Some(instance.clone());
        let attempt = Attempt::new(out.next_id(), Role::Answerer, number, instance, with);
        let Beginning { ice_servers, own_context, quiet } = beginning;
        let sdp = if quiet { without_candidates(&sdp) } else { sdp };
        let attempt = Attempt { held, complete, withheld: quiet.then(Vec::new), ..attempt };
        self.begin(attempt, peer, ConnectionCommand::Accept { ice_servers, sdp, own_context, passive }, out);
    }

    fn begin(&mut self, attempt: Attempt, peer: &UserId, command: ConnectionCommand, out: &mut Outputs) {
        let Attempt { id, role, number, .. } = attempt;
        let offerer = attempt.offerer.clone();
        out.push(Output::Log(Note::Roles { role, peer: peer.clone(), offerer, attempt: number }));
        out.push(Output::Connection { id, command });
        // It gathers with the newest servers.
        out.clear_timer(Timer::Ice);
        self.attempt = Some(Attempt { revives: self.revives, ..attempt });
        self.play_alone(out);
    }

    /// Closes everything without a word to the other.
    pub(super) fn close(&mut self, out: &mut Outputs) {
        self.forget_request();
        if let Some(attempt) = self.attempt.take() {
            out.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Close });
        }
        self.end_handover(out);
        self.close_former(out);
    }

    /// The former attempt and what was asked about it were with an instance of the other that is over.
    pub(super) fn forget_former(&mut self, out: &mut Outputs) {
        self.close_former(out);
        self.end_handover(out);
        self.unsent_request = None;
    }

    /// Makes room for a new attempt. A connected one stays open beside it, unless its browser has given it up for good.
    pub(super) fn retire(&mut self, out: &mut Outputs) {
        self.end_handover(out);
        match self.attempt.take() {
            Some(attempt) if attempt.may_come_back() => {
                self.close_former(out);
                self.former = Some(attempt);
            }
            Some(attempt) => out.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Close }),
            None => {}
        }
    }

    /// Forgets what the other's former instance offered.
    pub(super) fn forget_offer(&mut self) {
        self.offer = None;
        self.offer_candidates.clear();
    }

    /// The newest attempt.
    pub(crate) fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    /// The attempt that carries the sound, or carried it last.
    pub(crate) fn carrier(&self) -> Option<&Attempt> {
        self.former.as_ref().or(self.attempt.as_ref().filter(|a| a.was_connected()))
    }

    pub(super) fn carrier_mut(&mut self) -> Option<&mut Attempt> {
        self.former.as_mut().or(self.attempt.as_mut().filter(|a| a.was_connected()))
    }

    pub(crate) fn is_carrier(&self, id: OpId) -> bool {
        self.carrier().is_some_and(|a| a.id == id)
    }

    pub(super) fn is_newest(&self, id: OpId) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.id == id)
    }

    /// The open connections.
    pub(super) fn ids(&self) -> Vec<OpId> {
        let attempts = [&self.attempt, &self.former].into_iter().flatten().map(|a| a.id);
        attempts.chain(self.leaving.map(|leaving| leaving.id)).collect()
    }

    /// Whether a new connection is being made: the newest attempt does not carry the sound.
    pub(crate) fn is_rebuilding(&self) -> bool {
        self.former.is_some() || self.attempt.as_ref().is_none_or(|a| !a.was_connected())
    }

    /// Whether an offer is out and unanswered, or has come and is not accepted yet.
    pub(crate) fn is_offering(&self) -> bool {
        self.offer.is_some() || self.has_offered()
    }

    pub(super) fn has_offered(&self) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.exchange == Exchange::Offered)
    }

    pub(super) fn has_offer(&self) -> bool {
        self.offer.is_some()
    }

    /// A connection was up and brings nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.carrier().is_some_and(|a| a.flow == Flow::Silent)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.carrier().is_some_and(Attempt::is_alive)
    }

    /// Nothing comes over the connection that carries the sound any more.
    pub(super) fn fell_silent(&mut self) {
        if let Some(carrier) = self.carrier_mut() {
            carrier.flow = Flow::Silent;
        }
    }

    /// Packets come over the connection that carries the sound (if it is connected again): what flows needs nothing.
    pub(super) fn flows(&mut self, out: &mut Outputs) {
        if let Some(carrier) = self.carrier_mut().filter(|a| a.link == LinkState::Connected) {
            carrier.flow = Flow::Flowing;
            carrier.failures = 0;
            carrier.serve();
            self.unsent_request = None;
        }
        self.take_up(out);
    }

    /// Looks for another path on the running connection, unless that is being done already; tells whether it begins.
    pub(super) fn restart(&mut self, out: &mut Outputs) -> bool {
        let offerer = |a: &&mut Attempt| a.role == Role::Offerer && a.exchange == Exchange::Served;
        let Some(attempt) = self.attempt.as_mut().filter(offerer) else { return false };
        attempt.renew();
        attempt.generation = attempt.generation.wrapping_add(1);
        out.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Restart });
        true
    }

    /// Takes what an open connection reports of itself.
    pub(super) fn connection_event(&mut self, id: OpId, event: &ConnectionEvent, joined: bool, out: &mut Outputs) {
        let newest = self.is_newest(id);
        let Some(attempt) = self.attempt.as_mut().into_iter().chain(&mut self.former).find(|a| a.id == id) else {
            return;
        };
        match event {
            ConnectionEvent::LocalDescription { sdp } if newest => {
                let sdp = if attempt.is_quiet() { without_candidates(sdp) } else { sdp.clone() };
                let body = match attempt.role {
                    Role::Offerer => SignalBody::Offer { sdp },
                    Role::Answerer => SignalBody::Answer { sdp },
                };
                self.say_of_attempt(body, joined, out);
            }
            ConnectionEvent::LocalCandidate(candidate) => {
                attempt.addresses.found(candidate);
                self.relays.here |= is_relayed(candidate);
                attempt.complete.0 |= candidate.is_end();
                attempt.found |= !candidate.is_end();
                if let Some(withheld) = &mut attempt.withheld {
                    withheld.push(candidate.clone());
                } else if newest {
                    self.say_of_attempt(SignalBody::Candidate(candidate.clone()), joined, out);
                }
            }
            ConnectionEvent::RemoteDescriptionSet => {
                for candidate in attempt.remote_description_set() {
                    out.push(Output::Connection { id, command: ConnectionCommand::AddCandidate(candidate) });
                }
            }
            ConnectionEvent::Link(LinkState::Connected) => {
                attempt.link = LinkState::Connected;
                if attempt.flow == Flow::Never {
                    attempt.flow = Flow::Flowing;
                }
                attempt.serve();
                self.unsent_request = None;
            }
            ConnectionEvent::Link(LinkState::Connecting) if !attempt.was_connected() => {
                attempt.link = LinkState::Connecting;
            }
            ConnectionEvent::Link(LinkState::Failed) if attempt.fails_too_early() => {}
            ConnectionEvent::Link(LinkState::Failed) => {
                attempt.link = LinkState::Failed;
                attempt.failures = attempt.failures.saturating_add(1);
            }
            ConnectionEvent::Broken => {
                attempt.link = LinkState::Failed;
                attempt.revives = false;
            }
            ConnectionEvent::Channel { open } => attempt.channel_open = *open,
            ConnectionEvent::Figures { path: Some(path), .. } => attempt.path = Some(*path),
            ConnectionEvent::Carries(means) => attempt.means = *means,
            ConnectionEvent::RelayBusy => self.relays.busy = true,
            // Whether a link that was up still is, what arrives over it tells sooner and better than these two words.
            ConnectionEvent::Link(LinkState::Connecting | LinkState::Interrupted)
            | ConnectionEvent::LocalDescription { .. }
            | ConnectionEvent::InBand(_)
            | ConnectionEvent::Unreadable
            | ConnectionEvent::Received(_)
            | ConnectionEvent::Figures { path: None, .. }
            | ConnectionEvent::Captured { .. }
            | ConnectionEvent::Hushed(_)
            | ConnectionEvent::Heartbeat(_) => {}
        }
        if self.former.as_ref().is_some_and(|a| !a.may_come_back()) {
            self.close_former(out);
        }
        // A successor that failed is of no use any more, and the former goes on if it can.
        if newest
            && matches!(event, ConnectionEvent::Link(LinkState::Failed) | ConnectionEvent::Broken)
            && self.is_void(id)
        {
            out.push(Output::Connection { id, command: ConnectionCommand::Close });
        }
    }

    /// The newest attempt has not failed.
    pub(super) fn is_trying(&self, id: OpId) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.id == id && a.link != LinkState::Failed)
    }

    /// The other has answered our newest offer, or we theirs.
    pub(super) fn is_negotiated(&self) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.exchange >= Exchange::Negotiated)
    }

    /// Whether that is a successor that failed, and was closed for it, while the former attempt may go on.
    pub(super) fn is_void(&self, id: OpId) -> bool {
        let failed = |a: &Attempt| a.id == id && !a.was_connected() && a.link == LinkState::Failed;
        self.former.is_some() && self.attempt.as_ref().is_some_and(failed)
    }

    /// The waiting offer now lies with this instance of the other.
    pub(super) fn taken(&mut self, number: Option<u32>, with: Option<&InstanceId>) {
        if let Some(attempt) = &mut self.attempt
            && attempt.role == Role::Offerer
            && attempt.with.is_none()
            && number.is_none_or(|n| n == attempt.number)
        {
            attempt.with = with.cloned();
        }
    }

    /// Whether the running attempt is with another instance than this one.
    pub(super) fn is_with_other_than(&self, instance: Option<&InstanceId>) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.with.is_some() && a.with.as_ref() != instance)
    }
}

/// A candidate that goes through a relay (RFC 8839 section 5.1).
pub(super) fn is_relayed(candidate: &Candidate) -> bool {
    candidate_type(&candidate.candidate) == Some("relay")
}

#[cfg(test)]
mod tests;
