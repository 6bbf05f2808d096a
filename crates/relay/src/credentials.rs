//! Names and passwords that last for a while, as TURN servers of the "REST API" scheme take them
//! (draft-uberti-behave-turn-rest): the name says until when, the password is a code over the name. So the relay knows nobody
//! by heart, and an external server with the same secret takes the same credentials.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// Bytes of the codes that stand for session and user in a name.
const NAME: usize = 12;
/// Characters of such a code.
const NAME_TEXT: usize = 16;

/// What passwords are made with.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A user name and its password for a TURN server.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `EXPIRY:SESSION.USER`: seconds since 1970, and a code each for the session and for the user in it.
    pub username: String,
    /// Base64 of HMAC-SHA1 over the user name.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Secret {
    /// A secret of any length.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Credentials for a user of a session that are good until a time, in seconds since 1970.
    #[must_use]
    pub fn credentials(&self, session: &str, user: &str, until_s: u64) -> Credentials {
        let session_code = self.code(b"session", &[session]);
        let user_code = self.code(b"user", &[session, user]);
        let username = format!("{until_s}:{session_code}.{user_code}");
        let password = self.password(&username);
        Credentials { username, password }
    }

    /// What stands for a session or a user: the same whenever it is asked for, and nobody who has no secret can tell whose it is.
    fn code(&self, kind: &[u8], parts: &[&str]) -> String {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0) else { return String::new() };
        mac.update(kind);
        for part in parts {
            mac.update(&part.len().to_be_bytes());
            mac.update(part.as_bytes());
        }
        let code = mac.finalize().into_bytes();
        URL_SAFE_NO_PAD.encode(code.get(..NAME).unwrap_or_default())
    }

    fn password(&self, username: &str) -> String {
        let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(&self.0) else { return String::new() };
        mac.update(username.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// The key of a user's messages (RFC 8489 section 9.2.2).
    pub(crate) fn key(&self, username: &str, realm: &str) -> [u8; 16] {
        let text = [username, realm, &self.password(username)].join(":");
        Md5::digest(text.as_bytes()).into()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a user name says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    /// Until when it is good, in seconds since 1970.
    pub(crate) until_s: u64,
    /// Stands for the session.
    pub(crate) session: Box<str>,
    /// Stands for the user.
    pub(crate) user: Box<str>,
}

impl Name {
    /// Reads a name; whether it was made here, its password tells.
    pub(crate) fn read(username: &str) -> Option<Self> {
        let (until, people) = username.split_once(':')?;
        let (session, user) = people.split_once('.')?;
        let is_code = |code: &str| code.len() == NAME_TEXT;
        let digits = !until.is_empty() && until.bytes().all(|byte| byte.is_ascii_digit());
        (digits && is_code(session) && is_code(user))
            .then(|| Some(Self { until_s: until.parse().ok()?, session: session.into(), user: user.into() }))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_until_when_and_stands_for_one_user_of_one_session() {
        let secret = Secret::new(b"secret");
        let name = |session, user, until| Name::read(&secret.credentials(session, user, until).username).unwrap();
        let one = name("s", "7", 1_000);
        assert_eq!(one.until_s, 1_000);
        assert_eq!(one.session, name("s", "9", 5).session);
        assert_eq!(one.user, name("s", "7", 5).user);
        assert_ne!(one.user, name("s", "9", 1_000).user);
        assert_ne!(one.user, name("t", "7", 1_000).user, "two sessions of one user can't be joined by it");
        assert_ne!(one.session, name("t", "7", 1_000).session);
    }

    #[test]
    fn the_password_is_the_one_that_other_servers_expect() {
        // printf '1000:x' | openssl dgst -sha1 -hmac secret -binary | base64
        assert_eq!(Secret::new(b"secret").password("1000:x"), "0po2rf+PkL5zOW6Bk2QGIFLtMSs=");
    }

    #[test]
    fn other_names_are_none() {
        let good = "5:0123456789abcdef.0123456789abcdef";
        assert!(Name::read(good).is_some());
        for bad in [
            "",
            ":",
            "x",
            "5:",
            "+5:0123456789abcdef.0123456789abcdef",
            "5:0123456789abcdef.",
            "5:0123456789abcdef",
            "99999999999999999999999:0123456789abcdef.0123456789abcdef",
        ] {
            assert_eq!(Name::read(bad), None, "{bad}");
        }
    }
}
