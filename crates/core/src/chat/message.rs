//! One message, as this side knows it.

use serde::Serialize;

use crate::wire::{Code, MessageId, UserId};

/// How far a message has come; it only ever rises, but for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Nobody else has it.
    Sending,
    /// Durable on the server.
    Sent,
    /// In the receiver's browser.
    Delivered,
    /// Seen by the receiver.
    Read,
    /// Refused for good.
    Failed,
}

/// A message of the loaded window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// Its ID.
    pub id: MessageId,
    /// Its author.
    pub sender: UserId,
    /// Its text.
    pub text: String,
    /// When it was sent, and once it is durable when the server wrote it; milliseconds since 1970.
    pub at: u64,
    /// Its place in the log, once it has one: without, it is not durable yet.
    pub seq: Option<u64>,
    /// How far it has come.
    pub status: Delivery,
    /// Why it failed: the server's code.
    pub failure: Option<Code>,
    /// Rises with each of the author's messages, and orders those that have no place in the log yet; 0 when unknown.
    pub(super) counter: u64,
    /// A copy went over the data channel that is open now.
    pub(super) copied: bool,
}

impl Message {
    /// Why it failed, as a sentence for people.
    #[must_use]
    pub fn failure_message(&self) -> Option<&'static str> {
        self.failure.as_ref().map(|code| match code {
            Code::BadText => "The server does not take this text: it is too long or holds control characters.",
            Code::IdTaken => "Another message has the same ID; send this one again as a new one.",
            _ => "The server refused this message.",
        })
    }

    /// Raises the status, unless the message failed.
    pub(super) fn raise(&mut self, status: Delivery) {
        if self.status < status {
            self.status = status;
        }
    }
}
