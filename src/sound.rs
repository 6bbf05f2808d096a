//! How a connection's sound is sent and how long the other's is held back, as the core decides.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Promise, Reflect};
use pairvoice_core::{Means, Protection};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RtcRtpReceiver, RtcRtpSender, RtcRtpTransceiver};

use crate::convert::{ignore, property};
use crate::copies::{Copies, JsSound};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = RtcRtpSender)]
    type ParametersSender;
    /// W3C WebRTC section 5.2; as plain values, since what was got must be given back whole.
    #[wasm_bindgen(method, js_name = getParameters)]
    fn get_parameters(this: &ParametersSender) -> JsValue;
    #[wasm_bindgen(method, catch, js_name = setParameters)]
    fn set_parameters(this: &ParametersSender, parameters: &JsValue) -> Result<Promise, JsValue>;
}

/// Holds what a receiver gets back for so long, in milliseconds (WebRTC Extensions, `jitterBufferTarget`); 0 is as the browser sees fit. A
/// browser without it does as it sees fit.
pub(crate) fn buffer(receiver: &RtcRtpReceiver, target: u32) {
    let target = if target == 0 { JsValue::NULL } else { target.into() };
    let _ = Reflect::set(receiver, &JsValue::from_str("jitterBufferTarget"), &target);
}

/// The sending side of one connection.
pub(crate) struct Sound {
    pub(crate) js: JsSound,
    sender: RefCell<Option<RtcRtpSender>>,
    copies: RefCell<Option<Copies>>,
    sent: Cell<Option<Protection>>,
}

impl Sound {
    pub(crate) fn new(js: JsSound) -> Self {
        Self { js, sender: RefCell::default(), copies: RefCell::default(), sent: Cell::default() }
    }

    /// Before the first description is made; `lost` is called when nothing goes out any more.
    pub(crate) fn prepare(&self, transceiver: &RtcRtpTransceiver, lost: impl Fn() + 'static) {
        *self.sender.borrow_mut() = Some(transceiver.sender());
        let copies = Copies::prepare(&self.js, transceiver, lost);
        *self.copies.borrow_mut() = copies;
    }

    pub(crate) fn sender(&self) -> Option<RtcRtpSender> {
        self.sender.borrow().clone()
    }

    /// What can be done about loss, if RED was negotiated or was not.
    pub(crate) fn means(&self, red: bool) -> Means {
        match (red, self.copies.borrow().is_some()) {
            (true, true) => Means::Copies,
            (true, false) => Means::Red,
            (false, _) => Means::Opus,
        }
    }

    /// Nothing is sent any more.
    pub(crate) fn hush(&self) {
        if let Some(copies) = self.copies.borrow().as_ref() {
            copies.hush();
        }
    }

    /// Sends in this way, once there is something to send by.
    pub(crate) fn protect(&self, protection: Protection) {
        let before = self.sent.get().unwrap_or(Protection::CLEAN);
        let Some(sender) = self.sender().filter(|_| before != protection) else { return };
        let sender: ParametersSender = sender.unchecked_into();
        let parameters = sender.get_parameters();
        // There is none before the local description is set: it is said again then.
        let encoding = property(&parameters, "encodings").unchecked_into::<Array>().get(0);
        if !encoding.is_object() {
            return;
        }
        self.sent.set(Some(protection));
        if let Some(copies) = self.copies.borrow().as_ref() {
            copies.set(&protection);
        }
        if before.bitrate != protection.bitrate {
            let _ = Reflect::set(&encoding, &JsValue::from_str("maxBitrate"), &protection.bitrate.into());
            // A browser that declines goes on with what it does.
            let _ = sender.set_parameters(&parameters).map(ignore);
        }
    }

    /// Another worker takes over.
    pub(crate) fn renew(&self) {
        if let Some(copies) = self.copies.borrow().as_ref() {
            copies.renew();
        }
    }

    /// Whether this person speaks, as far as the packets tell.
    pub(crate) fn speaks(&self) -> Option<bool> {
        self.copies.borrow().as_ref().and_then(Copies::speaks)
    }

    pub(crate) fn close(&self) {
        let copies = self.copies.borrow_mut().take();
        drop(copies);
    }
}
