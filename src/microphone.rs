//! The one owner of the microphone's track.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use pairvoice_core::wire::MicrophoneReason;
use pairvoice_core::{Delay, Device, Input, MicrophoneEvent, OpId, Processing, Source};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MediaStream, MediaStreamTrack, MediaStreamTrackState, MediaTrackConstraints};

use crate::convert::property;
use crate::crash::{self, Hold};
use crate::delay_line::DelayLine;
use crate::inbox::Inbox;
use crate::listeners::Listener;
use crate::permission;

/// The microphone: nothing, a live track, and perhaps a request for another one.
pub(crate) struct Microphone {
    inbox: Inbox,
    /// A function of `npm/index.js` that asks the browser, or brings what it began to ask for while this module was loaded.
    ask: Function,
    state: RefCell<State>,
    /// Brings what the microphone brought a moment ago.
    delay: RefCell<Option<Rc<DelayLine>>>,
    /// That is what is sent.
    delayed: Cell<bool>,
    /// The app's own track, for [`Source::App`].
    app: RefCell<Option<MediaStreamTrack>>,
    /// Hears of a permission that is given in the browser's settings.
    permission: RefCell<Option<Listener>>,
    watching: Cell<bool>,
}

#[derive(Default)]
struct State {
    request: Option<OpId>,
    live: Option<Live>,
}

struct Live {
    request: OpId,
    track: MediaStreamTrack,
    _listeners: [Listener; 3],
    /// None for the app's own track, which is nobody's to stop.
    hold: Option<Hold>,
    /// Whether the track was enabled when it came.
    enabled: bool,
}

impl Live {
    fn let_go(self) {
        if self.hold.is_some() {
            self.track.stop();
        } else {
            // The app gets it back as it gave it.
            self.track.set_enabled(self.enabled);
        }
    }
}

impl Microphone {
    /// `ask` takes a `MediaTrackConstraints` and returns the promise of a `MediaStream`.
    pub(crate) fn new(inbox: Inbox, ask: Function) -> Rc<Self> {
        Rc::new(Self {
            inbox,
            ask,
            state: RefCell::default(),
            delay: RefCell::default(),
            delayed: Cell::default(),
            app: RefCell::default(),
            permission: RefCell::default(),
            watching: Cell::default(),
        })
    }

    /// Takes the app's own track, to be opened as [`Source::App`].
    pub(crate) fn offer(&self, track: Option<MediaStreamTrack>) {
        *self.app.borrow_mut() = track;
    }

    /// Asks the browser; the outcome is reported unless the microphone is closed or asked for anew before. What is live stays so
    /// until then.
    pub(crate) fn open(self: &Rc<Self>, id: OpId, source: &Source, processing: Processing) {
        self.state.borrow_mut().request = Some(id);
        if *source == Source::App {
            let track = self.app.borrow().clone();
            let track = track.filter(|track| track.ready_state() == MediaStreamTrackState::Live);
            return self.take(id, track.ok_or(MicrophoneReason::Ended), processing, None);
        }
        self.watch_permission();
        let this = Rc::downgrade(self);
        let asked = self.ask(source, processing);
        spawn_local(async move {
            let outcome = match asked {
                Ok(stream) => stream.await.and_then(|stream| {
                    let stream: MediaStream = stream.unchecked_into();
                    stream.get_audio_tracks().get(0).dyn_into::<MediaStreamTrack>()
                }),
                Err(error) => Err(error),
            };
            let outcome = match outcome {
                Ok(track) => Ok(track),
                Err(error) => Err(permission::reason(&error).await),
            };
            match this.upgrade().filter(|m| m.state.borrow().request == Some(id) && !crash::is_over()) {
                Some(microphone) => {
                    let hold = outcome.as_ref().ok().map(Hold::new);
                    microphone.take(id, outcome, processing, hold);
                }
                // Granted after it was given back, or after a crash: the light must not stay on.
                None => outcome.into_iter().for_each(|track| track.stop()),
            }
        });
    }

