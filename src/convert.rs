//! Between Rust values and JavaScript ones.

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

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
