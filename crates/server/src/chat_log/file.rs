//! The chat log's file: for its owner only, and for one server at a time.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::LogError;

/// Its owner may read and write.
const PRIVATE: u32 = 0o600;

/// Makes the file if it is missing, and locks it against other servers until the returned file is dropped or the process
/// ends, however it ends.
///
/// The lock is on a file of its own: `SQLite` locks parts of the database file itself, and loses these locks when anything in
/// the process closes that file. For the same reason this is done before `SQLite` opens it.
pub(super) fn own(path: &Path) -> Result<File, LogError> {
    let failed = |path: &Path, source| LogError::File { path: path.into(), source };
    let database = private(path).map_err(|source| failed(path, source))?;
    // SQLite gives its other files the mode of this one.
    if database.metadata().is_ok_and(|of| of.permissions().mode() & 0o077 != 0) {
        tracing::warn!("other users of this machine may read {path}; chmod 600 {path}", path = path.display());
    }
    drop(database);
    // Two names of one file have one lock.
    let real = path.canonicalize().map_err(|source| failed(path, source))?;
    let lock_path = beside(real);
    let lock = private(&lock_path).map_err(|source| failed(&lock_path, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(LogError::InUse { path: path.into(), lock: lock_path }),
        Err(TryLockError::Error(source)) => Err(failed(&lock_path, source)),
    }
}

/// Opens a file; if it is missing, it is made for its owner only.
fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(PRIVATE).open(path)
}

fn beside(path: PathBuf) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

/// Connects to the file, which is there. Its name is taken as it is, not as a URI.
pub(super) fn connect(path: &Path) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // NORMAL may lose the tail on power loss, after the author was told that it is safe.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "busy_timeout", 5_000)?;
    Ok(connection)
}
