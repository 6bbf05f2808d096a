//! Offer and answer: which peer connection is the running one, and which signals belong to it.
//!
//! Only the offerer offers, so two offers can't meet. Every signal names the offerer's attempt; what belongs to another is
//! counted and dropped. A connection that was up and is to be replaced is kept until its successor is connected: should its
//! path come back first, it simply goes on.

mod attempt;
mod incoming;

pub(crate) use attempt::Attempt;
pub(crate) use incoming::Signalled;

use crate::id::{InstanceId, SessionId, UserId};
use crate::input::{ConnectionEvent, LinkState, OpId};
use crate::output::{ClientEvent, ConnectionCommand, Note, Output};
use crate::queue::Queue;
use crate::role::Role;
use crate::wire::{Candidate, Envelope, IceServer, InBand, Outcome, SignalBody};

/// The offer/answer exchange of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Negotiation {
    session: SessionId,
    user: UserId,
    instance: InstanceId,
    sequence: u32,
    attempts: u32,
    /// The newest.
    attempt: Option<Attempt>,
    /// The one before, which was up and may come back, while the newest is not connected.
    former: Option<Attempt>,
    /// A wish that the server could not carry; it travels with the next handshake, whether the link carried it or not.
    unsaid: Option<Envelope>,
    /// The newest offer and its candidates, while our own intent is off.
    offer: Option<Envelope>,
    offer_candidates: Vec<Candidate>,
    /// The newest attempt that the other life began, so that older ones stay over.
    newest: Option<(InstanceId, u32)>,
    seen: Vec<u32>,
    seen_of: Option<InstanceId>,
    /// Signals up to this one travelled with the handshake.
    in_handshake: u32,
    requests: Vec<(OpId, u32)>,
}

impl Negotiation {
    pub(crate) fn new(session: SessionId, user: UserId, instance: InstanceId) -> Self {
        Self {
            session,
            user,
            instance,
            sequence: 0,
            attempts: 0,
            attempt: None,
            former: None,
            unsaid: None,
            offer: None,
            offer_candidates: Vec::new(),
            newest: None,
            seen: Vec::new(),
            seen_of: None,
            in_handshake: 0,
            requests: Vec::new(),
        }
    }

    /// Begins a new attempt as offerer in the place of the one before. `fresh`: see [`ConnectionCommand::Offer`].
    pub(crate) fn offer(&mut self, peer: &UserId, ice_servers: Vec<IceServer>, fresh: bool, queue: &mut Queue) {
        self.retire(queue);
        self.attempts = self.attempts.wrapping_add(1);
        let (number, offerer) = (self.attempts, self.instance.clone());
        let id = self.begin(Role::Offerer, number, offerer, None, peer, queue);
        queue.push(Output::Connection { id, command: ConnectionCommand::Offer { ice_servers, fresh } });
        self.play_alone(queue);
    }

    /// Accepts the newest offer, if one lies ready.
    pub(crate) fn accept(&mut self, peer: &UserId, ice_servers: Vec<IceServer>, fresh: bool, queue: &mut Queue) {
        let Some(offer) = self.offer.take() else { return };
        let SignalBody::Offer { sdp } = offer.body else { return };
        let held = std::mem::take(&mut self.offer_candidates);
        self.retire(queue);
        let with = Some(offer.instance.clone());
        let id = self.begin(Role::Answerer, offer.attempt, offer.instance, with, peer, queue);
        if let Some(attempt) = &mut self.attempt {
            attempt.held = held;
            attempt.answered = true;
        }
        queue.push(Output::Connection { id, command: ConnectionCommand::Accept { ice_servers, sdp, fresh } });
        self.play_alone(queue);
    }

