//! The chat log of all sessions, in one SQLite file: a thread that writes (group commit, acknowledgement after commit) and a
//! thread that reads, each with its own connection and a bounded queue. Whoever asks never waits.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use pairvoice_room::{Input, StoreError, StoreRequest};
use pairvoice_wire::{SessionId, UserId};
use rusqlite::Connection;
use thiserror::Error;

use self::file::{connect, own};
use self::reader::{Read, read};
use self::writer::{Job, write};

mod file;
mod reader;
mod writer;

/// Jobs that may wait for the writer, and questions that may wait for the reader.
const QUEUE: usize = 1_024;

/// Gets the answer, on the thread that has it.
type Done<T> = Box<dyn FnOnce(Result<T, LogError>) + Send>;

const VERSION: i64 = 3;
const SCHEMA: &str = "
create table if not exists log (id text not null);
insert into log select lower(hex(randomblob(16))) where not exists (select 1 from log);
create table if not exists message (
    session text not null, seq integer not null, id text not null, sender text not null,
    body text not null, at integer not null,
    primary key (session, seq)) without rowid;
create index if not exists message_id on message (session, id);
create table if not exists receipt (
    session text not null, user text not null, delivered integer not null, read integer not null,
    primary key (session, user)) without rowid;
create table if not exists pruned (session text not null primary key, upto integer not null) without rowid;
create table if not exists pin (session text not null primary key, one text not null, other text not null) without rowid;
create table if not exists usage (
    session text not null, user text not null, bytes integer not null,
    primary key (session, user)) without rowid;
create trigger if not exists message_written after insert on message begin
    insert into usage (session, user, bytes) values (new.session, new.sender, octet_length(new.body))
        on conflict (session, user) do update set bytes = bytes + excluded.bytes;
end;
create trigger if not exists message_removed after delete on message begin
    update usage set bytes = bytes - octet_length(old.body) where session = old.session and user = old.sender;
    delete from usage where session = old.session and user = old.sender and bytes <= 0;
end;
create table if not exists revoked (
    session text not null, user text not null, at integer not null,
    primary key (session, user)) without rowid;
pragma user_version = 3;";
/// Version 1 found a message by its sender first, so that somebody else's use of an ID went unnoticed.
const FROM_1: &str = "
alter table message rename to message_1;
create table message (
    session text not null, seq integer not null, id text not null, sender text not null,
    body text not null, at integer not null,
    primary key (session, seq)) without rowid;
insert into message select session, seq, id, sender, body, at from message_1;
drop table message_1;";

/// Up to version 2 nobody counted what a user had written.
const FROM_2: &str =
    "insert into usage select session, sender, sum(octet_length(body)) from message group by session, sender";

/// What keeps the log from working.
#[derive(Debug, Error)]
pub enum LogError {
    /// SQLite says no.
    #[error("the chat log failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// More waits than the writer can take.
    #[error("the chat log is busy")]
    Busy,
    /// The disk is full, or the file has reached its limit.
    #[error("the chat log is full")]
    Full,
    /// The writer has stopped.
    #[error("the chat log is closed")]
    Closed,
    /// SQLite can't open the file.
    #[error("the chat log {path} can't be opened: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file, or the lock beside it, can't be made.
    #[error("the chat log needs the file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another server writes to the file.
    #[error("the chat log {path} is in use by another server, which holds {lock}")]
    InUse {
        /// The file.
        path: PathBuf,
        /// The lock beside it.
        lock: PathBuf,
    },
    /// The file is of a later version of this program.
    #[error("the chat log {path} is of version {version}, which this server does not know")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version.
        version: i64,
    },
    /// The writer thread could not start.
    #[error("the chat log's writer could not start: {0}")]
    Thread(std::io::Error),
}

impl From<LogError> for StoreError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Full => Self::Full,
            _ => Self::Busy,
        }
    }
}

/// How much is kept; what is not given has no limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// Messages older than so many days go.
    pub days: Option<u32>,
    /// So many messages of each session stay.
    pub messages: Option<u32>,
    /// The texts of one user in one session have no more than so many bytes of UTF-8.
    pub user_bytes: Option<u64>,
    /// The file grows no larger than so many MiB.
    pub file_mib: Option<u32>,
}

/// The chat log of all sessions.
#[derive(Debug)]
pub struct ChatLog {
    writer: Worker<Job>,
    reader: Worker<Read>,
    /// Locked for as long as this process writes to the file.
    lock: Mutex<Option<File>>,
}

