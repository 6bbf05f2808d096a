//! The signalling server of pairvoice.
//!
//! It hosts one [`pairvoice_room::Room`] for each session and performs what the room decides: sockets by socketioxide, timers
//! by tokio, the chat log by SQLite. It decides nothing about a call or a seat itself.

pub mod auth;
pub mod chat_log;
pub mod config;
mod diagnostics;
mod hosted;
mod http;
mod lines;
mod sessions;
mod socket;
mod static_files;
pub mod tls;

pub use http::{Server, admin_router, router};
pub use sessions::Sessions;