    /// What nothing else plays beside may be played as soon as it comes.
    fn play_alone(&self, queue: &mut Queue) {
        if let (Some(attempt), None) = (&self.attempt, &self.former) {
            queue.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Play });
        }
    }

    fn begin(
        &mut self,
        role: Role,
        number: u32,
        offerer: InstanceId,
        with: Option<InstanceId>,
        peer: &UserId,
        queue: &mut Queue,
    ) -> OpId {
        let id = queue.next_id();
        queue.push(Output::Log(Note::Roles { role, peer: peer.clone(), offerer: offerer.clone(), attempt: number }));
        self.attempt = Some(Attempt::new(id, role, number, offerer, with));
        id
    }

    /// Closes everything without a word to the other.
    pub(crate) fn close(&mut self, queue: &mut Queue) {
        self.unsaid = None;
        if let Some(attempt) = self.attempt.take() {
            queue.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Close });
        }
        self.close_former(queue);
    }

    /// The former one is over: its successor is played from now on.
    fn close_former(&mut self, queue: &mut Queue) {
        if let Some(former) = self.former.take() {
            queue.push(Output::Connection { id: former.id, command: ConnectionCommand::Close });
            self.play_alone(queue);
        }
    }

    /// Makes room for a new attempt. One that was up is kept beside it, unless its browser has given it up.
    pub(crate) fn retire(&mut self, queue: &mut Queue) {
        match self.attempt.take() {
            Some(attempt) if attempt.may_come_back() => {
                self.close_former(queue);
                self.former = Some(attempt);
            }
            Some(attempt) => queue.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Close }),
            None => {}
        }
    }

    /// Forgets what the other's former life offered.
    pub(crate) fn forget_offer(&mut self) {
        self.offer = None;
        self.offer_candidates.clear();
    }

    /// The newest attempt.
    pub(crate) fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    /// The one that carries the sound, or carried it last.
    pub(crate) fn carrier(&self) -> Option<&Attempt> {
        self.former.as_ref().or(self.attempt.as_ref().filter(|a| a.was_connected))
    }

    fn carrier_mut(&mut self) -> Option<&mut Attempt> {
        self.former.as_mut().or(self.attempt.as_mut().filter(|a| a.was_connected))
    }

    /// Whether that is the one that carries the sound.
    pub(crate) fn is_carrier(&self, id: OpId) -> bool {
        self.carrier().is_some_and(|a| a.id == id)
    }

    /// The open connections.
    pub(crate) fn ids(&self) -> Vec<OpId> {
        [&self.attempt, &self.former].into_iter().flatten().map(|a| a.id).collect()
    }

    /// Whether a connection of this name is open.
    pub(crate) fn knows(&self, id: OpId) -> bool {
        self.ids().contains(&id)
    }

    /// Whether a new connection is being made in the place of one that was up.
    pub(crate) fn is_rebuilding(&self) -> bool {
        self.former.is_some() || self.attempt.as_ref().is_none_or(|a| !a.was_connected)
    }

    pub(crate) fn has_offer(&self) -> bool {
        self.offer.is_some()
    }

    pub(crate) fn is_offering(&self) -> bool {
        self.attempt.as_ref().is_some_and(Attempt::is_offering)
    }

    /// The link was up and brings nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.carrier().is_some_and(|a| a.silent)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.carrier().is_some_and(Attempt::is_alive)
    }

    /// Nothing comes over the link any more, or something does again.
    pub(crate) fn set_silent(&mut self, silent: bool) {
        if let Some(carrier) = self.carrier_mut() {
            carrier.silent = silent;
            if !silent {
                carrier.serve();
                // What flows needs nothing.
                self.unsaid = None;
            }
        }
    }

    /// Looks for another path on the running connection, unless that is being done already.
    pub(crate) fn restart(&mut self, queue: &mut Queue) {
        let Some(attempt) = self.attempt.as_mut().filter(|a| a.role == Role::Offerer && a.is_served()) else {
            return;
        };
        attempt.renew();
        attempt.answered = false;
        attempt.generation = attempt.generation.wrapping_add(1);
        queue.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Restart });
    }

    /// Takes a report of an open connection.
    pub(crate) fn connection_event(&mut self, id: OpId, event: &ConnectionEvent, joined: bool, queue: &mut Queue) {
        let newest = self.attempt.as_ref().is_some_and(|a| a.id == id);
        let Some(attempt) = self.attempt.as_mut().into_iter().chain(&mut self.former).find(|a| a.id == id) else {
            return;
        };
        match event {
            ConnectionEvent::LocalDescription { sdp } if newest => {
                let body = match attempt.role {
                    Role::Offerer => SignalBody::Offer { sdp: sdp.clone() },
                    Role::Answerer => SignalBody::Answer { sdp: sdp.clone() },
                };
                self.say_of_attempt(body, joined, queue);
            }
            ConnectionEvent::LocalCandidate(candidate) => {
                attempt.found(candidate);
                if newest {
                    self.say_of_attempt(SignalBody::Candidate(candidate.clone()), joined, queue);
                }
            }
            ConnectionEvent::RemoteDescriptionSet => {
                attempt.remote_set = true;
                for candidate in std::mem::take(&mut attempt.held) {
                    queue.push(Output::Connection { id, command: ConnectionCommand::AddCandidate(candidate) });
                }
            }
            ConnectionEvent::Link(state) => {
                // Whether a link that was up still is, what arrives over it tells sooner and better than these two words.
                let vague = attempt.was_connected && *state == LinkState::Connecting;
                if *state != LinkState::Interrupted && !vague {
                    attempt.link = *state;
                }
                if *state == LinkState::Connected {
                    attempt.was_connected = true;
                    attempt.serve();
                    self.unsaid = None;
                    if newest {
                        self.close_former(queue);
                    }
                }
            }
            ConnectionEvent::Broken => attempt.link = LinkState::Failed,
            ConnectionEvent::Channel { open } => attempt.channel_open = *open,
            ConnectionEvent::Path(path) => attempt.path = Some(*path),
            ConnectionEvent::LocalDescription { .. }
            | ConnectionEvent::InBand(_)
            | ConnectionEvent::Received { .. }
            | ConnectionEvent::Heartbeat(_) => {}
        }
        if self.former.as_ref().is_some_and(|a| !a.may_come_back()) {
            self.close_former(queue);
        }
    }

    fn say_of_attempt(&mut self, body: SignalBody, joined: bool, queue: &mut Queue) {
        let envelope = self.envelope(body);
        if let Some(attempt) = &mut self.attempt
            && (!attempt.served || matches!(envelope.body, SignalBody::Answer { .. }))
        {
            attempt.said.push(envelope.clone());
        }
        self.send(envelope, joined, queue);
    }

    /// Says something about the running attempt, or about the newest when none runs.
    pub(crate) fn say(&mut self, body: SignalBody, joined: bool, queue: &mut Queue) {
        let envelope = self.envelope(body);
        self.send(envelope, joined, queue);
    }

    fn envelope(&mut self, body: SignalBody) -> Envelope {
        self.sequence = self.sequence.wrapping_add(1);
        let generation = self.attempt.as_ref().map_or(0, |a| a.generation);
        let (attempt, to) = match &self.attempt {
            Some(a) if a.role == Role::Answerer => (a.number, Some(a.offerer.clone())),
            Some(a) => (a.number, None),
            None => (self.newest.as_ref().map_or(self.attempts, |n| n.1), None),
        };
        Envelope {
            session: self.session.clone(),
            user: self.user.clone(),
            instance: self.instance.clone(),
            to,
            attempt,
            generation,
            sequence: self.sequence,
            body,
        }
    }

    fn send(&mut self, envelope: Envelope, joined: bool, queue: &mut Queue) {
        if joined {
            let offer = matches!(envelope.body, SignalBody::Offer { .. });
            let number = envelope.attempt;
            let request = queue.emit(ClientEvent::Signal(envelope));
            if offer {
                self.requests.push((request, number));
            }
            return;
        }
        if matches!(envelope.body, SignalBody::Restart { .. }) {
            self.unsaid = Some(envelope.clone());
        }
        if self.can_send_in_band() {
            self.send_in_band(InBand::Signal(envelope), queue);
        }
    }

    /// What the server did with an offer: one that was handed to a life of the other belongs to that life.
    pub(crate) fn acknowledged(&mut self, request: OpId, outcome: Option<Outcome>, with: Option<&InstanceId>) {
        let Some(index) = self.requests.iter().position(|(r, _)| *r == request) else { return };
        let (_, number) = self.requests.swap_remove(index);
        if outcome == Some(Outcome::Delivered) {
            self.taken(Some(number), with);
        }
    }

    /// The waiting offer now lies with this life of the other.
    pub(crate) fn taken(&mut self, number: Option<u32>, with: Option<&InstanceId>) {
        if let Some(attempt) = &mut self.attempt
            && attempt.role == Role::Offerer
            && attempt.with.is_none()
            && number.is_none_or(|n| n == attempt.number)
        {
            attempt.with = with.cloned();
        }
    }

    /// Whether the running attempt is with another life than this one.
    pub(crate) fn is_with_other_than(&self, instance: Option<&InstanceId>) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.with.is_some() && a.with.as_ref() != instance)
    }

    /// What was up was with a life of the other that is over.
    pub(crate) fn forget_former(&mut self, queue: &mut Queue) {
        self.close_former(queue);
        self.unsaid = None;
    }

    /// The signals that ride along with a handshake.
    pub(crate) fn handshake_signals(&mut self) -> Vec<Envelope> {
        self.in_handshake = self.sequence;
        let said = self.attempt.as_ref().map(|a| a.said.as_slice()).unwrap_or_default();
        said.iter().chain(&self.unsaid).cloned().collect()
    }

    /// Our own socket is back: what the handshake could not carry yet goes out.
    pub(crate) fn rejoined(&mut self, queue: &mut Queue) {
        let carried = self.in_handshake;
        self.requests.clear();
        if let Some(wish) = self.unsaid.take().filter(|wish| wish.sequence > carried) {
            self.send(wish, true, queue);
        }
        self.say_again(carried, queue);
    }

    /// The other's socket is back: all that it may have missed goes out again, unchanged.
    pub(crate) fn peer_rejoined(&mut self, queue: &mut Queue) {
        self.say_again(0, queue);
    }

    fn say_again(&mut self, after: u32, queue: &mut Queue) {
        let Some(attempt) = &self.attempt else { return };
        let again: Vec<Envelope> = attempt.said.iter().filter(|e| e.sequence > after).cloned().collect();
        for envelope in again {
            self.send(envelope, true, queue);
        }
    }

    pub(crate) fn can_send_in_band(&self) -> bool {
        self.carrier().is_some_and(|a| a.channel_open && a.is_alive())
    }

    /// Sends over the reliable data channel.
    pub(crate) fn send_in_band(&self, message: InBand, queue: &mut Queue) {
        if let Some(attempt) = self.carrier() {
            let command = ConnectionCommand::InBand(Box::new(message));
            queue.push(Output::Connection { id: attempt.id, command });
        }
    }
}
