//! Checks a token's signature (RFC 7515 section 5.2), then its claims.

use std::collections::HashSet;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use pairvoice_wire::Refusal;

use super::claims::Claims;
use super::key::Key;
use super::set::KeySet;
use super::unauthorized;

/// Longest token in bytes that is looked at.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

impl KeySet {
    /// The claims of a token that is genuine and valid at a time, in seconds since 1970.
    pub(super) fn claims(&self, token: &str, now: u64) -> Result<Claims, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(unauthorized("the token is longer than 8 KiB"));
        }
        let header = decode_header(token).map_err(|_| {
            unauthorized("the token is not a JSON web token with one of the algorithms HS256, RS256, ES256 and EdDSA")
        })?;
        // Each of these names would be an extension that has to be understood, and none is (RFC 7515 section 4.1.11).
        if header.crit.is_some() {
            return Err(unauthorized("the token's header has crit, and this server knows no extension"));
        }
        let claims = self.signed(token, &header)?;
        claims.check(now, self.audience.as_deref(), self.issuer.as_deref())?;
        Ok(claims)
    }

    /// The claims, if one of the keys that may have signed them did.
    fn signed(&self, token: &str, header: &Header) -> Result<Claims, Refusal> {
        let named: Vec<&Key> = match &header.kid {
            Some(kid) => self.keys.iter().filter(|key| key.kid.as_ref() == Some(kid)).collect(),
            None => self.keys.iter().collect(),
        };
        if named.is_empty() {
            return Err(unauthorized("the server has no key with the token's key ID (kid)"));
        }
        let mut fitting = named.into_iter().filter(|key| key.algorithm == header.alg).peekable();
        if fitting.peek().is_none() {
            return Err(unauthorized("the token's algorithm is not that of a key"));
        }
        for key in fitting {
            let mut validation = Validation::new(key.algorithm);
            // What the claims say is checked by `Claims::check`.
            validation.required_spec_claims = HashSet::new();
            validation.validate_exp = false;
            validation.validate_aud = false;
            match decode::<Claims>(token, &key.decoding, &validation) {
                Ok(data) => return Ok(data.claims),
                Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {}
                Err(_) => {
                    return Err(unauthorized(
                        "the token's claims do not have the form of the protocol; it needs sub, session and exp",
                    ));
                }
            }
        }
        Err(unauthorized("the token is signed with another key"))
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, EncodingKey, encode};
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_700_000_000;
    const RSA: &str = include_str!("../../tests/keys/rsa_test_private.pem");
    const RSA_PUBLIC: &str = include_str!("../../tests/keys/rsa_test_public.pem");
    const EC: &str = include_str!("../../tests/keys/ec_test_private.pem");
    const EC_PUBLIC: &str = include_str!("../../tests/keys/ec_test_public.pem");
    const ED: &str = include_str!("../../tests/keys/ed_test_private.pem");
    const ED_PUBLIC: &str = include_str!("../../tests/keys/ed_test_public.pem");

    fn set(keys: Vec<Key>) -> KeySet {
        let mut set = KeySet::of_secret(&[0; 32]);
        set.keys = keys;
        set
    }

    fn secret(kid: Option<&str>, byte: u8) -> Key {
        Key::from_secret(kid.map(str::to_owned), &[byte; 32])
    }

    fn pem(kid: Option<&str>, pem: &str) -> Key {
        Key::from_pem(kid.map(str::to_owned), pem.as_bytes()).unwrap()
    }

    fn token(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
        encode(&header, &json!({ "sub": "7", "session": "s", "exp": NOW + 60 }), key).unwrap()
    }

    fn hs256(kid: Option<&str>, byte: u8) -> String {
        token(Algorithm::HS256, kid, &EncodingKey::from_secret(&[byte; 32]))
    }

    fn verify(set: &KeySet, token: &str) -> Result<String, String> {
        set.claims(token, NOW).map(|claims| claims.sub).map_err(|refusal| refusal.message)
    }

    #[test]
    fn a_key_id_chooses_the_keys_and_without_one_every_key_of_the_algorithm_is_tried() {
        let set = set(vec![secret(Some("a"), 1), secret(Some("b"), 2), secret(Some("b"), 3), secret(None, 4)]);
        for (kid, byte) in [(Some("a"), 1), (Some("b"), 2), (Some("b"), 3), (None, 1), (None, 2), (None, 3), (None, 4)]
        {
            assert_eq!(verify(&set, &hs256(kid, byte)), Ok("7".into()), "{kid:?} {byte}");
        }
        for (kid, byte) in [(Some("a"), 2), (Some("b"), 1), (Some("b"), 4), (None, 5)] {
            assert!(verify(&set, &hs256(kid, byte)).unwrap_err().contains("another key"), "{kid:?} {byte}");
        }
        assert!(verify(&set, &hs256(Some("c"), 1)).unwrap_err().contains("(kid)"));
    }

    #[test]
    fn public_keys_check_what_their_private_keys_signed() {
        let set = set(vec![pem(None, RSA_PUBLIC), pem(None, EC_PUBLIC), pem(Some("ed"), ED_PUBLIC)]);
        let rsa = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
        let ec = EncodingKey::from_ec_pem(EC.as_bytes()).unwrap();
        let ed = EncodingKey::from_ed_pem(ED.as_bytes()).unwrap();
        assert_eq!(verify(&set, &token(Algorithm::RS256, None, &rsa)), Ok("7".into()));
        assert_eq!(verify(&set, &token(Algorithm::ES256, None, &ec)), Ok("7".into()));
        assert_eq!(verify(&set, &token(Algorithm::EdDSA, Some("ed"), &ed)), Ok("7".into()));
        for other in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
            assert!(verify(&set, &token(other, None, &rsa)).unwrap_err().contains("algorithm"), "{other:?}");
        }
    }

    #[test]
    fn a_public_key_is_never_a_secret() {
        let as_secret = EncodingKey::from_secret(RSA_PUBLIC.as_bytes());
        for (kid, keys) in [
            (None, vec![pem(None, RSA_PUBLIC)]),
            (Some("rsa"), vec![pem(Some("rsa"), RSA_PUBLIC), secret(Some("hmac"), 1)]),
        ] {
            let confused = token(Algorithm::HS256, kid, &as_secret);
            assert_eq!(verify(&set(keys), &confused).unwrap_err(), "the token's algorithm is not that of a key");
        }
    }

    #[test]
    fn unsigned_long_and_misshapen_tokens_are_refused() {
        let set = set(vec![secret(None, 1)]);
        let good = hs256(None, 1);
        assert_eq!(verify(&set, &good), Ok("7".into()));
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (header, payload) = message.split_once('.').unwrap();
        // {"alg":"none"}
        for bad in [
            format!("eyJhbGciOiJub25lIn0.{payload}."),
            format!("eyJhbGciOiJub25lIn0.{payload}.{signature}"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
            format!("{message}.{signature}="),
            format!("{message}.{signature}.{signature}"),
            String::new(),
            "..".into(),
        ] {
            assert!(verify(&set, &bad).is_err(), "{bad}");
        }
        assert!(verify(&set, &"x".repeat(8_193)).unwrap_err().contains("8 KiB"));
        let key = EncodingKey::from_secret(&[1; 32]);
        let empty = encode(&Header::new(Algorithm::HS256), &json!({ "sub": "7", "session": "s" }), &key).unwrap();
        assert!(verify(&set, &empty).unwrap_err().contains("exp"));
    }

    #[test]
    fn extensions_that_have_to_be_understood_are_refused() {
        let set = set(vec![secret(None, 1)]);
        for names in [vec![], vec!["exp".to_owned()], vec!["b64".to_owned()]] {
            let header = Header { crit: Some(names), ..Header::new(Algorithm::HS256) };
            let claims = json!({ "sub": "7", "session": "s", "exp": NOW + 60 });
            let token = encode(&header, &claims, &EncodingKey::from_secret(&[1; 32])).unwrap();
            assert!(verify(&set, &token).unwrap_err().contains("crit"));
        }
    }

    #[test]
    fn the_first_secret_signs_and_names_itself() {
        let set = KeySet::of_secret(&[9; 32]);
        let signed = set.sign(&Claims::new("7", "s", 60)).unwrap();
        assert_eq!(decode_header(&signed).unwrap().kid, None);
        assert_eq!(set.claims(&signed, crate::auth::now_s()).unwrap().sub, "7");
    }
}
