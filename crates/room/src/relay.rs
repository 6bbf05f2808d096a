//! Signals: relayed in order, or parked until the other comes.

use pairvoice_wire::{
    Acknowledgement, Code, Data, Envelope, MAX_HANDSHAKE_SIGNALS, MAX_SIGNAL_BYTES, Outcome, Refusal, Role,
    ServerEvent, SignalBody, UserId,
};

use crate::input::{RequestId, SocketId};
use crate::output::{Note, Output};
use crate::room::Room;

impl Room {
    /// A `signal` event.
    pub(crate) fn signal(&mut self, socket: SocketId, request: RequestId, envelope: &Envelope) {
        let Some(user) = self.user_of(socket) else {
            return self.acknowledge(request, Refusal::new(Code::NotJoined, "this socket has no seat"));
        };
        match self.relay(&user, envelope) {
            Ok(outcome) => {
                self.acknowledge(request, Acknowledgement { outcome: Some(outcome), ..Acknowledgement::ok() });
            }
            Err(refusal) => self.acknowledge(request, refusal),
        }
    }

    /// The signals that came with a handshake or a knock: the same rules, and nobody to answer.
    pub(crate) fn handshake_signals(&mut self, user: &UserId, signals: Vec<Envelope>) {
        for (index, envelope) in signals.into_iter().enumerate() {
            let kind = envelope.body.kind();
            if index >= MAX_HANDSHAKE_SIGNALS || self.relay(user, &envelope).is_err() {
                self.log(Note::SignalRefused { user: user.clone(), kind });
            }
        }
    }

    /// Hands a signal on, or parks it.
    ///
    /// # Errors
    /// A refusal when the signal is too large, under another name, or when too many wait.
    fn relay(&mut self, user: &UserId, envelope: &Envelope) -> Result<Outcome, Refusal> {
        if envelope.size() > MAX_SIGNAL_BYTES {
            return Err(Refusal::new(Code::TooLarge, "a signal has at most 32 KiB"));
        }
        let session = self.config.session.clone();
        let Some(seat) = self.seat(user) else {
            return Err(Refusal::new(Code::NotJoined, "this user has no seat"));
        };
        if envelope.session != session || envelope.user != *user || envelope.instance != seat.instance {
            self.log(Note::ForeignSender { user: user.clone() });
            let message = "the signal's session, user or instance is not the socket's";
            return Err(Refusal::new(Code::ForeignSender, message));
        }
        match envelope.body {
            SignalBody::End => seat.parked.wipe(),
            SignalBody::Offer { .. }
                if envelope.generation == 0 && seat.noted.replace(envelope.attempt) != Some(envelope.attempt) =>
            {
                self.note_roles(user, envelope.attempt);
            }
            SignalBody::Answer { .. } => {
                if let Some(other) = self.other(user) {
                    other.parked.answered(envelope.attempt);
                }
            }
            _ => {}
        }
        let outcome = self.hand_on(envelope);
        self.note_signal(envelope, outcome.unwrap_or(Outcome::Dropped));
        outcome.ok_or_else(|| Refusal::new(Code::Busy, "too many signals wait for the other"))
    }

    /// Gives a signal to the other's socket and to their knock that waits for one, or parks it; none when it does not fit there. A
    /// socket that looks open may be dead, whose owner knocks from another address; of a copy the receiver drops one.
    pub(crate) fn hand_on(&mut self, envelope: &Envelope) -> Option<Outcome> {
        if let Some(other) = self.other(&envelope.user) {
            if envelope.to.as_ref().is_some_and(|to| *to != other.instance) {
                return Some(Outcome::Dropped);
            }
            let (held, to) = (other.held.as_mut(), other.socket.open());
            let is_held = held.map(|held| held.signals.push(envelope.clone())).is_some();
            if let Some(to) = to {
                self.push(Output::Send { to, event: ServerEvent::Signal(envelope.clone()) });
            }
            if is_held || to.is_some() {
                return Some(Outcome::Delivered);
            }
        }
        let parked = self.seat(&envelope.user).is_some_and(|seat| seat.parked.keep(envelope.clone()));
        parked.then_some(Outcome::Parked)
    }

    pub(crate) fn note_signal(&mut self, envelope: &Envelope, outcome: Outcome) {
        self.log(Note::Signal {
            from: envelope.user.clone(),
            instance: envelope.instance.clone(),
            kind: envelope.body.kind(),
            attempt: envelope.attempt,
            sequence: envelope.sequence,
            bytes: envelope.size(),
            outcome,
        });
    }

    /// A `data` event: handed to the life that it is meant for, and nowhere else. It is not kept: its sender sends it again.
    pub(crate) fn data(&mut self, socket: SocketId, request: RequestId, data: Data) {
        if !data.fits() {
            return self.acknowledge(
                request,
                Refusal::new(Code::TooLarge, "a piece of data has at most 64 KiB, a topic 128 bytes"),
            );
        }
        let (instance, to) = data.lives();
        let Some(user) = self.seat_of(socket).filter(|seat| seat.instance == *instance).map(|seat| seat.user.clone())
        else {
            return self
                .acknowledge(request, Refusal::new(Code::ForeignSender, "the data's instance is not the socket's"));
        };
        let other = self.other(&user).filter(|other| other.instance == *to).and_then(|other| other.open());
        if let Some(to) = other {
            self.push(Output::Send { to, event: ServerEvent::Data(data) });
        }
        let outcome = if other.is_some() { Outcome::Delivered } else { Outcome::Dropped };
        self.acknowledge(request, Acknowledgement { outcome: Some(outcome), ..Acknowledgement::ok() });
    }

    fn note_roles(&mut self, offerer: &UserId, attempt: u32) {
        let own = self.seat(offerer).and_then(|seat| seat.open());
        let (answerer, other) = match self.other(offerer) {
            Some(seat) => (Some(seat.user.clone()), seat.open()),
            None => (None, None),
        };
        if answerer.as_ref().is_some_and(|peer| Role::elect(offerer, peer) == Ok(Role::Answerer)) {
            self.log(Note::WrongOfferer { user: offerer.clone() });
        }
        self.log(Note::Roles { offerer: offerer.clone(), answerer, sockets: (own, other), attempt });
    }
}
