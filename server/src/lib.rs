//! The signalling server of pairvoice.
//!
//! It relays and remembers, and decides nothing about a call: two seats a session, presence, signals in order and parked
//! until the other comes, and a chat log that is durable before it acknowledges.

pub mod auth;
mod chat;
pub mod chat_log;
pub mod config;
mod diagnostics;
mod http;
mod relay;
mod rooms;
mod socket;

pub use http::{Server, admin_router, router};
pub use relay::Relay;
