//! The one thread that reads: pages for welcomes, pages of history.

use std::sync::mpsc::Receiver;

use std::collections::BTreeMap;

use pairvoice_room::{Admission, Known};
use pairvoice_wire::{ChatMessage, ChatPage, IdError, MessageId, Receipt, SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Done, LogError, last};

/// Messages that come with a first welcome.
const FIRST_PAGE: u32 = 100;
/// Messages that come with a later welcome.
const MISSED_PAGE: u32 = 200;
/// Bytes of text in one page; the newest message always fits. On a link on which voice just works (64 kbit/s) a page takes ten seconds or so.
const PAGE_BYTES: usize = 96 * 1024;

/// Messages by rising sequence number, and whether older ones exist.
pub(super) type History = (Vec<ChatMessage>, bool);

/// What the reader is asked for.
pub(super) enum Read {
    Page { session: SessionId, known: Known, done: Done<(ChatPage, Admission)> },
    Admission { session: SessionId, done: Done<Admission> },
    History { session: SessionId, before: u64, limit: u32, done: Done<History> },
}

/// The reader's life: answers one question after the other.
pub(super) fn read(connection: &Connection, log: &str, queue: &Receiver<Read>) {
    while let Ok(question) = queue.recv() {
        match question {
            Read::Page { session, known, done } => done(noted(page(connection, log, &session, &known))),
            Read::Admission { session, done } => done(noted(admission(connection, &session))),
            Read::History { session, before, limit, done } => {
                done(noted(history(connection, &session, before, limit)));
            }
        }
    }
}

fn noted<T>(result: Result<T, LogError>) -> Result<T, LogError> {
    result.inspect_err(|error| tracing::error!(%error, "the chat log could not be read"))
}

/// What a client that says what it knows of the log has missed, and who may enter the session.
fn page(
    connection: &Connection,
    log: &str,
    session: &SessionId,
    known: &Known,
) -> Result<(ChatPage, Admission), LogError> {
    // One snapshot: the page holds no message that is newer than its `last`.
    let connection = connection.unchecked_transaction()?;
    let connection = &*connection;
    let last = last(connection, session)?;
    let same = known.log.as_deref() == Some(log) && known.since <= last && has_tip(connection, session, known)?;
    let since = if same { known.since } else { 0 };
    let limit = if since == 0 { FIRST_PAGE } else { MISSED_PAGE };
    let messages = newest(connection, session, since, i64::MAX, limit)?;
    let more = older(connection, session, messages.first(), since + 1)?;
    let mut statement = connection.prepare_cached("select user, delivered, read from receipt where session = ?1")?;
    let receipts = statement
        .query_map([session.as_str()], |row| {
            Ok(Receipt { user: id_of(row, 0, UserId::parse)?, delivered: row.get(1)?, read: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    let page = ChatPage { log: log.to_owned(), since, last, receipts, messages, more };
    Ok((page, admission(connection, session)?))
}

/// Who may enter a session.
fn admission(connection: &Connection, session: &SessionId) -> Result<Admission, LogError> {
    Ok(Admission { participants: pin(connection, session)?, revoked: revoked(connection, session)? })
}

/// The two users that a session is pinned to.
pub(super) fn pin(connection: &Connection, session: &SessionId) -> Result<Option<[UserId; 2]>, LogError> {
    let mut statement = connection.prepare_cached("select one, other from pin where session = ?1")?;
    let two = |row: &Row<'_>| Ok([id_of(row, 0, UserId::parse)?, id_of(row, 1, UserId::parse)?]);
    Ok(statement.query_row([session.as_str()], two).optional()?)
}

/// Until when tokens of users are void; everybody's stand under an empty name.
fn revoked(connection: &Connection, session: &SessionId) -> Result<BTreeMap<Option<UserId>, u64>, LogError> {
    let mut statement = connection.prepare_cached("select user, at from revoked where session = ?1")?;
    let rows = statement.query_map([session.as_str()], |row| {
        let everybody = row.get_ref(0)?.as_str()?.is_empty();
        Ok((if everybody { None } else { Some(id_of(row, 0, UserId::parse)?) }, row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn history(connection: &Connection, session: &SessionId, before: u64, limit: u32) -> Result<History, LogError> {
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let messages = newest(connection, session, 0, before, limit)?;
    let more = older(connection, session, messages.first(), 1)?;
    Ok((messages, more))
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
fn has_tip(connection: &Connection, session: &SessionId, known: &Known) -> Result<bool, LogError> {
    let Some(tip) = &known.tip else { return Ok(true) };
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

fn id_of<T>(row: &Row<'_>, column: usize, parse: fn(&str) -> Result<T, IdError>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e)))
}