    fn take(
        &self,
        id: OpId,
        outcome: Result<MediaStreamTrack, MicrophoneReason>,
        wanted: Processing,
        hold: Option<Hold>,
    ) {
        self.state.borrow_mut().request = None;
        let track = match outcome {
            Ok(track) => track,
            Err(reason) => return self.inbox.microphone(id, MicrophoneEvent::Failed(reason)),
        };
        // The core knows by the request whether it is still about the microphone that is in use.
        let on = |name: &'static str, event: MicrophoneEvent| {
            let inbox = self.inbox.clone();
            // The app may dispatch events on its own track.
            Listener::new(&track, name, move |_| inbox.microphone(id, event.clone()))
        };
        let listeners = [
            on("ended", MicrophoneEvent::Ended),
            on("mute", MicrophoneEvent::Muted(true)),
            on("unmute", MicrophoneEvent::Muted(false)),
        ];
        let granted = MicrophoneEvent::Granted { device: device(&track), processing: processing(&track, wanted) };
        let muted = track.muted();
        let before = self.state.borrow_mut().live.take();
        // The app may give the same track again.
        let (again, before) = match before {
            Some(before) if before.track == track => (Some(before.enabled), None),
            before => (None, before),
        };
        let enabled = again.unwrap_or_else(|| track.enabled());
        self.state.borrow_mut().live = Some(Live { request: id, track, _listeners: listeners, hold, enabled });
        self.inbox.microphone(id, granted);
        if muted {
            self.inbox.microphone(id, MicrophoneEvent::Muted(true));
        }
        // After the new one is sent, so that there is no gap.
        before.into_iter().for_each(Live::let_go);
    }

    /// Changes what is done to the sound, as far as the browser can while it is open, and reports what is done then.
    pub(crate) fn process(self: &Rc<Self>, wanted: Processing) {
        let Some((id, track)) = self.state.borrow().live.as_ref().map(|live| (live.request, Clone::clone(&live.track)))
        else {
            return;
        };
        let changing = track.apply_constraints_with_constraints(&constraints(wanted));
        let (inbox, this) = (self.inbox.clone(), Rc::downgrade(self));
        spawn_local(async move {
            if let Ok(changing) = changing {
                // What it could not do is seen by the settings.
                let _ = JsFuture::from(changing).await;
            }
            if let Some(this) = this.upgrade() {
                this.lead(true);
            }
            inbox.microphone(id, MicrophoneEvent::Applied(processing(&track, wanted)));
        });
    }

    /// The request is on its way when this returns.
    fn ask(&self, source: &Source, wanted: Processing) -> Result<JsFuture, JsValue> {
        let audio = constraints(wanted);
        if let Source::Device(device) = source {
            let exact = js_sys::Object::new();
            // Setting a property of a new object can't fail.
            let _ = js_sys::Reflect::set(&exact, &"exact".into(), &device.id.as_str().into());
            audio.set_device_id(&exact);
        }
        let asked: Promise = self.ask.call1(&JsValue::UNDEFINED, &audio)?.dyn_into()?;
        Ok(JsFuture::from(asked))
    }

    fn watch_permission(self: &Rc<Self>) {
        if self.watching.replace(true) {
            return;
        }
        let (this, inbox) = (Rc::downgrade(self), self.inbox.clone());
        spawn_local(async move {
            let listener = permission::watch(move || inbox.input(Input::MicrophoneAllowed)).await;
            if let Some(microphone) = this.upgrade().filter(|microphone| microphone.watching.get()) {
                *microphone.permission.borrow_mut() = listener;
            }
        });
    }

    /// Nobody is asked for a microphone any more.
    pub(crate) fn forget_permission(&self) {
        self.watching.set(false);
        self.permission.borrow_mut().take();
    }

    /// Stops the track; what a pending request brings is stopped too.
    pub(crate) fn close(&self) {
        self.delay(Delay::Off);
        let before = std::mem::take(&mut *self.state.borrow_mut());
        before.live.into_iter().for_each(Live::let_go);
    }

    /// Lets sound through or not.
    pub(crate) fn enable(&self, enabled: bool) {
        if let Some(track) = self.sent() {
            track.set_enabled(enabled);
        }
    }

    /// Keeps a delay line or none. Without Web Audio there is none, and the core is not told that one runs.
    pub(crate) fn delay(&self, delay: Delay) {
        self.delayed.set(delay == Delay::Sent);
        if delay == Delay::Off {
            let before = self.delay.take();
            drop(before);
            return;
        }
        if self.delay.borrow().is_none() {
            let made = DelayLine::new(&self.inbox).ok().map(Rc::new);
            *self.delay.borrow_mut() = made;
        }
        if delay == Delay::Ready
            && let Some(line) = self.line()
        {
            line.output.set_enabled(false);
        }
        self.lead(false);
    }

    fn line(&self) -> Option<Rc<DelayLine>> {
        self.delay.borrow().clone()
    }

    /// Leads the track in use through the delay line. `anew`: its sound has changed.
    fn lead(&self, anew: bool) {
        if let (Some(line), Some(track)) = (self.line(), self.track()) {
            if anew {
                line.cut_off();
            }
            line.take_in(&track);
        }
    }

    /// The microphone's own track.
    pub(crate) fn track(&self) -> Option<MediaStreamTrack> {
        // Not its own `clone()`, which is the DOM's and makes another track of the same source.
        self.state.borrow().live.as_ref().map(|live| Clone::clone(&live.track))
    }

    /// The track that is sent: its own, or what the delay line brings. None without a microphone.
    pub(crate) fn sent(&self) -> Option<MediaStreamTrack> {
        let own = self.track()?;
        let delayed = self.line().filter(|_| self.delayed.get()).map(|line| Clone::clone(&line.output));
        Some(delayed.unwrap_or(own))
    }

    /// What is sent is not muted.
    pub(crate) fn is_enabled(&self) -> bool {
        self.sent().is_some_and(|track| track.enabled())
    }
}

/// `npm/start.js` makes the same ones in the same order.
fn constraints(wanted: Processing) -> MediaTrackConstraints {
    let audio = MediaTrackConstraints::new();
    audio.set_echo_cancellation_bool(wanted.echo_cancellation);
    audio.set_noise_suppression_bool(wanted.noise_suppression);
    audio.set_auto_gain_control_bool(wanted.auto_gain_control);
    audio
}

fn device(track: &MediaStreamTrack) -> Device {
    let settings = track.get_settings();
    let text = |name| property(&settings, name).as_string().unwrap_or_default();
    Device { id: text("deviceId"), group: text("groupId"), label: track.label() }
}

/// What is done to a track's sound; a browser that does not say does what it was asked.
fn processing(track: &MediaStreamTrack, wanted: Processing) -> Processing {
    let settings = track.get_settings();
    let flag = |name, wanted| {
        let value = property(&settings, name);
        // Not always a boolean: `echoCancellation` may say what is cancelled.
        if value.is_undefined() { wanted } else { value.is_truthy() }
    };
    Processing {
        echo_cancellation: flag("echoCancellation", wanted.echo_cancellation),
        noise_suppression: flag("noiseSuppression", wanted.noise_suppression),
        auto_gain_control: flag("autoGainControl", wanted.auto_gain_control),
    }
}
