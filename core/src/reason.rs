//! Why something does not work: three closed unions, each value with a sentence for people and what they can do.

use serde::{Deserialize, Serialize};

/// Why voice was given up. Text goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoiceReason {
    /// No network path between the two was found, although a relay was on offer.
    ConnectionFailed,
    /// No direct path was found, and the server names no relay (TURN, RFC 8656).
    NoRelay,
    /// The browser has no WebRTC.
    UnsupportedBrowser,
    /// The page is not in a secure context, so that browsers withhold microphone and WebRTC.
    InsecureContext,
}

impl VoiceReason {
    /// One sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::ConnectionFailed => "Voice could not find a way through the network.",
            Self::NoRelay => "Voice could not find a direct way between the two of you, and this server has no relay.",
            Self::UnsupportedBrowser => "This browser cannot make voice calls.",
            Self::InsecureContext => "Browsers allow voice on secure pages only.",
        }
    }

    /// One sentence for people when it is the other side that can't.
    #[must_use]
    pub const fn peer_message(self) -> &'static str {
        match self {
            Self::ConnectionFailed | Self::NoRelay => self.message(),
            Self::UnsupportedBrowser => "The other person's browser cannot make voice calls.",
            Self::InsecureContext => "The other person's page is not secure, so that their browser allows no voice.",
        }
    }

    /// What a person can do about it when it is the other side that can't.
    #[must_use]
    pub const fn peer_hint(self) -> &'static str {
        match self {
            Self::ConnectionFailed | Self::NoRelay => self.hint(),
            Self::UnsupportedBrowser => "Ask them to open the page in a current browser; the chat works meanwhile.",
            Self::InsecureContext => "Ask them to open the page by https://; the chat works meanwhile.",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::ConnectionFailed => "Try again, or switch to another network or turn off the VPN.",
            Self::NoRelay => "Try again, or use another network; whoever runs the server can add a TURN relay.",
            Self::UnsupportedBrowser => {
                "Open this page in a current Chrome, Edge, Firefox or Safari; the chat works here."
            }
            Self::InsecureContext => "Open this page by https:// or on localhost; the chat works here.",
        }
    }
}

/// Why there is no microphone. The call goes on and this side listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MicrophoneReason {
    /// The person, the browser or the page's policy said no (`NotAllowedError`).
    Denied,
    /// There is no microphone (`NotFoundError`).
    Missing,
    /// The microphone could not be opened, mostly because another program holds it (`NotReadableError`).
    Busy,
    /// It worked and went away: unplugged, or the permission was withdrawn.
    Ended,
}

impl MicrophoneReason {
    /// One sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Denied => "The microphone is not allowed on this page.",
            Self::Missing => "No microphone was found.",
            Self::Busy => "The microphone could not be opened.",
            Self::Ended => "The microphone went away.",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Denied => "Allow it in the address bar, then turn the microphone on again.",
            Self::Missing => "Plug one in, then turn the microphone on again.",
            Self::Busy => "Close other programs that use it, then turn the microphone on again.",
            Self::Ended => "Plug it in or allow it again, then turn the microphone on again.",
        }
    }
}

/// Why a session is offline or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The session was left.
    Left,
}

impl SessionReason {
    /// One sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unauthorized => "The link to this session is wrong or has expired.",
            Self::SessionFull => "Two people are in this session already.",
            Self::OpenedElsewhere => "This session was opened in another tab or on another device.",
            Self::VersionMismatch => "This page is older or newer than its server.",
            Self::SameUser => "Both people of this session have the same user ID.",
            Self::SignalingUnreachable => "The server cannot be reached.",
            Self::Left => "You left the session.",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Unauthorized => "Ask for a new link.",
            Self::SessionFull => "Ask one of them to leave, then try again.",
            Self::OpenedElsewhere => "Go on there, or continue here.",
            Self::VersionMismatch => "Reload the page.",
            Self::SameUser => "Give each person an own user ID.",
            Self::SignalingUnreachable => "Nothing to do: it is tried again by itself, and messages are kept.",
            Self::Left => "Join again whenever you like.",
        }
    }
}
