//! The options that name the keys.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use thiserror::Error;

/// Which keys tokens are checked with, and what else they have to say.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who may enter")]
pub struct KeyArgs {
    /// File with a secret that signs tokens (HS256); may be repeated.
    ///
    /// It has at least 32 bytes and is readable for its owner only. KID= in front of it gives it the key ID that tokens name. The
    /// files are read again upon SIGHUP.
    #[arg(long, env = "PAIRVOICE_JWT_SECRET_FILE", value_delimiter = ',', value_name = "[KID=]FILE")]
    pub jwt_secret_file: Vec<KeyFile>,
    /// PEM file with the public key of whoever signs tokens; may be repeated.
    ///
    /// RSA of at least 2048 bits (RS256), EC P-256 (ES256) or Ed25519 (`EdDSA`).
    #[arg(long, env = "PAIRVOICE_JWT_PUBLIC_KEY_FILE", value_delimiter = ',', value_name = "[KID=]FILE")]
    pub jwt_public_key_file: Vec<KeyFile>,
    /// JSON file with a set of public keys (JWKS, RFC 7517).
    ///
    /// It is read again when it changes.
    #[arg(long, env = "PAIRVOICE_JWKS_FILE", value_name = "FILE")]
    pub jwks_file: Option<PathBuf>,
    /// Audience that every token has to name in `aud`.
    ///
    /// Without it tokens with an audience are refused.
    #[arg(long, env = "PAIRVOICE_JWT_AUDIENCE", value_name = "AUD", value_parser = NonEmptyStringValueParser::new())]
    pub jwt_audience: Option<String>,
    /// Issuer that every token has to name in `iss`.
    #[arg(long, env = "PAIRVOICE_JWT_ISSUER", value_name = "ISS", value_parser = NonEmptyStringValueParser::new())]
    pub jwt_issuer: Option<String>,
}

impl KeyArgs {
    /// No file with keys is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jwt_secret_file.is_empty() && self.jwt_public_key_file.is_empty() && self.jwks_file.is_none()
    }
}

/// A file with one key, written `FILE` or `KID=FILE`.
///
/// What stands before the first `=` is the key's ID unless it holds a `/`: a path with an equals sign can be written `./a=b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The key's ID, which tokens name in their header (RFC 7515 section 4.1.4).
    pub kid: Option<String>,
    /// The file.
    pub path: PathBuf,
}

/// Why a text names no key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyFileError {
    /// Nothing stands before `=`.
    #[error("the key ID before = is empty")]
    NoKeyId,
    /// No path.
    #[error("the file's name is missing")]
    NoPath,
}

impl FromStr for KeyFile {
    type Err = KeyFileError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kid, path) = match text.split_once('=') {
            Some((kid, path)) if !kid.contains('/') => (Some(kid), path),
            _ => (None, text),
        };
        if kid == Some("") {
            return Err(KeyFileError::NoKeyId);
        }
        if path.is_empty() {
            return Err(KeyFileError::NoPath);
        }
        Ok(Self { kid: kid.map(str::to_owned), path: path.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_stands_before_the_first_equals_sign() {
        let parts = |text: &str| text.parse::<KeyFile>().map(|file| (file.kid, file.path));
        assert_eq!(parts("secret"), Ok((None, "secret".into())));
        assert_eq!(parts("2025-01=/etc/a=b"), Ok((Some("2025-01".into()), "/etc/a=b".into())));
        assert_eq!(parts("./a=b"), Ok((None, "./a=b".into())));
        assert_eq!(parts("=secret"), Err(KeyFileError::NoKeyId));
        assert_eq!(parts("a="), Err(KeyFileError::NoPath));
        assert_eq!(parts(""), Err(KeyFileError::NoPath));
    }
}
