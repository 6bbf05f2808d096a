//! Who may enter: JSON web tokens (RFC 7519), the keys that they are checked with, and how these keys change while the
//! server runs.
//!
//! A key is for one algorithm: a secret for HS256, a public key for RS256, ES256 or `EdDSA`, as its type says. A token that
//! names another algorithm than its key's is refused, so nobody can sign with a public key as if it were a secret.
//!
//! Several keys make rotation possible. A token whose header has a `kid` (RFC 7515 section 4.1.4) is checked with the keys of
//! that ID only. A token without one is checked with every key for its algorithm, those with an ID among them, so an app's
//! backend that sets no `kid` can change its secret, too: the new secret is written into the file of one that is not in use,
//! and the old one is overwritten once the tokens that it signed have expired.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pairvoice_wire::{Detail, Refusal, SessionId, UserId};

pub use self::args::{KeyArgs, KeyFile, KeyFileError};
pub(crate) use self::claims::SKEW_S;
pub use self::claims::{Audience, Claims, now_s};
pub use self::error::{KeyError, KeyFault};
pub(crate) use self::file::{is_credential, secret};
use self::set::KeySet;

mod args;
mod claims;
mod error;
mod file;
mod jwks;
mod key;
mod set;
mod verify;
mod watch;

/// A secret that nobody knows.
pub(crate) fn random_secret() -> Result<[u8; 32], KeyError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(KeyError::Random)?;
    Ok(secret)
}

/// The keys that sign and check tokens; they can be exchanged while tokens are checked.
pub struct Keys {
    /// Where the keys come from; a development secret comes from nowhere.
    source: Option<KeyArgs>,
    set: ArcSwap<KeySet>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads all files.
    ///
    /// # Errors
    /// [`KeyError`] names the file that can't be used; there has to be at least one key.
    pub fn load(args: &KeyArgs) -> Result<Self, KeyError> {
        let set = KeySet::read(args)?;
        Ok(Self { source: Some(args.clone()), set: ArcSwap::from_pointee(set) })
    }

    /// A random secret that lives as long as this process.
    ///
    /// # Errors
    /// [`KeyError::Random`] when the system gives no random numbers.
    pub fn dev() -> Result<Self, KeyError> {
        let secret = random_secret()?;
        Ok(Self { source: None, set: ArcSwap::from_pointee(KeySet::of_secret(&secret)) })
    }

    /// Reads all files again. Tokens are checked with the new keys from then on; upon an error the old ones stay.
    ///
    /// # Errors
    /// As [`Keys::load`].
    pub fn reload(&self) -> Result<(), KeyError> {
        if let Some(args) = &self.source {
            self.set.store(Arc::new(KeySet::read(args)?));
        }
        Ok(())
    }

    /// Checks that a token lets this user into this session now.
    ///
    /// # Errors
    /// `unauthorized`, with a sentence for developers that quotes nothing of the token.
    pub fn verify(&self, token: &str, session: &SessionId, user: &UserId) -> Result<Claims, Refusal> {
        let claims = self.set.load().claims(token, now_s())?;
        if claims.sub != user.as_str() {
            return Err(unauthorized("the token is for another user"));
        }
        if claims.session != session.as_str() {
            return Err(unauthorized("the token is for another session"));
        }
        Ok(claims)
    }

    /// Signs a token with the first secret, whose ID, if it has one, becomes the token's `kid`.
    ///
    /// # Errors
    /// [`KeyError::NoSecret`] when there are public keys only.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        self.set.load().sign(claims)
    }

    /// How many keys there are.
    fn len(&self) -> usize {
        self.set.load().keys.len()
    }
}

fn unauthorized(message: &str) -> Refusal {
    Refusal::of_token(Detail::Invalid, message)
}
