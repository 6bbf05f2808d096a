//! The server's decisions about one session.
//!
//! [`Room`] is a pure state machine: no socket, clock, lock, database or randomness. A host owns those and
//! 1. turns everything that happens into an [`Input`] and calls [`Room::handle`],
//! 2. then calls [`Room::poll_output`] until it returns `None`, performing each [`Output`] in order,
//! 3. and forgets the room once [`Room::is_empty`].
//!
//! `handle` is total: an input about a socket that has no seat any more is ignored or answered with a refusal. A host works
//! on one room in one task at a time, so that all of a session is relayed in the order in which it came. The same code runs
//! in the native server and in the tests' simulation.

mod door;
mod grant;
mod ice;
mod input;
mod knock;
mod output;
mod parked;
mod relay;
mod room;
mod seat;
mod store;
mod takeover;
mod talk;

#[cfg(test)]
mod tests;

pub use door::Admission;
pub use grant::Grant;
pub use input::{Input, Knock, KnockId, RequestId, SocketId};
pub use output::{Note, Output, Timer};
pub use room::{Config, Room};
pub use store::{Appended, Known, StoreError, StoreRequest, Ticket};
