//! The chat log: one writer thread that owns the connection, group commit, acknowledgement after commit.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use pairvoice_core::wire::{Accepted, ChatMessage, ChatPage, NewMessage, Receipt};
use pairvoice_core::{MessageId, SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use thiserror::Error;

/// Jobs that may wait for the writer.
const QUEUE: usize = 1_024;
/// Jobs of one transaction.
const GROUP: usize = 64;
/// Messages that come with a first welcome.
const FIRST_PAGE: u32 = 100;
/// Messages that come with a later welcome.
const MISSED_PAGE: u32 = 200;
/// Bytes of text in one page; the newest message always fits.
const PAGE_BYTES: usize = 256 * 1024;

const SCHEMA: &str = "
create table if not exists log (id text not null);
insert into log select lower(hex(randomblob(16))) where not exists (select 1 from log);
create table if not exists message (
    session text not null, seq integer not null, id text not null, sender text not null,
    body text not null, at integer not null,
    primary key (session, seq), unique (session, sender, id)) without rowid;
create table if not exists receipt (
    session text not null, user text not null, delivered integer not null, read integer not null,
    primary key (session, user)) without rowid;
pragma user_version = 1;";

/// What keeps the log from working.
#[derive(Debug, Error)]
pub enum LogError {
    /// SQLite says no.
    #[error("the chat log failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// More waits than the writer can take.
    #[error("the chat log is busy")]
    Busy,
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

type Done<T> = Box<dyn FnOnce(Result<T, LogError>) + Send>;

enum Job {
    Append { session: SessionId, sender: UserId, messages: Vec<NewMessage>, done: Done<Appended> },
    Receipt { session: SessionId, receipt: Receipt, done: Done<Receipt> },
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
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let writer = connect(path)?;
        let version: i64 = writer.query_row("pragma user_version", [], |row| row.get(0))?;
        if version > 1 {
            return Err(LogError::Version(version));
        }
        writer.execute_batch(SCHEMA)?;
        let id = writer.query_row("select id from log", [], |row| row.get(0))?;
        let reader = connect(path)?;
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("chat-log".into())
            .spawn(move || write(writer, &queue))
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
        let more = messages.first().is_some_and(|m| m.seq > since + 1);
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
        let more = messages.first().is_some_and(|m| m.seq > 1);
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

type Tell = Box<dyn FnOnce(bool) + Send>;

/// The writer's life: takes what waits, commits it at once, then tells everybody.
fn write(mut connection: Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let jobs: Vec<Job> = std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)).collect();
        let mut told = Vec::new();
        let committed = commit(&mut connection, jobs, &mut told)
            .inspect_err(|error| tracing::error!(%error, "the chat log could not commit"))
            .is_ok();
        for tell in told {
            tell(committed);
        }
    }
    let _ = connection.execute_batch("pragma wal_checkpoint(truncate)");
}

/// All or nothing: authors of a transaction that failed try again, and what was written is known by its ID.
fn commit(connection: &mut Connection, jobs: Vec<Job>, told: &mut Vec<Tell>) -> Result<(), LogError> {
    fn keep<T: Send + 'static>(
        done: Done<T>,
        result: Result<T, LogError>,
        told: &mut Vec<Tell>,
    ) -> Result<(), LogError> {
        let (value, outcome) = match result {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        };
        told.push(Box::new(move |committed| done(value.filter(|_| committed).ok_or(LogError::Busy))));
        outcome
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let mut outcome = transaction.as_ref().map(|_| ()).map_err(|_| LogError::Busy);
    for job in jobs {
        let done = match (job, &transaction) {
            (Job::Append { session, sender, messages, done }, Ok(t)) => {
                keep(done, append(t, &session, &sender, messages), told)
            }
            (Job::Receipt { session, receipt, done }, Ok(t)) => keep(done, raise(t, &session, receipt), told),
            (Job::Append { done, .. }, Err(_)) => keep(done, Err(LogError::Busy), told),
            (Job::Receipt { done, .. }, Err(_)) => keep(done, Err(LogError::Busy), told),
        };
        outcome = outcome.and(done);
    }
    outcome?;
    Ok(transaction?.commit()?)
}

fn append(
    connection: &Connection,
    session: &SessionId,
    sender: &UserId,
    messages: Vec<NewMessage>,
) -> Result<Appended, LogError> {
    let mut appended = Appended { accepted: Vec::new(), new: Vec::new() };
    let mut find =
        connection.prepare_cached("select seq, at from message where session = ?1 and sender = ?2 and id = ?3")?;
    let mut insert = connection
        .prepare_cached("insert into message (session, seq, id, sender, body, at) values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut seq = last(connection, session)?;
    for NewMessage { id, text, .. } in messages {
        let known = find
            .query_row(params![session.as_str(), sender.as_str(), id.as_str()], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))
            })
            .optional()?;
        if let Some((seq, at)) = known {
            appended.accepted.push(Accepted { id, seq, at });
            continue;
        }
        seq += 1;
        let at = now_ms();
        insert.execute(params![session.as_str(), seq, id.as_str(), sender.as_str(), text, at])?;
        appended.accepted.push(Accepted { id: id.clone(), seq, at });
        appended.new.push(ChatMessage { id, sender: sender.clone(), seq, at, text });
    }
    Ok(appended)
}

fn raise(connection: &Connection, session: &SessionId, receipt: Receipt) -> Result<Receipt, LogError> {
    // Nobody can have got further than the log goes.
    let last = last(connection, session)?;
    let read = receipt.read.min(last);
    let delivered = receipt.delivered.min(last).max(read);
    let mut statement = connection.prepare_cached(
        "insert into receipt (session, user, delivered, read) values (?1, ?2, ?3, ?4)
         on conflict (session, user) do update
         set delivered = max(delivered, excluded.delivered), read = max(read, excluded.read)
         returning delivered, read",
    )?;
    let user = receipt.user;
    let (delivered, read) = statement
        .query_row(params![session.as_str(), user.as_str(), delivered, read], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Receipt { user, delivered, read })
}

fn last(connection: &Connection, session: &SessionId) -> Result<u64, LogError> {
    let mut statement = connection.prepare_cached("select coalesce(max(seq), 0) from message where session = ?1")?;
    Ok(statement.query_row([session.as_str()], |row| row.get(0))?)
}

/// Whether the message at the client's `since` is the one that the client knows there.
fn has_tip(connection: &Connection, session: &SessionId, known: &Known<'_>) -> Result<bool, LogError> {
    let Some(tip) = known.tip else { return Ok(true) };
    let mut statement = connection.prepare_cached("select id from message where session = ?1 and seq = ?2")?;
    let id = statement.query_row(params![session.as_str(), known.since], |row| row.get::<_, String>(0)).optional()?;
    Ok(id.as_deref() == Some(tip.as_str()))
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

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
