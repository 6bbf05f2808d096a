//! The server's own reading and writing of Socket.IO packets, from its source: the server is a program and no library for others.

#[path = "../../crates/server/src/socket_io/event.rs"]
mod event;
#[path = "../../crates/server/src/socket_io/packet.rs"]
mod packet;

use packet::{Packet, Unwanted};
use pairvoice_wire::{Acknowledgement, ChatBatch, ClientEvent, Code, NAMESPACE, Refusal};
use serde::Serialize;
use serde_json::{Value, json};

/// Longer than what an event may have that is no `chat` event, in bytes.
const LONG: usize = 48 * 1024 + 1;

/// Reads the bytes as the text of a packet, and as the body of an event, as far as they are a text.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match packet::decode(text) {
        Ok(Packet::Event { ack, body }) => {
            let digits = text.strip_suffix(body).and_then(|start| start.strip_prefix("2/pairvoice"));
            let digits = digits.expect("the parts are the packet's").trim_start_matches(',');
            assert_eq!(digits.parse().ok(), ack);
            answered(ack.unwrap_or_default(), read(body));
        }
        Ok(Packet::Connect { auth }) => assert!(text.ends_with(auth)),
        Ok(Packet::Disconnect) => {}
        Err(_) => answered(0, read(text)),
    }
    let refusal = Refusal::new(Code::BadRequest, text);
    let (kind, id, body) = taken_apart(&packet::connect_error(&refusal));
    assert_eq!((kind, id, &body["message"]), ('4', None, &json!(json_of(&refusal))));
    assert_eq!(packet::decode(&packet::connect_error(&refusal)), Err(Unwanted::Type));
    written(text);
}

/// Reads the body of an event. What it is refused with is the same for every body, and so quotes nothing of this one.
fn read(body: &str) -> Result<ClientEvent, Refusal> {
    let result = event::read(body);
    if let Err(refusal) = &result {
        let expected = if body.len() < LONG { event::read("") } else { event::read(&" ".repeat(LONG)) };
        assert_eq!(Err(refusal), expected.as_ref());
    }
    // White space at the end changes nothing but the length.
    let long = event::read(&format!("{body}{}", " ".repeat(LONG)));
    match &result {
        Ok(ClientEvent::Chat(_)) if body.starts_with("[\"chat\"") => assert_eq!(long, result),
        _ => assert!(long.is_err()),
    }
    result
}

/// Writes what was read as an event and reads it again, and acknowledges it.
fn answered(id: u64, read: Result<ClientEvent, Refusal>) {
    let answer = match read {
        Ok(read) => {
            again(&read);
            let accepted = |batch: ChatBatch| batch.messages.into_iter().next().map(|message| message.id);
            let refused_id = if let ClientEvent::Chat(batch) = read { accepted(batch) } else { None };
            Acknowledgement { refused_id, ..Acknowledgement::ok() }
        }
        Err(refusal) => refusal.into(),
    };
    acknowledged(id, &answer);
}

fn again(event: &ClientEvent) {
    let name = event.name();
    let text = match event {
        ClientEvent::Signal(body) => emitted(name, body),
        ClientEvent::Voice(body) => emitted(name, body),
        ClientEvent::Chat(body) => emitted(name, body),
        ClientEvent::Receipt(body) => emitted(name, body),
        ClientEvent::Data(body) => emitted(name, body),
        ClientEvent::Typing(body) => emitted(name, body),
        ClientEvent::History(body) => emitted(name, body),
        ClientEvent::Token(body) => emitted(name, body),
        ClientEvent::Probe | ClientEvent::Bye => emitted(name, &()),
    };
    let Ok(Packet::Event { ack: None, body }) = packet::decode(&text) else { panic!("{text} is no event") };
    assert_eq!(event::read(body).as_ref(), Ok(event));
}

/// Any text as what the server says.
fn written(text: &str) {
    acknowledged(u64::MAX, &Acknowledgement::from(Refusal::new(Code::Busy, text)));
    emitted("notice", &text);
    assert_eq!(taken_apart(&packet::connect("AbC-_1")), ('0', None, json!({ "sid": "AbC-_1" })));
    assert_eq!(packet::decode(&packet::disconnect()), Ok(Packet::Disconnect));
}

fn emitted(name: &str, body: &impl Serialize) -> String {
    let text = packet::event(name, body);
    assert_eq!(taken_apart(&text), ('2', None, json!([name, body])));
    text
}

fn acknowledged(id: u64, answer: &Acknowledgement) {
    let text = packet::ack(id, answer);
    assert_eq!(taken_apart(&text), ('3', Some(id), json!([answer])));
    assert_eq!(packet::decode(&text), Err(Unwanted::Type));
}

/// Takes a packet of the server apart as a client does: its type, the number that it acknowledges, its JSON.
fn taken_apart(text: &str) -> (char, Option<u64>, Value) {
    let (start, rest) = text.split_once(',').expect("a namespace ends with a comma");
    let kind = start.strip_suffix(NAMESPACE).and_then(|kind| kind.parse().ok()).expect("a type of one digit");
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (id, body) = rest.split_at(digits);
    (kind, id.parse().ok(), serde_json::from_str(body).expect("JSON"))
}

fn json_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it can be written")
}
