//! Offer and answer: which peer connection is the running one, and which signals belong to it.
//!
//! Only the offerer offers, so two offers can't meet. Every signal names the offerer's attempt; what belongs to another is
//! counted and dropped.

use crate::id::{InstanceId, SessionId, UserId};
use crate::input::{ConnectionEvent, LinkState, OpId, Path};
use crate::output::{ClientEvent, ConnectionCommand, Note, Output};
use crate::queue::Queue;
use crate::reason::VoiceReason;
use crate::role::Role;
use crate::wire::{Candidate, Envelope, IceServer, InBand, Outcome, RestartWhy, SignalBody};

/// Candidates kept for an offer that is not accepted yet, or an answer that is not here yet.
const MAX_HELD_CANDIDATES: usize = 64;

/// One peer connection and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    pub(crate) id: OpId,
    pub(crate) role: Role,
    number: u32,
    /// ICE restarts so far.
    generation: u32,
    offerer: InstanceId,
    /// The life of the other that this attempt is with; none while an offer waits for anybody.
    with: Option<InstanceId>,
    /// Our newest description and its candidates, to be said again after a reconnection, until they have served.
    said: Vec<Envelope>,
    /// The newest description has led to a path that works.
    served: bool,
    /// The remote description is there (offerer) or was the reason to begin (answerer).
    answered: bool,
    remote_set: bool,
    held: Vec<Candidate>,
    pub(crate) link: LinkState,
    pub(crate) was_connected: bool,
    pub(crate) path: Option<Path>,
    channel_open: bool,
    /// The link is up by the browser's word, and nothing has come over it for too long.
    silent: bool,
    /// Our host candidates hide their addresses (`.local`), for the microphone was not granted when it began.
    pub(crate) concealed: bool,
}

impl Attempt {
    /// Whether the other has taken it.
    pub(crate) fn is_taken(&self) -> bool {
        self.with.is_some()
    }

    /// What was said of the former generation is over.
    fn renew(&mut self) {
        self.remote_set = false;
        self.served = false;
        self.said.clear();
        self.held.clear();
    }

    /// Whether an offer is out and unanswered.
    fn is_offering(&self) -> bool {
        self.role == Role::Offerer && !self.answered
    }

    fn is_alive(&self) -> bool {
        self.link == LinkState::Connected && !self.silent
    }

    /// Whether no restart is under way: the newest description has led to a path that worked.
    pub(crate) fn is_served(&self) -> bool {
        self.served
    }

    /// Whether the newest description has been answered, so that a path could be there.
    pub(crate) fn is_negotiated(&self) -> bool {
        self.answered && self.remote_set
    }
}

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

