//! What a server answers: acknowledgements, refusals, notices.

use serde::{Deserialize, Serialize};

use crate::chat::{Accepted, ChatMessage};
use crate::code::Code;
use crate::id::MessageId;

/// Why a server refused a handshake or an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The word for programs.
    pub code: Code,
    /// A sentence for developers.
    pub message: String,
    /// Whether the same request may be granted later.
    pub retryable: bool,
    /// When to ask again, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u32>,
    /// With [`Code::Unauthorized`]: what is wrong with the token, if the server tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Its time is over.
    Expired,
    /// It was good, and was revoked.
    Revoked,
    /// It is none of this server's: its form, its signature, or for whom it is.
    Invalid,
    /// A word of a later version of the protocol, which is ignored.
    #[serde(other)]
    Other,
}

impl Detail {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Invalid => "invalid",
            Self::Other => "other",
        }
    }
}

impl Refusal {
    /// A refusal with what its code says of another try.
    #[must_use]
    pub fn new(code: Code, message: &str) -> Self {
        Self { retryable: code.is_retryable(), code, message: message.to_owned(), after_ms: None, detail: None }
    }

    /// A refusal of a token.
    #[must_use]
    pub fn of_token(detail: Detail, message: &str) -> Self {
        Self { detail: Some(detail), ..Self::new(Code::Unauthorized, message) }
    }
}

impl From<Refusal> for Acknowledgement {
    fn from(error: Refusal) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}

/// The acknowledgement of a client's event; fields that do not belong to the event are left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Acknowledgement {
    /// Everything was done.
    pub ok: bool,
    /// `signal`: what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// `chat`: what is durable now, in the order sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    /// `history`: the page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<ChatMessage>,
    /// `history`: there are older messages still.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// What was refused. In a `chat` batch this is about `refused_id`, and nothing after that message was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
    /// `chat`: the message that `error` is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_id: Option<MessageId>,
}

impl Acknowledgement {
    /// Everything was done.
    #[must_use]
    pub fn ok() -> Self {
        Self { ok: true, ..Self::default() }
    }
}

/// What became of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Handed to the other's socket.
    Delivered,
    /// Kept until the other comes.
    Parked,
    /// Not wanted any more.
    Dropped,
}

/// The body of a server's `notice` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// [`Code::OpenedElsewhere`], [`Code::Unauthorized`], [`Code::TokenExpiring`] or [`Code::Restarting`].
    pub code: Code,
    /// When to come back, or when the token runs out, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_leaves_out_what_does_not_belong_to_it() {
        let ack = Acknowledgement { outcome: Some(Outcome::Parked), ..Acknowledgement::ok() };
        assert_eq!(serde_json::to_string(&ack).unwrap(), r#"{"ok":true,"outcome":"parked"}"#);
    }

    #[test]
    fn a_refusal_says_by_its_code_whether_to_ask_again() {
        let busy = serde_json::to_string(&Refusal::new(Code::Busy, "full")).unwrap();
        assert_eq!(busy, r#"{"code":"busy","message":"full","retryable":true}"#);
        assert!(!Refusal::new(Code::BadRequest, "").retryable);
    }

    #[test]
    fn what_is_wrong_with_a_token_is_a_word_and_unknown_ones_are_borne() {
        for detail in [Detail::Expired, Detail::Revoked, Detail::Invalid, Detail::Other] {
            let refusal = Refusal::of_token(detail, "");
            let text = serde_json::to_string(&refusal).unwrap();
            assert!(text.ends_with(&format!(r#""detail":"{}"}}"#, detail.as_str())), "{text}");
            assert_eq!(serde_json::from_str::<Refusal>(&text).unwrap(), refusal);
        }
        let later = r#"{"code":"unauthorized","message":"","retryable":false,"detail":"stolen"}"#;
        assert_eq!(serde_json::from_str::<Refusal>(later).unwrap().detail, Some(Detail::Other));
    }
}
