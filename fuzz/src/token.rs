//! Tokens, as a host has verified them.

use arbitrary::Arbitrary;
use pairvoice_room::Grant;
use pairvoice_wire::{DisplayName, UserId};

use crate::steps::Who;

/// A token of one user.
#[derive(Debug, Arbitrary)]
pub struct Token {
    /// The other participant, if it names two.
    peer: Option<Who>,
    /// The other one is named first.
    turned: bool,
    /// When it was issued, in seconds.
    issued: Option<u8>,
    lasts: Lasts,
}

/// How long a token is good.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Lasts {
    Hour,
    Nothing,
    Moment,
    Minute,
    Year,
    Ever,
}

impl Token {
    /// One that is good for an hour, and is void once tokens of its time are revoked.
    pub(crate) fn ordinary(peer: Option<Who>) -> Self {
        Self { peer, turned: false, issued: Some(128), lasts: Lasts::Hour }
    }

    /// What it grants a user. A token's two are two different users, of whom its own is one.
    pub(crate) fn grant(&self, user: &UserId) -> Grant {
        let two = |peer: UserId| if self.turned { [peer, user.clone()] } else { [user.clone(), peer] };
        let participants = self.peer.map(Who::user).filter(|peer| peer != user).map(two);
        Grant {
            participants,
            name: DisplayName::default(),
            issued_at: self.issued.map(u64::from),
            lasts_ms: self.lasts.milliseconds(),
        }
    }
}

impl Lasts {
    fn milliseconds(self) -> u64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Nothing => 0,
            Self::Moment => 999,
            Self::Minute => 60_000,
            Self::Year => 365 * 24 * 3_600_000,
            Self::Ever => u64::MAX,
        }
    }
}
