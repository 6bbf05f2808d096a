//! Reads files with keys.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::error::KeyError;

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// Shortest secret in bytes: the output size of HMAC-SHA-256 (RFC 7518 section 3.2).
const MIN_SECRET_BYTES: usize = 32;
/// Group or others may read or write.
const LOOSE: u32 = 0o066;

/// Whether the service manager made the file for this process alone (systemd's `LoadCredential`). Where file systems have access
/// control lists, its mode then shows a group that nobody is in.
pub(crate) fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY")
        .is_some_and(|folder| Path::new(&folder).is_absolute() && path.parent() == Some(Path::new(&folder)))
}

/// Reads a secret; white space around it is not part of it.
pub(crate) fn secret(path: &Path) -> Result<Vec<u8>, KeyError> {
    let kind = "secret";
    let failed = |source| KeyError::File { kind, path: path.into(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & LOOSE != 0 && !is_credential(path) {
        return Err(KeyError::Mode(path.into()));
    }
    let bytes = contents(file, kind, path)?;
    let secret = bytes.trim_ascii();
    if secret.starts_with(b"-----BEGIN ") {
        return Err(KeyError::PemSecret(path.into()));
    }
    if secret.len() < MIN_SECRET_BYTES {
        return Err(KeyError::ShortSecret(path.into()));
    }
    Ok(secret.to_vec())
}

/// Reads a file that is no secret; `kind` says what should be in it.
pub(super) fn public(kind: &'static str, path: &Path) -> Result<Vec<u8>, KeyError> {
    let file = File::open(path).map_err(|source| KeyError::File { kind, path: path.into(), source })?;
    contents(file, kind, path)
}

fn contents(file: File, kind: &'static str, path: &Path) -> Result<Vec<u8>, KeyError> {
    let failed = |source: io::Error| KeyError::File { kind, path: path.into(), source };
    let mut bytes = Vec::new();
    let length = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(length).is_ok_and(|length| length <= MAX_BYTES) {
        Ok(bytes)
    } else {
        Err(KeyError::TooLarge { kind, path: path.into() })
    }
}
