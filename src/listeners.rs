//! A listener that removes itself when it is dropped, for targets that the app shares.
//!
//! `gloo::events::EventListener` does the same with an `FnMut`, which throws when an event arrives while another is handled.
//! That can't happen on objects that are ours alone; on window, document and the like the app may dispatch an event within a
//! callback of ours.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

/// One event listener.
#[must_use = "dropping it removes the listener"]
pub(crate) struct Listener {
    target: EventTarget,
    event: &'static str,
    callback: Closure<dyn Fn(JsValue)>,
}

impl Listener {
    pub(crate) fn new(target: &EventTarget, event: &'static str, callback: impl Fn(JsValue) + 'static) -> Self {
        let callback = Closure::<dyn Fn(JsValue)>::new(callback);
        // Only fails on something that is no event target.
        let _ = target.add_event_listener_with_callback(event, callback.as_ref().unchecked_ref());
        Self { target: target.clone(), event, callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.event, self.callback.as_ref().unchecked_ref());
    }
}
