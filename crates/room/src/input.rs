//! Everything that can happen to a room.

use pairvoice_wire::{
    ChatMessage, ChatPage, ClientEvent, Envelope, Handshake, IceServers, Receipt, Refusal, ServerEvent, UserId,
};

use crate::door::Admission;
use crate::grant::Grant;
use crate::output::Timer;
use crate::store::{Appended, StoreError, Ticket};

/// Names one socket of the host; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

/// Names one event that waits for its acknowledgement; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Names one knock; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KnockId(pub u64);

/// A handshake by HTTP, which comes before the client's socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Knock {
    /// The knock.
    pub id: KnockId,
    /// What the client says of itself; the token in it is not looked at.
    pub handshake: Handshake,
    /// What the token grants.
    pub grant: Grant,
    /// ICE servers for its user.
    pub ice: IceServers,
    /// How long it may wait for a signal, in milliseconds; at most [`pairvoice_wire::MAX_KNOCK_WAIT_MS`] count.
    pub wait_ms: u32,
}

/// One thing that happened. [`crate::Room::handle`] takes any of them at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A socket whose token was verified asks for a seat. It is answered by [`crate::Output::Admit`] or
    /// [`crate::Output::Refuse`].
    Enter {
        /// The socket.
        socket: SocketId,
        /// What it says of itself; the token in it is not looked at.
        handshake: Box<Handshake>,
        /// What the token grants.
        grant: Grant,
    },
    /// A client knocks whose token was verified. It is answered by [`crate::Output::AnswerKnock`], now or later.
    Knock(Box<Knock>),
    /// Nobody waits for the answer to a knock any more.
    KnockGone {
        /// The knock.
        knock: KnockId,
    },
    /// [`crate::Output::AnswerKnock`] came to nobody.
    KnockLost {
        /// The signals in it.
        signals: Vec<Envelope>,
    },
    /// The answer to [`crate::StoreRequest::ReadAdmission`].
    AdmissionRead {
        /// The knock that it was asked for.
        knock: KnockId,
        /// Who may enter.
        admission: Result<Admission, StoreError>,
    },
    /// An admitted socket takes events from now on.
    Connected {
        /// The socket.
        socket: SocketId,
        /// ICE servers for its user.
        ice: IceServers,
    },
    /// The answer to [`crate::Output::RenewIce`].
    Ice {
        /// The socket.
        socket: SocketId,
        /// ICE servers for its user.
        ice: IceServers,
    },
    /// A socket sent an event.
    Event {
        /// The socket.
        socket: SocketId,
        /// Names the acknowledgement.
        request: RequestId,
        /// The event.
        event: ClientEvent,
    },
    /// A socket sent a `token` event, whose token was verified.
    Renewed {
        /// The socket.
        socket: SocketId,
        /// Names the acknowledgement.
        request: RequestId,
        /// What the token grants, or why it is refused.
        grant: Result<Grant, Refusal>,
    },
    /// A socket is gone.
    Closed {
        /// The socket.
        socket: SocketId,
    },
    /// What was sent to a socket did not fit into its channel, or the channel is closed: it reads too slowly or not at all.
    Overflowed {
        /// The socket.
        socket: SocketId,
        /// What was not sent.
        event: Box<ServerEvent>,
    },
    /// The answer to [`crate::StoreRequest::ReadPage`].
    PageRead {
        /// The socket that the page is for.
        socket: SocketId,
        /// The page, and who may enter.
        page: Result<(ChatPage, Admission), StoreError>,
    },
    /// The answer to [`crate::StoreRequest::Pin`].
    Pinned {
        /// The two users that the session is pinned to now.
        participants: Result<[UserId; 2], StoreError>,
    },
    /// Tokens are void that were issued until now. The host writes it to the store, which knows of it without a room, too.
    Revoke {
        /// Whose; none means everybody's.
        user: Option<UserId>,
        /// Now, in seconds since 1970.
        at: u64,
    },
    /// The answer to [`crate::StoreRequest::Append`]; answers come in the order of the log.
    Appended {
        /// As given.
        ticket: Ticket,
        /// What is durable now.
        result: Result<Appended, StoreError>,
    },
    /// The answer to [`crate::StoreRequest::Raise`].
    Raised {
        /// As given.
        request: RequestId,
        /// What holds now.
        result: Result<Receipt, StoreError>,
    },
    /// The answer to [`crate::StoreRequest::ReadHistory`].
    HistoryRead {
        /// As given.
        request: RequestId,
        /// Messages by rising sequence number, and whether older ones exist.
        result: Result<(Vec<ChatMessage>, bool), StoreError>,
    },
    /// A timer ran out.
    TimerFired {
        /// The timer.
        timer: Timer,
    },
    /// The server is about to stop and to start again.
    Restarting {
        /// When clients shall come back, in milliseconds from now.
        after_ms: u32,
    },
}
