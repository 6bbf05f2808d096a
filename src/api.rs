//! What `npm/index.js` calls: handles on shared sessions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use js_sys::{Function, Promise};
use pairvoice_core::wire::{MessageId, check_text};
use pairvoice_core::{Device, Input, SentData, Volume};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::MediaStream;

use crate::convert;
use crate::door::Door;
use crate::driver::{Driver, Parts};
use crate::error::{Code, error, no_random_numbers, text_error};
use crate::options::{self, Options};
use crate::random::{new_message_id, random_instance};
use crate::recorder::Recorder;

/// A session and how many hold it.
struct Shared {
    driver: Rc<Driver>,
    holders: Cell<usize>,
    leaving: Cell<bool>,
}

thread_local! {
    static SESSIONS: RefCell<Vec<Rc<Shared>>> = const { RefCell::new(Vec::new()) };
}

fn find(options: &Options) -> Option<Rc<Shared>> {
    SESSIONS.with_borrow_mut(|sessions| {
        sessions.retain(|shared| !shared.driver.is_ended());
        sessions.iter().find(|shared| shared.driver.options.borrow().is_same_session(options)).cloned()
    })
}

/// Joins a session, or takes one more handle on it. `loader` imports socket.io-client, `idb` the library
/// of that name, `record` makes a recorder, `door` a door, `open` asks the browser for a microphone, `sound` has what `npm/copies.js` and
/// `npm/description.js` export.
///
/// # Errors
/// An `Error` with code `invalid-options` or `no-random-numbers`.
#[wasm_bindgen(skip_typescript)]
pub async fn join(
    options: JsValue,
    loader: Function,
    idb: Function,
    record: Function,
    door: Function,
    open: Function,
    sound: JsValue,
) -> Result<Handle, JsValue> {
    let options = Options::parse(&options)?;
    let shared = loop {
        match find(&options) {
            Some(shared) if shared.leaving.get() => {
                JsFuture::from(shared.driver.when_ended()).await?;
            }
            Some(shared) => {
                shared.driver.options.borrow_mut().token = options.token;
                shared.driver.input(Input::NewToken);
                break shared;
            }
            None => {
                let instance = random_instance().ok_or_else(no_random_numbers)?;
                let (recorder, door) = (Recorder::new(&record)?, Door::new(&door, &options)?);
                let parts = Parts { loader, idb, open, sound: sound.unchecked_into() };
                let driver = Driver::start(options, instance, recorder, door, parts);
                let shared = Rc::new(Shared { driver, holders: Cell::new(0), leaving: Cell::new(false) });
                SESSIONS.with_borrow_mut(|sessions| sessions.push(Rc::clone(&shared)));
                break shared;
            }
        }
    };
    shared.holders.set(shared.holders.get() + 1);
    Ok(Handle { shared, released: Cell::new(false) })
}

/// One holder's handle on a session.
#[wasm_bindgen(skip_typescript)]
pub struct Handle {
    shared: Rc<Shared>,
    released: Cell<bool>,
}

#[wasm_bindgen]
impl Handle {
    /// The state: the same object until something changes.
    #[wasm_bindgen(js_name = getState)]
    #[must_use]
    pub fn state(&self) -> JsValue {
        self.shared.driver.state()
    }

    /// The recording of the session.
    #[must_use]
    pub fn recorder(&self) -> JsValue {
        self.shared.driver.recorder.value()
    }

    /// Calls back on an event; returns the number to `off` with.
    #[must_use]
    pub fn on(&self, event: String, callback: Function) -> u32 {
        let id = self.shared.driver.subscribers.add(event, callback);
        self.shared.driver.meter();
        id
    }

    /// Calls back no more.
    pub fn off(&self, id: u32) {
        self.shared.driver.subscribers.remove(id);
        self.shared.driver.meter();
    }

    /// Turns voice on, or asks again for a microphone that was refused.
    #[wasm_bindgen(js_name = startVoice)]
    pub fn start_voice(&self) {
        self.input(Input::StartVoice);
    }

    /// Turns voice off.
    #[wasm_bindgen(js_name = stopVoice)]
    pub fn stop_voice(&self) {
        self.input(Input::StopVoice);
    }

    /// Tries again to connect.
    #[wasm_bindgen(js_name = retryVoice)]
    pub fn retry_voice(&self) {
        self.input(Input::RetryVoice);
    }

    /// Lets the browser play; within a gesture.
    #[wasm_bindgen(js_name = resumeAudio)]
    pub fn resume_audio(&self) {
        if !self.released.get() {
            self.shared.driver.resume_audio();
        }
    }

    /// Mutes or unmutes the microphone.
    #[wasm_bindgen(js_name = setMuted)]
    pub fn set_muted(&self, muted: bool) {
        self.input(Input::SetMuted(muted));
    }

    /// Push-to-talk is held or released.
    #[wasm_bindgen(js_name = setTalking)]
    pub fn set_talking(&self, held: bool) {
        self.input(Input::SetTalking(held));
    }

    /// Chooses a microphone by its ID, an own track, or whatever the system uses.
    ///
    /// # Errors
    /// An `Error` with code `invalid-options`.
    #[wasm_bindgen(js_name = setMicrophone)]
    pub fn set_microphone(&self, microphone: &JsValue) -> Result<(), JsValue> {
        let given = options::microphone(microphone)?;
        if !self.released.get() {
            self.shared.driver.set_microphone(given);
        }
        Ok(())
    }

