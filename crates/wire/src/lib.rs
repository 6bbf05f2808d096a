//! The vocabulary of pairvoice.
//!
//! What travels between client and server, and between the two clients: identifiers, messages, limits, event names and
//! refusal codes. Both ends use these definitions, so that no word is written twice. This crate knows neither end.
//! `docs/protocol.md` is the specification for other implementers.

mod chat;
mod code;
mod data;
mod display_name;
mod event;
mod handshake;
mod id;
mod in_band;
mod limit;
mod peer;
mod refusal;
mod role;
mod signal;
mod text;
mod voice;

pub use chat::{Accepted, ChatBatch, ChatDelivery, ChatMessage, ChatPage, HistoryRequest, NewMessage, Receipt, Typing};
pub use code::Code;
pub use data::{Data, Parcel, ParcelReceipt};
pub use display_name::DisplayName;
pub use event::{ClientEvent, ServerEvent, name};
pub use handshake::{Check, Handshake, IceServer, IceServers, Knocked, TokenRenewal, Welcome};
pub use id::{IdError, InstanceId, MessageId, SessionId, UserId};
pub use in_band::{ChatCopy, CopyReceipt, InBand};
pub use limit::{
    MAX_BATCH, MAX_BATCH_TEXT_BYTES, MAX_DATA_BYTES, MAX_HANDSHAKE_SIGNALS, MAX_ID_BYTES, MAX_KNOCK_WAIT_MS,
    MAX_MESSAGE_BYTES, MAX_NAME_CHARS, MAX_PAGE, MAX_PARKED_BYTES, MAX_PARKED_SIGNALS, MAX_SIGNAL_BYTES,
    MAX_TEXT_CHARS, MAX_TOPIC_BYTES,
};
pub use peer::{PeerInfo, Presence};
pub use refusal::{Acknowledgement, Detail, Notice, Outcome, Refusal};
pub use role::{Role, SameUser};
pub use signal::{Candidate, Envelope, RestartWhy, SignalBody};
pub use text::{TextError, check_text};
pub use voice::{MicrophoneReason, MicrophoneState, VoiceReason, VoiceState, VoiceStatus};

/// Version of the protocol; a server refuses others with [`Code::VersionMismatch`].
pub const VERSION: u32 = 1;
/// The Socket.IO namespace.
pub const NAMESPACE: &str = "/pairvoice";
