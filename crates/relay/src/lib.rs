//! The relay for people between whom there is no direct path: STUN (RFC 8489) and TURN (RFC 8656) as a pure state machine.
//!
//! **Relayed addresses exist in memory only.** Both people of a session use the same server, so the peer of each allocation is
//! the other's allocation: what one sends to the other's relayed address is handed on without ever leaving the process. There
//! is no range of ports to open, and nothing else can be reached through the relay: no host, no service, no other session.
//!
//! A host owns sockets and clock. It gives each datagram, and each frame of a byte stream ([`Splitter`]), to
//! [`Relay::receive`], sends what comes out of it, and calls [`Relay::sweep`] every second. Time is a number of milliseconds
//! that never falls, and seconds since 1970 for what credentials say. Nothing here allocates for a client that has not
//! proved who it is.

mod allocation;
mod attribute;
mod bucket;
mod credentials;
mod frame;
mod message;
mod nonce;
mod refusal;
mod relay;
mod request;
#[cfg(test)]
mod tests;

pub use credentials::{Credentials, Secret};
pub use frame::{Framing, Splitter, is_relay};
pub use message::Message;
pub use refusal::{Counter, Counters};
pub use relay::{Clock, Limits, Path, Relay, Transport};
