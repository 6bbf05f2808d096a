//! Seats: who is in a session, by which life of the client, and what waits for the other.
//!
//! A seat belongs to a user, not to a socket: sockets come and go, the seat with its parked signals stays for a while.

use std::collections::{HashMap, VecDeque};

use pairvoice_core::wire::{
    Envelope, MAX_PARKED_BYTES, MAX_PARKED_SIGNALS, PeerInfo, Presence, SignalBody, VoiceStatus,
};
use pairvoice_core::{InstanceId, UserId};
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;

/// People of a session.
const SEATS: usize = 2;
/// Former lives that are remembered of one user.
const REMEMBERED: usize = 64;

/// A signal that waits, and its size in bytes.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: usize,
}

/// One person's place.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) user: UserId,
    pub(crate) instance: InstanceId,
    pub(crate) sid: Sid,
    pub(crate) socket: Option<SocketRef>,
    pub(crate) presence: Presence,
    pub(crate) welcomes: u32,
    pub(crate) voice: VoiceStatus,
    pub(crate) parked: VecDeque<Parked>,
    /// Rises with every coming and going, so that a timer of an earlier absence does nothing.
    pub(crate) epoch: u64,
}

impl Seat {
    pub(crate) fn info(&self) -> PeerInfo {
        PeerInfo {
            user_id: self.user.clone(),
            instance: Some(self.instance.clone()),
            presence: self.presence,
            left: false,
            welcomes: self.welcomes,
            voice: self.voice,
        }
    }

    /// Keeps a signal until the other comes; tells whether there was room.
    pub(crate) fn park(&mut self, envelope: Envelope, bytes: usize) -> bool {
        if matches!(envelope.body, SignalBody::Offer { .. }) {
            let attempt = envelope.attempt;
            self.parked.retain(|p| p.envelope.attempt >= attempt);
        }
        let held: usize = self.parked.iter().map(|p| p.bytes).sum();
        if self.parked.len() >= MAX_PARKED_SIGNALS || held + bytes > MAX_PARKED_BYTES {
            return false;
        }
        self.parked.push_back(Parked { envelope, bytes });
        true
    }
}

/// Why somebody gets no seat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// Two others are here.
    Full,
    /// A newer life of the same user took over.
    Superseded,
}

/// One session.
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) seats: Vec<Seat>,
    /// Lives that a newer one took over from, while anybody is in the session.
    superseded: HashMap<UserId, VecDeque<InstanceId>>,
    epoch: u64,
    /// Removed from the map; whoever still holds it looks it up again.
    pub(crate) dead: bool,
}

impl Room {
    /// Takes the user's seat, or a free one, and gives back the socket that had it before with whether it was another
    /// life's.
    pub(crate) fn enter(
        &mut self,
        user: &UserId,
        instance: &InstanceId,
        sid: Sid,
        voice: VoiceStatus,
    ) -> Result<Option<(SocketRef, bool)>, NoSeat> {
        if self.superseded.get(user).is_some_and(|lives| lives.contains(instance)) {
            return Err(NoSeat::Superseded);
        }
        self.epoch += 1;
        let epoch = self.epoch;
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.user == *user) {
            let takeover = seat.instance != *instance;
            if takeover {
                let former = std::mem::replace(&mut seat.instance, instance.clone());
                seat.parked.clear();
                seat.welcomes = 0;
                let lives = self.superseded.entry(user.clone()).or_default();
                lives.push_back(former);
                if lives.len() > REMEMBERED {
                    lives.pop_front();
                }
            }
            seat.sid = sid;
            seat.voice = voice;
            seat.epoch = epoch;
            return Ok(seat.socket.take().map(|socket| (socket, takeover)));
        }
        if self.seats.len() >= SEATS {
            return Err(NoSeat::Full);
        }
        self.seats.push(Seat {
            user: user.clone(),
            instance: instance.clone(),
            sid,
            socket: None,
            presence: Presence::Absent,
            welcomes: 0,
            voice,
            parked: VecDeque::new(),
            epoch,
        });
        Ok(None)
    }

    /// The next epoch, for a seat whose presence changes.
    pub(crate) fn next_epoch(&mut self) -> u64 {
        self.epoch += 1;
        self.epoch
    }

    pub(crate) fn seat(&mut self, user: &UserId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.user == *user)
    }

    /// The seat that this socket holds.
    pub(crate) fn seat_of(&mut self, sid: Sid) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.sid == sid)
    }

    pub(crate) fn other(&mut self, user: &UserId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.user != *user)
    }

    /// Gives the seat up for good; what its user superseded is remembered while the other is here.
    pub(crate) fn remove(&mut self, user: &UserId) -> Option<Seat> {
        let index = self.seats.iter().position(|seat| seat.user == *user)?;
        Some(self.seats.remove(index))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn life(n: u8) -> InstanceId {
        InstanceId::parse(&format!("{n:032x}")).unwrap()
    }

    fn enter(room: &mut Room, name: &str, n: u8) -> Result<(), NoSeat> {
        room.enter(&user(name), &life(n), Sid::new(), VoiceStatus::default()).map(|_| ())
    }

    #[test]
    fn two_users_have_seats_and_a_third_has_none() {
        let mut room = Room::default();
        assert_eq!(enter(&mut room, "7", 1), Ok(()));
        assert_eq!(enter(&mut room, "9", 2), Ok(()));
        assert_eq!(enter(&mut room, "8", 3), Err(NoSeat::Full));
        room.remove(&user("9"));
        assert_eq!(enter(&mut room, "8", 3), Ok(()));
    }

    #[test]
    fn the_newest_life_wins_and_the_former_one_stays_out() {
        let mut room = Room::default();
        assert_eq!(enter(&mut room, "7", 1), Ok(()));
        assert_eq!(enter(&mut room, "7", 2), Ok(()));
        assert_eq!(enter(&mut room, "7", 1), Err(NoSeat::Superseded), "though it connects last");
        assert_eq!(enter(&mut room, "7", 2), Ok(()), "a socket of the same life comes back");
        assert_eq!(enter(&mut room, "7", 3), Ok(()));
        assert_eq!(enter(&mut room, "7", 2), Err(NoSeat::Superseded));
    }
}
