//! The way to the server by HTTP, and the ICE servers that are known before it answers: kept by `npm/door.js`, for `fetch` takes a
//! fraction of the code there.

use js_sys::{Array, Function, Promise};
use pairvoice_core::wire::{Handshake, IceServer};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::from_js::from_js;
use crate::options::Options;
use crate::signaling::JsSocket;
use crate::to_js::to_js;

#[wasm_bindgen]
extern "C" {
    /// A `Door` of `npm/door.js`.
    type JsDoor;
    #[wasm_bindgen(method)]
    fn knock(this: &JsDoor, handshake: &JsValue, fresh: bool) -> Promise;
    #[wasm_bindgen(method)]
    fn ask(this: &JsDoor) -> Promise;
    #[wasm_bindgen(method)]
    fn part(this: &JsDoor, socket: &JsSocket);
    #[wasm_bindgen(method, js_name = iceServers)]
    fn ice_servers(this: &JsDoor) -> JsValue;
    #[wasm_bindgen(method)]
    fn keep(this: &JsDoor, servers: &JsValue, lifetime: Option<u32>);
    #[wasm_bindgen(method)]
    fn close(this: &JsDoor);
}

/// The server's door for one session.
pub(crate) struct Door(JsDoor);

impl Door {
    /// Makes one by a function of `npm/index.js`.
    ///
    /// # Errors
    /// What the function throws.
    pub(crate) fn new(make: &Function, options: &Options) -> Result<Self, JsValue> {
        let server = [options.server.origin.as_str(), &options.server.path].concat();
        let names = [server.as_str(), options.session.as_str(), options.user.as_str()].map(JsValue::from_str);
        make.apply(&JsValue::UNDEFINED, &Array::from_iter(names)).map(|made| Self(made.unchecked_into()))
    }

    /// Sends a handshake; the promise brings the answer, whatever has its form.
    pub(crate) fn knock(&self, handshake: &Handshake, fresh: bool) -> Promise {
        self.0.knock(&to_js(handshake), fresh)
    }

    /// Asks why no socket opens; the promise brings `status` and `refusal`, or nothing.
    pub(crate) fn ask(&self) -> Promise {
        self.0.ask()
    }

    /// Says goodbye on a socket, and closes it once that is acknowledged, or after a moment.
    pub(crate) fn part(&self, socket: &JsSocket) {
        self.0.part(socket);
    }

    /// The ICE servers that were told before, while their credentials are good.
    pub(crate) fn known_ice_servers(&self) -> Option<Vec<IceServer>> {
        from_js(&self.0.ice_servers())
    }

    /// Keeps them for the next session.
    pub(crate) fn keep_ice_servers(&self, servers: &[IceServer], lifetime: Option<u32>) {
        self.0.keep(&to_js(&servers), lifetime);
    }

    /// Nothing is waited for any more.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}
