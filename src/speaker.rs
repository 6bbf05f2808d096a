//! The one audio element, which outlives every connection.

use std::cell::RefCell;

use js_sys::Array;
use pairvoice_core::Input;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlAudioElement, MediaStream, MediaStreamTrack};

use crate::convert::error_name;
use crate::inbox::Inbox;

/// Plays the other's sound. By an audio element, not by Web Audio, so that echo cancellation knows what is played.
pub(crate) struct Speaker {
    inbox: Inbox,
    element: RefCell<Option<HtmlAudioElement>>,
}

impl Speaker {
    pub(crate) fn new(inbox: Inbox) -> Self {
        Self { inbox, element: RefCell::default() }
    }

    fn element(&self) -> Option<HtmlAudioElement> {
        let mut element = self.element.borrow_mut();
        if element.is_none() {
            *element = HtmlAudioElement::new().ok();
        }
        element.clone()
    }

    /// Plays a track instead of the one before; reports whether the browser waits for a gesture.
    pub(crate) fn play(&self, track: &MediaStreamTrack) {
        let (Some(element), Ok(stream)) = (self.element(), MediaStream::new_with_tracks(&Array::of1(track))) else {
            return;
        };
        element.set_src_object(Some(&stream));
        self.start(&element);
    }

    /// Tries again to play, best within a gesture.
    pub(crate) fn resume(&self) {
        let element = self.element.borrow().clone();
        if let Some(element) = element.filter(|e| e.src_object().is_some()) {
            self.start(&element);
        }
    }

    /// Stops playing.
    pub(crate) fn stop(&self) {
        if let Some(element) = self.element.borrow().as_ref() {
            let _ = element.pause();
            element.set_src_object(None);
        }
    }

    fn start(&self, element: &HtmlAudioElement) {
        let Ok(playing) = element.play() else { return };
        let inbox = self.inbox.clone();
        spawn_local(async move {
            match JsFuture::from(playing).await {
                Ok(_) => inbox.input(Input::Playback { blocked: false }),
                // Others, as `AbortError`, only say that something else is played now.
                Err(error) if error_name(&error) == "NotAllowedError" => inbox.input(Input::Playback { blocked: true }),
                Err(_) => {}
            }
        });
    }
}
