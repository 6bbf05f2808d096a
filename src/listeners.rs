//! A listener that removes itself when it is dropped.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

/// One event listener. `Fn`, not `FnMut`: an event that arrives while another is handled would throw.
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
