//! A simulation: two real client cores, the real room of the server, and between them browsers, a chat log and a network that
//! are models.
//!
//! Time is virtual. Everything that will happen stands in one queue, ordered by when it is due, so that an hour takes a
//! moment. Delays, losses and what people do are drawn from a seed: the same seed gives the same run, to the millisecond.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test program ends where it is wrong"
)]

pub mod chance;
pub mod chaos;
mod data;
pub mod invariants;
mod knocks;
mod media;
mod network;
pub mod outages;
mod page;
mod people;
pub mod replay;
mod server;
mod side;
mod sockets;
mod store;
mod token;
pub mod watch;
mod world;

pub use knocks::Answer;
pub use network::Network;
pub use side::{Browser, Side};
pub use token::Tokens;
pub use world::World;
