//! One key, for one algorithm.

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};

use super::error::KeyFault;

/// Shortest RSA modulus in bits (RFC 7518 section 3.3).
const MIN_RSA_BITS: usize = 2_048;
/// Longest RSA modulus in bits: what the RSA implementation takes.
const MAX_RSA_BITS: usize = 4_096;
/// Largest RSA exponent: what the RSA implementation takes.
const MAX_RSA_EXPONENT: u64 = (1 << 33) - 1;
/// Bytes of a coordinate of P-256 (RFC 7518 section 6.2.1.2) and of an Ed25519 public key (RFC 8032 section 5.1.5).
const COORDINATE: usize = 32;

/// A key that tokens are checked with.
pub(super) struct Key {
    /// The ID that tokens name in their header.
    pub(super) kid: Option<String>,
    /// The only algorithm that this key is for.
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl Key {
    /// A secret, for HS256.
    pub(super) fn from_secret(kid: Option<String>, secret: &[u8]) -> Self {
        Self { kid, algorithm: Algorithm::HS256, decoding: DecodingKey::from_secret(secret) }
    }

    /// One public key in PEM form. Certificates and private keys are refused: the first would be used without being checked,
    /// the second do not belong here.
    pub(super) fn from_pem(kid: Option<String>, pem: &[u8]) -> Result<Self, KeyFault> {
        let text = str::from_utf8(pem).map_err(|_| KeyFault::NotPem)?;
        let is_public = text.contains("-----BEGIN PUBLIC KEY-----") || text.contains("-----BEGIN RSA PUBLIC KEY-----");
        if !is_public || text.matches("-----BEGIN ").count() != 1 {
            return Err(KeyFault::NotPem);
        }
        if let Ok(rsa) = DecodingKey::from_rsa_pem(pem) {
            return Self::rsa_from_der(kid, &rsa);
        }
        if let Ok(ec) = DecodingKey::from_ec_pem(pem) {
            return Self::checked(kid, Algorithm::ES256, ec);
        }
        match DecodingKey::from_ed_pem(pem) {
            Ok(ed) => Self::ed25519(kid, ed),
            Err(_) => Err(KeyFault::Unsupported),
        }
    }

    /// An RSA key by its modulus and exponent, in base64url (RFC 7518 section 6.3.1).
    pub(super) fn from_rsa_components(kid: Option<String>, n: &str, e: &str) -> Result<Self, KeyFault> {
        Self::rsa(kid, DecodingKey::from_rsa_components(n, e).map_err(|_| KeyFault::Unsupported)?)
    }

    /// A P-256 key by its coordinates, in base64url (RFC 7518 section 6.2.1).
    pub(super) fn from_p256_coordinates(kid: Option<String>, x: &str, y: &str) -> Result<Self, KeyFault> {
        let key = DecodingKey::from_ec_components(x, y).map_err(|_| KeyFault::Unsupported)?;
        Self::checked(kid, Algorithm::ES256, key)
    }

    /// An Ed25519 key, in base64url (RFC 8037 section 2).
    pub(super) fn from_ed25519(kid: Option<String>, x: &str) -> Result<Self, KeyFault> {
        Self::ed25519(kid, DecodingKey::from_ed_components(x).map_err(|_| KeyFault::Unsupported)?)
    }

    fn rsa_from_der(kid: Option<String>, key: &DecodingKey) -> Result<Self, KeyFault> {
        let der = key.try_get_as_bytes().map_err(|_| KeyFault::Unsupported)?;
        let components = DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key;
        let (n, e) = components(der).map_err(|_| KeyFault::Unusual)?;
        Self::rsa(kid, DecodingKey::from_rsa_raw_components(&n, &e))
    }

    fn rsa(kid: Option<String>, key: DecodingKey) -> Result<Self, KeyFault> {
        let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { return Err(KeyFault::Unsupported) };
        let bits = bits(n);
        if bits < MIN_RSA_BITS {
            return Err(KeyFault::Weak(bits));
        }
        let e = number(e).filter(|e| (3..=MAX_RSA_EXPONENT).contains(e) && e % 2 == 1);
        if bits > MAX_RSA_BITS || e.is_none() {
            return Err(KeyFault::Unusual);
        }
        Self::checked(kid, Algorithm::RS256, key)
    }

    /// The verifier takes the first 32 bytes of an Ed25519 key without a look at its length.
    fn ed25519(kid: Option<String>, key: DecodingKey) -> Result<Self, KeyFault> {
        if !key.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == COORDINATE) {
            return Err(KeyFault::Unsupported);
        }
        Self::checked(kid, Algorithm::EdDSA, key)
    }

