//! Why a session is offline or over.

use serde::Serialize;

/// Why a session is offline or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionReason {
    /// The server does not accept the token.
    Unauthorized,
    /// Two other people are in this session.
    SessionFull,
    /// The same user opened the session somewhere else; the newest wins.
    OpenedElsewhere,
    /// Client and server speak different versions of the protocol.
    VersionMismatch,
    /// Both sides gave the same user ID.
    SameUser,
    /// The server cannot be reached; it is tried again by itself.
    SignalingUnreachable,
    /// The app's `token()` failed; it is asked again by itself.
    TokenFailed,
    /// The app's bundle could not load socket.io-client; it is tried again by itself.
    ModuleFailed,
    /// The server refuses what this client asks for, and says that asking again is of no use.
    Refused,
    /// The session was left.
    Left,
}
