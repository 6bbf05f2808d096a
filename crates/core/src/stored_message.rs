//! Unsent messages, as the browser's store keeps them.

use serde::{Deserialize, Serialize};

use crate::wire::{Code, MessageId};

/// An unsent message of the persistent outbox, whichever page of this user wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Its ID.
    pub id: MessageId,
    /// Its text.
    pub text: String,
    /// When it was sent, in milliseconds since 1970.
    pub at: u64,
    /// Its place among its author's messages.
    pub counter: u64,
    /// Why the server refused it for good.
    #[serde(default)]
    pub failure: Option<Code>,
}
