//! The Socket.IO connection, by the official client: one engine per connect, without its own reconnection.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use js_sys::{Function, JSON, Promise, Reflect};
use pairvoice_core::wire::{NAMESPACE, Notice, Refusal, Typing, Welcome};
use pairvoice_core::{ClientEvent, OpId, SocketEvent};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Url;

use crate::convert::property;
use crate::from_js::from_js;
use crate::to_js::to_js;

/// How long one connect may take, and one acknowledgement, in milliseconds.
const TIMEOUT_MS: u32 = 8_000;

#[wasm_bindgen]
extern "C" {
    /// A socket of socket.io-client, as far as it is used here.
    #[derive(Clone)]
    pub(crate) type JsSocket;
    #[wasm_bindgen(method)]
    fn on(this: &JsSocket, event: &str, callback: &JsValue);
    #[wasm_bindgen(method)]
    fn off(this: &JsSocket);
    #[wasm_bindgen(method)]
    fn timeout(this: &JsSocket, ms: u32) -> JsSocket;
    #[wasm_bindgen(method)]
    fn emit(this: &JsSocket, event: &str, data: &JsValue, acknowledged: &JsValue);
    #[wasm_bindgen(method)]
    fn disconnect(this: &JsSocket);
}

/// Where a socket reports to.
pub(crate) trait Hears {
    /// Something happened on socket `id`.
    fn socket(&self, id: OpId, event: SocketEvent);
    /// The `auth` of the handshake that is being sent.
    fn auth(&self) -> JsValue;
}

/// One socket.
pub(crate) struct Signaling {
    pub(crate) id: OpId,
    socket: JsSocket,
    closed: Rc<Cell<bool>>,
    _callbacks: Vec<Closure<dyn Fn(JsValue)>>,
}

/// Loads socket.io-client: a function of `index.js`, so that bundlers find the import.
pub(crate) fn load(loader: &Function) -> Result<Promise, JsValue> {
    loader.call0(&JsValue::UNDEFINED)?.dyn_into()
}

/// The `io` function's address and options: the namespace of the server, and the Socket.IO path below the given URL.
fn address(url: &str) -> Result<(String, String), JsValue> {
    let base = property(&property(&js_sys::global(), "location"), "href").as_string().unwrap_or_default();
    let url = Url::new_with_base(url, &base)?;
    let (origin, path) = (url.origin(), url.pathname());
    Ok(([origin.as_str(), NAMESPACE].concat(), [path.trim_end_matches('/'), "/socket.io"].concat()))
}

impl Signaling {
    /// Connects with the loaded module.
    pub(crate) fn connect(id: OpId, module: &JsValue, url: &str, hears: &Weak<dyn Hears>) -> Result<Self, JsValue> {
        let io: Function = property(module, "io").dyn_into()?;
        let (address, path) = address(url)?;
        let closed = Rc::new(Cell::new(false));
        let mut callbacks = Vec::new();

        let auth = {
            let hears = hears.clone();
            Closure::<dyn Fn(JsValue)>::new(move |done: JsValue| {
                if let (Some(hears), Some(done)) = (hears.upgrade(), done.dyn_ref::<Function>()) {
                    let _ = done.call1(&JsValue::UNDEFINED, &hears.auth());
                }
            })
        };
        let options = js_sys::Object::new();
        for (name, value) in [
            ("forceNew", JsValue::TRUE),
            ("reconnection", JsValue::FALSE),
            ("tryAllTransports", JsValue::TRUE),
            ("timeout", TIMEOUT_MS.into()),
            ("path", path.into()),
            ("auth", auth.as_ref().clone()),
            ("transports", js_sys::Array::of2(&"websocket".into(), &"polling".into()).into()),
        ] {
            Reflect::set(&options, &name.into(), &value)?;
        }
        callbacks.push(auth);
        let socket: JsSocket = io.call2(&JsValue::UNDEFINED, &address.into(), &options)?.unchecked_into();

        for (name, read) in EVENTS {
            let (hears, closed) = (hears.clone(), Rc::clone(&closed));
            let callback = Closure::<dyn Fn(JsValue)>::new(move |data| {
                if let (Some(hears), Some(event), false) = (hears.upgrade(), read(data), closed.get()) {
                    hears.socket(id, event);
                }
            });
            socket.on(name, callback.as_ref());
            callbacks.push(callback);
        }
        Ok(Self { id, socket, closed, _callbacks: callbacks })
    }

    /// Emits; `acknowledged` gets the answer, or `undefined` when none came in time.
    pub(crate) fn emit(&self, event: &ClientEvent, acknowledged: impl FnOnce(JsValue) + 'static) {
        let (name, data) = match event {
            ClientEvent::Signal(envelope) => ("signal", to_js(envelope)),
            ClientEvent::Voice(status) => ("voice", to_js(status)),
            ClientEvent::Chat(batch) => ("chat", to_js(batch)),
            ClientEvent::Receipt(receipt) => ("receipt", to_js(receipt)),
            ClientEvent::Typing(typing) => ("typing", to_js(typing)),
            ClientEvent::History(request) => ("history", to_js(request)),
            ClientEvent::Probe => ("probe", JsValue::NULL),
            ClientEvent::Bye => ("bye", JsValue::NULL),
        };
        let done = Closure::once_into_js(move |_error: JsValue, answer: JsValue| acknowledged(answer));
        self.socket.timeout(TIMEOUT_MS).emit(name, &data, &done);
    }
}

impl Drop for Signaling {
    fn drop(&mut self) {
        self.closed.set(true);
        self.socket.off();
        self.socket.disconnect();
    }
}

type Read = fn(JsValue) -> Option<SocketEvent>;

/// What the client hears, and how it is read; what does not have its form is ignored.
const EVENTS: [(&str, Read); 9] = [
    ("welcome", |data| from_js::<Welcome>(&data).map(|w| SocketEvent::Welcome(Box::new(w)))),
    ("peer", |data| from_js(&data).map(SocketEvent::Peer)),
    ("signal", |data| from_js(&data).map(SocketEvent::Signal)),
    ("chat", |data| from_js(&data).map(SocketEvent::Chat)),
    ("receipt", |data| from_js(&data).map(SocketEvent::Receipt)),
    ("typing", |data| from_js::<Typing>(&data).map(|t| SocketEvent::Typing(t.on))),
    ("notice", |data| from_js::<Notice>(&data).map(SocketEvent::Notice)),
    ("connect_error", |error| Some(refusal(&error).map_or(SocketEvent::Closed, SocketEvent::Refused))),
    ("disconnect", |_| Some(SocketEvent::Closed)),
];

/// A refusal of the server is JSON in the error's message; anything else is the network's.
fn refusal(error: &JsValue) -> Option<Refusal> {
    from_js(&JSON::parse(&property(error, "message").as_string()?).ok()?)
}
