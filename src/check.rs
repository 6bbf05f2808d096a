//! The parts of `npm/check.js` that are the package's: what a handshake looks like, and the verdict.

use pairvoice_core::wire::{Handshake, NAMESPACE, VERSION, VoiceReason, VoiceStatus};
use pairvoice_core::{CheckFacts, judge};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::environment::incapable;
use crate::error::no_random_numbers;
use crate::from_js::from_js;
use crate::options::Options;
use crate::random::random_instance;
use crate::to_js::to_js;

/// What a check needs to begin.
#[derive(Serialize)]
struct Plan {
    /// The namespace's address.
    url: String,
    /// Where Socket.IO is sought.
    path: String,
    /// The handshake, without a token.
    auth: Handshake,
    /// Why this browser can't do voice.
    incapable: Option<VoiceReason>,
}

/// Checks the options of `checkConnection`, and tells how the server is asked.
///
/// # Errors
/// An `Error` with code `invalid-options` or `no-random-numbers`.
#[wasm_bindgen(js_name = checkPlan, skip_typescript)]
#[allow(clippy::needless_pass_by_value, reason = "the boundary to JavaScript")]
pub fn check_plan(options: JsValue) -> Result<JsValue, JsValue> {
    let Options { server, session, user, .. } = Options::parse(&options)?;
    let auth = Handshake {
        v: VERSION,
        token: String::new(),
        session_id: session,
        user_id: user,
        instance: random_instance().ok_or_else(no_random_numbers)?,
        since: 0,
        log: None,
        tip: None,
        voice: VoiceStatus::default(),
        signals: Vec::new(),
        check: true,
    };
    let url = [&server.origin, NAMESPACE].concat();
    let path = [&server.path, "/socket.io"].concat();
    Ok(to_js(&Plan { url, path, auth, incapable: incapable() }))
}

/// Judges what was found; `undefined` when it has not the form of `CheckFacts`.
#[wasm_bindgen(js_name = checkVerdict, skip_typescript)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "the boundary to JavaScript")]
pub fn check_verdict(facts: JsValue) -> JsValue {
    from_js::<CheckFacts>(&facts).map(|facts| to_js(&judge(&facts))).unwrap_or_default()
}
