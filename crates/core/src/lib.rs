//! The client's decisions.
//!
//! [`Session`] is a pure state machine: no clock, no randomness, no I/O. A driver owns the browser and
//! 1. turns everything that happens into an [`Input`] and calls [`Session::handle`],
//! 2. then calls [`Session::poll_output`] until it returns `None`, performing each [`Output`] in order,
//! 3. then shows [`Session::view`] and [`Session::chat`] to the app if a revision rose.
//!
//! `handle` is total: an input that is late, foreign or makes no sense now is ignored. Every operation has an [`OpId`], and
//! what an abandoned one still reports changes nothing. The same code runs under the browser's driver and in the tests'
//! simulation.
//!
//! Inside, four machines each own a part (`signalling`, `call`, `peer`, `chat`) and never call each other. `session` hands
//! every input to the machine that owns it; what the machine learns is a [`Fact`], `recovery` makes one [`Decision`] of it,
//! and the machines carry that out.

mod call;
mod chat;
mod check;
mod data;
mod decision;
mod device;
mod identity;
mod input;
mod op_id;
mod output;
mod outputs;
mod peer;
mod quality;
mod reason;
mod recovery;
mod sentence;
mod session;
mod signalling;
mod stored_message;
mod timer;
mod view;

pub use pairvoice_wire as wire;

pub use call::Ahead;
pub use chat::{Chat, Delivery, Message, WINDOW};
pub use check::{CheckFacts, CheckReason, Judgement, MicrophoneCheck, RelayCheck, ServerCheck, Verdict, judge};
pub use data::{DataFailure, SentData};
pub use decision::{Decision, Fact, MediaAction, SocketAction};
pub use device::{Change, Choices, Device, Processing, Source, Volume};
pub use identity::Identity;
pub use input::{
    AppFault, ConnectionEvent, EventName, Heartbeat, Input, KnockAnswer, LinkState, MicrophoneEvent, OutboxEvent, Path,
    ServerAnswer, SocketEvent,
};
pub use op_id::OpId;
pub use output::{ConnectionCommand, Delay, Event, Note, OutboxCommand, Output, TokenSource};
pub use quality::{
    Cause, Hearing, Means, Protection, QualityReport, Reception, Step, Stream, Traffic, Trouble, Unheard, Warning,
};
pub use reason::SessionReason;
pub use session::{Config, Session};
pub use stored_message::StoredMessage;
pub use timer::Timer;
pub use view::{MicrophoneView, PeerView, Recovery, SessionState, SessionView, SpeakerView, View, VoiceView};
