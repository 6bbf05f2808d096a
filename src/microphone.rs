//! The one owner of the microphone's track.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::EventListener;
use pairvoice_core::wire::MicrophoneReason;
use pairvoice_core::{MicrophoneEvent, OpId};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MediaStream, MediaStreamConstraints, MediaStreamTrack, MediaTrackConstraints};

use crate::convert::error_name;
use crate::crash::{self, Hold};
use crate::inbox::Inbox;

/// The microphone: nothing, a pending request, or a live track.
pub(crate) struct Microphone {
    inbox: Inbox,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    request: Option<OpId>,
    live: Option<Live>,
}

struct Live {
    track: MediaStreamTrack,
    _ended: EventListener,
    _hold: Hold,
}

impl Microphone {
    pub(crate) fn new(inbox: Inbox) -> Rc<Self> {
        Rc::new(Self { inbox, state: RefCell::default() })
    }

    /// Asks the browser; the outcome is reported unless the microphone is closed or asked for anew before.
    pub(crate) fn open(self: &Rc<Self>, id: OpId) {
        self.close();
        self.state.borrow_mut().request = Some(id);
        let this = Rc::downgrade(self);
        spawn_local(async move {
            let outcome = ask().await;
            match this.upgrade().filter(|m| m.state.borrow().request == Some(id) && !crash::is_over()) {
                Some(microphone) => microphone.take(id, outcome),
                // Granted after it was given back, or after a crash: the light must not stay on.
                None => outcome.into_iter().for_each(|track| track.stop()),
            }
        });
    }

    fn take(&self, id: OpId, outcome: Result<MediaStreamTrack, MicrophoneReason>) {
        let event = match outcome {
            Ok(track) => {
                let inbox = self.inbox.clone();
                // The core knows by the request whether it is still about the microphone that is in use.
                let ended = EventListener::new(&track, "ended", move |_| {
                    inbox.microphone(id, MicrophoneEvent::Failed(MicrophoneReason::Ended));
                });
                let label = track.label();
                self.state.borrow_mut().live = Some(Live { _hold: Hold::new(&track), track, _ended: ended });
                MicrophoneEvent::Granted { label }
            }
            Err(reason) => MicrophoneEvent::Failed(reason),
        };
        self.inbox.microphone(id, event);
    }

    /// Stops the track; what a pending request brings is stopped too.
    pub(crate) fn close(&self) {
        let before = std::mem::take(&mut *self.state.borrow_mut());
        if let Some(Live { track, .. }) = before.live {
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
        // Not its own `clone()`, which is the DOM's and makes another track of the same source.
        self.state.borrow().live.as_ref().map(|live| Clone::clone(&live.track))
    }
}

async fn ask() -> Result<MediaStreamTrack, MicrophoneReason> {
    let audio = MediaTrackConstraints::new();
    for wish in ["echoCancellation", "noiseSuppression", "autoGainControl"] {
        // Setting a property of a new object can't fail.
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
    match error_name(error).as_str() {
        "NotAllowedError" | "SecurityError" => MicrophoneReason::Denied,
        "NotFoundError" | "OverconstrainedError" => MicrophoneReason::Missing,
        _ => MicrophoneReason::Busy,
    }
}
