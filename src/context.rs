//! A browsing context of its own, for connections that must know this host's addresses as they are now.
//!
//! Chromium tells a page's context of another address two seconds after the system has it (its network change notifier waits
//! that long for things to settle), and an ICE restart gathers from what the context knows. A context that is new asks the
//! system.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, RtcConfiguration, RtcPeerConnection};

use crate::convert::property;
use crate::environment::revives;

/// A hidden frame of this page, removed when this is dropped; connections made in it end with it.
#[derive(Debug)]
pub(crate) struct OwnContext {
    frame: Element,
}

/// The frames of a session that nothing is made in yet.
#[derive(Clone, Default)]
pub(crate) struct Contexts {
    /// No connection was ever made in it, so that it will ask the system.
    spare: Rc<RefCell<Option<OwnContext>>>,
    /// The one in which this host's addresses were asked for last: it knows them as they were then.
    last: Rc<RefCell<Option<OwnContext>>>,
}

impl Contexts {
    /// Keeps a frame ready: a call runs.
    pub(crate) fn prepare(&self) {
        let mut spare = self.spare.borrow_mut();
        // Firefox tells its pages of another address at once.
        if spare.is_none() && revives() {
            *spare = OwnContext::new();
        }
    }

    /// One that will ask the system.
    pub(crate) fn untouched(&self) -> Option<OwnContext> {
        let spare = self.spare.borrow_mut().take();
        spare.or_else(OwnContext::new)
    }

    /// Addresses were found there.
    pub(crate) fn answered(&self, context: Option<OwnContext>) {
        let before = self.last.replace(context);
        drop(before);
        self.prepare();
    }

    /// One that knows this host's addresses, or will ask for them.
    pub(crate) fn knowing(&self) -> Option<OwnContext> {
        let last = self.last.borrow_mut().take();
        last.or_else(|| self.untouched())
    }

    /// No frame is left behind.
    pub(crate) fn clear(&self) {
        self.spare.borrow_mut().take();
        self.last.borrow_mut().take();
    }
}

impl OwnContext {
    /// A new frame, if the page has a place for one.
    fn new() -> Option<Self> {
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
