//! What a token grants, for a room.

use pairvoice_room::Grant;
use pairvoice_wire::{DisplayName, Refusal, SessionId, UserId};

use crate::auth::{Keys, SKEW_S, now_s};

/// Verifies a token and reads what a room must know of it.
///
/// # Errors
/// `unauthorized`.
pub(crate) fn grant(keys: &Keys, token: &str, session: &SessionId, user: &UserId) -> Result<Grant, Refusal> {
    let claims = keys.verify(token, session, user)?;
    Ok(Grant {
        participants: claims.participants(),
        name: DisplayName::new(claims.name.as_deref().unwrap_or_default()),
        issued_at: claims.iat,
        // As long as its verification would take it.
        lasts_ms: claims.exp.saturating_add(SKEW_S).saturating_sub(now_s()).saturating_mul(1_000),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Claims;

    #[test]
    fn participants_are_two_users_and_the_time_left_counts_the_skew() {
        let keys = Keys::dev().unwrap();
        let (session, user) = (SessionId::parse("s").unwrap(), UserId::parse("7").unwrap());
        let granted = |participants: &[&str]| {
            let participants = Some(participants.iter().map(|name| (*name).to_owned()).collect());
            let claims = Claims { participants, iat: Some(5), ..Claims::new("7", "s", 60) };
            grant(&keys, &keys.sign(&claims).unwrap(), &session, &user)
        };
        let grant = granted(&["7", "9"]).unwrap();
        assert_eq!(grant.peer_of(&user).unwrap().as_str(), "9");
        assert!((80_000..=90_000).contains(&grant.lasts_ms), "{}", grant.lasts_ms);
        assert_eq!(grant.issued_at, Some(5));
        for wrong in [&["7"][..], &["7", "7"], &["7", "9", "8"], &["7", ""]] {
            assert!(granted(wrong).is_err(), "{wrong:?}");
        }
    }
}
