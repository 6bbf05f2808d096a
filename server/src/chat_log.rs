//! The chat log: one writer thread that owns the connection, group commit, acknowledgement after commit.

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use pairvoice_core::wire::{Accepted, ChatMessage, ChatPage, NewMessage, Receipt};
use pairvoice_core::{MessageId, SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use thiserror::Error;

use self::writer::{Job, write};

mod writer;

/// Jobs that may wait for the writer.
const QUEUE: usize = 1_024;
/// Messages that come with a first welcome.
const FIRST_PAGE: u32 = 100;
/// Messages that come with a later welcome.
const MISSED_PAGE: u32 = 200;
/// Bytes of text in one page; the newest message always fits.
const PAGE_BYTES: usize = 256 * 1024;

const VERSION: i64 = 2;
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
pragma user_version = 2;";
/// Version 1 found a message by its sender first, so that somebody else's use of an ID went unnoticed.
const FROM_1: &str = "
alter table message rename to message_1;
create table message (
    session text not null, seq integer not null, id text not null, sender text not null,
    body text not null, at integer not null,
    primary key (session, seq)) without rowid;
insert into message select session, seq, id, sender, body, at from message_1;
drop table message_1;";

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
    /// The file is of a later version of this program.
    #[error("the chat log is of version {0}, which this server does not know")]
    Version(i64),
    /// The writer thread could not start.
    #[error("the chat log's writer could not start: {0}")]
    Thread(std::io::Error),
}

/// What became of a batch.
#[derive(Debug)]
pub struct Appended {
    /// The place of each message, in the order given.
    pub accepted: Vec<Accepted>,
    /// Those that were not in the log before.
    pub new: Vec<ChatMessage>,
    /// The message whose ID is somebody else's: it and those after it were not written.
    pub squatted: Option<MessageId>,
}

/// How much is kept; what is not given has no limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// Messages older than so many days go.
    pub days: Option<u32>,
    /// So many messages of each session stay.
    pub messages: Option<u32>,
    /// The file grows no larger than so many MiB.
    pub file_mib: Option<u32>,
}

/// What a client says that it knows of a session's log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The log's ID.
    pub log: Option<&'a str>,
    /// Everything up to this sequence number.
    pub since: u64,
    /// The message there: in a log that was set back and went on, it is another one.
    pub tip: Option<&'a MessageId>,
}

/// The chat log of all sessions.
#[derive(Debug)]
pub struct ChatLog {
    jobs: Mutex<Option<SyncSender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    reader: Mutex<Connection>,
    /// Made with the file: another file is another log.
    id: String,
}

impl ChatLog {
    /// Opens the file, makes the tables, starts the writer.
    ///
    /// # Errors
    /// [`LogError`] when the file can't be used.
    pub fn open(path: &Path, retention: Retention) -> Result<Self, LogError> {
        let mut writer = connect(path)?;
        let version: i64 = writer.query_row("pragma user_version", [], |row| row.get(0))?;
        if version > VERSION {
            return Err(LogError::Version(version));
        }
        let migration = writer.transaction()?;
        if version == 1 {
            migration.execute_batch(FROM_1)?;
        }
        migration.execute_batch(SCHEMA)?;
        migration.commit()?;
        if let Some(mib) = retention.file_mib {
            let page: i64 = writer.query_row("pragma page_size", [], |row| row.get(0))?;
            let pages = i64::from(mib) * 1024 * 1024 / page.max(1);
            writer.query_row(&format!("pragma max_page_count = {pages}"), [], |_| Ok(()))?;
        }
        let id = writer.query_row("select id from log", [], |row| row.get(0))?;
        let reader = connect(path)?;
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("chat-log".into())
            .spawn(move || write(writer, &queue, retention))
            .map_err(LogError::Thread)?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), writer: Mutex::new(Some(thread)), reader: Mutex::new(reader), id })
    }

    /// Writes messages; `done` runs on the writer's thread once they are durable, in the order of the calls.
    ///
    /// # Errors
    /// [`LogError::Busy`] or [`LogError::Closed`]; `done` is not called then.
    pub fn append(
        &self,
        session: SessionId,
        sender: UserId,
        messages: Vec<NewMessage>,
        done: impl FnOnce(Result<Appended, LogError>) + Send + 'static,
    ) -> Result<(), LogError> {
        self.submit(Job::Append { session, sender, messages, done: Box::new(done) })
    }

    /// Writes how far somebody has got; `done` gets what holds now.
    ///
    /// # Errors
    /// As [`ChatLog::append`].
    pub fn receipt(
        &self,
        session: SessionId,
        receipt: Receipt,
        done: impl FnOnce(Result<Receipt, LogError>) + Send + 'static,
    ) -> Result<(), LogError> {
        self.submit(Job::Receipt { session, receipt, done: Box::new(done) })
    }

    fn submit(&self, job: Job) -> Result<(), LogError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        match jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(LogError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(LogError::Closed),
        }
    }

    /// What a client that knows the log `log` up to `since` has missed.
    ///
    /// # Errors
    /// [`LogError::Sqlite`].
    pub fn page(&self, session: &SessionId, known: &Known<'_>) -> Result<ChatPage, LogError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let id = self.id.clone();
        let last = last(&reader, session)?;
        let same = known.log == Some(&id) && known.since <= last && has_tip(&reader, session, known)?;
        let since = if same { known.since } else { 0 };
        let limit = if since == 0 { FIRST_PAGE } else { MISSED_PAGE };
        let messages = newest(&reader, session, since, i64::MAX, limit)?;
        let more = older(&reader, session, messages.first(), since + 1)?;
        let mut statement = reader.prepare_cached("select user, delivered, read from receipt where session = ?1")?;
        let receipts = statement
            .query_map([session.as_str()], |row| {
                Ok(Receipt { user: id_of(row, 0, UserId::parse)?, delivered: row.get(1)?, read: row.get(2)? })
            })?
            .collect::<Result<_, _>>()?;
        Ok(ChatPage { log: id, since, last, receipts, messages, more })
    }

    /// Messages before one, and whether there are older ones still.
    ///
    /// # Errors
    /// [`LogError::Sqlite`].
    pub fn history(&self, session: &SessionId, before: u64, limit: u32) -> Result<(Vec<ChatMessage>, bool), LogError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let messages = newest(&reader, session, 0, before, limit)?;
        let more = older(&reader, session, messages.first(), 1)?;
        Ok((messages, more))
    }

    /// Writes what waits and closes the file.
    pub fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }
}

