//! Knocks: what a client would say by its handshake comes by HTTP, before its socket is open. The knock takes the seat, its
//! signals go to the other, and its answer brings what waited, or the first signal that comes while it waits.

use pairvoice_wire::{
    Code, Envelope, IceServers, Knocked, MAX_KNOCK_WAIT_MS, Outcome, Presence, Refusal, UserId, VERSION,
};

use crate::input::{Knock, KnockId};
use crate::output::{Note, Output, Timer};
use crate::room::{AWAY_MS, Room};
use crate::seat::{Seat, Socket};

/// A knock that waits for the first signal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    pub(crate) id: KnockId,
    ice: IceServers,
    /// What came in this step of the room, at the end of which it is answered.
    pub(crate) signals: Vec<Envelope>,
}

impl Room {
    /// A client knocks.
    pub(crate) fn knock(&mut self, knock: Box<Knock>) {
        let Some(knock) = self.knock_at_the_door(knock) else { return };
        let Knock { id, handshake, grant, ice, wait_ms } = *knock;
        let (user, instance) = (handshake.user_id, handshake.instance);
        let before = self.seat(&user).map(|seat| seat.info());
        if let Err(refusal) = self.find_seat(&user, &instance) {
            return self.refuse_knock(id, refusal);
        }
        // A socket of the same instance stays as it is: what it says is newer than the knock.
        if before.as_ref().is_some_and(|known| known.instance.as_ref() != Some(&instance)) {
            let is_there = |seat: &mut Seat| seat.presence == Presence::Present || seat.any_socket().is_some();
            if self.seat(&user).is_some_and(is_there) {
                // Requests overtake each other: this may be the last word of a page that is gone. A socket tells.
                let message = "another instance of this user is here; a handshake takes over";
                return self.refuse_knock(id, Refusal::new(Code::Busy, message));
            }
            self.make_way(&user, &instance);
        }
        self.release(&user);
        let Some(seat) = self.seat(&user) else { return };
        let is_open = seat.open().is_some();
        let is_alone = matches!(seat.socket, Socket::None);
        if is_alone {
            seat.voice = handshake.voice;
            seat.name = grant.name;
        }
        if !is_open {
            // From now on the other takes signals of this instance.
            seat.presence = Presence::Present;
        }
        let now = Some(seat.info());
        if is_alone {
            // A seat whose socket then never comes runs out like any other.
            self.push(Output::ClearTimer(Timer::Seat(user.clone())));
            self.push(Output::SetTimer { timer: Timer::Away(user.clone()), after: AWAY_MS });
        }
        if now != before {
            self.tell_other(&user);
        }
        self.log(Note::Knocked { user: user.clone(), instance: instance.clone() });
        let signals = self.other(&user).map(|other| other.parked.hand_out(&instance)).unwrap_or_default();
        for envelope in &signals {
            self.note_signal(envelope, Outcome::Delivered);
        }
        self.handshake_signals(&user, handshake.signals);
        let held = Held { id, ice, signals };
        let after = u64::from(wait_ms.min(MAX_KNOCK_WAIT_MS));
        if after == 0 || !held.signals.is_empty() {
            self.answer_knock(&user, held);
        } else if let Some(seat) = self.seat(&user) {
            seat.held = Some(held);
            self.push(Output::SetTimer { timer: Timer::Knock(user), after });
        }
    }

    /// What came for knocks that wait leaves with them.
    pub(crate) fn answer_the_held(&mut self) {
        let has_signals = |held: &Held| !held.signals.is_empty();
        let users: Vec<UserId> = self
            .seats_mut()
            .filter(|seat| seat.held.as_ref().is_some_and(has_signals))
            .map(|seat| seat.user.clone())
            .collect();
        for user in &users {
            self.release(user);
        }
    }

    /// The user's knock waits no longer.
    pub(crate) fn release(&mut self, user: &UserId) {
        if let Some(held) = self.seat(user).and_then(|seat| seat.held.take()) {
            self.push(Output::ClearTimer(Timer::Knock(user.clone())));
            self.answer_knock(user, held);
        }
    }

    /// The user's knock waits in vain.
    pub(crate) fn turn_away(&mut self, user: &UserId, refusal: &Refusal) {
        if let Some(held) = self.seat(user).and_then(|seat| seat.held.take()) {
            self.push(Output::ClearTimer(Timer::Knock(user.clone())));
            self.refuse_knock(held.id, refusal.clone());
        }
    }

    /// The server is about to stop, and clients come back after so long.
    pub(crate) fn turn_everybody_away(&mut self, after_ms: u32) {
        let refusal = Refusal::new(Code::Restarting, "the server is about to stop");
        let refusal = Refusal { after_ms: Some(after_ms), ..refusal };
        let users: Vec<UserId> = self.seats_mut().map(|seat| seat.user.clone()).collect();
        for user in &users {
            self.turn_away(user, &refusal);
        }
    }

    /// Nobody waits for an answer any more: what comes from now on is parked.
    pub(crate) fn knock_gone(&mut self, knock: KnockId) {
        self.door.forget_knock(knock);
        let held_by = |held: &Held| held.id == knock;
        let Some(seat) = self.seats_mut().find(|seat| seat.held.as_ref().is_some_and(held_by)) else { return };
        seat.held = None;
        let user = seat.user.clone();
        self.push(Output::ClearTimer(Timer::Knock(user)));
    }

    /// An answer came to nobody: its signals are as if they had just come, unless their sender has another life now.
    pub(crate) fn knock_lost(&mut self, signals: &[Envelope]) {
        for envelope in signals {
            if self.seat(&envelope.user).is_some_and(|author| author.instance == envelope.instance) {
                let outcome = self.hand_on(envelope).unwrap_or(Outcome::Dropped);
                self.note_signal(envelope, outcome);
            }
        }
    }

    pub(crate) fn refuse_knock(&mut self, knock: KnockId, refusal: Refusal) {
        self.push(Output::AnswerKnock { knock, answer: Err(refusal) });
    }

    fn answer_knock(&mut self, user: &UserId, held: Held) {
        let Held { id, ice: IceServers { ice_servers, ice_lifetime }, signals } = held;
        let knocked = Knocked { v: VERSION, peer: self.peer_of(user), signals, ice_servers, ice_lifetime };
        self.push(Output::AnswerKnock { knock: id, answer: Ok(Box::new(knocked)) });
    }
}
