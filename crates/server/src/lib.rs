//! The signalling server of pairvoice.
//!
//! It hosts one [`pairvoice_room::Room`] for each session and performs what the room decides: sockets by engineioxide, timers
//! by tokio, the chat log by SQLite. It decides nothing about a call or a seat itself.

pub mod auth;
pub mod chat_log;
pub mod config;
mod diagnostics;
mod hosted;
mod http;
mod lines;
pub mod net;
mod quota;
mod serve;
mod sessions;
pub mod socket_io;

pub use http::{Server, admin_router, router};
pub use serve::serve;
pub use sessions::Sessions;
