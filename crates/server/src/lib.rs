//! The signalling server of pairvoice.
//!
//! It hosts one [`pairvoice_room::Room`] for each session and performs what the room decides: sockets by engineioxide, timers
//! by tokio, the chat log by SQLite. It decides nothing about a call or a seat itself.

pub mod admin;
pub mod auth;
pub mod chat_log;
mod check;
pub mod config;
pub mod database;
mod diagnostics;
mod grant;
mod hosted;
mod http;
mod ice;
mod knock;
mod lines;
pub mod log_limit;
pub mod logs;
pub mod metrics;
pub mod net;
mod quota;
mod relay;
mod serve;
mod sessions;
pub mod socket_io;
mod static_files;
pub mod tls;

pub use http::{Server, router};
pub use ice::{Ice, OwnRelay};
pub use relay::RelayArgs;
pub use serve::serve;
pub use sessions::Sessions;
