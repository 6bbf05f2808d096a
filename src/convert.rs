//! Between Rust values and JavaScript ones.

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Freezes an object and what it holds.
pub(crate) fn freeze(value: &JsValue) {
    if let Some(object) = value.dyn_ref::<Object>() {
        for inner in Object::values(object) {
            if !Object::is_frozen(inner.unchecked_ref::<Object>()) {
                freeze(&inner);
            }
        }
        Object::freeze(object);
    }
}

/// A property; `undefined` when there is none or it can't be read.
pub(crate) fn property(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or_default()
}

/// A string of whole characters: half a surrogate pair would silently become another text.
pub(crate) fn text(value: &JsValue) -> Option<String> {
    value.as_string().filter(|text| *value == JsValue::from_str(text))
}

/// A count or a span of JavaScript's as a whole number; what is less than nothing is nothing.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Float to integer casts saturate.
pub(crate) fn whole(number: f64) -> u32 {
    number as u32
}

/// A time of JavaScript's as a whole number of milliseconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Float to integer casts saturate.
pub(crate) fn milliseconds(time: f64) -> u64 {
    time as u64
}

/// The `name` of an `Error` or a `DOMException`.
pub(crate) fn error_name(error: &JsValue) -> String {
    // Both have it; where something else was thrown, the name is that of nothing.
    property(error, "name").as_string().unwrap_or_default()
}

#[wasm_bindgen]
extern "C" {
    /// `String(value)`: an error of somebody else's as one line.
    #[wasm_bindgen(js_name = String)]
    pub(crate) fn describe(error: &JsValue) -> String;
}

/// Lets a promise settle unobserved: a rejection that nobody waits for would be reported to the page.
pub(crate) fn ignore(promise: Promise) {
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}
