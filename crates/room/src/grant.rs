//! What a verified token grants, and for how long: whoever brings no other one in time is let go.

use pairvoice_wire::{Acknowledgement, Code, DisplayName, Notice, Refusal, ServerEvent, UserId};

use crate::input::{RequestId, SocketId};
use crate::output::{Note, Output, Timer};
use crate::room::Room;

/// So long before a token runs out its owner is asked for another one, in milliseconds; half its life before, if that is less.
const NOTICE_MS: u64 = 60_000;
/// A token that is good for less is not worth asking for another one, in milliseconds.
const WORTH_MS: u64 = 1_000;
/// Longest timer in milliseconds: 30 days.
const LONGEST_MS: u64 = 30 * 24 * 3_600 * 1_000;

/// What a token says, once a host has verified that it is this user's for this session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The two users of the session, when the token names them.
    pub participants: Option<[UserId; 2]>,
    /// What the app calls the user.
    pub name: DisplayName,
    /// When it was issued, in seconds since 1970.
    pub issued_at: Option<u64>,
    /// How long it is still good, in milliseconds.
    pub lasts_ms: u64,
}

impl Grant {
    /// The other participant, when the token names one.
    #[must_use]
    pub fn peer_of(&self, user: &UserId) -> Option<UserId> {
        self.participants.as_ref()?.iter().find(|name| *name != user).cloned()
    }
}

/// When something is to be done about a token, and how long it is still good then. Nothing is left of a token that runs out.
fn split(lasts_ms: u64) -> (u64, u64) {
    if lasts_ms < WORTH_MS {
        return (lasts_ms, 0);
    }
    let after = (lasts_ms - NOTICE_MS.min(lasts_ms / 2)).min(LONGEST_MS);
    (after, lasts_ms - after)
}

impl Room {
    /// The token of a user's socket is good for so long from now on.
    pub(crate) fn lend(&mut self, user: &UserId, lasts_ms: u64) {
        let (after, left) = split(lasts_ms);
        if let Some(seat) = self.seat(user) {
            seat.token_left = left;
            self.push(Output::SetTimer { timer: Timer::Token(user.clone()), after });
        }
    }

    /// A socket's token runs out soon, or now.
    pub(crate) fn token_timer(&mut self, user: &UserId) {
        let Some(seat) = self.seat(user) else { return };
        let (left, open) = (seat.token_left, seat.open());
        let Some(socket) = open else { return };
        if left == 0 {
            self.let_go(socket, "the token ran out", None);
        } else if left > NOTICE_MS {
            self.lend(user, left);
        } else {
            seat.token_left = 0;
            let notice = Notice { code: Code::TokenExpiring, after_ms: u32::try_from(left).ok() };
            self.push(Output::Send { to: socket, event: ServerEvent::Notice(notice) });
            self.push(Output::SetTimer { timer: Timer::Token(user.clone()), after: left });
        }
    }

    /// A `token` event, once the host has looked at the token.
    pub(crate) fn renewed(&mut self, socket: SocketId, request: RequestId, grant: Result<Grant, Refusal>) {
        let Some(user) = self.user_of(socket) else {
            return self.acknowledge(request, Refusal::new(Code::NotJoined, "this socket has no seat"));
        };
        match grant.and_then(|grant| self.authorize(&user, &grant).map(|()| grant)) {
            Ok(grant) => {
                self.lend(&user, grant.lasts_ms);
                self.rename(&user, grant.name);
                self.acknowledge(request, Acknowledgement::ok());
            }
            Err(refusal) => self.acknowledge(request, refusal),
        }
    }

    /// Another token may call its user otherwise.
    fn rename(&mut self, user: &UserId, name: DisplayName) {
        if let Some(seat) = self.seat(user).filter(|seat| seat.name != name) {
            seat.name = name;
            self.tell_other(user);
        }
    }

    /// The socket's owner has no right to be here any more: it is told, and hung up on like one that broke.
    pub(crate) fn let_go(&mut self, socket: SocketId, why: &'static str, after_ms: Option<u32>) {
        let Some(user) = self.user_of(socket) else { return };
        let notice = Notice { code: Code::Unauthorized, after_ms };
        self.push(Output::Send { to: socket, event: ServerEvent::Notice(notice) });
        self.log(Note::LetGo { user, socket, why });
        self.closed(socket);
        self.push(Output::HangUp { socket });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_asked_a_minute_before_or_at_half_time_and_timers_are_bounded() {
        assert_eq!(split(3_600_000), (3_540_000, 60_000));
        assert_eq!(split(50_000), (25_000, 25_000));
        assert_eq!(split(999), (999, 0));
        assert_eq!(split(0), (0, 0));
        assert_eq!(split(u64::MAX), (LONGEST_MS, u64::MAX - LONGEST_MS));
    }
}
