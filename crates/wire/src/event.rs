//! Socket.IO events: their names, and what they carry.

use serde::{Deserialize, Serialize};

use crate::chat::{ChatBatch, ChatDelivery, HistoryRequest, Receipt, Typing};
use crate::data::Data;
use crate::handshake::{IceServers, TokenRenewal, Welcome};
use crate::peer::PeerInfo;
use crate::refusal::Notice;
use crate::signal::Envelope;
use crate::voice::VoiceStatus;

/// Names of Socket.IO events.
pub mod name {
    /// Both ways: an [`crate::Envelope`].
    pub const SIGNAL: &str = "signal";
    /// From a client: a [`crate::VoiceStatus`].
    pub const VOICE: &str = "voice";
    /// Both ways: a [`crate::ChatBatch`] from a client, a [`crate::ChatDelivery`] from the server.
    pub const CHAT: &str = "chat";
    /// Both ways: a [`crate::Receipt`].
    pub const RECEIPT: &str = "receipt";
    /// Both ways: [`crate::Typing`].
    pub const TYPING: &str = "typing";
    /// Both ways: [`crate::Data`].
    pub const DATA: &str = "data";
    /// From a client: a [`crate::HistoryRequest`].
    pub const HISTORY: &str = "history";
    /// From a client: is the server there?
    pub const PROBE: &str = "probe";
    /// From a client: a [`crate::TokenRenewal`].
    pub const TOKEN: &str = "token";
    /// From a client: it leaves.
    pub const BYE: &str = "bye";
    /// From the server, the first of a connection: a [`crate::Welcome`].
    pub const WELCOME: &str = "welcome";
    /// From the server, the only one of a connection: a [`crate::Check`].
    pub const CHECK: &str = "check";
    /// From the server: a [`crate::PeerInfo`].
    pub const PEER: &str = "peer";
    /// From the server: [`crate::IceServers`].
    pub const ICE: &str = "ice";
    /// From the server: a [`crate::Notice`].
    pub const NOTICE: &str = "notice";
}

/// What a client emits; each is acknowledged by [`crate::Acknowledgement`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientEvent {
    /// A signal to the other.
    Signal(Envelope),
    /// What the other shall know of this side's voice.
    Voice(VoiceStatus),
    /// Messages for the log.
    Chat(ChatBatch),
    /// How far this person has got with the chat.
    Receipt(Receipt),
    /// This person types or stops typing.
    Typing(Typing),
    /// App data for the other, while no data channel can take it.
    Data(Data),
    /// A question for older messages.
    History(HistoryRequest),
    /// Is the server there?
    Probe,
    /// Another token in the place of the one that runs out. A host verifies it before a room hears of it.
    Token(TokenRenewal),
    /// This instance leaves the session.
    Bye,
}

impl ClientEvent {
    /// The name of the Socket.IO event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signal(_) => name::SIGNAL,
            Self::Voice(_) => name::VOICE,
            Self::Chat(_) => name::CHAT,
            Self::Receipt(_) => name::RECEIPT,
            Self::Typing(_) => name::TYPING,
            Self::Data(_) => name::DATA,
            Self::History(_) => name::HISTORY,
            Self::Probe => name::PROBE,
            Self::Token(_) => name::TOKEN,
            Self::Bye => name::BYE,
        }
    }
}

/// What a server emits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerEvent {
    /// The first event of a connection.
    Welcome(Box<Welcome>),
    /// The other person changed.
    Peer(PeerInfo),
    /// A signal of the other.
    Signal(Envelope),
    /// Messages of the other.
    Chat(ChatDelivery),
    /// How far the other has got with the chat.
    Receipt(Receipt),
    /// The other types or stops typing.
    Typing(Typing),
    /// App data of the other.
    Data(Data),
    /// ICE servers in the place of those whose credentials run out.
    Ice(IceServers),
    /// A word of the server.
    Notice(Notice),
}

impl ServerEvent {
    /// All their names.
    pub const NAMES: [&'static str; 9] = [
        name::WELCOME,
        name::PEER,
        name::SIGNAL,
        name::CHAT,
        name::RECEIPT,
        name::TYPING,
        name::DATA,
        name::ICE,
        name::NOTICE,
    ];

    /// The name of the Socket.IO event.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Welcome(_) => name::WELCOME,
            Self::Peer(_) => name::PEER,
            Self::Signal(_) => name::SIGNAL,
            Self::Chat(_) => name::CHAT,
            Self::Receipt(_) => name::RECEIPT,
            Self::Typing(_) => name::TYPING,
            Self::Data(_) => name::DATA,
            Self::Ice(_) => name::ICE,
            Self::Notice(_) => name::NOTICE,
        }
    }
}