/// The offer/answer exchange of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Negotiation {
    session: SessionId,
    user: UserId,
    instance: InstanceId,
    sequence: u32,
    attempts: u32,
    attempt: Option<Attempt>,
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
            offer: None,
            offer_candidates: Vec::new(),
            newest: None,
            seen: Vec::new(),
            seen_of: None,
            in_handshake: 0,
            requests: Vec::new(),
        }
    }

    /// Begins a new attempt as offerer and ends the one before.
    pub(crate) fn offer(&mut self, peer: &UserId, ice_servers: Vec<IceServer>, queue: &mut Queue) {
        self.close(queue);
        self.attempts = self.attempts.wrapping_add(1);
        let (number, offerer) = (self.attempts, self.instance.clone());
        let id = self.begin(Role::Offerer, number, offerer, None, peer, queue);
        queue.push(Output::Connection { id, command: ConnectionCommand::Offer { ice_servers } });
    }

    /// Accepts the newest offer, if one lies ready.
    pub(crate) fn accept(&mut self, peer: &UserId, ice_servers: Vec<IceServer>, queue: &mut Queue) {
        let Some(offer) = self.offer.take() else { return };
        let SignalBody::Offer { sdp } = offer.body else { return };
        let held = std::mem::take(&mut self.offer_candidates);
        self.close(queue);
        let with = Some(offer.instance.clone());
        let id = self.begin(Role::Answerer, offer.attempt, offer.instance, with, peer, queue);
        if let Some(attempt) = &mut self.attempt {
            attempt.held = held;
            attempt.answered = true;
        }
        queue.push(Output::Connection { id, command: ConnectionCommand::Accept { ice_servers, sdp } });
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
        self.attempt = Some(Attempt {
            id,
            role,
            number,
            generation: 0,
            offerer,
            with,
            said: Vec::new(),
            served: false,
            answered: false,
            remote_set: false,
            held: Vec::new(),
            link: LinkState::Connecting,
            was_connected: false,
            path: None,
            channel_open: false,
            silent: false,
            concealed: false,
        });
        id
    }

    /// Closes the running attempt without a word to the other.
    pub(crate) fn close(&mut self, queue: &mut Queue) {
        if let Some(attempt) = self.attempt.take() {
            queue.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Close });
        }
    }

    /// Forgets what the other's former life offered.
    pub(crate) fn forget_offer(&mut self) {
        self.offer = None;
        self.offer_candidates.clear();
    }

    pub(crate) fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    pub(crate) fn has_offer(&self) -> bool {
        self.offer.is_some()
    }

    pub(crate) fn is_offering(&self) -> bool {
        self.attempt.as_ref().is_some_and(Attempt::is_offering)
    }

    /// The link was up and brings nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.attempt.as_ref().is_some_and(|a| a.silent)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.attempt.as_ref().is_some_and(Attempt::is_alive)
    }

    /// Nothing comes over the link any more, or something does again.
    pub(crate) fn set_silent(&mut self, silent: bool) {
        if let Some(attempt) = &mut self.attempt {
            attempt.silent = silent;
            if !silent && attempt.is_negotiated() {
                attempt.served = true;
                attempt.said.clear();
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
            SignalBody::Restart { why: RestartWhy::Failed | RestartWhy::Silent } if !self.concerns(&envelope) => None,
            // Their connection failed: an offer to mend it comes too late.
            SignalBody::Restart { why: RestartWhy::Failed }
                if self.attempt.as_ref().is_some_and(|a| a.was_connected) =>
            {
                Some(Signalled::Restart(RestartWhy::Failed))
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

    /// Takes a report of the running connection; others are of closed ones.
    pub(crate) fn connection_event(&mut self, id: OpId, event: &ConnectionEvent, joined: bool, queue: &mut Queue) {
        let Some(attempt) = self.attempt.as_mut().filter(|a| a.id == id) else { return };
        match event {
            ConnectionEvent::LocalDescription { sdp } => {
                let body = match attempt.role {
                    Role::Offerer => SignalBody::Offer { sdp: sdp.clone() },
                    Role::Answerer => SignalBody::Answer { sdp: sdp.clone() },
                };
                self.say_of_attempt(body, joined, queue);
            }
            ConnectionEvent::LocalCandidate(candidate) => {
                attempt.concealed |= candidate.candidate.split(' ').any(|word| word.strip_suffix(".local").is_some());
                self.say_of_attempt(SignalBody::Candidate(candidate.clone()), joined, queue);
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
                    if attempt.is_negotiated() {
                        attempt.served = true;
                        attempt.said.clear();
                    }
                }
            }
            ConnectionEvent::Broken => attempt.link = LinkState::Failed,
            ConnectionEvent::Channel { open } => attempt.channel_open = *open,
            ConnectionEvent::Path(path) => attempt.path = Some(*path),
            ConnectionEvent::InBand(_) | ConnectionEvent::Received { .. } | ConnectionEvent::Heartbeat(_) => {}
        }
    }

    fn say_of_attempt(&mut self, body: SignalBody, joined: bool, queue: &mut Queue) {
        let envelope = self.envelope(body);
        if let Some(attempt) = &mut self.attempt
            && !attempt.served
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
        } else if self.can_send_in_band() {
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

    /// The signals that ride along with a handshake.
    pub(crate) fn handshake_signals(&mut self) -> Vec<Envelope> {
        self.in_handshake = self.sequence;
        self.attempt.as_ref().map(|a| a.said.clone()).unwrap_or_default()
    }

    /// Our own socket is back: what the handshake could not carry yet goes out.
    pub(crate) fn rejoined(&mut self, queue: &mut Queue) {
        let carried = self.in_handshake;
        self.requests.clear();
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
        self.attempt.as_ref().is_some_and(|a| a.channel_open && a.is_alive())
    }

    /// Sends over the reliable data channel of the running attempt.
    pub(crate) fn send_in_band(&self, message: InBand, queue: &mut Queue) {
        if let Some(attempt) = &self.attempt {
            let command = ConnectionCommand::InBand(Box::new(message));
            queue.push(Output::Connection { id: attempt.id, command });
        }
    }
}

fn hold(held: &mut Vec<Candidate>, candidate: Candidate) -> Option<Signalled> {
    if held.len() >= MAX_HELD_CANDIDATES {
        return None;
    }
    held.push(candidate);
    Some(Signalled::Nothing)
}
