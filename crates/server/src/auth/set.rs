//! All keys, as they were in their files at one time.

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::args::KeyArgs;
use super::claims::Claims;
use super::error::KeyError;
use super::file;
use super::jwks::Jwks;
use super::key::Key;
use super::watch::Stamp;

/// All keys, and what else tokens have to say.
pub(super) struct KeySet {
    pub(super) keys: Vec<Key>,
    /// Signs tokens: the first secret.
    signer: Option<(Option<String>, EncodingKey)>,
    pub(super) audience: Option<String>,
    pub(super) issuer: Option<String>,
    /// The state of the JWKS file before it was read.
    pub(super) stamp: Option<Stamp>,
    /// Sentences about keys that are not used.
    pub(super) skipped: Vec<String>,
}

impl KeySet {
    /// Reads all files.
    pub(super) fn read(args: &KeyArgs) -> Result<Self, KeyError> {
        let mut set = Self {
            keys: Vec::new(),
            signer: None,
            audience: args.jwt_audience.clone(),
            issuer: args.jwt_issuer.clone(),
            // Whatever happens to the file from here on is a change.
            stamp: args.jwks_file.as_deref().and_then(Stamp::of),
            skipped: Vec::new(),
        };
        for named in &args.jwt_secret_file {
            set.add_secret(named.kid.clone(), &file::secret(&named.path)?);
        }
        for named in &args.jwt_public_key_file {
            let pem = file::public("public key", &named.path)?;
            let key = Key::from_pem(named.kid.clone(), &pem);
            set.keys.push(key.map_err(|fault| KeyError::Key { path: named.path.clone(), fault })?);
        }
        if let Some(path) = &args.jwks_file {
            let json = file::public("JWKS", path)?;
            let jwks = Jwks::parse(&json).map_err(|reason| KeyError::Jwks { path: path.clone(), reason })?;
            set.keys.extend(jwks.keys);
            set.skipped.extend(jwks.skipped.into_iter().map(|sentence| format!("{}: {sentence}", path.display())));
        }
        if set.keys.is_empty() { Err(KeyError::NoKey) } else { Ok(set) }
    }

    /// One secret, without an ID.
    pub(super) fn of_secret(secret: &[u8]) -> Self {
        let mut set =
            Self { keys: Vec::new(), signer: None, audience: None, issuer: None, stamp: None, skipped: Vec::new() };
        set.add_secret(None, secret);
        set
    }

    fn add_secret(&mut self, kid: Option<String>, secret: &[u8]) {
        self.signer.get_or_insert_with(|| (kid.clone(), EncodingKey::from_secret(secret)));
        self.keys.push(Key::from_secret(kid, secret));
    }

    /// Signs with the first secret.
    pub(super) fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let (kid, key) = self.signer.as_ref().ok_or(KeyError::NoSecret)?;
        let header = Header { kid: kid.clone(), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, key).map_err(KeyError::Sign)
    }
}
