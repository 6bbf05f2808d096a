//! The one audio element, which outlives every connection.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlAudioElement, MediaStream, MediaStreamTrack};

use crate::convert::property;

type Report = Rc<dyn Fn(bool)>;

/// Plays the other's sound. By an audio element, not by Web Audio, so that echo cancellation knows what is played.
#[derive(Default)]
pub(crate) struct Speaker(RefCell<Option<HtmlAudioElement>>);

impl Speaker {
    fn element(&self) -> Option<HtmlAudioElement> {
        let mut element = self.0.borrow_mut();
        if element.is_none() {
            *element = HtmlAudioElement::new().ok();
        }
        element.clone()
    }

    /// Plays a track instead of the one before; tells whether the browser waits for a gesture.
    pub(crate) fn play(&self, track: &MediaStreamTrack, blocked: Report) {
        let (Some(element), Ok(stream)) = (self.element(), MediaStream::new_with_tracks(&Array::of1(track))) else {
            return;
        };
        element.set_src_object(Some(&stream));
        start(&element, blocked);
    }

    /// Tries again to play, best within a gesture.
    pub(crate) fn resume(&self, blocked: Report) {
        if let Some(element) = self.0.borrow().clone().filter(|e| e.src_object().is_some()) {
            start(&element, blocked);
        }
    }

    /// Stops playing.
    pub(crate) fn stop(&self) {
        if let Some(element) = self.0.borrow().as_ref() {
            let _ = element.pause();
            element.set_src_object(None);
        }
    }
}

fn start(element: &HtmlAudioElement, blocked: Report) {
    let Ok(playing) = element.play() else { return };
    spawn_local(async move {
        match JsFuture::from(playing).await {
            Ok(_) => blocked(false),
            // Others, as `AbortError`, only say that something else is played now.
            Err(error) if is_not_allowed(&error) => blocked(true),
            Err(_) => {}
        }
    });
}

fn is_not_allowed(error: &JsValue) -> bool {
    property(error, "name").as_string().as_deref() == Some("NotAllowedError")
}
