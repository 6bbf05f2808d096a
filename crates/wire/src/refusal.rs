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
}

impl Refusal {
    /// A refusal with what its code says of another try.
    #[must_use]
    pub fn new(code: Code, message: &str) -> Self {
        Self { retryable: code.is_retryable(), code, message: message.to_owned(), after_ms: None }
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
}
