//! What `getState()` returns: plain, frozen, and a part that did not change is the same object as before.

use std::cell::RefCell;

use js_sys::{Array, Object, Reflect};
use pairvoice_core::wire::{Code, MessageId, UserId};
use pairvoice_core::{Delivery, Message, Session};
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::convert::freeze;
use crate::to_js::to_frozen;

/// How far apart two states' places of one message are looked for: more than a page.
const LOOK_AHEAD: usize = 256;
const PARTS: [&str; 4] = ["session", "voice", "peer", "chat"];

/// A chat message for the app.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageView<'a> {
    id: &'a str,
    sender: &'a str,
    own: bool,
    text: &'a str,
    at: u64,
    seq: Option<u64>,
    saved: bool,
    status: Delivery,
    failure: Option<&'a str>,
    failure_message: Option<&'static str>,
}

/// The last state that was given out.
#[derive(Default)]
pub(crate) struct Snapshot(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    revisions: Option<[u32; 4]>,
    parts: [JsValue; 4],
    state: JsValue,
    messages: Vec<(Message, JsValue)>,
}

impl Snapshot {
    /// The state as JavaScript sees it.
    pub(crate) fn state(&self) -> JsValue {
        self.0.borrow().state.clone()
    }

    /// A message as the state shows it.
    pub(crate) fn message(&self, id: &MessageId) -> JsValue {
        let inner = self.0.borrow();
        let found = inner.messages.iter().rev().find(|(message, _)| message.id == *id);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Converts what changed; tells whether anything did.
    pub(crate) fn refresh(&self, session: &Session, me: &UserId) -> bool {
        let mut inner = self.0.borrow_mut();
        let view = session.view();
        let [s, v, p] = view.revisions;
        let now = [s, v, p, session.chat().revision()];
        let before = inner.revisions.replace(now);
        let changed = |part: usize| before.is_none_or(|before| before.get(part) != now.get(part));
        if !(0..PARTS.len()).any(changed) {
            return false;
        }
        let chat = changed(3).then(|| inner.chat(session, me));
        let [session_part, voice_part, peer_part, chat_part] = &mut inner.parts;
        if changed(0) {
            *session_part = to_frozen(&view.session);
        }
        if changed(1) {
            *voice_part = to_frozen(&view.voice);
        }
        if changed(2) {
            *peer_part = to_frozen(&view.peer);
        }
        if let Some(chat) = chat {
            *chat_part = chat;
        }
        let state = Object::new();
        for (name, part) in PARTS.iter().zip(&inner.parts) {
            // Setting a property of a new object can't fail.
            let _ = Reflect::set(&state, &JsValue::from_str(name), part);
        }
        Object::freeze(&state);
        inner.state = state.into();
        true
    }
}

impl Inner {
    fn chat(&mut self, session: &Session, me: &UserId) -> JsValue {
        let chat = session.chat();
        let mut known: Vec<_> = std::mem::take(&mut self.messages).into_iter().map(Some).collect();
        let mut next = 0;
        let list = Array::new();
        for message in chat.messages() {
            while known.get(next).is_some_and(Option::is_none) {
                next += 1;
            }
            // Both lists have nearly the same order, so the one that is wanted is mostly the next.
            let same = known
                .iter_mut()
                .skip(next)
                .take(LOOK_AHEAD)
                .find_map(|old| old.take_if(|(old, _)| old.id == message.id && old.sender == message.sender));
            let value = match same.filter(|(old, _)| old == message) {
                Some((_, value)) => value,
                None => message_view(message, me),
            };
            list.push(&value);
            self.messages.push((message.clone(), value));
        }
        let part = Object::new();
        for (name, value) in [
            ("messages", JsValue::from(list)),
            ("unread", count(chat.unread())),
            ("unsent", count(chat.unsent())),
            ("more", chat.has_more().into()),
            ("durable", chat.durable().map_or(JsValue::NULL, JsValue::from)),
        ] {
            let _ = Reflect::set(&part, &name.into(), &value);
        }
        let part = part.into();
        freeze(&part);
        part
    }
}

fn count(number: usize) -> JsValue {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

fn message_view(message: &Message, me: &UserId) -> JsValue {
    to_frozen(&MessageView {
        id: message.id.as_str(),
        sender: message.sender.as_str(),
        own: message.sender == *me,
        text: &message.text,
        at: message.at,
        seq: message.seq,
        saved: message.seq.is_some(),
        status: message.status,
        failure: message.failure.as_ref().map(Code::as_str),
        failure_message: message.failure_message(),
    })
}
