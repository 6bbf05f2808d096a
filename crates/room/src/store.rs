//! What a room asks of the chat log, and what the log answers.

use pairvoice_wire::{Accepted, ChatMessage, MessageId, NewMessage, Receipt, Refusal, UserId};

use crate::input::{KnockId, RequestId, SocketId};

/// A question to the chat log of this session, or a change of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StoreRequest {
    /// Read what a client has missed, and who may enter; answered by [`crate::Input::PageRead`].
    ReadPage {
        /// The client's socket.
        socket: SocketId,
        /// What the client knows.
        known: Known,
    },
    /// Read who may enter; answered by [`crate::Input::AdmissionRead`].
    ReadAdmission {
        /// The knock that waits for it.
        knock: KnockId,
    },
    /// Write the two users that the session is pinned to, unless there is a pin; answered by [`crate::Input::Pinned`].
    Pin {
        /// The two.
        participants: [UserId; 2],
    },
    /// Write messages; answered by [`crate::Input::Appended`] once they are durable.
    Append {
        /// Comes back with the answer.
        ticket: Ticket,
        /// The messages, in their author's order.
        messages: Vec<NewMessage>,
    },
    /// Write how far somebody has got; answered by [`crate::Input::Raised`].
    Raise {
        /// Comes back with the answer.
        request: RequestId,
        /// How far.
        receipt: Receipt,
    },
    /// Read older messages; answered by [`crate::Input::HistoryRead`].
    ReadHistory {
        /// Comes back with the answer.
        request: RequestId,
        /// Only messages with a smaller sequence number.
        before: u64,
        /// At most so many.
        limit: u32,
    },
}

/// What a client says that it knows of a session's log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Known {
    /// The log's ID.
    pub log: Option<String>,
    /// Everything up to this sequence number.
    pub since: u64,
    /// The message there: in a log that was set back and went on, it is another one.
    pub tip: Option<MessageId>,
}

/// What a room must still know when a batch has become durable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The author.
    pub user: UserId,
    /// The event to acknowledge.
    pub request: RequestId,
    /// Why the batch was cut, and at which message.
    pub cut: Option<(MessageId, Refusal)>,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Appended {
    /// The place of each message, in the order given.
    pub accepted: Vec<Accepted>,
    /// Those that were not in the log before.
    pub new: Vec<ChatMessage>,
    /// The message whose ID is somebody else's: it and those after it were not written.
    pub taken: Option<MessageId>,
    /// The message for which its author has no room left: it and those after it were not written.
    pub full: Option<MessageId>,
}

/// Why the chat log did not do what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreError {
    /// Not now.
    Busy,
    /// There is no room for messages.
    Full,
}
