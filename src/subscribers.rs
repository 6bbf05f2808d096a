//! The app's callbacks: called when every borrow has ended, and a throwing one hinders no other.

use std::cell::{Cell, RefCell};

use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = reportError)]
    fn report_error(error: &JsValue);
}

/// Callbacks by the event they wait for.
#[derive(Default)]
pub(crate) struct Subscribers {
    next: Cell<u32>,
    entries: RefCell<Vec<(u32, String, Function)>>,
}

impl Subscribers {
    /// Adds a callback and returns its number.
    pub(crate) fn add(&self, event: String, callback: Function) -> u32 {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        self.entries.borrow_mut().push((id, event, callback));
        id
    }

    pub(crate) fn remove(&self, id: u32) {
        self.entries.borrow_mut().retain(|(other, ..)| *other != id);
    }

    pub(crate) fn has(&self, event: &str) -> bool {
        self.entries.borrow().iter().any(|(_, name, _)| name == event)
    }

    /// Calls everybody who waits for this event.
    pub(crate) fn call(&self, event: &str, argument: &JsValue) {
        let callbacks: Vec<Function> =
            self.entries.borrow().iter().filter(|(_, name, _)| name == event).map(|(.., f)| f.clone()).collect();
        for callback in callbacks {
            if let Err(error) = callback.call1(&JsValue::UNDEFINED, argument) {
                report_error(&error);
            }
        }
    }
}