    /// Plays on the speaker of that ID; an empty one is whatever the system uses. The promise is the browser's own (`setSinkId`);
    /// there is none where it lets no page choose.
    #[wasm_bindgen(js_name = useSpeaker)]
    #[must_use]
    pub fn use_speaker(&self, id: &str) -> Option<Promise> {
        self.shared.driver.use_speaker(id)
    }

    /// The person chose that speaker, and it plays there.
    #[wasm_bindgen(js_name = setSpeaker)]
    pub fn set_speaker(&self, id: String) {
        let device = Device { id, ..Device::default() };
        self.input(Input::SetSpeaker((!device.is_default()).then_some(device)));
    }

    /// Chooses how loud the other is, from 0 to 1.
    #[wasm_bindgen(js_name = setVolume)]
    pub fn set_volume(&self, volume: f64) {
        self.input(Input::SetVolume(Volume::new(volume)));
    }

    /// Chooses what is done to the microphone's sound; switches that are left out stay.
    #[wasm_bindgen(js_name = setProcessing)]
    pub fn set_processing(&self, processing: &JsValue) {
        let processing = options::processing(processing, self.shared.driver.processing());
        self.input(Input::SetProcessing(processing));
    }

    /// The other's sound: always the same stream.
    #[wasm_bindgen(js_name = remoteStream)]
    #[must_use]
    pub fn remote_stream(&self) -> Option<MediaStream> {
        self.shared.driver.remote_stream()
    }

    /// Sends a message and returns its ID.
    ///
    /// # Errors
    /// An `Error` whose code says why the text can't be sent.
    pub fn send(&self, text: &JsValue) -> Result<String, JsValue> {
        let text =
            convert::text(text).ok_or_else(|| error(Code::TextInvalid, "a message is a string of whole characters"))?;
        check_text(&text).map_err(text_error)?;
        if self.released.get() || self.shared.leaving.get() || self.shared.driver.is_ended() {
            return Err(error(Code::SessionEnded, "the session is over; join again to send"));
        }
        let at = convert::milliseconds(js_sys::Date::now());
        let id = new_message_id(at).ok_or_else(no_random_numbers)?;
        let name = id.to_string();
        self.input(Input::Send { id, text, at });
        Ok(name)
    }

    /// Sends something to the other side's app; the event `data-done` says what became of it under the same number.
    #[wasm_bindgen(js_name = sendData)]
    pub fn send_data(&self, id: u32, topic: String, text: bool, size: u32, payload: String) {
        if !self.released.get() {
            self.input(Input::SendData { id, data: SentData { topic, text, size, payload } });
        }
    }

    /// Loads older messages.
    #[wasm_bindgen(js_name = loadEarlier)]
    pub fn load_earlier(&self) {
        self.input(Input::LoadEarlier);
    }

    /// Marks everything that has arrived as seen.
    #[wasm_bindgen(js_name = markRead)]
    pub fn mark_read(&self) {
        self.input(Input::MarkRead);
    }

    /// Tells the other that this person types.
    #[wasm_bindgen(js_name = setTyping)]
    pub fn set_typing(&self, typing: bool) {
        self.input(Input::SetTyping(typing));
    }

    /// Tries a failed message again.
    pub fn resend(&self, id: &str) {
        if let Ok(id) = MessageId::parse(id) {
            self.input(Input::Resend(id));
        }
    }

    /// Forgets a failed message.
    pub fn discard(&self, id: &str) {
        if let Ok(id) = MessageId::parse(id) {
            self.input(Input::Discard(id));
        }
    }

    /// Lets go of this handle; the promise resolves when that has taken effect.
    pub fn leave(&self) -> Promise {
        if self.released.replace(true) {
            return self.when_released();
        }
        let shared = &self.shared;
        shared.holders.set(shared.holders.get().saturating_sub(1));
        if shared.holders.get() == 0 {
            let shared = Rc::clone(shared);
            // The end of the next macrotask: a framework that unmounts and mounts again keeps its session.
            Timeout::new(0, move || {
                if shared.holders.get() == 0 {
                    end(&shared);
                }
            })
            .forget();
        }
        self.when_released()
    }

    fn when_released(&self) -> Promise {
        let shared = Rc::clone(&self.shared);
        Promise::new(&mut |resolve, _| {
            let shared = Rc::clone(&shared);
            let check = move || {
                let held = shared.holders.get() > 0 && !shared.leaving.get();
                let done = if held { Promise::resolve(&JsValue::UNDEFINED) } else { shared.driver.when_ended() };
                let _ = resolve.call1(&JsValue::UNDEFINED, &done);
            };
            Timeout::new(0, check).forget();
        })
    }

    /// Ends the session for every holder; the promise resolves when it is over.
    pub fn end(&self) -> Promise {
        self.released.set(true);
        end(&self.shared);
        self.shared.driver.when_ended()
    }

    fn input(&self, input: Input) {
        if !self.released.get() {
            self.shared.driver.input(input);
        }
    }
}

fn end(shared: &Rc<Shared>) {
    shared.leaving.set(true);
    shared.driver.input(Input::Leave);
}
