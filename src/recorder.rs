//! The recording of a session, kept by `npm/recorder.js`: outside of this module's memory, so that it outlives a trap.

use js_sys::Function;
use pairvoice_core::{Config, Input, Output};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::RtcPeerConnection;

use crate::to_js::to_js;

#[wasm_bindgen]
extern "C" {
    /// A `Recorder` of `npm/recorder.js`.
    type JsRecorder;
    #[wasm_bindgen(method, catch)]
    fn begin(this: &JsRecorder, config: &JsValue, version: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn input(this: &JsRecorder, input: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn output(this: &JsRecorder, output: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn state(this: &JsRecorder, state: &JsValue, name: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn pulse(this: &JsRecorder, connection: &RtcPeerConnection) -> Result<(), JsValue>;
}

/// Records what the core takes and makes, in its order. A recorder that fails harms no call: what it throws is dropped.
pub(crate) struct Recorder(JsRecorder);

impl Recorder {
    /// Makes one by a function of `npm/index.js`.
    ///
    /// # Errors
    /// What the function throws.
    pub(crate) fn new(make: &Function) -> Result<Self, JsValue> {
        make.call0(&JsValue::UNDEFINED).map(|made| Self(made.unchecked_into()))
    }

    /// The JavaScript object.
    pub(crate) fn value(&self) -> JsValue {
        JsValue::clone(&self.0)
    }

    /// The core begins.
    pub(crate) fn begin(&self, config: &Config) {
        let _ = self.0.begin(&to_js(config), env!("CARGO_PKG_VERSION"));
    }

    /// The core is about to take an input.
    pub(crate) fn input(&self, input: &Input) {
        let _ = self.0.input(&to_js(input));
    }

    /// The core made an output of the last input.
    pub(crate) fn output(&self, output: &Output) {
        let _ = self.0.output(&to_js(output));
    }

    /// The state changed; `name` is the socket's in the server's log.
    pub(crate) fn state(&self, state: &JsValue, name: &JsValue) {
        let _ = self.0.state(state, name);
    }

    /// A call runs over this connection, whose figures may be looked at.
    pub(crate) fn pulse(&self, connection: &RtcPeerConnection) {
        let _ = self.0.pulse(connection);
    }
}
