//! The one audio element, which outlives every connection.

use std::cell::RefCell;

use js_sys::{Array, Function, Promise, Reflect};
use pairvoice_core::{Input, Volume};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, HtmlAudioElement, MediaStream, MediaStreamTrack};

use crate::convert::{error_name, property};
use crate::inbox::Inbox;

/// Plays the other's sound. By an audio element, not by Web Audio, so that echo cancellation knows what is played.
pub(crate) struct Speaker {
    inbox: Inbox,
    element: RefCell<Option<HtmlAudioElement>>,
    /// The other's sound for the app: always the same stream, whose track is exchanged.
    remote: RefCell<Option<MediaStream>>,
}

impl Speaker {
    pub(crate) fn new(inbox: Inbox) -> Self {
        Self { inbox, element: RefCell::default(), remote: RefCell::default() }
    }

    fn element(&self) -> Option<HtmlAudioElement> {
        let mut element = self.element.borrow_mut();
        if element.is_none() {
            *element = HtmlAudioElement::new().ok();
            if let Some(element) = element.as_ref() {
                // iOS would play it in full screen otherwise.
                let _ = element.set_attribute("playsinline", "");
            }
        }
        element.clone()
    }

    /// The other's sound, for captions or a recording.
    pub(crate) fn remote(&self) -> Option<MediaStream> {
        let mut remote = self.remote.borrow_mut();
        if remote.is_none() {
            *remote = MediaStream::new().ok();
            let source = self.element.borrow().as_ref().and_then(|element| element.src_object());
            let track = source.map(|stream| stream.get_audio_tracks().get(0)).and_then(|track| track.dyn_into().ok());
            if let (Some(remote), Some(track)) = (remote.as_ref(), track) {
                remote.add_track(&track);
            }
        }
        remote.clone()
    }

    /// Plays a track instead of the one before; reports whether the browser waits for a gesture.
    pub(crate) fn play(&self, track: &MediaStreamTrack) {
        // The app's stream has its own: an element does not follow every change of a stream's tracks.
        let (Some(element), Ok(stream)) = (self.element(), MediaStream::new_with_tracks(&Array::of1(track))) else {
            return;
        };
        element.set_src_object(Some(&stream));
        self.exchange(Some(track));
        self.start(&element);
    }

    /// Exchanges the track of the app's stream, and tells it as a stream tells of tracks that the browser adds.
    fn exchange(&self, track: Option<&MediaStreamTrack>) {
        let Some(remote) = self.remote.borrow().clone() else { return };
        for before in remote.get_tracks() {
            remote.remove_track(before.unchecked_ref());
        }
        if let Some(track) = track {
            remote.add_track(track);
        }
        if let Ok(event) = Event::new(if track.is_some() { "addtrack" } else { "removetrack" }) {
            // The app's listeners run after the step.
            spawn_local(async move {
                let _ = remote.dispatch_event(&event);
            });
        }
    }

    /// Tries again to play, best within a gesture.
    pub(crate) fn resume(&self) {
        let element = self.element.borrow().clone();
        if let Some(element) = element.filter(|e| e.src_object().is_some()) {
            self.start(&element);
        }
    }

    /// Goes on if the system paused it.
    pub(crate) fn resume_paused(&self) {
        if self.element.borrow().as_ref().is_some_and(|element| element.paused()) {
            self.resume();
        }
    }

    /// Stops playing.
    pub(crate) fn stop(&self) {
        if let Some(element) = self.element.borrow().as_ref() {
            let _ = element.pause();
            element.set_src_object(None);
        }
        self.exchange(None);
    }

    pub(crate) fn set_volume(&self, volume: Volume) {
        if let Some(element) = self.element() {
            element.set_volume(volume.get());
        }
    }

    /// Plays on that device from now on (W3C Audio Output Devices); an empty id is whatever the system uses. None where the
    /// browser can't.
    pub(crate) fn use_device(&self, id: &str) -> Option<Promise> {
        let element = self.element()?;
        let choose: Function = property(&element, "setSinkId").dyn_into().ok()?;
        choose.call1(&element, &id.into()).ok()?.dyn_into().ok()
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

/// What the page's sound is for (W3C Audio Session, iOS): a call is neither ducked nor silenced by the switch at the side.
pub(crate) fn set_audio_session(kind: &str) {
    let session = property(&property(&js_sys::global(), "navigator"), "audioSession");
    if session.is_object() {
        let _ = Reflect::set(&session, &"type".into(), &JsValue::from_str(kind));
    }
}
