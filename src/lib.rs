//! The browser side of pairvoice: obeys `pairvoice-core`.
//!
//! Browser events become [`pairvoice_core::Input`], each [`pairvoice_core::Output`] is performed. There is no decision about
//! the call's life in this crate. The public API is `npm/index.d.ts`; what is exported here is for `npm/index.js` alone.

mod addresses;
mod api;
mod check;
mod connections;
mod console;
mod context;
mod convert;
mod copies;
mod crash;
mod delay_line;
mod devices;
mod door;
mod driver;
mod environment;
mod error;
mod from_js;
mod gathering;
mod heartbeats;
mod inbox;
mod level;
mod listeners;
mod microphone;
mod options;
mod page;
mod peer_connection;
mod permission;
mod random;
mod recorder;
pub mod rehearsal;
mod signaling;
mod snapshot;
mod sound;
mod speaker;
mod statistics;
mod storage;
mod subscribers;
mod timers;
mod to_js;
mod unmuted;
mod watch;

/// Two-level segregated fit: constant time, and less than half the code of the allocator that std brings.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

#[cfg(all(test, target_arch = "wasm32"))]
#[path = "../tests/browser/mod.rs"]
mod browser_tests;

pub use api::{Handle, join};
pub use check::{check_plan, check_verdict};
pub use crash::{let_go, on_crash};