    /// A point that is not on its curve is no key.
    fn checked(kid: Option<String>, algorithm: Algorithm, decoding: DecodingKey) -> Result<Self, KeyFault> {
        match (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &decoding) {
            Ok(_) => Ok(Self { kid, algorithm, decoding }),
            Err(_) => Err(KeyFault::Unsupported),
        }
    }
}

/// The length in bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let mut digits = number.iter().skip_while(|byte| **byte == 0);
    digits.next().map_or(0, |first| digits.count() * 8 + first.checked_ilog2().map_or(0, |log| log as usize + 1))
}

/// A big-endian number, if it fits.
fn number(bytes: &[u8]) -> Option<u64> {
    (bits(bytes) <= 64).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn algorithm(pem: &str) -> Result<Algorithm, KeyFault> {
        Key::from_pem(None, pem.as_bytes()).map(|key| key.algorithm)
    }

    #[test]
    fn a_public_key_is_for_the_algorithm_of_its_type() {
        let rsa = include_str!("../../tests/keys/rsa_test_public.pem");
        assert_eq!(algorithm(rsa), Ok(Algorithm::RS256));
        assert_eq!(algorithm(include_str!("../../tests/keys/rsa_pkcs1_test_public.pem")), Ok(Algorithm::RS256));
        assert_eq!(algorithm(include_str!("../../tests/keys/ec_test_public.pem")), Ok(Algorithm::ES256));
        assert_eq!(algorithm(include_str!("../../tests/keys/ed_test_public.pem")), Ok(Algorithm::EdDSA));
    }

    #[test]
    fn weak_foreign_and_private_keys_are_refused() {
        let weak = include_str!("../../tests/keys/rsa_1024_test_public.pem");
        assert_eq!(algorithm(weak), Err(KeyFault::Weak(1_024)));
        let p384 = include_str!("../../tests/keys/ec_p384_test_public.pem");
        assert_eq!(algorithm(p384), Err(KeyFault::Unsupported));
        let public = include_str!("../../tests/keys/ed_test_public.pem");
        assert_eq!(algorithm(&format!("{public}{public}")), Err(KeyFault::NotPem));
        for private in [
            include_str!("../../tests/keys/rsa_test_private.pem"),
            include_str!("../../tests/keys/ec_test_private.pem"),
            include_str!("../../tests/keys/ed_test_private.pem"),
            "",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(algorithm(private), Err(KeyFault::NotPem));
        }
        assert_eq!(algorithm("-----BEGIN PUBLIC KEY-----\n!\n"), Err(KeyFault::Unsupported));
    }

    #[test]
    fn components_of_the_wrong_length_are_refused() {
        let fault = |key: Result<Key, KeyFault>| key.map(|key| key.algorithm).unwrap_err();
        assert_eq!(fault(Key::from_ed25519(None, "AAAA")), KeyFault::Unsupported);
        assert_eq!(fault(Key::from_p256_coordinates(None, "AAAA", "AAAA")), KeyFault::Unsupported);
        let zeros = "A".repeat(43);
        assert_eq!(fault(Key::from_p256_coordinates(None, &zeros, &zeros)), KeyFault::Unsupported, "not on the curve");
        assert_eq!(fault(Key::from_rsa_components(None, "AQAB", "AQAB")), KeyFault::Weak(17));
        let long = "_".repeat(700);
        assert_eq!(fault(Key::from_rsa_components(None, &long, "AQAB")), KeyFault::Unusual);
        let modulus = "_".repeat(400);
        assert_eq!(fault(Key::from_rsa_components(None, &modulus, "AQ")), KeyFault::Unusual, "an exponent of 1");
    }
}
