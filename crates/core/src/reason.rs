//! Why a session is offline or over.

use serde::Serialize;

/// Why a session is offline or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionReason {
    /// The server does not accept the token: it was revoked, it is for two others, or the server says no more.
    Unauthorized,
    /// The token's time is over.
    TokenExpired,
    /// The token is none of the server's: its form, its signature, or for whom it is.
    TokenInvalid,
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
    /// The server does not let pages of this origin in; it is tried again by itself.
    OriginForbidden,
    /// The server answers by an error; it is tried again by itself.
    ServerError,
    /// The app's `token()` failed; it is asked again by itself.
    TokenFailed,
    /// The app's bundle could not load socket.io-client; it is tried again by itself.
    ModuleFailed,
    /// The server refuses what this client asks for, and says that asking again is of no use.
    Refused,
    /// The session was left.
    Left,
}

impl SessionReason {
    /// The server does not accept the token.
    pub(crate) const fn is_of_token(self) -> bool {
        matches!(self, Self::Unauthorized | Self::TokenExpired | Self::TokenInvalid)
    }

    /// Joining goes on without anybody's help.
    pub(crate) const fn is_retried(self) -> bool {
        matches!(
            self,
            Self::SignalingUnreachable
                | Self::OriginForbidden
                | Self::ServerError
                | Self::TokenFailed
                | Self::ModuleFailed
        )
    }

    /// The app's or the server's own words say more.
    pub(crate) const fn has_cause(self) -> bool {
        let told = matches!(
            self,
            Self::TokenFailed | Self::ModuleFailed | Self::Refused | Self::OriginForbidden | Self::ServerError
        );
        told || self.is_of_token()
    }
}
