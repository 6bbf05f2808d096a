//! What the page's life says: hidden, frozen, gone and back, and the browser's hints of another network.

use pairvoice_core::Input;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

use crate::convert::property;
use crate::devices::media_devices;
use crate::environment::is_hidden;
use crate::inbox::Inbox;
use crate::listeners::Listener;

/// Listens to window, document (Page Lifecycle) and connection until the listeners are dropped.
pub(crate) fn watch(inbox: &Inbox) -> Vec<Listener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let on = |target: &EventTarget, event, input: fn(&JsValue) -> Option<Input>| {
        let inbox = inbox.clone();
        Listener::new(target, event, move |data| {
            if let Some(input) = input(&data) {
                inbox.input(input);
            }
        })
    };
    let mut listeners = vec![
        on(&window, "pagehide", |_| Some(Input::PageHidden)),
        on(&window, "pageshow", |event| property(event, "persisted").is_truthy().then_some(Input::PageShown)),
        on(&window, "online", |_| Some(Input::NetworkChanged)),
        on(&window, "offline", |_| Some(Input::NetworkChanged)),
    ];
    if let Some(document) = window.document() {
        listeners.push(on(&document, "visibilitychange", |_| Some(Input::Hidden(is_hidden()))));
        // A page that goes into the back/forward cache is frozen as well, and has said goodbye before.
        listeners.push(on(&document, "freeze", |_| Some(Input::Frozen)));
        listeners.push(on(&document, "resume", |_| Some(Input::Woke)));
    }
    if let Some(devices) = media_devices() {
        listeners.push(on(&devices, "devicechange", |_| Some(Input::DevicesChanged)));
    }
    // Network Information API: Chromium only.
    if let Some(connection) = property(&window.navigator(), "connection").dyn_ref::<EventTarget>() {
        listeners.push(on(connection, "change", |_| Some(Input::NetworkChanged)));
    }
    listeners
}
