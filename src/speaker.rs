//! The audio element, which outlives connections, and how what it plays changes while somebody listens.
//!
//! An element that is given another stream is silent for 40 to 50 ms and clicks (Chromium). So what plays is only exchanged for
//! something else that plays already: in a second element, muted until then, to which the sound fades over.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::timers::callback::Interval;
use js_sys::{Array, Function, Object, Promise, Reflect};
use pairvoice_core::{Input, Volume};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, HtmlAudioElement, MediaStream, MediaStreamTrack};

use crate::convert::{error_name, property};
use crate::inbox::{Inbox, RemoteTrack};
use crate::timers::now;

/// How long one sound fades to the other, in milliseconds: short for an ear that hears a word twice, long against a click.
const FADE_MS: f64 = 30.0;
/// Between two steps of it, in milliseconds.
const STEP_MS: u32 = 5;

/// Plays the other's sound. By an audio element, not by Web Audio, so that echo cancellation knows what is played.
pub(crate) struct Speaker {
    this: Weak<Self>,
    inbox: Inbox,
    element: RefCell<Option<HtmlAudioElement>>,
    /// Begins to play, and is not heard yet.
    next: RefCell<Option<HtmlAudioElement>>,
    /// Was heard until now, and fades away.
    fading: RefCell<Option<(HtmlAudioElement, Interval)>>,
    volume: Cell<f64>,
    /// Something else than this package paused the element.
    paused: Cell<bool>,
    /// Whose track one of the elements plays, if its connection has a frame of its own.
    framed: RefCell<Vec<RemoteTrack>>,
    /// The other's sound for the app: always the same stream, whose track is exchanged.
    remote: RefCell<Option<MediaStream>>,
}

