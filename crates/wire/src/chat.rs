//! The chat: pages of the log, batches, receipts.

use serde::{Deserialize, Serialize};

use crate::id::{MessageId, UserId};

/// What of the chat log comes with a welcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatPage {
    /// Random ID of the session's log; another one than before means that sequence numbers start anew.
    pub log: String,
    /// What of the handshake's `since` holds for this log: the same, or 0 when it was said of another one.
    pub since: u64,
    /// Sequence number of the newest message, 0 when there is none.
    pub last: u64,
    /// How far each person has got.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
    /// Messages by rising sequence number.
    #[serde(default)]
    pub messages: Vec<ChatMessage>,
    /// Older messages exist that are neither known nor in this page.
    #[serde(default)]
    pub more: bool,
}

/// A message of the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Given by its author.
    pub id: MessageId,
    /// Its author.
    pub sender: UserId,
    /// Its place in the session's log, from 1.
    pub seq: u64,
    /// When the server wrote it, in milliseconds since 1970.
    pub at: u64,
    /// The text: data, never markup.
    pub text: String,
}

/// How far a person has got: the body of the `receipt` event. Numbers are sequence numbers and never fall.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// Whose; the server overwrites it with the authenticated user.
    pub user: UserId,
    /// Arrived in that person's browser.
    pub delivered: u64,
    /// Seen by that person.
    pub read: u64,
}

/// A message on its way to the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NewMessage {
    /// Given by the author, so that the same message is written once however often it arrives.
    pub id: MessageId,
    /// The text.
    pub text: String,
    /// Whoever names an author must be that author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
}

/// The body of a client's `chat` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatBatch {
    /// In the author's order, at most [`crate::MAX_BATCH`].
    pub messages: Vec<NewMessage>,
}

/// The place of a message that is durable now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Accepted {
    /// The message.
    pub id: MessageId,
    /// Its place in the log.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub at: u64,
}

/// The body of a server's `chat` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatDelivery {
    /// By rising sequence number.
    pub messages: Vec<ChatMessage>,
}

/// The body of a `history` event: asks for messages before one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// Only messages with a smaller sequence number.
    pub before: u64,
    /// At most so many, and never more than [`crate::MAX_PAGE`].
    pub limit: u32,
}

/// The body of a `typing` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Typing {
    /// The person is typing.
    pub on: bool,
}
