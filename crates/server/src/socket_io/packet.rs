//! The packets of the Socket.IO protocol, revision 5, in its text form: as much of it as one namespace of text events needs.

use std::fmt::Write as _;

use pairvoice_wire::{NAMESPACE, Refusal};
use serde::Serialize;

/// Digits of the largest acknowledgement ID that is taken: what a JavaScript number holds exactly.
const MAX_ACK_DIGITS: usize = 15;

/// A packet of a client, its parts as they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// It asks to be let into the namespace; `auth` is JSON, empty when there is none.
    Connect {
        /// The handshake.
        auth: &'a str,
    },
    /// It leaves the namespace.
    Disconnect,
    /// It emits an event.
    Event {
        /// Names the acknowledgement, when one is wanted.
        ack: Option<u64>,
        /// A JSON array: the event's name, and what it carries.
        body: &'a str,
    },
}

/// Why a packet is not one that this server takes. The connection is closed then, and nothing of the packet is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwanted {
    /// It does not have the form of a packet.
    Malformed,
    /// It is for another namespace than `/pairvoice`.
    Namespace,
    /// It announces binary attachments.
    Binary,
    /// It has a type that only servers send, or acknowledges what was never sent.
    Type,
}

/// Reads the text of an Engine.IO message.
///
/// # Errors
/// [`Unwanted`] for everything that no client of this protocol sends.
pub fn decode(text: &str) -> Result<Packet<'_>, Unwanted> {
    let mut chars = text.chars();
    let kind = chars.next().ok_or(Unwanted::Malformed)?;
    if matches!(kind, '5' | '6') {
        return Err(Unwanted::Binary);
    }
    let rest = chars.as_str();
    let (namespace, rest) = match rest.strip_prefix('/') {
        // Without a comma everything is the namespace's name.
        Some(_) => rest.split_once(',').unwrap_or((rest, "")),
        None => ("/", rest),
    };
    if namespace != NAMESPACE {
        return Err(Unwanted::Namespace);
    }
    match kind {
        '0' => Ok(Packet::Connect { auth: rest }),
        '1' => Ok(Packet::Disconnect),
        '2' => {
            let body = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = rest.strip_suffix(body).unwrap_or_default();
            if digits.len() > MAX_ACK_DIGITS {
                return Err(Unwanted::Malformed);
            }
            Ok(Packet::Event { ack: digits.parse().ok(), body })
        }
        '3' | '4' => Err(Unwanted::Type),
        _ => Err(Unwanted::Malformed),
    }
}

/// The client is in; `sid` is a name that is used for nothing else.
#[must_use]
pub fn connect(sid: &str) -> String {
    format!("0{NAMESPACE},{{\"sid\":\"{sid}\"}}")
}

/// The client is not let in. Socket.IO carries a text, so the refusal is JSON within JSON.
#[must_use]
pub fn connect_error(refusal: &Refusal) -> String {
    let message = serde_json::to_string(refusal).unwrap_or_default();
    format!("4{NAMESPACE},{{\"message\":{}}}", serde_json::Value::from(message))
}

/// The client is put out of the namespace.
#[must_use]
pub fn disconnect() -> String {
    format!("1{NAMESPACE},")
}

/// An event and what it carries.
#[must_use]
pub fn event(name: &str, body: &impl Serialize) -> String {
    json(format!("2{NAMESPACE},[\"{name}\","), body)
}

/// An acknowledgement.
#[must_use]
pub fn ack(id: u64, answer: &impl Serialize) -> String {
    let mut start = format!("3{NAMESPACE},");
    let _ = write!(start, "{id}[");
    json(start, answer)
}

/// Appends the last element of an array.
fn json(start: String, body: &impl Serialize) -> String {
    let mut bytes = start.into_bytes();
    // The protocol's types have text keys and no fallible parts; were it otherwise, `null` would still be a packet.
    let length = bytes.len();
    if serde_json::to_writer(&mut bytes, body).is_err() {
        bytes.truncate(length);
        bytes.extend_from_slice(b"null");
    }
    bytes.push(b']');
    // What waits is counted by its length, so that is what it should take.
    bytes.shrink_to_fit();
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use pairvoice_wire::Code;

    use super::*;

    #[test]
    fn packets_of_clients_are_taken_apart() {
        assert_eq!(decode("0/pairvoice,{\"v\":1}"), Ok(Packet::Connect { auth: "{\"v\":1}" }));
        assert_eq!(decode("0/pairvoice"), Ok(Packet::Connect { auth: "" }));
        assert_eq!(decode("1/pairvoice,"), Ok(Packet::Disconnect));
        assert_eq!(decode("2/pairvoice,17[\"bye\"]"), Ok(Packet::Event { ack: Some(17), body: "[\"bye\"]" }));
        assert_eq!(decode("2/pairvoice,[\"bye\"]"), Ok(Packet::Event { ack: None, body: "[\"bye\"]" }));
    }

    #[test]
    fn what_no_client_sends_is_unwanted() {
        for (text, why) in [
            ("", Unwanted::Malformed),
            ("x/pairvoice,", Unwanted::Malformed),
            ("2/pairvoice,1234567890123456[]", Unwanted::Malformed),
            ("0", Unwanted::Namespace),
            ("0{}", Unwanted::Namespace),
            ("0/other,{}", Unwanted::Namespace),
            ("0/pairvoice2,{}", Unwanted::Namespace),
            ("51-/pairvoice,[]", Unwanted::Binary),
            ("6", Unwanted::Binary),
            ("3/pairvoice,1[]", Unwanted::Type),
            ("4/pairvoice,{}", Unwanted::Type),
        ] {
            assert_eq!(decode(text), Err(why), "{text}");
        }
    }

    #[test]
    fn packets_of_the_server_have_the_form_of_the_protocol() {
        assert_eq!(connect("a"), r#"0/pairvoice,{"sid":"a"}"#);
        assert_eq!(disconnect(), "1/pairvoice,");
        assert_eq!(event("typing", &serde_json::json!({ "on": true })), r#"2/pairvoice,["typing",{"on":true}]"#);
        assert_eq!(ack(7, &serde_json::json!({ "ok": true })), r#"3/pairvoice,7[{"ok":true}]"#);
        let refused = connect_error(&Refusal::new(Code::Busy, "a \"b\""));
        assert_eq!(
            refused,
            r#"4/pairvoice,{"message":"{\"code\":\"busy\",\"message\":\"a \\\"b\\\"\",\"retryable\":true}"}"#
        );
    }
}
