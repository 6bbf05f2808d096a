//! Tokens of the simulation: when they were issued, and until when they are good.

use pairvoice_room::Grant;
use pairvoice_wire::{Detail, DisplayName, Refusal};

/// What an app's tokens are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// Good for so many milliseconds.
    Good(u64),
    /// Signed with another secret than the server's.
    Forged,
}

impl Tokens {
    /// Good for a year.
    pub const LASTING: Self = Self::Good(365 * 24 * 3_600 * 1_000);

    pub(crate) fn issue(self, now: u64) -> String {
        match self {
            Self::Good(lasts_ms) => format!("signed {now} {}", now + lasts_ms),
            Self::Forged => format!("forged {now} {now}"),
        }
    }
}

/// What a host of the room reads in a token.
pub(crate) fn verify(token: &str, now: u64) -> Result<Grant, Refusal> {
    let words: Vec<&str> = token.split(' ').collect();
    let [secret, issued, until] = words[..] else { panic!("not a token: {token}") };
    let (issued, until): (u64, u64) = (issued.parse().unwrap(), until.parse().unwrap());
    if secret == "signed" && until > now {
        Ok(Grant {
            participants: None,
            name: DisplayName::default(),
            issued_at: Some(issued / 1_000),
            lasts_ms: until - now,
        })
    } else {
        let detail = if secret == "signed" { Detail::Expired } else { Detail::Invalid };
        Err(Refusal::of_token(detail, "the token is no good"))
    }
}
