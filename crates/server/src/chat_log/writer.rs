//! The one thread that writes: group commit, acknowledgement after commit, removal of what is too old.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pairvoice_room::Appended;
use pairvoice_wire::{Accepted, ChatMessage, NewMessage, Receipt, SessionId, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Done, LogError, Retention, last, reader};

/// Jobs of one transaction.
const GROUP: usize = 64;
/// How often messages that are too old are looked for.
const SWEEP: Duration = Duration::from_hours(1);
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// What the writer is asked for.
pub(super) enum Job {
    Append { session: SessionId, sender: UserId, messages: Vec<NewMessage>, done: Done<Appended> },
    Receipt { session: SessionId, receipt: Receipt, done: Done<Receipt> },
    Pin { session: SessionId, participants: [UserId; 2], done: Done<[UserId; 2]> },
    Revoke { session: SessionId, user: Option<UserId>, at: u64, done: Done<()> },
}

/// What became of a transaction, for everybody in it.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Committed,
    Busy,
    Full,
}

impl From<&LogError> for Outcome {
    fn from(error: &LogError) -> Self {
        match error {
            LogError::Sqlite(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Busy,
        }
    }
}

type Tell = Box<dyn FnOnce(Outcome) + Send>;

/// The writer's life: takes what waits, commits it at once, then tells everybody.
pub(super) fn write(mut connection: Connection, queue: &Receiver<Job>, retention: Retention) {
    let mut next_sweep = Instant::now();
    loop {
        if let Some(days) = retention.days
            && next_sweep <= Instant::now()
        {
            next_sweep = Instant::now() + SWEEP;
            if let Err(error) = sweep(&connection, now_ms().saturating_sub(u64::from(days) * DAY_MS)) {
                tracing::error!(%error, "old messages could not be removed");
            }
        }
        let first = match queue.recv_timeout(next_sweep.saturating_duration_since(Instant::now()).max(SWEEP / 60)) {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let jobs: Vec<Job> = std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)).collect();
        let mut told = Vec::new();
        let outcome = match commit(&mut connection, jobs, retention, &mut told) {
            Ok(()) => Outcome::Committed,
            Err(error) => {
                tracing::error!(%error, "the chat log could not commit");
                Outcome::from(&error)
            }
        };
        for tell in told {
            tell(outcome);
        }
    }
    let _ = connection.execute_batch("pragma wal_checkpoint(truncate)");
}

