//! What a room was told of who may be in its session, kept apart from the room so that the two can be compared.

use std::collections::BTreeMap;

use pairvoice_room::{Admission, Grant, Input};
use pairvoice_wire::UserId;

use crate::socket::Socket;

/// Everything that a room was told, or decided and wrote.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    /// The two users that the session is pinned to.
    pin: Option<[UserId; 2]>,
    /// The log has said so.
    is_written: bool,
    /// Moments of revocations: no token counts that was not issued later.
    revoked: BTreeMap<Option<UserId>, u64>,
}

impl Rights {
    /// An input is about to be given to the room.
    pub(crate) fn hear(&mut self, input: &Input) {
        match input {
            Input::PageRead { page: Ok((_, Admission { participants, revoked })), .. }
            | Input::AdmissionRead { admission: Ok(Admission { participants, revoked }), .. } => {
                if let Some(two) = participants {
                    self.written(two);
                }
                for (user, at) in revoked {
                    self.revoke(user.clone(), *at);
                }
            }
            Input::Pinned { participants: Ok(two) } => self.written(two),
            Input::Revoke { user, at } => self.revoke(user.clone(), *at),
            _ => {}
        }
    }

    /// The room asks the log to write a pin: it holds for the room from now on.
    pub(crate) fn pin(&mut self, two: &[UserId; 2]) {
        assert!(!self.is_written, "a pin is written again");
        assert!(self.pin.as_ref().is_none_or(|pin| pin == two), "pinned to {:?}, then to {two:?}", self.pin);
        self.pin = Some(two.clone());
    }

    /// Checks that a token lets a user be here.
    pub(crate) fn check_token(&self, user: &UserId, grant: &Grant) {
        self.check_user(user);
        assert!(!self.is_revoked(user, grant), "{user} is let in by {grant:?}, which was revoked");
    }

    /// Whether a token of a user was revoked.
    pub(crate) fn is_revoked(&self, user: &UserId, grant: &Grant) -> bool {
        let moments = [None, Some(user.clone())];
        moments.iter().filter_map(|whose| self.revoked.get(whose)).any(|at| grant.issued_at <= Some(*at))
    }

    /// Checks that a user is one of the two.
    pub(crate) fn check_user(&self, user: &UserId) {
        assert!(self.pin.as_ref().is_none_or(|two| two.contains(user)), "{user} is here besides {:?}", self.pin);
    }

    fn written(&mut self, two: &[UserId; 2]) {
        self.pin = Some(two.clone());
        self.is_written = true;
    }

    fn revoke(&mut self, user: Option<UserId>, at: u64) {
        let known = self.revoked.entry(user).or_default();
        *known = at.max(*known);
    }
}

/// Checks that an input which takes rights away has put out whoever had them.
pub(crate) fn check_revoked<'a>(input: &Input, inside: impl Iterator<Item = &'a Socket>) {
    let Input::Revoke { user, .. } = input else { return };
    for socket in inside {
        assert!(user.as_ref().is_some_and(|user| *user != socket.user), "{input:?} leaves {socket:?}");
    }
}
