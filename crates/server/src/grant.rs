//! What a token grants, for a room.

use pairvoice_room::Grant;
use pairvoice_wire::{Code, Refusal, SessionId, UserId};

use crate::auth::{Claims, Secret, now_s};

/// How much longer than it says a token is good, in seconds: as at its verification.
const LEEWAY_S: u64 = 30;

/// Verifies a token and reads what a room must know of it.
///
/// # Errors
/// `unauthorized`.
pub(crate) fn grant(secret: &Secret, token: &str, session: &SessionId, user: &UserId) -> Result<Grant, Refusal> {
    let claims = secret.verify(token, session, user)?;
    Ok(Grant {
        participants: participants(&claims)?,
        issued_at: issued_at(token),
        lasts_ms: claims.exp.saturating_add(LEEWAY_S).saturating_sub(now_s()).saturating_mul(1_000),
    })
}

fn participants(claims: &Claims) -> Result<Option<[UserId; 2]>, Refusal> {
    let Some(names) = &claims.participants else { return Ok(None) };
    match names.as_slice() {
        [one, other] if one != other => match (UserId::parse(one), UserId::parse(other)) {
            (Ok(one), Ok(other)) => Ok(Some([one, other])),
            _ => Err(not_two()),
        },
        _ => Err(not_two()),
    }
}

fn not_two() -> Refusal {
    Refusal::new(Code::Unauthorized, "the token's participants are not two users")
}

/// The `iat` claim (RFC 7519 section 4.1.6) of a token that was verified.
fn issued_at(token: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Issued {
        iat: Option<u64>,
    }
    jsonwebtoken::dangerous::insecure_decode::<Issued>(token).ok()?.claims.iat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(participants: &[&str]) -> Claims {
        let participants = Some(participants.iter().map(|name| (*name).to_owned()).collect());
        Claims { sub: "7".into(), session: "s".into(), exp: now_s() + 60, participants }
    }

    fn granted(participants: &[&str]) -> Result<Grant, Refusal> {
        let secret = Secret::new(&[1; 32]);
        let (session, user) = (SessionId::parse("s").unwrap(), UserId::parse("7").unwrap());
        grant(&secret, &secret.sign(&claims(participants)).unwrap(), &session, &user)
    }

    #[test]
    fn participants_are_two_users_and_the_time_left_counts_the_leeway() {
        let grant = granted(&["7", "9"]).unwrap();
        assert_eq!(grant.peer_of(&UserId::parse("7").unwrap()).unwrap().as_str(), "9");
        assert!((80_000..=90_000).contains(&grant.lasts_ms), "{}", grant.lasts_ms);
        assert_eq!(grant.issued_at, None);
        for wrong in [&["7"][..], &["7", "7"], &["7", "9", "8"], &["7", ""]] {
            assert_eq!(granted(wrong).unwrap_err().code, Code::Unauthorized, "{wrong:?}");
        }
    }

    #[test]
    fn the_time_of_issue_is_read() {
        // {"alg":"HS256","typ":"JWT"} and {"iat":5}; the signature was looked at before.
        assert_eq!(issued_at("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjV9.AA"), Some(5));
    }
}
