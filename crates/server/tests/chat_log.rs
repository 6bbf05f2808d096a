//! The chat log's file: what is kept, what is not, and what an earlier version wrote.
#![allow(clippy::unwrap_used, clippy::unreachable, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use pairvoice_room::{Admission, Appended, Input, Known, RequestId, SocketId, StoreError, StoreRequest, Ticket};
use pairvoice_server::chat_log::{ChatLog, LogError, Retention};
use pairvoice_wire::{ChatMessage, ChatPage, MessageId, NewMessage, SessionId, UserId};
use rusqlite::Connection;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pairvoice-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("chat.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn session() -> SessionId {
    SessionId::parse("s").unwrap()
}

fn message(number: u32, text: &str) -> NewMessage {
    let id = MessageId::parse(&format!("00000000-0000-7000-8000-{number:012}")).unwrap();
    NewMessage { id, text: text.into(), sender: None }
}

fn ask(log: &ChatLog, request: StoreRequest) -> Input {
    let (tell, told) = channel();
    assert_eq!(log.submit(&session(), request, move |input| tell.send(input).unwrap()), None);
    told.recv().unwrap()
}

fn append(log: &ChatLog, sender: &str, messages: Vec<NewMessage>) -> Result<Appended, StoreError> {
    let ticket = Ticket { user: UserId::parse(sender).unwrap(), request: RequestId(1), cut: None };
    match ask(log, StoreRequest::Append { ticket, messages }) {
        Input::Appended { result, .. } => result,
        other => unreachable!("{other:?}"),
    }
}

fn page(log: &ChatLog, known: Known) -> ChatPage {
    match ask(log, StoreRequest::ReadPage { socket: SocketId(1), known }) {
        Input::PageRead { page, .. } => page.unwrap().0,
        other => unreachable!("{other:?}"),
    }
}

