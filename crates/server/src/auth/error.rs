//! What is wrong with keys, in sentences that name the file.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What keeps keys from being used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// A file can't be read.
    #[error("cannot read the {kind} file {path}: {source}")]
    File {
        /// What should be in it: a secret, a public key, or a set of them.
        kind: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file that should hold keys holds more than any key has.
    #[error("the {kind} file {path} is larger than 1 MiB")]
    TooLarge {
        /// What should be in it.
        kind: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner may read or change a secret.
    #[error("the secret file {0} is open to other users of this machine; make it yours alone with: chmod 600 {0}")]
    Mode(PathBuf),
    /// The secret is too short to be one.
    #[error("the secret in {0} has fewer than 32 bytes; make one with: (umask 077; openssl rand -hex 32 > {0})")]
    ShortSecret(PathBuf),
    /// A secret that everybody may know: a public key is no secret.
    #[error("the secret file {0} is a PEM file; a public key belongs to --jwt-public-key-file")]
    PemSecret(PathBuf),
    /// A public key can't be used.
    #[error("the public key in {path} can't be used: {fault}")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: KeyFault,
    },
    /// A set of keys can't be used.
    #[error("the JWKS file {path} can't be used: {reason}")]
    Jwks {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No file is named.
    #[error(
        "no key to check tokens with: give --jwt-secret-file, --jwt-public-key-file or --jwks-file, or --dev on a \
         development machine"
    )]
    NoKey,
    /// A token can be signed with a secret only.
    #[error("a token is signed with a secret: give --jwt-secret-file")]
    NoSecret,
    /// The claims can't be signed.
    #[error("the token could not be signed: {0}")]
    Sign(jsonwebtoken::errors::Error),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
}

/// Why a public key can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// Not one block `PUBLIC KEY` (RFC 7468 section 13) or `RSA PUBLIC KEY`.
    #[error("it is not one public key in PEM form (BEGIN PUBLIC KEY)")]
    NotPem,
    /// A key of another type, or a broken one.
    #[error("it is not an RSA, EC P-256 or Ed25519 key")]
    Unsupported,
    /// An RSA key that is too short to be safe (RFC 7518 section 3.3).
    #[error("its RSA modulus has {0} bits, at least 2048 are needed")]
    Weak(usize),
    /// An RSA key that costs too much to check with, or one with an unusual exponent.
    #[error("its RSA modulus has more than 4096 bits or its exponent is not an odd number from 3 to 2^33 - 1")]
    Unusual,
}
