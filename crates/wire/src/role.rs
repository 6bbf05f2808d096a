//! Who offers: one total order over user IDs, the same on both sides.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::id::UserId;

/// A side's part in the offer/answer exchange (RFC 9429, JSEP). Only the offerer ever makes an offer, so that two offers
/// can never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Makes every offer, restarts and rebuilds included.
    Offerer,
    /// Answers.
    Answerer,
}

/// Both sides of a session gave the same user ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SameUser;

impl Role {
    /// Elects this side's role: the smaller ID offers.
    ///
    /// Canonical decimal integers (no sign, no leading zero) come first, ordered by value; all other IDs follow, ordered
    /// by their UTF-8 bytes.
    ///
    /// # Errors
    /// [`SameUser`] when the IDs are equal.
    pub fn elect(me: &UserId, peer: &UserId) -> Result<Self, SameUser> {
        match compare(me.as_str(), peer.as_str()) {
            Ordering::Less => Ok(Self::Offerer),
            Ordering::Greater => Ok(Self::Answerer),
            Ordering::Equal => Err(SameUser),
        }
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    match (is_canonical_integer(a), is_canonical_integer(b)) {
        (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.as_bytes().cmp(b.as_bytes()),
    }
}

fn is_canonical_integer(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn elect(me: &str, peer: &str) -> Result<Role, SameUser> {
        Role::elect(&UserId::parse(me).unwrap(), &UserId::parse(peer).unwrap())
    }

    #[test]
    fn integers_are_ordered_by_value() {
        assert_eq!(elect("9", "10"), Ok(Role::Offerer));
        assert_eq!(elect("10", "9"), Ok(Role::Answerer));
        assert_eq!(elect("99999999999999999999", "100000000000000000000"), Ok(Role::Offerer));
        assert_eq!(elect("0", "1"), Ok(Role::Offerer));
    }

    #[test]
    fn what_is_no_canonical_integer_comes_after_integers_by_bytes() {
        assert_eq!(elect("7", "ada"), Ok(Role::Offerer));
        assert_eq!(elect("007", "9"), Ok(Role::Answerer));
        assert_eq!(elect("Zoë", "ada"), Ok(Role::Offerer));
        assert_eq!(elect("łukasz", "ada"), Ok(Role::Answerer));
        // "é" composed and decomposed are two people: IDs are not normalised.
        assert!(elect("\u{e9}", "e\u{301}").is_ok());
    }

    #[test]
    fn equal_ids_are_the_same_user() {
        assert_eq!(elect("9", "9"), Err(SameUser));
    }

    proptest! {
        #[test]
        fn both_sides_elect_opposite_roles(a in "[^\\p{Cc}]{1,20}|[0-9]{1,20}", b in "[^\\p{Cc}]{1,20}|[0-9]{1,20}") {
            match (elect(&a, &b), elect(&b, &a)) {
                (Ok(x), Ok(y)) => prop_assert_ne!(x, y),
                (Err(SameUser), Err(SameUser)) => prop_assert_eq!(a, b),
                other => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn the_order_is_total(mut ids in proptest::collection::vec("[0-9]{1,3}|[a-c]{1,2}", 3)) {
            ids.sort_by(|a, b| compare(a, b));
            prop_assert_ne!(compare(&ids[0], &ids[2]), Ordering::Greater);
        }
    }
}
