//! The one owner of the microphone's track.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use pairvoice_core::{MicrophoneEvent, MicrophoneReason, OpId};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MediaStream, MediaStreamConstraints, MediaStreamTrack, MediaTrackConstraints};

use crate::convert::property;
use crate::listeners::Listener;

type Report = Rc<dyn Fn(OpId, MicrophoneEvent)>;

/// The microphone: nothing, a pending request, or a live track.
#[derive(Default)]
pub(crate) struct Microphone(RefCell<State>);

#[derive(Default)]
struct State {
    request: Option<OpId>,
    track: Option<MediaStreamTrack>,
    ended: Option<Listener>,
}

impl Microphone {
    /// Asks the browser; the outcome is reported unless the microphone is closed or asked for anew before.
    pub(crate) fn open(self: &Rc<Self>, id: OpId, report: Report) {
        self.close();
        self.0.borrow_mut().request = Some(id);
        let this = Rc::downgrade(self);
        spawn_local(async move {
            let outcome = ask().await;
            match this.upgrade().filter(|microphone| microphone.0.borrow().request == Some(id)) {
                Some(microphone) => report(id, microphone.take(id, outcome, &report)),
                // Granted after it was given back: the light must not stay on.
                None => outcome.into_iter().for_each(|track| track.stop()),
            }
        });
    }

    fn take(
        self: &Rc<Self>,
        id: OpId,
        outcome: Result<MediaStreamTrack, MicrophoneReason>,
        report: &Report,
    ) -> MicrophoneEvent {
        match outcome {
            Ok(track) => {
                let (this, report): (Weak<Self>, Report) = (Rc::downgrade(self), Rc::clone(report));
                let ended = Listener::new(&track, "ended", move |_| {
                    if this.upgrade().is_some_and(|microphone| microphone.0.borrow().request == Some(id)) {
                        report(id, MicrophoneEvent::Failed(MicrophoneReason::Ended));
                    }
                });
                let label = track.label();
                let mut state = self.0.borrow_mut();
                state.track = Some(track);
                state.ended = Some(ended);
                MicrophoneEvent::Granted { label }
            }
            Err(reason) => MicrophoneEvent::Failed(reason),
        }
    }

    /// Stops the track; what a pending request brings is stopped too.
    pub(crate) fn close(&self) {
        let State { track, ended, .. } = std::mem::take(&mut *self.0.borrow_mut());
        drop(ended);
        if let Some(track) = track {
            track.stop();
        }
    }

    /// Lets sound through or not.
    pub(crate) fn enable(&self, enabled: bool) {
        if let Some(track) = self.track() {
            track.set_enabled(enabled);
        }
    }

    pub(crate) fn track(&self) -> Option<MediaStreamTrack> {
        self.0.borrow().track.clone()
    }
}

async fn ask() -> Result<MediaStreamTrack, MicrophoneReason> {
    let audio = MediaTrackConstraints::new();
    for wish in ["echoCancellation", "noiseSuppression", "autoGainControl"] {
        // Setting a property of a fresh object can't fail.
        let _ = js_sys::Reflect::set(&audio, &wish.into(), &JsValue::TRUE);
    }
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio(&audio);
    let devices =
        web_sys::window().and_then(|w| w.navigator().media_devices().ok()).ok_or(MicrophoneReason::Missing)?;
    let asked = devices.get_user_media_with_constraints(&constraints).map_err(|e| reason(&e))?;
    let stream: MediaStream = JsFuture::from(asked).await.map_err(|e| reason(&e))?.unchecked_into();
    stream.get_audio_tracks().get(0).dyn_into().map_err(|_| MicrophoneReason::Missing)
}

/// W3C Media Capture and Streams section 10.2, the errors of `getUserMedia`.
fn reason(error: &JsValue) -> MicrophoneReason {
    match property(error, "name").as_string().as_deref() {
        Some("NotAllowedError" | "SecurityError") => MicrophoneReason::Denied,
        Some("NotFoundError" | "OverconstrainedError") => MicrophoneReason::Missing,
        _ => MicrophoneReason::Busy,
    }
}
