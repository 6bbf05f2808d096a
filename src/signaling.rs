//! The Socket.IO connection, by the official client: one engine per connect, without its own reconnection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, JSON, Reflect};
use pairvoice_core::wire::{ClientEvent, Handshake, NAMESPACE, Refusal, ServerEvent, name};
use pairvoice_core::{OpId, SocketEvent};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::convert::property;
use crate::crash::Hold;
use crate::door::Door;
use crate::from_js::from_js;
use crate::inbox::Inbox;
use crate::options::Server;
use crate::to_js::to_js;

/// How long one connect may take, and one acknowledgement, in milliseconds.
const TIMEOUT_MS: u32 = 8_000;

#[wasm_bindgen]
extern "C" {
    /// The module socket.io-client, as far as it is used here.
    type SocketIo;
    #[wasm_bindgen(method, catch)]
    fn io(this: &SocketIo, url: &str, options: &JsValue) -> Result<JsSocket, JsValue>;

    /// A socket of socket.io-client, as far as it is used here.
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
    #[wasm_bindgen(method, getter)]
    fn id(this: &JsSocket) -> JsValue;
}

/// One socket.
pub(crate) struct Signaling {
    pub(crate) id: OpId,
    socket: JsSocket,
    closed: Rc<Cell<bool>>,
    /// Takes the handshake, once the transport is open and waits for it.
    handshake: Rc<RefCell<Option<Function>>>,
    _callbacks: Vec<Closure<dyn Fn(JsValue)>>,
    _hold: Hold,
}

impl Signaling {
    /// Connects with the loaded module.
    ///
    /// # Errors
    /// What socket.io-client throws.
    pub(crate) fn connect(
        id: OpId,
        module: &JsValue,
        server: &Server,
        token: String,
        inbox: &Inbox,
    ) -> Result<Self, JsValue> {
        let closed = Rc::new(Cell::new(false));
        let handshake: Rc<RefCell<Option<Function>>> = Rc::default();
        let mut callbacks = Vec::new();
        let auth = {
            let (inbox, handshake) = (inbox.clone(), Rc::clone(&handshake));
            Closure::<dyn Fn(JsValue)>::new(move |done: JsValue| {
                *handshake.borrow_mut() = done.dyn_into().ok();
                inbox.socket(id, SocketEvent::HandshakeWanted { token: token.clone() });
            })
        };
        let options = js_sys::Object::new();
        for (name, value) in [
            ("forceNew", JsValue::TRUE),
            ("reconnection", JsValue::FALSE),
            ("tryAllTransports", JsValue::TRUE),
            ("timeout", TIMEOUT_MS.into()),
            ("path", [&server.path, "/socket.io"].concat().into()),
            ("auth", auth.as_ref().clone()),
            ("transports", js_sys::Array::of2(&"websocket".into(), &"polling".into()).into()),
        ] {
            Reflect::set(&options, &name.into(), &value)?;
        }
        callbacks.push(auth);
        let module: &SocketIo = module.unchecked_ref();
        let socket = module.io(&[&server.origin, NAMESPACE].concat(), &options)?;
        for (name, read) in EVENTS {
            let (inbox, closed) = (inbox.clone(), Rc::clone(&closed));
            let callback = Closure::<dyn Fn(JsValue)>::new(move |data| {
                if !closed.get() {
                    inbox.socket(id, read(data).unwrap_or(SocketEvent::Unreadable { event: name }));
                }
            });
            socket.on(name, callback.as_ref());
            callbacks.push(callback);
        }
        let hold = Hold::new(&socket);
        Ok(Self { id, socket, closed, handshake, _callbacks: callbacks, _hold: hold })
    }

    /// Its name in the server's log, once it is in.
    pub(crate) fn name(&self) -> JsValue {
        self.socket.id()
    }

    /// Sends the handshake that the transport waits for.
    pub(crate) fn send_handshake(&self, handshake: &Handshake) {
        let waiting = self.handshake.borrow_mut().take();
        if let Some(waiting) = waiting {
            let _ = waiting.call1(&JsValue::UNDEFINED, &to_js(handshake));
        }
    }

    /// Emits; `acknowledged` gets the answer, or `undefined` when none came in time.
    pub(crate) fn emit(&self, event: &ClientEvent, acknowledged: impl FnOnce(JsValue) + 'static) {
        let data = match event {
            ClientEvent::Signal(envelope) => to_js(envelope),
            ClientEvent::Voice(status) => to_js(status),
            ClientEvent::Chat(batch) => to_js(batch),
            ClientEvent::Receipt(receipt) => to_js(receipt),
            ClientEvent::Typing(typing) => to_js(typing),
            ClientEvent::Data(data) => to_js(data),
            ClientEvent::History(request) => to_js(request),
            ClientEvent::Token(renewal) => to_js(renewal),
            ClientEvent::Probe | ClientEvent::Bye => JsValue::NULL,
        };
        let done = Closure::once_into_js(move |_error: JsValue, answer: JsValue| acknowledged(answer));
        self.socket.timeout(TIMEOUT_MS).emit(event.name(), &data, &done);
    }

    /// Says goodbye: the socket outlives this until that is acknowledged, and nothing of it is listened to.
    pub(crate) fn part(self, door: &Door) {
        self.let_go();
        door.part(&self.socket);
    }

    /// Nothing of the socket is listened to any more; tells whether anything was.
    fn let_go(&self) -> bool {
        self.socket.off();
        !self.closed.replace(true)
    }
}

impl Drop for Signaling {
    fn drop(&mut self) {
        if self.let_go() {
            self.socket.disconnect();
        }
    }
}

type Read = fn(JsValue) -> Option<SocketEvent>;

fn read<T: serde::de::DeserializeOwned>(data: &JsValue, event: fn(T) -> ServerEvent) -> Option<SocketEvent> {
    from_js(data).map(event).map(SocketEvent::Server)
}

/// What the client hears, and how it is read; nothing when it does not have its form.
const EVENTS: [(&str, Read); 11] = [
    (name::WELCOME, |data| read(&data, |welcome| ServerEvent::Welcome(Box::new(welcome)))),
    (name::PEER, |data| read(&data, ServerEvent::Peer)),
    (name::SIGNAL, |data| read(&data, ServerEvent::Signal)),
    (name::CHAT, |data| read(&data, ServerEvent::Chat)),
    (name::RECEIPT, |data| read(&data, ServerEvent::Receipt)),
    (name::TYPING, |data| read(&data, ServerEvent::Typing)),
    (name::DATA, |data| read(&data, ServerEvent::Data)),
    (name::ICE, |data| read(&data, ServerEvent::Ice)),
    (name::NOTICE, |data| read(&data, ServerEvent::Notice)),
    ("connect_error", |error| Some(refusal(&error).map_or(SocketEvent::Closed, SocketEvent::Refused))),
    ("disconnect", |_| Some(SocketEvent::Closed)),
];

/// A refusal of the server is JSON in the error's message; anything else is the network's.
fn refusal(error: &JsValue) -> Option<Refusal> {
    from_js(&JSON::parse(&property(error, "message").as_string()?).ok()?)
}
