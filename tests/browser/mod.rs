//! The browser layer in a real browser: `npm run test:browser`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // The lints' own exception knows test functions only.

mod api;
mod conversion;
mod devices;
mod microphone;
mod peer_connection;
mod small_parts;

use gloo::timers::future::TimeoutFuture;
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

/// How long a test waits for one thing, in milliseconds: a browser on a busy machine takes its time.
const PATIENCE_MS: f64 = 20_000.0;

/// What `npm/index.js` asks the browser for a microphone by.
fn open_microphone() -> Function {
    Function::new_with_args("audio", "return navigator.mediaDevices.getUserMedia({ audio })")
}

#[wasm_bindgen(module = "/npm/copies.js")]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = protect)]
    static PROTECT: JsValue;
    #[wasm_bindgen(thread_local_v2, js_name = preferredCodecs)]
    static PREFERRED_CODECS: JsValue;
}

#[wasm_bindgen(module = "/npm/packets.js")]
extern "C" {
    /// `copies.js` imports it: only files that are named here are served.
    #[wasm_bindgen(thread_local_v2, js_name = work)]
    static WORK: JsValue;
}

#[wasm_bindgen(module = "/npm/description.js")]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = prefersRed)]
    static PREFERS_RED: JsValue;
    #[wasm_bindgen(thread_local_v2, js_name = tuned)]
    static TUNED: JsValue;
}

/// What `npm/copies.js` and `npm/description.js` export.
fn sound<T: JsCast>() -> T {
    let exports = Object::new();
    let every = [
        ("protect", &PROTECT),
        ("preferredCodecs", &PREFERRED_CODECS),
        ("prefersRed", &PREFERS_RED),
        ("tuned", &TUNED),
        ("work", &WORK),
    ];
    for (name, value) in every {
        value.with(|value| Reflect::set(&exports, &JsValue::from_str(name), value)).unwrap();
    }
    exports.unchecked_into()
}

/// Waits until something holds.
///
/// # Panics
/// When that takes longer than [`PATIENCE_MS`], with what was waited for.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let began = crate::timers::now();
    while !condition() {
        assert!(crate::timers::now() - began < PATIENCE_MS, "waited in vain for {what}");
        TimeoutFuture::new(5).await;
    }
}