impl Speaker {
    pub(crate) fn new(inbox: Inbox) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            this: this.clone(),
            inbox,
            element: RefCell::default(),
            next: RefCell::default(),
            fading: RefCell::default(),
            volume: Cell::new(1.0),
            paused: Cell::default(),
            framed: RefCell::default(),
            remote: RefCell::default(),
        })
    }

    fn element(&self) -> Option<HtmlAudioElement> {
        let mut element = self.element.borrow_mut();
        if element.is_none() {
            *element = new_element();
        }
        element.clone()
    }

    /// The other's sound, for captions or a recording.
    pub(crate) fn remote(&self) -> Option<MediaStream> {
        let mut remote = self.remote.borrow_mut();
        if remote.is_none() {
            *remote = MediaStream::new().ok();
            let track = self.element.borrow().as_ref().and_then(track_of);
            if let (Some(remote), Some(track)) = (remote.as_ref(), track) {
                remote.add_track(&track);
            }
        }
        remote.clone()
    }

    /// Plays a track instead of the one before; reports whether the browser waits for a gesture. `beside`: the one before still
    /// brings sound.
    pub(crate) fn play(&self, remote: RemoteTrack, beside: bool) {
        let track = &remote.track;
        // The app's stream has its own: an element does not follow every change of a stream's tracks.
        let (Some(element), Ok(stream)) = (self.element(), MediaStream::new_with_tracks(&Array::of1(track))) else {
            return;
        };
        if track_of(&element).is_some_and(|before| Object::is(&before, track)) {
            return;
        }
        self.forget_next();
        if remote.context.is_some() {
            self.framed.borrow_mut().push(remote);
        }
        if !beside || element.paused() || self.begin_beside(&element, &stream).is_none() {
            self.play_by(&element, &stream);
        }
    }

    /// Frames whose tracks no element plays any more are not needed.
    fn let_frames_go(&self) {
        let (element, next) = (self.element.borrow(), self.next.borrow());
        let fading = self.fading.borrow();
        let elements = [element.as_ref(), next.as_ref(), fading.as_ref().map(|(element, _)| element)];
        let plays = |track: &MediaStreamTrack| {
            elements.into_iter().flatten().any(|it| track_of(it).is_some_and(|its| Object::is(&its, track)))
        };
        let gone: Vec<_> = self.framed.borrow_mut().extract_if(.., |remote| !plays(&remote.track)).collect();
        drop((element, next, fading));
        drop(gone);
    }

    fn play_by(&self, element: &HtmlAudioElement, stream: &MediaStream) {
        element.set_src_object(Some(stream));
        self.exchange(track_of(element).as_ref());
        self.let_frames_go();
        self.start(element);
    }

    /// Plays a stream by a second element, which takes over when it plays.
    fn begin_beside(&self, element: &HtmlAudioElement, stream: &MediaStream) -> Option<()> {
        let next = new_element()?;
        next.set_muted(true);
        next.set_src_object(Some(stream));
        let device = property(element, "sinkId").as_string().filter(|id| !id.is_empty());
        let begun = Array::of1(&next.play().ok()?.into());
        if let Some(device) = device.and_then(|id| choose_device(&next, &id)) {
            begun.push(&device);
        }
        *self.next.borrow_mut() = Some(next.clone());
        let this = self.this.clone();
        spawn_local(async move {
            let plays = JsFuture::from(Promise::all(&begun)).await.is_ok();
            if let Some(this) = this.upgrade() {
                this.take_over(&next, plays);
            }
        });
        Some(())
    }

    /// What has begun is not wanted any more, or not there.
    fn forget_next(&self) -> Option<MediaStream> {
        let next = self.next.take()?;
        let stream = next.src_object();
        release(&next);
        stream
    }

    fn take_over(&self, next: &HtmlAudioElement, plays: bool) {
        // Something else is to be played by now, or nothing.
        if self.next.borrow_mut().take_if(|waiting| Object::is(waiting, next)).is_none() {
            return;
        }
        let (Some(before), Some(stream)) = (self.element(), next.src_object()) else { return };
        next.set_volume(0.0);
        next.set_muted(false);
        // Without a gesture a browser may play what is muted, and pauses it when it is no more.
        if !plays || next.paused() {
            release(next);
            return self.play_by(&before, &stream);
        }
        *self.element.borrow_mut() = Some(next.clone());
        self.exchange(track_of(next).as_ref());
        let (this, began) = (self.this.clone(), now());
        let steps = Interval::new(STEP_MS, move || {
            if let Some(this) = this.upgrade() {
                this.fade((now() - began) / FADE_MS);
            }
        });
        if let Some((faded, _)) = self.fading.replace(Some((before, steps))) {
            release(&faded);
        }
    }

    /// `share` of the time has passed.
    fn fade(&self, share: f64) {
        let (share, volume) = (share.min(1.0), self.volume.get());
        if let Some(element) = self.element() {
            element.set_volume(volume * share);
        }
        if let Some((before, _)) = self.fading.borrow().as_ref() {
            before.set_volume(volume * (1.0 - share));
        }
        if share >= 1.0 {
            self.end_fade();
        }
    }

    fn end_fade(&self) {
        if let Some((before, _)) = self.fading.take() {
            release(&before);
        }
        self.let_frames_go();
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

    /// Reports that the system paused the element, as for a telephone call or a headset's key, or that it plays again: what is paused is
    /// heard by nobody, and browsers count on as if it were.
    pub(crate) fn look(&self) {
        // It pauses by itself when its stream ends, and waits for the next one.
        let paused =
            self.element.borrow().as_ref().is_some_and(|it| it.src_object().is_some() && it.paused() && !it.ended());
        if self.paused.replace(paused) != paused {
            self.inbox.input(Input::Playback { blocked: paused });
        }
    }

    /// Stops playing.
    pub(crate) fn stop(&self) {
        self.forget_next();
        self.end_fade();
        if let Some(element) = self.element.borrow().as_ref() {
            element.set_volume(self.volume.get());
        }
        self.element.borrow().iter().for_each(release);
        self.exchange(None);
        self.let_frames_go();
    }

    pub(crate) fn set_volume(&self, volume: Volume) {
        self.volume.set(volume.get());
        // A fade has the newest by itself.
        if let Some(element) = self.element().filter(|_| self.fading.borrow().is_none()) {
            element.set_volume(volume.get());
        }
    }

    /// Plays on that device from now on (W3C Audio Output Devices); an empty id is whatever the system uses. None where the
    /// browser can't.
    pub(crate) fn use_device(&self, id: &str) -> Option<Promise> {
        let element = self.element()?;
        // What begins would begin on the other one.
        if let Some(stream) = self.forget_next() {
            self.play_by(&element, &stream);
        }
        choose_device(&element, id)
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

fn new_element() -> Option<HtmlAudioElement> {
    let element = HtmlAudioElement::new().ok()?;
    // iOS would play it in full screen otherwise.
    let _ = element.set_attribute("playsinline", "");
    Some(element)
}

fn choose_device(element: &HtmlAudioElement, id: &str) -> Option<Promise> {
    let choose: Function = property(element, "setSinkId").dyn_into().ok()?;
    choose.call1(element, &id.into()).ok()?.dyn_into().ok()
}

/// The track that an element plays.
fn track_of(element: &HtmlAudioElement) -> Option<MediaStreamTrack> {
    let track = element.src_object()?.get_audio_tracks().get(0);
    // No `dyn_into`: a track whose connection has a frame of its own is of that frame's realm.
    track.is_object().then(|| track.unchecked_into())
}

fn release(element: &HtmlAudioElement) {
    let _ = element.pause();
    element.set_src_object(None);
}

/// What the page's sound is for (W3C Audio Session, iOS): a call is neither ducked nor silenced by the switch at the side.
pub(crate) fn set_audio_session(kind: &str) {
    let session = property(&property(&js_sys::global(), "navigator"), "audioSession");
    if session.is_object() {
        let _ = Reflect::set(&session, &"type".into(), &JsValue::from_str(kind));
    }
}
