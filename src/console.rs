//! Lines for the console: one per attempt, one per change of voice. Never a token, an address or a text.

use js_sys::Function;
use pairvoice_core::{Note, Role, UserId};
use wasm_bindgen::{JsCast, JsValue};

use crate::convert::property;

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Silent,
    Info,
    Debug,
}

fn write(method: &str, line: &str) {
    let console = property(&js_sys::global(), "console");
    if let Ok(method) = property(&console, method).dyn_into::<Function>() {
        let _ = method.call1(&console, &JsValue::from_str(line));
    }
}

/// Writes what the core notes.
pub(crate) fn note(level: Level, me: &UserId, note: &Note) {
    match note {
        Note::Roles { role, peer, .. } if level >= Level::Info => {
            let (offerer, answerer) = match role {
                Role::Offerer => (me, peer),
                Role::Answerer => (peer, me),
            };
            let line = ["pairvoice: user ", offerer.as_str(), " offers, user ", answerer.as_str(), " answers"];
            write("info", &line.concat());
        }
        Note::Voice(state) if level >= Level::Info => write("info", &["pairvoice: voice ", state.as_str()].concat()),
        Note::Dropped { kind } if level >= Level::Debug => {
            write("debug", &["pairvoice: dropped a late or foreign ", kind].concat());
        }
        _ => {}
    }
}

/// Writes at debug level.
pub(crate) fn debug(level: Level, line: &str) {
    if level >= Level::Debug {
        write("debug", &["pairvoice: ", line].concat());
    }
}
