//! The browser side of pairvoice: obeys `pairvoice-core`.
//!
//! Browser events become [`pairvoice_core::Input`], each [`pairvoice_core::Output`] is performed. There is no decision about
//! the call's life in this crate. The public API is `npm/index.d.ts`; what is exported here is for `npm/index.js` alone.

mod addresses;
mod api;
mod console;
mod context;
mod convert;
mod driver;
mod environment;
mod error;
mod from_js;
mod heartbeats;
mod level;
mod listeners;
mod microphone;
mod options;
mod page;
mod peer_connection;
mod random;
mod signaling;
mod snapshot;
mod speaker;
mod storage;
mod subscribers;
mod timers;
mod to_js;

#[cfg(all(test, target_arch = "wasm32"))]
#[path = "../tests/browser/mod.rs"]
mod browser_tests;

pub use api::{Handle, join};
