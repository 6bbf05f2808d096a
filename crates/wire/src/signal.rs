//! Signals: descriptions, candidates, and words about attempts, each in an envelope that tells whether it is still wanted.

use serde::{Deserialize, Serialize};

use crate::id::{InstanceId, SessionId, UserId};
use crate::voice::VoiceReason;

/// What an envelope takes beside its texts, in bytes of JSON, at most: names, numbers, quotes, two instances.
const FRAME_BYTES: usize = 320;

/// A signal with everything that tells whether it is still wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// The session; the server refuses one that is not the socket's.
    pub session: SessionId,
    /// The sender; as above.
    pub user: UserId,
    /// The sender's instance; as above.
    pub instance: InstanceId,
    /// The receiver's instance, when the signal is meant for that life only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<InstanceId>,
    /// The peer connection, as numbered by the offerer within its instance.
    pub attempt: u32,
    /// ICE restarts within the attempt.
    #[serde(default)]
    pub generation: u32,
    /// Rises with each signal of the sender's instance; a copy keeps its number.
    pub sequence: u32,
    /// What it says.
    pub body: SignalBody,
}

impl Envelope {
    /// Its size in bytes of JSON, from above: what counts against [`crate::MAX_SIGNAL_BYTES`].
    #[must_use]
    pub fn size(&self) -> usize {
        let body = match &self.body {
            SignalBody::Offer { sdp } | SignalBody::Answer { sdp } => escaped(sdp),
            SignalBody::Candidate(c) => {
                let optional = |text: &Option<String>| text.as_deref().map_or(0, escaped);
                escaped(&c.candidate) + optional(&c.sdp_mid) + optional(&c.username_fragment)
            }
            SignalBody::Restart { .. } | SignalBody::End | SignalBody::GiveUp { .. } => 0,
        };
        FRAME_BYTES + escaped(self.session.as_str()) + escaped(self.user.as_str()) + body
    }
}

/// The length of a text as a JSON string (RFC 8259 section 7), without its quotes.
fn escaped(text: &str) -> usize {
    let length = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    };
    text.chars().map(length).sum()
}

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalBody {
    /// The offerer's description (RFC 9429).
    Offer {
        /// Session description (RFC 8866).
        sdp: String,
    },
    /// The answerer's description.
    Answer {
        /// Session description (RFC 8866).
        sdp: String,
    },
    /// One ICE candidate, or the end of a generation's candidates (trickle ICE, RFC 8838).
    Candidate(Candidate),
    /// The answerer asks for an ICE restart or a new connection.
    Restart {
        /// The reason, by which the offerer chooses between the two.
        why: RestartWhy,
    },
    /// The attempt is over: its sender turned voice off.
    End,
    /// The offerer stopped trying.
    GiveUp {
        /// The reason that both people read.
        reason: VoiceReason,
    },
}

impl SignalBody {
    /// Its name, for logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Offer { .. } => "offer",
            Self::Answer { .. } => "answer",
            Self::Candidate(_) => "candidate",
            Self::Restart { .. } => "restart",
            Self::End => "end",
            Self::GiveUp { .. } => "give-up",
        }
    }
}

/// An ICE candidate (W3C WebRTC, `RTCIceCandidateInit`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The candidate attribute (RFC 8839 section 5.1); empty at the end of a generation's candidates (RFC 8838 section 13).
    pub candidate: String,
    /// The media section's identification tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_mid: Option<String>,
    /// The media section's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_m_line_index: Option<u16>,
    /// The generation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_fragment: Option<String>,
}

impl Candidate {
    /// The end of a generation's candidates, for all media sections.
    #[must_use]
    pub const fn end() -> Self {
        Self { candidate: String::new(), sdp_mid: None, sdp_m_line_index: None, username_fragment: None }
    }

    /// Whether this is the end of a generation's candidates.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.candidate.is_empty()
    }
}

/// Why the answerer asks the offerer for an ICE restart or a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestartWhy {
    /// Its connection failed.
    Failed,
    /// It hears nothing any more: an ICE restart may find another path.
    Silent,
    /// Its host has another address, which its connection will not know for some seconds: a new one knows it at once.
    Moved,
    /// Its microphone was granted, so that it has better candidates now.
    Granted,
    /// Its browser says that the network may have changed, after voice was given up.
    Network,
    /// What it hears comes through a relay, and a direct path, or newer credentials for the relay, may be there: an ICE restart
    /// finds out, and nothing stops meanwhile.
    Path,
    /// A person asked.
    Person,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(body: SignalBody) -> Envelope {
        Envelope {
            session: SessionId::parse("s \"1\"").unwrap(),
            user: UserId::parse("7").unwrap(),
            instance: InstanceId::parse(&"0f".repeat(16)).unwrap(),
            to: Some(InstanceId::parse(&"0e".repeat(16)).unwrap()),
            attempt: u32::MAX,
            generation: u32::MAX,
            sequence: u32::MAX,
            body,
        }
    }

    #[test]
    fn signals_have_the_form_of_the_specification() {
        let body = serde_json::to_string(&SignalBody::Offer { sdp: "v=0".into() }).unwrap();
        assert_eq!(body, r#"{"offer":{"sdp":"v=0"}}"#);
        assert_eq!(serde_json::to_string(&SignalBody::End).unwrap(), r#""end""#);
        let give_up = SignalBody::GiveUp { reason: VoiceReason::NoRelay };
        assert_eq!(serde_json::to_string(&give_up).unwrap(), r#"{"give-up":{"reason":"no-relay"}}"#);
    }

    #[test]
    fn the_size_is_never_less_than_what_is_sent_and_hardly_more() {
        let candidate = Candidate {
            candidate: "candidate:1 1 udp 9 192.0.2.1 9 typ host".into(),
            sdp_mid: Some("0".into()),
            sdp_m_line_index: Some(0),
            username_fragment: Some("ab+/".into()),
        };
        let bodies = [
            SignalBody::Offer { sdp: "v=0\r\no=\"é\u{1}\\\r\n".repeat(100) },
            SignalBody::Answer { sdp: String::new() },
            SignalBody::Candidate(candidate),
            SignalBody::Restart { why: RestartWhy::Granted },
            SignalBody::GiveUp { reason: VoiceReason::UnsupportedBrowser },
        ];
        for envelope in bodies.map(envelope) {
            let sent = serde_json::to_string(&envelope).unwrap().len();
            assert!((sent..sent + 200).contains(&envelope.size()), "{sent} and {}", envelope.size());
        }
    }
}
