//! What the page around us gives: a token from the app, modules, and what the browser can do.

use gloo::timers::callback::Timeout;
use js_sys::{Function, Promise};
use pairvoice_core::wire::VoiceReason;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::convert::property;
use crate::options::Token;

/// How long the app's `token()` may take, in milliseconds.
const TOKEN_MS: u32 = 10_000;

/// Asks the app for a token; the question is on its way when this returns.
///
/// # Errors
/// What the app's function threw.
pub(crate) fn ask_for_token(token: &Token) -> Result<Asked, JsValue> {
    match token {
        Token::Text(text) => Ok(Asked::Here(text.clone())),
        Token::Function(function) => {
            let promise = Promise::resolve(&function.call0(&JsValue::UNDEFINED)?);
            Ok(Asked::OnItsWay(Limit::new(TOKEN_MS, &promise)))
        }
    }
}

/// A token that was asked for.
pub(crate) enum Asked {
    Here(String),
    OnItsWay(Limit),
}

impl Asked {
    /// The token, without what a file or a program that prints a line has put after it.
    ///
    /// # Errors
    /// What the app's promise was rejected with, or why it brought no token.
    pub(crate) async fn get(self) -> Result<String, JsValue> {
        let text = match self {
            Self::Here(text) => text,
            Self::OnItsWay(limit) => {
                let token = limit.get().await?;
                token.as_string().ok_or_else(|| js_sys::Error::new("not a string"))?
            }
        };
        Ok(text.trim_ascii().into())
    }
}

/// Imports a module: a function of `index.js`, so that bundlers find the import. It is on its way when this returns.
///
/// # Errors
/// What the function threw.
pub(crate) fn import(loader: &Function) -> Result<Promise, JsValue> {
    loader.call0(&JsValue::UNDEFINED)?.dyn_into()
}

/// A promise that is rejected after so many milliseconds.
pub(crate) struct Limit {
    // Subscribed at once: a rejection that comes before somebody waits for it is not unhandled.
    race: JsFuture,
    _timer: Option<Timeout>,
}

impl Limit {
    /// The time runs from now on.
    pub(crate) fn new(ms: u32, promise: &Promise) -> Self {
        let mut timer = None;
        let limit = Promise::new(&mut |_, reject| {
            timer = Some(Timeout::new(ms, move || {
                let _ = reject.call1(&JsValue::UNDEFINED, &js_sys::Error::new("took too long"));
            }));
        });
        Self { race: JsFuture::from(Promise::race(&js_sys::Array::of2(promise, &limit))), _timer: timer }
    }

    /// What the promise brings.
    ///
    /// # Errors
    /// What it was rejected with, or that it took too long.
    pub(crate) async fn get(self) -> Result<JsValue, JsValue> {
        let Self { race, _timer: timer } = self;
        let outcome = race.await;
        drop(timer);
        outcome
    }
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

/// Whether a connection that has failed goes on when it is given candidates that are new to it: where the ICE agent is libwebrtc's.
/// Firefox's is another one, for which `failed` is the end; what its `RTCIceTransport` can't tell, tells the two apart.
pub(crate) fn revives() -> bool {
    let transport = property(&js_sys::global(), "RTCIceTransport");
    property(&property(&transport, "prototype"), "getRemoteCandidates").is_function()
}

/// Whether nobody sees this page now.
pub(crate) fn is_hidden() -> bool {
    web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden())
}
