//! Revocation where nobody is in the session.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use pairvoice_server::chat_log::{ChatLog, Retention};
use pairvoice_server::{Ice, Sessions};
use pairvoice_wire::{SessionId, UserId};
use rusqlite::Connection;

#[tokio::test]
async fn a_revocation_is_durable_when_it_is_done_and_needs_nobody_in_the_session() {
    let folder = std::env::temp_dir().join(format!("pairvoice-revoke-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("chat.db");
    let sessions =
        Arc::new(Sessions::new(ChatLog::open(&file, Retention::default()).unwrap(), Ice::default(), Arc::default()));
    let session = SessionId::parse("s").unwrap();
    sessions.revoke(&session, Some(UserId::parse("7").unwrap())).await.unwrap();
    sessions.revoke(&session, None).await.unwrap();
    let connection = Connection::open(&file).unwrap();
    let mut statement =
        connection.prepare("select user from revoked where session = 's' and at > 0 order by user").unwrap();
    let users: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(users, ["", "7"]);
    sessions.close();
    assert!(sessions.revoke(&session, None).await.is_err(), "what could not be written is told");
    std::fs::remove_dir_all(&folder).unwrap();
}
