//! Sets of public keys (JWKS, RFC 7517).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::error::KeyFault;
use super::key::Key;

/// The keys of a set.
pub(super) struct Jwks {
    /// Those that can be used.
    pub(super) keys: Vec<Key>,
    /// Sentences about those that are left out (RFC 7517 section 5).
    pub(super) skipped: Vec<String>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// The members that this server understands.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Part of a private key; it is there or not.
    d: Option<IgnoredAny>,
}

/// Why a key of a set is not used.
enum Unused {
    /// It is left out.
    Skipped(&'static str),
    /// A key that makes its owner unsafe: the whole set is refused.
    Weak(KeyFault),
}

impl Jwks {
    /// Reads a set. A key of another use or of an unknown type is left out; an RSA key that is too short, or a set in which
    /// nothing can be used, is an error.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let set: Set = serde_json::from_slice(json).map_err(|error| {
            // The error itself would quote what is in the file.
            format!("it is not a set of JSON web keys; see line {}, column {}", error.line(), error.column())
        })?;
        let mut jwks = Self { keys: Vec::new(), skipped: Vec::new() };
        for (at, value) in set.keys.into_iter().enumerate() {
            let kid = value.get("kid").and_then(Value::as_str).map(str::to_owned);
            let name = kid.map_or_else(|| format!("number {}", at + 1), |kid| format!("{kid:?}"));
            match Jwk::read(value) {
                Ok(key) => jwks.keys.push(key),
                Err(Unused::Skipped(reason)) => jwks.skipped.push(format!("key {name} is not used: {reason}")),
                Err(Unused::Weak(fault)) => return Err(format!("key {name}: {fault}")),
            }
        }
        match jwks.skipped.first() {
            _ if !jwks.keys.is_empty() => Ok(jwks),
            None => Err("it has no key".into()),
            Some(first) => Err(format!("it has no key that can be used; {first}")),
        }
    }
}

impl Jwk {
    fn read(value: Value) -> Result<Key, Unused> {
        let malformed = |_| Unused::Skipped("it does not have the form of a JSON web key");
        let jwk: Self = serde_json::from_value(value).map_err(malformed)?;
        if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return Err(Unused::Skipped("its use is not sig"));
        }
        if jwk.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|name| name == "verify")) {
            return Err(Unused::Skipped("its key_ops do not include verify"));
        }
        if jwk.d.is_some() {
            return Err(Unused::Skipped("it is a private key, which does not belong here"));
        }
        let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => ("RS256", rsa(&jwk)),
            ("EC", Some("P-256")) => ("ES256", p256(&jwk)),
            ("OKP", Some("Ed25519")) => ("EdDSA", ed25519(&jwk)),
            ("oct", _) => return Err(Unused::Skipped("it is a secret; secrets belong to --jwt-secret-file")),
            ("EC" | "OKP", _) => return Err(Unused::Skipped("its curve is neither P-256 nor Ed25519")),
            _ => return Err(Unused::Skipped("its type is not known")),
        };
        if jwk.alg.as_deref().is_some_and(|alg| alg != algorithm) {
            return Err(Unused::Skipped("its algorithm is not RS256, ES256 or EdDSA, as its type would have it"));
        }
        match key {
            Some(Ok(key)) => Ok(key),
            Some(Err(fault @ KeyFault::Weak(_))) => Err(Unused::Weak(fault)),
            Some(Err(KeyFault::Unusual)) => Err(Unused::Skipped("its RSA modulus or exponent is too large")),
            Some(Err(KeyFault::NotPem | KeyFault::Unsupported)) | None => {
                Err(Unused::Skipped("it lacks members or is broken"))
            }
        }
    }
}

fn rsa(jwk: &Jwk) -> Option<Result<Key, KeyFault>> {
    Some(Key::from_rsa_components(jwk.kid.clone(), jwk.n.as_deref()?, jwk.e.as_deref()?))
}

fn p256(jwk: &Jwk) -> Option<Result<Key, KeyFault>> {
    Some(Key::from_p256_coordinates(jwk.kid.clone(), jwk.x.as_deref()?, jwk.y.as_deref()?))
}

fn ed25519(jwk: &Jwk) -> Option<Result<Key, KeyFault>> {
    Some(Key::from_ed25519(jwk.kid.clone(), jwk.x.as_deref()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // The public key of RFC 8037 appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn parse(keys: &Value) -> Result<Jwks, String> {
        Jwks::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn what_is_not_for_signatures_or_not_known_is_left_out() {
        let jwks = parse(&json!([
            { "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "good", "use": "sig", "alg": "EdDSA", "future": [1] },
            { "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "encrypts", "use": "enc" },
            { "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "signs", "key_ops": ["sign"] },
            { "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "private", "d": X },
            { "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "rsa", "alg": "RS256" },
            { "kty": "OKP", "crv": "X25519", "x": X, "kid": "agrees" },
            { "kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "short" },
            { "kty": "EC", "crv": "P-256", "x": X, "kid": "half" },
            { "kty": "oct", "k": "AAAA", "kid": "secret" },
            { "kty": "PQ", "kid": "quantum" },
            { "kty": 7 },
            "nothing",
        ]))
        .unwrap();
        assert_eq!(jwks.keys.iter().map(|key| key.kid.as_deref()).collect::<Vec<_>>(), [Some("good")]);
        assert_eq!(jwks.skipped.len(), 11);
        assert_eq!(jwks.skipped.first().unwrap(), "key \"encrypts\" is not used: its use is not sig");
        assert!(jwks.skipped.last().unwrap().starts_with("key number 12 is not used"));
    }

    #[test]
    fn a_set_that_is_empty_weak_or_broken_is_refused() {
        let fault = |keys: Value| parse(&keys).map(|_| ()).unwrap_err();
        assert_eq!(fault(json!([])), "it has no key");
        assert!(fault(json!([{ "kty": "PQ" }])).contains("its type is not known"));
        assert!(
            fault(json!([{ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "a" }]))
                .contains("key \"a\": its RSA modulus")
        );
        for broken in ["", "{", "[]", "{\"keys\":7}", "null"] {
            assert!(Jwks::parse(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
