//! What the page around us gives: a token from the app, and what the browser can do.

use gloo_timers::callback::Timeout;
use js_sys::Promise;
use pairvoice_core::VoiceReason;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::convert::property;
use crate::options::Token;

/// How long the app's `token()` may take, in milliseconds.
const TOKEN_MS: u32 = 10_000;

/// Gets a token from the app.
pub(crate) async fn fetch_token(token: Token) -> Result<String, JsValue> {
    let function = match token {
        Token::Text(text) => return Ok(text),
        Token::Function(function) => function,
    };
    let fetched = Promise::resolve(&function.call0(&JsValue::UNDEFINED)?);
    within(TOKEN_MS, &fetched).await?.as_string().ok_or(JsValue::UNDEFINED)
}

/// What a promise brings, unless it takes longer than so many milliseconds.
pub(crate) async fn within(ms: u32, promise: &Promise) -> Result<JsValue, JsValue> {
    let mut timer = None;
    let limit = Promise::new(&mut |_, reject| {
        timer = Some(Timeout::new(ms, move || {
            let _ = reject.call0(&JsValue::UNDEFINED);
        }));
    });
    let outcome = JsFuture::from(Promise::race(&js_sys::Array::of2(promise, &limit))).await;
    drop(timer);
    outcome
}

/// Why this browser can't do voice.
pub(crate) fn incapable() -> Option<VoiceReason> {
    let global = js_sys::global();
    if property(&global, "isSecureContext").is_falsy() {
        Some(VoiceReason::InsecureContext)
    } else if !property(&global, "RTCPeerConnection").is_function() {
        Some(VoiceReason::UnsupportedBrowser)
    } else {
        None
    }
}

/// Whether nobody sees this page now.
pub(crate) fn is_hidden() -> bool {
    web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden())
}
