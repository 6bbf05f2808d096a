//! How a connection begins: the handshake of the client and the welcome of the server.

use serde::{Deserialize, Serialize};

use crate::chat::ChatPage;
use crate::id::{InstanceId, MessageId, SessionId, UserId};
use crate::peer::PeerInfo;
use crate::signal::Envelope;
use crate::voice::VoiceStatus;

/// The `auth` of the Socket.IO handshake.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// Always [`crate::VERSION`].
    pub v: u32,
    /// JSON web token (RFC 7519) that lets this user into this session.
    pub token: String,
    /// The session.
    pub session_id: SessionId,
    /// The user.
    pub user_id: UserId,
    /// This life of the client.
    pub instance: InstanceId,
    /// Everything up to this sequence number of the chat log is known already.
    #[serde(default)]
    pub since: u64,
    /// The chat log that `since` speaks of.
    #[serde(default)]
    pub log: Option<String>,
    /// The message at `since`, so that a log that was set back is noticed.
    #[serde(default)]
    pub tip: Option<MessageId>,
    /// What the other side shall know of this side's voice.
    #[serde(default)]
    pub voice: VoiceStatus,
    /// Signals of the running attempt that nobody has answered, at most [`crate::MAX_HANDSHAKE_SIGNALS`].
    #[serde(default)]
    pub signals: Vec<Envelope>,
    /// No seat is asked for: the answer is a [`Check`], and nobody hears of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub check: bool,
}

/// The answer to a handshake with `check`, the only event of its connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The server's protocol version.
    pub v: u32,
    /// The server's own version, for people.
    pub version: String,
    /// ICE servers for this user.
    #[serde(default)]
    pub ice_servers: Vec<IceServer>,
    /// For how long their credentials are good, in seconds from now; without it they stay good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice_lifetime: Option<u32>,
}

/// The answer to a knock: a [`Handshake`] by HTTP, which is at the server before a socket is open. What a [`Welcome`] says of the call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Knocked {
    /// The server's protocol version.
    pub v: u32,
    /// The other person, when the server knows who that is.
    #[serde(default)]
    pub peer: Option<PeerInfo>,
    /// Signals that waited for this user, or came while the knock waited.
    #[serde(default)]
    pub signals: Vec<Envelope>,
    /// ICE servers for this user.
    #[serde(default)]
    pub ice_servers: Vec<IceServer>,
    /// For how long their credentials are good, in seconds from now; without it they stay good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice_lifetime: Option<u32>,
}

/// The body of a client's `token` event: the session outlives the token of its handshake by this one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenRenewal {
    /// JSON web token (RFC 7519) for the same user and session.
    pub token: String,
}

/// The first event of every connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The server's protocol version.
    pub v: u32,
    /// The other person, when the server knows who that is.
    #[serde(default)]
    pub peer: Option<PeerInfo>,
    /// Signals that waited for this user.
    #[serde(default)]
    pub signals: Vec<Envelope>,
    /// The chat since the handshake's `since`.
    pub chat: ChatPage,
    /// ICE servers for this user.
    #[serde(default)]
    pub ice_servers: Vec<IceServer>,
    /// For how long their credentials are good, in seconds from now; without it they stay good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice_lifetime: Option<u32>,
}

/// ICE servers for a user: the body of the server's `ice` event, which comes before credentials run out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceServers {
    /// All of them; they take the place of those that were known.
    pub ice_servers: Vec<IceServer>,
    /// For how long their credentials are good, in seconds from now; without it they stay good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice_lifetime: Option<u32>,
}

/// One ICE server (W3C WebRTC, `RTCIceServer`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl IceServer {
    /// Whether it relays.
    #[must_use]
    pub fn is_relay(&self) -> bool {
        self.urls.iter().any(|url| url.starts_with("turn"))
    }
}