fn connect(path: &Path) -> Result<Connection, LogError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // NORMAL may lose the tail on power loss, after the author was told that it is safe.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "busy_timeout", 5_000)?;
    Ok(connection)
}

fn last(connection: &Connection, session: &SessionId) -> Result<u64, LogError> {
    let mut statement = connection.prepare_cached(
        "select max(coalesce((select max(seq) from message where session = ?1), 0),
                    coalesce((select upto from pruned where session = ?1), 0))",
    )?;
    Ok(statement.query_row([session.as_str()], |row| row.get(0))?)
}

fn oldest(connection: &Connection, session: &SessionId) -> Result<Option<u64>, LogError> {
    let mut statement = connection.prepare_cached("select min(seq) from message where session = ?1")?;
    Ok(statement.query_row([session.as_str()], |row| row.get(0))?)
}

/// Whether there are messages from `from` on that are older than the first of a page.
fn older(
    connection: &Connection,
    session: &SessionId,
    first: Option<&ChatMessage>,
    from: u64,
) -> Result<bool, LogError> {
    let Some(first) = first else { return Ok(false) };
    Ok(oldest(connection, session)?.is_some_and(|oldest| oldest.max(from) < first.seq))
}

/// Whether the message at the client's `since` is the one that the client knows there, or is no longer kept.
fn has_tip(connection: &Connection, session: &SessionId, known: &Known<'_>) -> Result<bool, LogError> {
    let Some(tip) = known.tip else { return Ok(true) };
    let mut statement = connection.prepare_cached("select id from message where session = ?1 and seq = ?2")?;
    let id = statement.query_row(params![session.as_str(), known.since], |row| row.get::<_, String>(0)).optional()?;
    match id {
        Some(id) => Ok(id == tip.as_str()),
        None => Ok(oldest(connection, session)?.is_none_or(|oldest| oldest > known.since)),
    }
}

/// The newest messages with `after < seq < before`, by rising sequence number.
fn newest(
    connection: &Connection,
    session: &SessionId,
    after: u64,
    before: i64,
    limit: u32,
) -> Result<Vec<ChatMessage>, LogError> {
    let mut statement = connection.prepare_cached(
        "select id, sender, seq, at, body from message
         where session = ?1 and seq > ?2 and seq < ?3 order by seq desc limit ?4",
    )?;
    let mut rows = statement.query(params![session.as_str(), after, before, limit])?;
    let mut messages = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let message = ChatMessage {
            id: id_of(row, 0, MessageId::parse)?,
            sender: id_of(row, 1, UserId::parse)?,
            seq: row.get(2)?,
            at: row.get(3)?,
            text: row.get(4)?,
        };
        bytes += message.text.len();
        if bytes > PAGE_BYTES && !messages.is_empty() {
            break;
        }
        messages.push(message);
    }
    messages.reverse();
    Ok(messages)
}

fn id_of<T>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, pairvoice_core::IdError>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e)))
}
