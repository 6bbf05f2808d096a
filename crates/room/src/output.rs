//! Everything a room asks its host to do.

use pairvoice_wire::{
    Acknowledgement, InstanceId, Knocked, Outcome, Refusal, ServerEvent, UserId, VoiceReason, VoiceState,
};

use crate::input::{KnockId, RequestId, SocketId};
use crate::store::StoreRequest;

/// One thing to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Output {
    /// Let the socket in and report [`crate::Input::Connected`].
    Admit {
        /// The socket.
        socket: SocketId,
    },
    /// Do not let the socket in.
    Refuse {
        /// The socket.
        socket: SocketId,
        /// What it is told.
        refusal: Refusal,
    },
    /// Answer a knock; report [`crate::Input::KnockLost`] if nobody waits for the answer any more and signals are in it.
    AnswerKnock {
        /// The knock.
        knock: KnockId,
        /// What its client is told.
        answer: Result<Box<Knocked>, Refusal>,
    },
    /// Emit an event; report [`crate::Input::Overflowed`] if it does not fit into the socket's channel.
    Send {
        /// The socket.
        to: SocketId,
        /// The event.
        event: ServerEvent,
    },
    /// Acknowledge an event.
    Acknowledge {
        /// The event.
        request: RequestId,
        /// The answer.
        answer: Acknowledgement,
    },
    /// Disconnect the socket. What was sent before still goes out.
    HangUp {
        /// The socket.
        socket: SocketId,
    },
    /// Report [`crate::Input::Ice`]: the credentials that the socket's user has for ICE servers run out.
    RenewIce {
        /// The socket.
        socket: SocketId,
    },
    /// Ask the chat log.
    Store(StoreRequest),
    /// Report [`crate::Input::TimerFired`] after so many milliseconds; setting a timer that runs starts it anew.
    SetTimer {
        /// The timer.
        timer: Timer,
        /// Milliseconds.
        after: u64,
    },
    /// Stop a timer.
    ClearTimer(Timer),
    /// Write a line to the log, or remember it for diagnostics.
    Log(Note),
}

/// A timer of a room.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// Until a person whose socket broke counts as absent.
    Away(UserId),
    /// Until the seat of an absent person is free.
    Seat(UserId),
    /// Until something is to be done about a token that runs out.
    Token(UserId),
    /// Until other credentials for ICE servers are made.
    Ice(UserId),
    /// Until a knock that waits for a signal is answered without one.
    Knock(UserId),
}

/// What a person who runs the server may want to know. It never holds a description, a candidate, a token or a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Note {
    /// A user was welcomed.
    Joined {
        /// The user.
        user: UserId,
        /// This life of the client.
        instance: InstanceId,
        /// The socket.
        socket: SocketId,
    },
    /// A user knocked, and has the seat.
    Knocked {
        /// The user.
        user: UserId,
        /// This life of the client.
        instance: InstanceId,
    },
    /// A user's socket broke.
    Away {
        /// The user.
        user: UserId,
        /// The socket.
        socket: SocketId,
    },
    /// A user said goodbye.
    Left {
        /// The user.
        user: UserId,
        /// The socket.
        socket: SocketId,
    },
    /// A user has no right to be in the session any more.
    LetGo {
        /// The user.
        user: UserId,
        /// The socket.
        socket: SocketId,
        /// A sentence.
        why: &'static str,
    },
    /// A user's voice has another state than before.
    Voice {
        /// The user.
        user: UserId,
        /// The socket.
        socket: SocketId,
        /// The state.
        state: VoiceState,
        /// Why this person can't have voice at all.
        reason: Option<VoiceReason>,
    },
    /// An attempt begins.
    Roles {
        /// Who offers.
        offerer: UserId,
        /// Who answers, once known.
        answerer: Option<UserId>,
        /// The offerer's socket and the answerer's, of those who have one.
        sockets: (Option<SocketId>, Option<SocketId>),
        /// The offerer's number of the attempt.
        attempt: u32,
    },
    /// A user offers who by the order of the IDs should answer.
    WrongOfferer {
        /// The user.
        user: UserId,
    },
    /// A user signalled under another session, user or instance.
    ForeignSender {
        /// The user.
        user: UserId,
    },
    /// A signal of a handshake or a knock was not relayed.
    SignalRefused {
        /// The user.
        user: UserId,
        /// Offer, answer, candidate, restart, end, give-up.
        kind: &'static str,
    },
    /// What became of a signal.
    Signal {
        /// The sender.
        from: UserId,
        /// The sender's instance.
        instance: InstanceId,
        /// Offer, answer, candidate, restart, end, give-up.
        kind: &'static str,
        /// The offerer's number of the attempt.
        attempt: u32,
        /// The sender's number of the signal.
        sequence: u32,
        /// Its size in bytes.
        bytes: usize,
        /// What became of it.
        outcome: Outcome,
    },
}
