//! Two sessions, a small model of the server between them, and links that lose, reorder and repeat.
//!
//! The model does what `docs/protocol.md` asks of a server and no more. Time is a list of timers that the schedule fires.

#![allow(unreachable_pub)] // A test program exports nothing.
#![allow(clippy::similar_names, clippy::needless_pass_by_value)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // The lints' own exception knows test functions only.

mod properties;
mod scenarios;
mod server;
mod world;
