//! What the two clients tell each other over the reliable data channel.

use serde::{Deserialize, Serialize};

use crate::chat::Typing;
use crate::data::Data;
use crate::id::MessageId;
use crate::signal::Envelope;
use crate::voice::VoiceStatus;

/// A message over the reliable data channel (negotiated, ID 0).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InBand {
    /// The sender leaves.
    Bye,
    /// The sender's voice, while the server can't tell it.
    Voice(VoiceStatus),
    /// A signal, while the server can't relay it.
    Signal(Envelope),
    /// Copies of the sender's chat messages that are not durable yet, in their author's order, at most [`crate::MAX_BATCH`].
    Chat(Vec<ChatCopy>),
    /// How far the sender has got with the receiver's copies.
    ChatReceipt(CopyReceipt),
    /// The server refused a message for good: the copy of it is void.
    ChatWithdrawn(MessageId),
    /// App data.
    Data(Data),
    /// The sender types or stops typing, while the server can't tell it.
    Typing(Typing),
}

/// A copy of a chat message on its way over the data channel; its author is the sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatCopy {
    /// Given by the author; the same as on the way over the server.
    pub id: MessageId,
    /// The text.
    pub text: String,
    /// When it was sent, in milliseconds since 1970 by the author's clock.
    pub at: u64,
    /// Rises with each of the author's messages.
    pub counter: u64,
}

/// How far a person has got with copies. Numbers are the author's counters and never fall within a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CopyReceipt {
    /// Arrived.
    pub delivered: u64,
    /// Seen.
    pub read: u64,
}
