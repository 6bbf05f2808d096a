//! Tokens: JSON web tokens (RFC 7519), HS256 and nothing else.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use pairvoice_wire::{Code, Refusal, SessionId, UserId};
use serde::{Deserialize, Serialize};

/// How far clocks may differ, in seconds.
const LEEWAY_S: u64 = 30;

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: String,
    /// The session.
    pub session: String,
    /// Until when, in seconds since 1970; checked at each handshake, not afterwards.
    pub exp: u64,
    /// The two users of the session, when the app names them: nobody else gets in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<Vec<String>>,
}

impl Claims {
    /// The other of the two participants.
    #[must_use]
    pub fn peer(&self) -> Option<UserId> {
        let other = self.participants.as_ref()?.iter().find(|name| **name != self.sub)?;
        UserId::parse(other).ok()
    }
}

/// The key that signs and checks tokens.
#[derive(Clone)]
pub struct Secret {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Takes the bytes of a secret.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self { encoding: EncodingKey::from_secret(bytes), decoding: DecodingKey::from_secret(bytes) }
    }

    /// A secret that lives as long as this process.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self::new(&bytes))
    }

    /// Signs a token.
    ///
    /// # Errors
    /// When the claims can't be serialised.
    pub fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
    }

    /// Checks that a token lets this user into this session.
    ///
    /// # Errors
    /// `unauthorized`, with a reason for developers that names no part of the token.
    pub fn verify(&self, token: &str, session: &SessionId, user: &UserId) -> Result<Claims, Refusal> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_S;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|e| unauthorized(reason(&e)))?
            .claims;
        if claims.sub != user.as_str() {
            return Err(unauthorized("the token is for another user"));
        }
        if claims.session != session.as_str() {
            return Err(unauthorized("the token is for another session"));
        }
        if claims.participants.as_ref().is_some_and(|names| !names.contains(&claims.sub)) {
            return Err(unauthorized("the token's participants do not include its user"));
        }
        Ok(claims)
    }
}

fn reason(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::InvalidSignature => "the token is signed with another secret",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "the token's algorithm is not HS256",
        _ => "the token is not a JSON web token with sub, session and exp",
    }
}

fn unauthorized(message: &str) -> Refusal {
    Refusal::new(Code::Unauthorized, message)
}

/// Seconds since 1970.
#[must_use]
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: u64) -> Claims {
        Claims { sub: "7".into(), session: "s".into(), exp, participants: Some(vec!["7".into(), "9".into()]) }
    }

    fn verify(secret: &Secret, token: &str, user: &str) -> Result<Claims, String> {
        let (session, user) = (SessionId::parse("s").unwrap(), UserId::parse(user).unwrap());
        secret.verify(token, &session, &user).map_err(|r| r.message)
    }

    #[test]
    fn a_token_opens_its_own_session_to_its_own_user() {
        let secret = Secret::new(&[1; 32]);
        let token = secret.sign(&claims(now_s() + 60)).unwrap();
        assert_eq!(verify(&secret, &token, "7").unwrap().peer().unwrap().as_str(), "9");
        assert_eq!(verify(&secret, &token, "9").unwrap_err(), "the token is for another user");
    }

    #[test]
    fn expired_forged_and_unsigned_tokens_are_refused() {
        let secret = Secret::new(&[1; 32]);
        let expired = secret.sign(&claims(now_s() - 31)).unwrap();
        assert_eq!(verify(&secret, &expired, "7").unwrap_err(), "the token has expired");
        let forged = Secret::new(&[2; 32]).sign(&claims(now_s() + 60)).unwrap();
        assert_eq!(verify(&secret, &forged, "7").unwrap_err(), "the token is signed with another secret");
        // {"alg":"none"} with the same claims and no signature.
        let payload = forged.split('.').nth(1).unwrap();
        assert!(verify(&secret, &format!("eyJhbGciOiJub25lIn0.{payload}."), "7").is_err());
    }
}