fn admission(log: &ChatLog) -> Admission {
    match ask(log, StoreRequest::ReadPage { socket: SocketId(1), known: Known::default() }) {
        Input::PageRead { page, .. } => page.unwrap().1,
        other => unreachable!("{other:?}"),
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn pin(log: &ChatLog, names: [&str; 2]) -> [UserId; 2] {
    match ask(log, StoreRequest::Pin { participants: names.map(user) }) {
        Input::Pinned { participants } => participants.unwrap(),
        other => unreachable!("{other:?}"),
    }
}

fn revoke(log: &ChatLog, whose: Option<&str>, at: u64) {
    let (tell, told) = channel();
    log.revoke(&session(), whose.map(user), at, move |result| tell.send(result).unwrap()).unwrap();
    told.recv().unwrap().unwrap();
}

fn history(log: &ChatLog, before: u64, limit: u32) -> (Vec<ChatMessage>, bool) {
    match ask(log, StoreRequest::ReadHistory { request: RequestId(1), before, limit }) {
        Input::HistoryRead { result, .. } => result.unwrap(),
        other => unreachable!("{other:?}"),
    }
}

fn seqs(log: &ChatLog) -> Vec<u64> {
    page(log, Known::default()).messages.iter().map(|m| m.seq).collect()
}

fn age(file: &Path, up_to: u64) {
    let connection = Connection::open(file).unwrap();
    connection.execute("update message set at = 1 where seq <= ?1", [up_to]).unwrap();
}

#[test]
fn only_the_newest_messages_of_a_session_are_kept_and_nothing_is_called_missing() {
    let folder = Folder::new("newest");
    let log = ChatLog::open(&folder.file(), Retention { messages: Some(3), ..Retention::default() }).unwrap();
    for number in 1..=5 {
        append(&log, "7", vec![message(number, "text")]).unwrap();
    }
    assert_eq!(seqs(&log), [3, 4, 5]);
    let (older, more) = history(&log, 4, 10);
    assert_eq!((older.len(), more), (1, false));
    let id = page(&log, Known::default()).log;
    let tip = MessageId::parse("00000000-0000-7000-8000-000000000001").unwrap();
    let found = page(&log, Known { log: Some(id), since: 1, tip: Some(tip) });
    assert_eq!((found.since, found.messages.len(), found.more), (1, 3, false), "the tip is gone, the log is the same");
    log.close();
}

#[test]
fn old_messages_go_and_numbers_go_on() {
    let folder = Folder::new("days");
    let keep = Retention { days: Some(30), ..Retention::default() };
    let log = ChatLog::open(&folder.file(), keep).unwrap();
    append(&log, "7", (1..=4).map(|number| message(number, "text")).collect()).unwrap();
    log.close();
    age(&folder.file(), 3);
    let log = ChatLog::open(&folder.file(), keep).unwrap();
    // The writer looks for old messages before it takes its first job.
    append(&log, "7", vec![message(5, "text")]).unwrap();
    assert_eq!(seqs(&log), [4, 5]);
    log.close();
    age(&folder.file(), 5);
    let log = ChatLog::open(&folder.file(), keep).unwrap();
    append(&log, "9", vec![message(6, "text")]).unwrap();
    assert_eq!(seqs(&log), [6], "a number is never given twice");
    log.close();
}

#[test]
fn a_full_file_refuses_and_what_is_in_it_can_be_read() {
    let folder = Folder::new("full");
    let log = ChatLog::open(&folder.file(), Retention { file_mib: Some(1), ..Retention::default() }).unwrap();
    let text = "x".repeat(8_000);
    let mut written = 0;
    let error = loop {
        match append(&log, "7", vec![message(written, &text)]) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, StoreError::Full);
    assert!(written > 50, "{written}");
    assert_eq!(page(&log, Known::default()).last, u64::from(written));
    assert_eq!(append(&log, "7", vec![message(written, &text)]), Err(StoreError::Full));
    log.close();
    let log = ChatLog::open(&folder.file(), Retention { file_mib: Some(2), ..Retention::default() }).unwrap();
    assert_eq!(append(&log, "7", vec![message(written, &text)]).unwrap().accepted.len(), 1);
    log.close();
}

#[test]
fn an_id_belongs_to_the_author_who_used_it_first() {
    let folder = Folder::new("taken");
    let log = ChatLog::open(&folder.file(), Retention::default()).unwrap();
    append(&log, "7", vec![message(1, "mine")]).unwrap();
    let batch = vec![message(2, "before"), message(1, "taken"), message(3, "after")];
    let appended = append(&log, "9", batch).unwrap();
    assert_eq!((appended.accepted.len(), appended.taken), (1, Some(message(1, "").id)));
    assert_eq!(seqs(&log), [1, 2]);
    log.close();
}

#[test]
fn a_log_of_version_1_goes_on() {
    let folder = Folder::new("version-1");
    let old = Connection::open(folder.file()).unwrap();
    old.execute_batch(
        "create table log (id text not null);
         insert into log values ('0123');
         create table message (
             session text not null, seq integer not null, id text not null, sender text not null,
             body text not null, at integer not null,
             primary key (session, seq), unique (session, sender, id)) without rowid;
         insert into message values ('s', 1, '00000000-0000-7000-8000-000000000001', '7', 'kept', 5);
         create table receipt (
             session text not null, user text not null, delivered integer not null, read integer not null,
             primary key (session, user)) without rowid;
         pragma user_version = 1;",
    )
    .unwrap();
    drop(old);
    let log = ChatLog::open(&folder.file(), Retention::default()).unwrap();
    let found = page(&log, Known::default());
    assert_eq!((found.log.as_str(), found.messages.first().unwrap().text.as_str()), ("0123", "kept"));
    assert_eq!(append(&log, "7", vec![message(1, "kept")]).unwrap().new.len(), 0);
    log.close();
}

#[test]
fn a_log_of_a_later_version_is_left_alone() {
    let folder = Folder::new("later");
    Connection::open(folder.file()).unwrap().execute_batch("pragma user_version = 99").unwrap();
    assert!(matches!(ChatLog::open(&folder.file(), Retention::default()), Err(LogError::Version { version: 99, .. })));
}

#[test]
fn the_files_are_their_owners_alone_and_one_server_uses_them() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new("private");
    let log = ChatLog::open(&folder.file(), Retention::default()).unwrap();
    append(&log, "7", vec![message(1, "text")]).unwrap();
    for name in ["chat.db", "chat.db-wal", "chat.db-shm", "chat.db.lock"] {
        let mode = std::fs::metadata(folder.0.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let alias = folder.0.join("alias.db");
    symlink(folder.file(), &alias).unwrap();
    for path in [folder.file(), alias] {
        let error = ChatLog::open(&path, Retention::default()).unwrap_err();
        assert!(
            matches!(error, LogError::InUse { .. }) && error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
    assert_eq!(append(&log, "7", vec![message(2, "text")]).unwrap().accepted.len(), 1);
    log.close();
    ChatLog::open(&folder.file(), Retention::default()).unwrap().close();
}

#[test]
fn what_is_no_database_is_named() {
    let folder = Folder::new("foreign");
    std::fs::write(folder.file(), "x".repeat(8_192)).unwrap();
    for path in [folder.file(), folder.0.join("missing/chat.db")] {
        let error = ChatLog::open(&path, Retention::default()).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn the_first_pin_stays_and_outlives_the_server() {
    let folder = Folder::new("pin");
    let log = ChatLog::open(&folder.file(), Retention::default()).unwrap();
    assert_eq!(admission(&log), Admission::default());
    assert_eq!(pin(&log, ["7", "9"]), ["7", "9"].map(user));
    assert_eq!(pin(&log, ["7", "8"]), ["7", "9"].map(user));
    log.close();
    let log = ChatLog::open(&folder.file(), Retention::default()).unwrap();
    assert_eq!(admission(&log).participants, Some(["7", "9"].map(user)));
    log.close();
}

#[test]
fn the_latest_revocation_of_a_user_and_of_everybody_counts() {
    let folder = Folder::new("revoked");
    let log = ChatLog::open(&folder.file(), Retention::default()).unwrap();
    for (whose, at) in [(Some("7"), 10), (Some("7"), 30), (Some("7"), 20), (None, 5)] {
        revoke(&log, whose, at);
    }
    log.close();
    let log = ChatLog::open(&folder.file(), Retention::default()).unwrap();
    assert_eq!(admission(&log).revoked, [(Some(user("7")), 30), (None, 5)].into());
    log.close();
}

fn text_of(log: &ChatLog, file: &Path) -> Vec<(String, u64)> {
    // A transaction that was acknowledged is committed, so that another connection sees it.
    assert!(page(log, Known::default()).last > 0);
    let connection = Connection::open(file).unwrap();
    let mut statement = connection.prepare("select user, bytes from usage order by user").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_user_who_wrote_too_much_is_refused_alone_and_what_came_before_is_kept() {
    let folder = Folder::new("user-limit");
    let keep = Retention { user_bytes: Some(10), ..Retention::default() };
    let log = ChatLog::open(&folder.file(), keep).unwrap();
    let batch = || vec![message(1, "1234"), message(2, "ééé"), message(3, "x"), message(4, "")];
    let appended = append(&log, "7", batch()).unwrap();
    assert_eq!((appended.accepted.len(), appended.new.len(), appended.full), (2, 2, Some(message(3, "").id)));
    let again = append(&log, "7", batch()).unwrap();
    assert_eq!((again.accepted.len(), again.new.len()), (2, 0), "what is there already counts once");
    assert_eq!(again.full, Some(message(3, "").id));
    assert_eq!(append(&log, "9", vec![message(5, "0123456789")]).unwrap().full, None, "the other has room");
    assert_eq!(text_of(&log, &folder.file()), [("7".into(), 10), ("9".into(), 10)]);
    log.close();
}

#[test]
fn what_is_removed_makes_room_again() {
    let folder = Folder::new("user-room");
    let keep = Retention { user_bytes: Some(12), messages: Some(2), days: Some(30), ..Retention::default() };
    let log = ChatLog::open(&folder.file(), keep).unwrap();
    for number in 1..=4 {
        assert_eq!(append(&log, "7", vec![message(number, "1234")]).unwrap().full, None, "{number}");
    }
    assert_eq!(text_of(&log, &folder.file()), [("7".into(), 8)]);
    log.close();
    age(&folder.file(), 4);
    let log = ChatLog::open(&folder.file(), keep).unwrap();
    append(&log, "9", vec![message(5, "1")]).unwrap();
    assert_eq!(text_of(&log, &folder.file()), [("9".into(), 1)]);
    log.close();
}

#[test]
fn a_log_of_version_2_is_counted() {
    let folder = Folder::new("version-2");
    let old = Connection::open(folder.file()).unwrap();
    old.execute_batch(
        "create table log (id text not null);
         insert into log values ('0123');
         create table message (
             session text not null, seq integer not null, id text not null, sender text not null,
             body text not null, at integer not null,
             primary key (session, seq)) without rowid;
         create index message_id on message (session, id);
         insert into message values ('s', 1, '00000000-0000-7000-8000-000000000001', '7', 'é', 5);
         insert into message values ('s', 2, '00000000-0000-7000-8000-000000000002', '7', '123', 5);
         create table receipt (
             session text not null, user text not null, delivered integer not null, read integer not null,
             primary key (session, user)) without rowid;
         create table pruned (session text not null primary key, upto integer not null) without rowid;
         pragma user_version = 2;",
    )
    .unwrap();
    drop(old);
    for _ in 0..2 {
        let keep = Retention { user_bytes: Some(6), ..Retention::default() };
        let log = ChatLog::open(&folder.file(), keep).unwrap();
        assert_eq!(text_of(&log, &folder.file()), [("7".into(), 5)], "once");
        assert_eq!(append(&log, "7", vec![message(3, "12")]).unwrap().full, Some(message(3, "").id));
        log.close();
    }
}
