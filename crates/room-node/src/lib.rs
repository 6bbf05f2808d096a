//! The rules of a session for a host in JavaScript: [`pairvoice_room`], compiled to WebAssembly, behind texts of JSON.
//!
//! A host gives each input to [`NodeRoom::handle`] and performs the outputs that come back, in order; what fails at once is the next
//! input. The contract is the one of [`pairvoice_room::Room`]. `npm/server/` is that host.

mod input;
mod output;
mod reading;

use std::cell::RefCell;
use std::collections::BTreeMap;

use pairvoice_room::{Config, Room, Ticket};
use pairvoice_wire::SessionId;
use wasm_bindgen::prelude::wasm_bindgen;

pub use reading::{admission_refusal, read_handshake};

/// One session.
#[wasm_bindgen]
#[derive(Debug)]
pub struct NodeRoom {
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    room: Room,
    /// What the room must still know of batches that are being written; JavaScript names them by their request.
    tickets: BTreeMap<u64, Ticket>,
}

#[wasm_bindgen]
impl NodeRoom {
    /// A session that nobody is in; nothing when the name is none.
    #[must_use]
    pub fn open(session: &str) -> Option<NodeRoom> {
        let room = Room::new(Config { session: SessionId::parse(session).ok()? });
        Some(Self { state: RefCell::new(State { room, tickets: BTreeMap::new() }) })
    }

    /// Takes one thing that happened, as JSON ([`input::In`]), and gives what is to be done, as a JSON array ([`output::Out`]). Nothing
    /// when the text does not have the form of an input: the room has not heard of it then.
    #[must_use]
    pub fn handle(&self, input: &str) -> Option<String> {
        let mut state = self.state.try_borrow_mut().ok()?;
        let State { room, tickets } = &mut *state;
        let input = input::read(input, tickets)?;
        room.handle(input);
        let mut outputs = Vec::new();
        while let Some(output) = room.poll_output() {
            outputs.push(output::convert(output, tickets));
        }
        serde_json::to_string(&outputs).ok()
    }

    /// Whether nobody has a seat, so that the room can be forgotten.
    #[must_use]
    #[wasm_bindgen(js_name = isEmpty)]
    pub fn is_empty(&self) -> bool {
        self.state.try_borrow().is_ok_and(|state| state.room.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn handle(room: &NodeRoom, input: &Value) -> Vec<Value> {
        serde_json::from_str(&room.handle(&input.to_string()).unwrap()).unwrap()
    }

    fn enter(room: &NodeRoom, socket: u64, user: &str) -> Vec<Value> {
        let handshake =
            json!({ "v": 1, "token": "", "sessionId": "s", "userId": user, "instance": format!("{socket:032x}") });
        let input = json!({ "enter": { "socket": socket, "handshake": handshake, "grant": { "lastsMs": 3_600_000 } } });
        handle(room, &input)
    }

    fn join(room: &NodeRoom, socket: u64, user: &str) -> Vec<Value> {
        enter(room, socket, user);
        let page = json!({ "Ok": [{ "log": "a", "since": 0, "last": 0 }, { "participants": null, "revoked": {} }] });
        let admitted = handle(room, &json!({ "pageRead": { "socket": socket, "page": page } }));
        assert_eq!(admitted, [json!({ "admit": { "socket": socket } })]);
        handle(room, &json!({ "connected": { "socket": socket, "ice": { "iceServers": [] } } }))
    }

    #[test]
    fn two_join_and_a_batch_keeps_its_ticket() {
        let room = NodeRoom::open("s").unwrap();
        let welcomed = join(&room, 1, "7");
        assert!(welcomed.iter().any(|o| o["send"]["event"]["welcome"]["chat"]["log"] == "a"), "{welcomed:?}");
        join(&room, 2, "9");
        let id = "00000000-0000-7000-8000-000000000001";
        let chat = json!({ "chat": { "messages": [{ "id": id, "text": "hello" }, { "id": id, "text": "" }] } });
        let asked = handle(&room, &json!({ "event": { "socket": 1, "request": 5, "event": chat } }));
        let append = &asked[0]["store"]["append"];
        assert_eq!((append["request"].as_u64(), append["messages"].as_array().unwrap().len()), (Some(5), 1));
        let message = json!({ "id": id, "sender": "7", "seq": 1, "at": 2, "text": "hello" });
        let result = json!({ "Ok": { "accepted": [{ "id": id, "seq": 1, "at": 2 }], "new": [message] } });
        let appended = json!({ "appended": { "request": 5, "result": result } });
        let done = handle(&room, &appended);
        assert_eq!(done[0]["send"]["event"]["chat"]["messages"][0]["seq"], 1);
        assert_eq!(done[1]["acknowledge"]["answer"]["error"]["code"], "bad-text");
        assert_eq!(room.handle(&appended.to_string()), None, "a batch is answered once");
    }

    #[test]
    fn what_is_no_input_changes_nothing() {
        let room = NodeRoom::open("s").unwrap();
        join(&room, 1, "7");
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"event":{"socket":1,"request":1,"event":{"delete":null}}}"#,
            r#"{"event":{"socket":1,"request":1,"event":{"typing":{"on":7}}}}"#,
        ] {
            assert_eq!(room.handle(wrong), None, "{wrong}");
        }
        assert!(NodeRoom::open("").is_none());
        let left = handle(&room, &json!({ "event": { "socket": 1, "request": 1, "event": { "bye": null } } }));
        assert_eq!(left.last().unwrap(), &json!({ "hangUp": { "socket": 1 } }));
        assert!(room.is_empty());
    }

    #[test]
    fn timers_come_back_as_they_were_given() {
        let room = NodeRoom::open("s").unwrap();
        join(&room, 1, "7");
        let gone = handle(&room, &json!({ "closed": { "socket": 1 } }));
        let timer = gone.iter().find_map(|o| o.get("setTimer")).unwrap();
        assert_eq!(timer, &json!({ "timer": { "away": "7" }, "after": 8_000 }));
        let seat = handle(&room, &json!({ "timerFired": { "timer": timer["timer"] } }));
        assert_eq!(seat[0]["setTimer"]["timer"], json!({ "seat": "7" }));
        handle(&room, &json!({ "timerFired": { "timer": { "seat": "7" } } }));
        assert!(room.is_empty());
    }
}
