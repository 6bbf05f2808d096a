//! The values of labels. Every set is closed: what a client sends never makes a new time series.

use std::fmt;

use pairvoice_wire::{Code, Outcome, VoiceReason, name};
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};

/// A label's name and value.
pub(super) type Pair = (&'static str, &'static str);

macro_rules! labels {
    ($(#[$meta:meta])* $label:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $label { $($(#[$doc])* $variant),+ }

        impl $label {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the metric.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

labels! {
    /// How an Engine.IO session is carried.
    Transport {
        /// HTTP long-polling.
        Polling = "polling",
        /// WebSocket (RFC 6455).
        WebSocket = "websocket",
    }
}

impl From<engineioxide::TransportType> for Transport {
    fn from(transport: engineioxide::TransportType) -> Self {
        match transport {
            engineioxide::TransportType::Polling => Self::Polling,
            engineioxide::TransportType::Websocket => Self::WebSocket,
        }
    }
}

labels! {
    /// Why a TCP connection was not served, or was ended before it asked for anything.
    ConnectionRefusal {
        /// Its address has as many connections as it may have.
        PerAddress = "per-address",
        /// The process has as many connections as it may have.
        Total = "total",
        /// The system gave no connection, mostly for want of descriptors.
        AcceptError = "accept-error",
        /// The TLS handshake failed or took too long.
        Tls = "tls",
        /// The head of a request did not come in time.
        HeaderTimeout = "header-timeout",
        /// The body of a request did not come in time.
        BodyTimeout = "body-timeout",
        /// Nothing was asked for in the idle limit.
        Idle = "idle",
        /// It hardly read what it had asked for.
        Stalled = "stalled",
        /// Another connection got its place.
        GivenUp = "given-up",
    }
}

labels! {
    /// Why the server disconnected a client that was let in.
    HangUp {
        /// More bytes wait for it than it may leave unread.
        UnsentBytes = "unsent-bytes",
        /// What waits for it has waited too long.
        UnsentAge = "unsent-age",
        /// It was refused too often.
        Refusals = "refusals",
        /// Its token expired and it brought no other.
        Token = "token",
        /// Whoever runs the server revoked it.
        Revoked = "revoked",
        /// It sent what the protocol has no place for.
        Protocol = "protocol",
        /// The server stops.
        Shutdown = "shutdown",
    }
}

labels! {
    /// What a client's event was answered by.
    EventOutcome {
        /// It was done.
        Done = "done",
        /// It was refused.
        Refused = "refused",
        /// It does not have the form of the protocol.
        Malformed = "malformed",
    }
}

labels! {
    /// What became of a knock.
    KnockOutcome {
        /// Answered with signals.
        Signals = "signals",
        /// Answered without one.
        Empty = "empty",
        /// Answered as a check.
        Check = "check",
        /// Refused.
        Refused = "refused",
        /// Nobody waited for the answer.
        Gone = "gone",
    }
}

labels! {
    /// What became of a signal.
    SignalOutcome {
        /// Handed to the other's socket.
        Delivered = "delivered",
        /// Kept until the other comes.
        Parked = "parked",
        /// Not wanted any more.
        Dropped = "dropped",
        /// Refused.
        Refused = "refused",
    }
}

impl From<Outcome> for SignalOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Delivered => Self::Delivered,
            Outcome::Parked => Self::Parked,
            Outcome::Dropped => Self::Dropped,
        }
    }
}

/// The reason of a voice state that has one; Prometheus treats an empty label as none.
pub(super) const fn voice_reason(reason: Option<VoiceReason>) -> &'static str {
    match reason {
        None => "",
        Some(VoiceReason::ConnectionFailed) => "connection-failed",
        Some(VoiceReason::RelayUnreachable) => "relay-unreachable",
        Some(VoiceReason::PeerUnreachable) => "peer-unreachable",
        Some(VoiceReason::RelayBusy) => "relay-busy",
        Some(VoiceReason::NoRelay) => "no-relay",
        Some(VoiceReason::UnsupportedBrowser) => "unsupported-browser",
        Some(VoiceReason::InsecureContext) => "insecure-context",
    }
}

/// Events of clients that have a time series of their own.
pub(super) const EVENTS: &[&str] = &[
    name::SIGNAL,
    name::VOICE,
    name::CHAT,
    name::RECEIPT,
    name::TYPING,
    name::DATA,
    name::HISTORY,
    name::TOKEN,
    name::PROBE,
    name::BYE,
];

/// The name of an event that the protocol has, else `other`.
pub(super) fn event_name(name: &str) -> &'static str {
    EVENTS.iter().find(|known| **known == name).copied().unwrap_or("other")
}

/// The code of a refusal; a code that this version does not know is `other`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Refused(Code);

impl From<&Code> for Refused {
    fn from(code: &Code) -> Self {
        Self(match code {
            Code::Other(_) => Code::Other("other".to_owned()),
            known => known.clone(),
        })
    }
}

impl EncodeLabelSet for Refused {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> fmt::Result {
        [("code", self.0.as_str())].encode(encoder)
    }
}
