//! Microphone and speaker as the app asks for them.

use js_sys::Promise;
use pairvoice_core::{Change, Choices, Device, Input, Processing, Source};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::MediaStream;

use super::Driver;
use crate::devices;
use crate::options::{GivenMicrophone, Options};
use crate::to_js::to_frozen;

/// What the person chose before, or the options say.
pub(super) fn choices(options: &Options) -> Choices {
    let microphone = match &options.microphone {
        Some(GivenMicrophone::Id(id)) => by_id(id.clone()),
        Some(GivenMicrophone::Track(_)) => Source::App,
        None => Source::Default,
    };
    devices::recall(Choices { microphone, processing: options.processing, ..Choices::default() })
}

fn by_id(id: String) -> Source {
    Source::device(Device { id, ..Device::default() })
}

/// The event of another microphone.
pub(super) fn changed(from: Option<String>, to: Option<String>, why: Change) -> JsValue {
    #[derive(serde::Serialize)]
    struct Changed {
        from: Option<String>,
        to: Option<String>,
        why: Change,
    }
    to_frozen(&Changed { from, to, why })
}

/// The event of somebody who begins to speak or stops.
pub(super) fn speaking(own: bool, peer: bool) -> JsValue {
    #[derive(serde::Serialize)]
    struct Speaking {
        own: bool,
        peer: bool,
    }
    to_frozen(&Speaking { own, peer })
}

impl Driver {
    /// A pulse: what no event tells.
    pub(super) fn look_around(&self, packets: Option<bool>) {
        self.listen_to_oneself(packets);
        self.speaker.look();
    }

    /// Tells the core whether this person speaks, muted or not. `packets` is what the packets of sound tell of it, if they do.
    fn listen_to_oneself(&self, packets: Option<bool>) {
        let track = self.microphone.track();
        let speaks = match (&track, packets) {
            (Some(track), Some(speaks)) if self.microphone.is_enabled() => {
                self.speech_ear.stop();
                speaks
            }
            (Some(track), _) => self.speech_ear.hears_speech(track),
            (None, _) => false,
        };
        if self.speaks.replace(speaks) != speaks {
            self.input(Input::Speaking(speaks));
        }
    }

    /// There is nobody to speak to: what listens to a muted microphone keeps it open.
    pub(super) fn listen_no_more(&self) {
        self.speech_ear.stop();
        if self.speaks.replace(false) {
            self.inbox.input(Input::Speaking(false));
        }
    }

    pub(super) fn report_devices(&self) {
        let inbox = self.inbox.clone();
        spawn_local(async move {
            let (microphones, speakers) = devices::enumerate().await;
            inbox.input(Input::Devices { microphones, speakers });
        });
    }

    /// The core's wish: what it can't have is reported.
    pub(super) fn play_on(&self, id: &str) {
        let Some(using) = self.use_speaker(id) else { return };
        let inbox = self.inbox.clone();
        spawn_local(async move {
            if JsFuture::from(using).await.is_err() {
                inbox.input(Input::SpeakerMissing);
            }
        });
    }

    /// Plays on this speaker; an empty id is whatever the system uses. None where the browser lets no page choose.
    pub(crate) fn use_speaker(&self, id: &str) -> Option<Promise> {
        self.speaker.use_device(id)
    }

    /// Sends this from now on.
    pub(crate) fn set_microphone(&self, given: Option<GivenMicrophone>) {
        let (source, track) = match given {
            None => (Source::Default, None),
            Some(GivenMicrophone::Id(id)) => (by_id(id), None),
            Some(GivenMicrophone::Track(track)) => (Source::App, Some(track)),
        };
        self.microphone.offer(track);
        self.input(Input::SetMicrophone(source));
    }

    /// What is done to the microphone's sound, as it was asked for last.
    pub(crate) fn processing(&self) -> Processing {
        self.core.borrow().processing()
    }

    /// The other's sound.
    pub(crate) fn remote_stream(&self) -> Option<MediaStream> {
        self.speaker.remote()
    }
}
