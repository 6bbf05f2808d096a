//! A browsing context of its own, for connections that must know this host's addresses as they are now.
//!
//! Chromium tells a page's context of another address two seconds after the system has it (its network change notifier waits
//! that long for things to settle), and an ICE restart gathers from what the context knows. A context that is new asks the
//! system.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, RtcConfiguration, RtcPeerConnection};

use crate::convert::property;

/// A hidden frame of this page, removed when this is dropped; connections made in it end with it.
pub(crate) struct OwnContext {
    frame: Element,
}

impl OwnContext {
    /// A new frame, if the page has a place for one.
    pub(crate) fn new() -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let frame = document.create_element("iframe").ok()?;
        frame.set_attribute("hidden", "").ok()?;
        frame.set_attribute("aria-hidden", "true").ok()?;
        // Beside the body, which belongs to the app.
        document.document_element()?.append_child(&frame).ok()?;
        Some(Self { frame })
    }

    /// A new connection in it. Its objects are of another realm than ours: `instanceof` says no to them.
    pub(crate) fn connection(&self, configuration: &RtcConfiguration) -> Result<RtcPeerConnection, JsValue> {
        let constructor: Function =
            property(&property(&self.frame, "contentWindow"), "RTCPeerConnection").unchecked_into();
        Reflect::construct(&constructor, &Array::of1(configuration)).map(JsCast::unchecked_into)
    }
}

impl Drop for OwnContext {
    fn drop(&mut self) {
        self.frame.remove();
    }
}
