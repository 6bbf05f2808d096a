//! JavaScript values from Rust ones, by serde-wasm-bindgen: state and events for the app, wire types for sockets.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::convert::freeze;

/// A plain JavaScript value as `JSON.parse` would make it; what is absent is `null`, unless its type leaves it out.
pub(crate) fn to_js<T: Serialize + ?Sized>(value: &T) -> JsValue {
    // Fails for maps with keys that are no strings alone, which neither the wire nor the state has.
    value.serialize(&Serializer::json_compatible()).unwrap_or_default()
}

/// The same, frozen, for the app.
pub(crate) fn to_frozen<T: Serialize + ?Sized>(value: &T) -> JsValue {
    let value = to_js(value);
    freeze(&value);
    value
}
