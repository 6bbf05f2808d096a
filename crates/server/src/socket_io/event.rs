//! Events of clients: from the text of a packet to the vocabulary's types in one pass.

use std::fmt;

use pairvoice_wire::{ClientEvent, Code, Refusal, name};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

/// Longest event in bytes that is neither a `chat` nor a `data` event: a signal of 32 KiB and its frame.
const MAX_EVENT_BYTES: usize = 48 * 1024;
/// How the events begin that may fill a whole message.
const LARGE: [&str; 2] = ["[\"chat\"", "[\"data\""];

/// Reads the body of an event's packet. What is too long is not parsed.
///
/// # Errors
/// A refusal that quotes nothing of the body.
pub(crate) fn read(body: &str) -> Result<ClientEvent, Refusal> {
    if body.len() > MAX_EVENT_BYTES && !LARGE.iter().any(|begin| body.starts_with(begin)) {
        return Err(Refusal::new(Code::TooLarge, "only a chat or data event may have more than 48 KiB"));
    }
    let misshapen = |_| Refusal::new(Code::BadRequest, "the event does not have its form");
    serde_json::from_str::<Named>(body).map(|Named(event)| event).map_err(misshapen)
}

/// An event that was read from an array of its name and its body.
struct Named(ClientEvent);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NameAndBody)
    }
}

struct NameAndBody;

impl<'de> Visitor<'de> for NameAndBody {
    type Value = Named;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Named, A::Error> {
        let name: String = next(&mut seq)?;
        let event = match name.as_str() {
            name::SIGNAL => ClientEvent::Signal(next(&mut seq)?),
            name::VOICE => ClientEvent::Voice(next(&mut seq)?),
            name::CHAT => ClientEvent::Chat(next(&mut seq)?),
            name::RECEIPT => ClientEvent::Receipt(next(&mut seq)?),
            name::TYPING => ClientEvent::Typing(next(&mut seq)?),
            name::DATA => ClientEvent::Data(next(&mut seq)?),
            name::HISTORY => ClientEvent::History(next(&mut seq)?),
            name::TOKEN => ClientEvent::Token(next(&mut seq)?),
            name::PROBE => ClientEvent::Probe,
            name::BYE => ClientEvent::Bye,
            _ => return Err(A::Error::custom("no such event")),
        };
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Named(event))
    }
}

fn next<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(seq: &mut A) -> Result<T, A::Error> {
    seq.next_element()?.ok_or_else(|| A::Error::custom("an element is missing"))
}

#[cfg(test)]
mod tests {
    use pairvoice_wire::Typing;

    use super::*;

    #[test]
    fn events_are_read_by_their_names() {
        assert_eq!(read(r#"["typing",{"on":true}]"#), Ok(ClientEvent::Typing(Typing { on: true })));
        for probe in [r#"["probe"]"#, r#"["probe",null]"#, r#"["\u0070robe",{"a":[1]},2]"#] {
            assert_eq!(read(probe), Ok(ClientEvent::Probe), "{probe}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused_and_not_quoted() {
        let deep = format!("[\"typing\",{}]", "[".repeat(20_000));
        for wrong in ["", "{}", "[]", "[7]", r#"["typing"]"#, r#"["typing",{"on":7}]"#, r#"["delete",1]"#, &deep] {
            assert_eq!(read(wrong).map_err(|r| r.code), Err(Code::BadRequest), "{wrong:.40}");
        }
        let long = format!("[\"typing\",\"{}\"]", "x".repeat(MAX_EVENT_BYTES));
        assert_eq!(read(&long).map_err(|r| r.code), Err(Code::TooLarge));
    }
}