/// All or nothing: authors of a transaction that failed try again, and what was written is known by its ID.
fn commit(
    connection: &mut Connection,
    jobs: Vec<Job>,
    retention: Retention,
    told: &mut Vec<Tell>,
) -> Result<(), LogError> {
    fn keep<T: Send + 'static>(
        done: Done<T>,
        result: Result<T, LogError>,
        told: &mut Vec<Tell>,
    ) -> Result<(), LogError> {
        let (value, outcome) = match result {
            Ok(value) => (Some(value), Ok(())),
            Err(error) => (None, Err(error)),
        };
        told.push(Box::new(move |outcome| {
            done(match (outcome, value) {
                (Outcome::Committed, Some(value)) => Ok(value),
                (Outcome::Full, _) => Err(LogError::Full),
                _ => Err(LogError::Busy),
            });
        }));
        outcome
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let mut outcome = transaction.as_ref().map(|_| ()).map_err(|_| LogError::Busy);
    for job in jobs {
        let done = match (job, &transaction) {
            (Job::Append { session, sender, messages, done }, Ok(t)) => {
                keep(done, append(t, &session, &sender, messages, retention), told)
            }
            (Job::Receipt { session, receipt, done }, Ok(t)) => keep(done, raise(t, &session, receipt), told),
            (Job::Pin { session, participants, done }, Ok(t)) => keep(done, pin(t, &session, participants), told),
            (Job::Revoke { session, user, at, done }, Ok(t)) => {
                keep(done, revoke(t, &session, user.as_ref(), at), told)
            }
            (Job::Append { done, .. }, Err(_)) => keep(done, Err(LogError::Busy), told),
            (Job::Receipt { done, .. }, Err(_)) => keep(done, Err(LogError::Busy), told),
            (Job::Pin { done, .. }, Err(_)) => keep(done, Err(LogError::Busy), told),
            (Job::Revoke { done, .. }, Err(_)) => keep(done, Err(LogError::Busy), told),
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
    retention: Retention,
) -> Result<Appended, LogError> {
    let mut appended = Appended::default();
    // Left to itself, SQLite walks through the session by its primary key.
    let mut find = connection
        .prepare_cached("select seq, at, sender from message indexed by message_id where session = ?1 and id = ?2")?;
    let mut insert = connection
        .prepare_cached("insert into message (session, seq, id, sender, body, at) values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut seq = last(connection, session)?;
    let mut room = room_for(connection, session, sender, retention.user_bytes)?;
    for NewMessage { id, text, .. } in messages {
        let known = find
            .query_row(params![session.as_str(), id.as_str()], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        match known {
            Some((seq, at, author)) if author == sender.as_str() => appended.accepted.push(Accepted { id, seq, at }),
            Some(_) => {
                appended.taken = Some(id);
                break;
            }
            None => {
                let Some(left) = room.checked_sub(text.len() as u64) else {
                    appended.full = Some(id);
                    break;
                };
                room = left;
                seq += 1;
                let at = now_ms();
                insert.execute(params![session.as_str(), seq, id.as_str(), sender.as_str(), text, at])?;
                appended.accepted.push(Accepted { id: id.clone(), seq, at });
                appended.new.push(ChatMessage { id, sender: sender.clone(), seq, at, text });
            }
        }
    }
    if let Some(keep) = retention.messages
        && !appended.new.is_empty()
    {
        connection
            .prepare_cached("delete from message where session = ?1 and seq <= ?2")?
            .execute(params![session.as_str(), seq.saturating_sub(u64::from(keep))])?;
    }
    Ok(appended)
}

/// How many bytes of text a user may still write into a session. What was written is counted by triggers.
fn room_for(connection: &Connection, session: &SessionId, user: &UserId, limit: Option<u64>) -> Result<u64, LogError> {
    let Some(limit) = limit else { return Ok(u64::MAX) };
    let mut statement = connection.prepare_cached("select bytes from usage where session = ?1 and user = ?2")?;
    let written = statement.query_row([session.as_str(), user.as_str()], |row| row.get::<_, u64>(0)).optional()?;
    Ok(limit.saturating_sub(written.unwrap_or_default()))
}

/// Removes what was written before a time, session by session; numbers never start again.
fn sweep(connection: &Connection, before: u64) -> Result<(), LogError> {
    let mut next = connection.prepare_cached("select min(session) from message where session > ?1")?;
    let mut session = String::new();
    while let Some(found) = next.query_row([&session], |row| row.get::<_, Option<String>>(0))? {
        let oldest: u64 = connection
            .prepare_cached("select at from message where session = ?1 order by seq limit 1")?
            .query_row([&found], |row| row.get(0))?;
        if oldest >= before {
            session = found;
            continue;
        }
        connection.execute(
            "insert into pruned select ?1, max(seq) from message where session = ?1
             on conflict (session) do update set upto = excluded.upto",
            [&found],
        )?;
        connection.execute(
            "delete from message where session = ?1 and seq < coalesce(
                (select seq from message where session = ?1 and at >= ?2 order by seq limit 1), 9223372036854775807)",
            params![found, before],
        )?;
        session = found;
    }
    Ok(())
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

/// The first pin stays.
fn pin(connection: &Connection, session: &SessionId, participants: [UserId; 2]) -> Result<[UserId; 2], LogError> {
    let [one, other] = &participants;
    connection
        .prepare_cached("insert into pin (session, one, other) values (?1, ?2, ?3) on conflict do nothing")?
        .execute(params![session.as_str(), one.as_str(), other.as_str()])?;
    Ok(reader::pin(connection, session)?.unwrap_or(participants))
}

fn revoke(connection: &Connection, session: &SessionId, user: Option<&UserId>, at: u64) -> Result<(), LogError> {
    connection
        .prepare_cached(
            "insert into revoked (session, user, at) values (?1, ?2, ?3)
             on conflict (session, user) do update set at = max(at, excluded.at)",
        )?
        .execute(params![session.as_str(), user.map_or("", UserId::as_str), at])?;
    Ok(())
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
