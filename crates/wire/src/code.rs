//! The words for programs in refusals, failures and notices.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// Why a server refused something, or what a notice announces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
pub enum Code {
    /// The token does not let this user into this session.
    Unauthorized,
    /// Two other users have the seats of this session.
    SessionFull,
    /// A newer instance of the same user has taken the seat.
    OpenedElsewhere,
    /// The server does not speak the client's version of the protocol.
    VersionMismatch,
    /// The handshake or the event does not have the form of the protocol.
    BadRequest,
    /// The event is larger than its limit.
    TooLarge,
    /// The connection sends more events than it may.
    RateLimited,
    /// The sender that a signal or message names is not the user of the connection.
    ForeignSender,
    /// The ID of a message is another message's.
    IdTaken,
    /// The connection has no seat.
    NotJoined,
    /// The server can't take more at the moment.
    Busy,
    /// The server has no room for messages.
    StorageFull,
    /// The text of a message is empty, too long, or holds control characters.
    BadText,
    /// A knock: pages of this origin may not connect.
    OriginForbidden,
    /// A notice: the server is about to stop and to start again.
    Restarting,
    /// A notice: the token runs out, and another one is asked for by the `token` event.
    TokenExpiring,
    /// A word of a later version of the protocol; treated by [`crate::Refusal::retryable`].
    Other(String),
}

impl Code {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::SessionFull => "session-full",
            Self::OpenedElsewhere => "opened-elsewhere",
            Self::VersionMismatch => "version-mismatch",
            Self::BadRequest => "bad-request",
            Self::TooLarge => "too-large",
            Self::RateLimited => "rate-limited",
            Self::ForeignSender => "foreign-sender",
            Self::IdTaken => "id-taken",
            Self::NotJoined => "not-joined",
            Self::Busy => "busy",
            Self::StorageFull => "storage-full",
            Self::BadText => "bad-text",
            Self::OriginForbidden => "origin-forbidden",
            Self::Restarting => "restarting",
            Self::TokenExpiring => "token-expiring",
            Self::Other(word) => word,
        }
    }

    /// Whether the same request may be granted later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::RateLimited | Self::NotJoined | Self::Busy | Self::StorageFull | Self::Restarting)
    }
}

/// All words that have a variant.
static KNOWN: [Code; 16] = [
    Code::Unauthorized,
    Code::SessionFull,
    Code::OpenedElsewhere,
    Code::VersionMismatch,
    Code::BadRequest,
    Code::TooLarge,
    Code::RateLimited,
    Code::ForeignSender,
    Code::IdTaken,
    Code::NotJoined,
    Code::Busy,
    Code::StorageFull,
    Code::BadText,
    Code::OriginForbidden,
    Code::Restarting,
    Code::TokenExpiring,
];

impl From<String> for Code {
    fn from(word: String) -> Self {
        KNOWN.iter().find(|code| code.as_str() == word).cloned().unwrap_or(Self::Other(word))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_it_is_written() {
        for code in KNOWN.clone() {
            assert_eq!(Code::from(code.to_string()), code);
            assert!(!matches!(code, Code::Other(_)));
        }
        assert_eq!(Code::from("later".to_owned()), Code::Other("later".into()));
        assert_eq!(serde_json::to_string(&Code::SessionFull).unwrap(), r#""session-full""#);
    }
}
