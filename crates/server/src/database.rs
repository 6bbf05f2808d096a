//! What can be told of the chat log's file from outside.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::metrics::Database;

/// How long a question may wait for a lock of the writer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The chat log's file. Each question opens it by `SQLite`: whoever opens it otherwise and closes it takes `SQLite`'s locks
/// away, in the whole process (POSIX advisory locks).
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    /// Device and inode of the file when the server began.
    identity: Option<(u64, u64)>,
}

impl DatabaseFile {
    /// The file, which is there.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path) }
    }

    fn ask(&self, pragma: &str) -> Option<u64> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).ok()?;
        connection.busy_timeout(PATIENCE).ok()?;
        connection.query_row(&format!("pragma {pragma}"), [], |row| row.get(0)).ok()
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    path.metadata().ok().map(|of| (of.dev(), of.ino()))
}

impl Database for DatabaseFile {
    fn size_bytes(&self) -> Option<u64> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let log = Path::new(&log).metadata().map_or(0, |of| of.len());
        Some(self.path.metadata().ok()?.len() + log)
    }

    fn free_pages(&self) -> Option<u64> {
        self.ask("freelist_count")
    }

    fn is_reachable(&self) -> bool {
        // The writer goes on in a file that was removed, or had another put in its place, and all of it is lost in the end.
        self.identity.is_some() && identity(&self.path) == self.identity && self.ask("schema_version").is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_its_size_and_whether_it_is_still_there() {
        let folder = std::env::temp_dir().join(format!("pairvoice-database-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("chat.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer
            .execute_batch("create table t (x text); insert into t select hex(zeroblob(50000)); delete from t")
            .unwrap();
        let file = DatabaseFile::new(&path);
        assert!(file.is_reachable());
        assert!(file.size_bytes().unwrap() > 50_000);
        assert!(file.free_pages().unwrap() > 10);
        std::fs::rename(&path, folder.join("moved.db")).unwrap();
        assert!(!file.is_reachable());
        assert_eq!((file.size_bytes(), file.free_pages()), (None, None));
        std::fs::write(&path, "").unwrap();
        assert!(!file.is_reachable());
        std::fs::rename(folder.join("moved.db"), &path).unwrap();
        assert!(file.is_reachable());
        drop(writer);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
