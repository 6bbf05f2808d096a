//! Copies of earlier frames in the packets of sound: `npm/copies.js` has the worker that writes them.

use js_sys::{Array, Uint8Array};
use pairvoice_core::Protection;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RtcRtpSender, RtcRtpTransceiver};

#[wasm_bindgen]
extern "C" {
    /// What `npm/copies.js` and `npm/description.js` export.
    #[derive(Clone)]
    pub(crate) type JsSound;
    #[wasm_bindgen(method, js_name = preferredCodecs)]
    fn preferred_codecs(this: &JsSound) -> Option<Array>;
    #[wasm_bindgen(method)]
    fn protect(this: &JsSound, sender: &RtcRtpSender, lost: &Closure<dyn Fn()>) -> Option<JsCopies>;
    /// A remote description, an answer or an offer, as this package wants it.
    #[wasm_bindgen(method)]
    pub(crate) fn tuned(this: &JsSound, sdp: &str, answer: bool) -> String;
    /// By this answer RED is what is sent.
    #[wasm_bindgen(method, js_name = prefersRed)]
    pub(crate) fn prefers_red(this: &JsSound, sdp: &str) -> bool;

    /// A `Copies` of `npm/copies.js`.
    type JsCopies;
    #[wasm_bindgen(method)]
    fn set(this: &JsCopies, copies: &Uint8Array, frames: u8);
    #[wasm_bindgen(method)]
    fn renew(this: &JsCopies);
    #[wasm_bindgen(method)]
    fn close(this: &JsCopies);
    #[wasm_bindgen(method, getter)]
    fn speaks(this: &JsCopies) -> Option<bool>;
    #[wasm_bindgen(method)]
    fn hush(this: &JsCopies);

    #[wasm_bindgen(extends = RtcRtpTransceiver)]
    type PreferringTransceiver;
    /// W3C WebRTC section 5.4; it throws on codecs that the browser does not know, and these come from it.
    #[wasm_bindgen(method, catch, js_name = setCodecPreferences)]
    fn set_codec_preferences(this: &PreferringTransceiver, codecs: &Array) -> Result<(), JsValue>;
}

/// The worker on a sender's packets.
pub(crate) struct Copies {
    made: JsCopies,
    _lost: Closure<dyn Fn()>,
}

impl Copies {
    /// Prefers RED where the browser knows it, and puts the worker on the sender; `lost` is called when there is none any more. Comes
    /// before the first description is made: a transform that comes later works on nothing (Chromium).
    pub(crate) fn prepare(sound: &JsSound, transceiver: &RtcRtpTransceiver, lost: impl Fn() + 'static) -> Option<Self> {
        let codecs = sound.preferred_codecs()?;
        let preferring: &PreferringTransceiver = transceiver.unchecked_ref();
        preferring.set_codec_preferences(&codecs).ok()?;
        let lost = Closure::<dyn Fn()>::new(lost);
        sound.protect(&transceiver.sender(), &lost).map(|made| Self { made, _lost: lost })
    }

    pub(crate) fn set(&self, protection: &Protection) {
        self.made.set(&Uint8Array::from(protection.copies), protection.frames);
    }

    /// Another worker takes over.
    pub(crate) fn renew(&self) {
        self.made.renew();
    }

    /// Nothing is sent any more.
    pub(crate) fn hush(&self) {
        self.made.hush();
    }

    /// Whether this person speaks, as far as the packets tell.
    pub(crate) fn speaks(&self) -> Option<bool> {
        self.made.speaks()
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        self.made.close();
    }
}
