//! The decisions of pairvoice.
//!
//! [`Session`] is a pure state machine: no clock, no randomness, no I/O. A driver owns the browser and
//! 1. turns everything that happens into an [`Input`] and calls [`Session::handle`],
//! 2. then calls [`Session::poll_output`] until it returns `None`, performing each [`Output`] in order,
//! 3. then shows [`Session::view`] and [`Session::chat`] to the app if a revision rose.
//!
//! `handle` is total: an input that is late, foreign or makes no sense now is ignored. Every operation has an [`OpId`], and
//! what an abandoned one still reports changes nothing. The same code runs under the browser's driver, under the tests'
//! simulator and, for the wire types, in the server.

mod chat;
mod id;
mod input;
mod liveness;
mod membership;
mod negotiation;
mod output;
mod queue;
mod reason;
mod recovery;
mod role;
mod session;
mod timer;
mod view;
mod voice;
pub mod wire;

pub use chat::{Chat, Delivery, Message, StoredMessage, TextError, WINDOW, check_text};
pub use id::{IdError, InstanceId, MAX_ID_BYTES, MessageId, SessionId, UserId};
pub use input::{ConnectionEvent, Input, LinkState, MicrophoneEvent, OpId, OutboxEvent, Path, SocketEvent};
pub use liveness::Heartbeat;
pub use output::{ClientEvent, ConnectionCommand, Event, Note, OutboxCommand, Output};
pub use reason::{MicrophoneReason, SessionReason, VoiceReason};
pub use recovery::{Decision, Fact, MediaAction, SocketAction};
pub use role::{Role, SameUser};
pub use session::{Config, Session};
pub use timer::Timer;
pub use view::{MicrophoneView, PathView, PeerView, Recovery, SessionState, SessionView, View, VoiceView};