impl ChatLog {
    /// Opens the file, makes the tables, starts the writer. A file that is made here is for its owner only.
    ///
    /// # Errors
    /// [`LogError`] names the file if it can't be used, or if another server uses it.
    pub fn open(path: &Path, retention: Retention) -> Result<Self, LogError> {
        let lock = own(path)?;
        let (writer, reader, id) = prepare(path, retention).map_err(|error| match error {
            LogError::Sqlite(source) => LogError::Open { path: path.into(), source },
            error => error,
        })?;
        let (jobs, to_write) = sync_channel(QUEUE);
        let (questions, to_read) = sync_channel(QUEUE);
        Ok(Self {
            writer: Worker::start("chat-log-writer", jobs, move || write(writer, &to_write, retention))?,
            reader: Worker::start("chat-log-reader", questions, move || read(&reader, &id, &to_read))?,
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Does what a room asks for; `answer` gets the room's next input, on one of the log's threads: those of one session's
    /// batches and receipts in the order in which they were asked for.
    ///
    /// Returns the room's next input when the log can't take the request; `answer` is not called then.
    pub fn submit(
        &self,
        session: &SessionId,
        request: StoreRequest,
        answer: impl FnOnce(Input) + Send + 'static,
    ) -> Option<Input> {
        let session = session.clone();
        match request {
            StoreRequest::ReadPage { socket, known } => {
                let input = move |page: Result<_, StoreError>| Input::PageRead { socket, page };
                let done = Box::new(move |page: Result<_, LogError>| answer(input(page.map_err(Into::into))));
                self.reader.submit(Read::Page { session, known, done }).err().map(|e| input(Err(e.into())))
            }
            StoreRequest::ReadAdmission { knock } => {
                let input = move |admission: Result<_, StoreError>| Input::AdmissionRead { knock, admission };
                let done = Box::new(move |admission: Result<_, LogError>| answer(input(admission.map_err(Into::into))));
                self.reader.submit(Read::Admission { session, done }).err().map(|e| input(Err(e.into())))
            }
            StoreRequest::Pin { participants } => {
                let input = move |participants: Result<_, StoreError>| Input::Pinned { participants };
                let done = Box::new(move |two: Result<_, LogError>| answer(input(two.map_err(Into::into))));
                self.writer.submit(Job::Pin { session, participants, done }).err().map(|e| input(Err(e.into())))
            }
            StoreRequest::ReadHistory { request, before, limit } => {
                let input = move |result: Result<_, StoreError>| Input::HistoryRead { request, result };
                let done = Box::new(move |result: Result<_, LogError>| answer(input(result.map_err(Into::into))));
                self.reader.submit(Read::History { session, before, limit, done }).err().map(|e| input(Err(e.into())))
            }
            StoreRequest::Append { ticket, messages } => {
                let sender = ticket.user.clone();
                let refused = ticket.clone();
                let input = move |ticket, result: Result<_, StoreError>| Input::Appended { ticket, result };
                let done =
                    Box::new(move |result: Result<_, LogError>| answer(input(ticket, result.map_err(Into::into))));
                let job = Job::Append { session, sender, messages, done };
                self.writer.submit(job).err().map(|e| input(refused, Err(e.into())))
            }
            StoreRequest::Raise { request, receipt } => {
                let input = move |result: Result<_, StoreError>| Input::Raised { request, result };
                let done = Box::new(move |result: Result<_, LogError>| answer(input(result.map_err(Into::into))));
                self.writer.submit(Job::Receipt { session, receipt, done }).err().map(|e| input(Err(e.into())))
            }
        }
    }

    /// Makes tokens void that were not issued after a moment, in seconds since 1970: those of a user, or everybody's. `done`
    /// gets the answer on the writer's thread, once that is durable.
    ///
    /// # Errors
    /// [`LogError`] when the log can't take it; `done` is not called then.
    pub fn revoke(
        &self,
        session: &SessionId,
        user: Option<UserId>,
        at: u64,
        done: impl FnOnce(Result<(), LogError>) + Send + 'static,
    ) -> Result<(), LogError> {
        self.writer.submit(Job::Revoke { session: session.clone(), user, at, done: Box::new(done) })
    }

    /// Writes what waits, closes the file, and leaves it to others.
    pub fn close(&self) {
        self.reader.stop();
        self.writer.stop();
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A thread and its queue.
struct Worker<T> {
    queue: Mutex<Option<SyncSender<T>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<T> fmt::Debug for Worker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}

impl<T> Worker<T> {
    fn start(name: &str, queue: SyncSender<T>, work: impl FnOnce() + Send + 'static) -> Result<Self, LogError> {
        let thread = std::thread::Builder::new().name(name.into()).spawn(work).map_err(LogError::Thread)?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    fn submit(&self, item: T) -> Result<(), LogError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(item)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(LogError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(LogError::Closed),
        }
    }

    /// Does what waits, then ends.
    fn stop(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

/// Connects the writer and the reader, makes the tables, sets the limit.
fn prepare(path: &Path, retention: Retention) -> Result<(Connection, Connection, String), LogError> {
    let mut writer = connect(path)?;
    let version: i64 = writer.query_row("pragma user_version", [], |row| row.get(0))?;
    if version > VERSION {
        return Err(LogError::Version { path: path.into(), version });
    }
    let migration = writer.transaction()?;
    if version == 1 {
        migration.execute_batch(FROM_1)?;
    }
    migration.execute_batch(SCHEMA)?;
    if version < 3 {
        migration.execute_batch(FROM_2)?;
    }
    migration.commit()?;
    if let Some(mib) = retention.file_mib {
        let page: i64 = writer.query_row("pragma page_size", [], |row| row.get(0))?;
        let pages = i64::from(mib) * 1024 * 1024 / page.max(1);
        writer.query_row(&format!("pragma max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    let id = writer.query_row("select id from log", [], |row| row.get(0))?;
    Ok((writer, connect(path)?, id))
}

fn last(connection: &Connection, session: &SessionId) -> Result<u64, LogError> {
    let mut statement = connection.prepare_cached(
        "select max(coalesce((select max(seq) from message where session = ?1), 0),
                    coalesce((select upto from pruned where session = ?1), 0))",
    )?;
    Ok(statement.query_row([session.as_str()], |row| row.get(0))?)
}
