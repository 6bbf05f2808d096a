//! Between Rust values and JavaScript ones.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

/// A plain JavaScript value; what is absent is left out.
pub(crate) fn to_js<T: Serialize>(value: &T) -> JsValue {
    // Plain data can't fail to convert; `undefined` is what the receiver refuses if it ever does.
    serde_wasm_bindgen::to_value(value).unwrap_or_default()
}

/// A frozen JavaScript value for the app; what is absent is `null`.
pub(crate) fn to_frozen<T: Serialize>(value: &T) -> JsValue {
    let value = value.serialize(&Serializer::new().serialize_missing_as_null(true)).unwrap_or_default();
    freeze(&value);
    value
}

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

/// A Rust value, if the JavaScript one has its form.
pub(crate) fn from_js<T: DeserializeOwned>(value: JsValue) -> Option<T> {
    serde_wasm_bindgen::from_value(value).ok()
}

/// A property; `undefined` when there is none or it can't be read.
pub(crate) fn property(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or_default()
}
