//! How loud both sides are: for meters, ten times a second while somebody listens, and to tell whether this person speaks.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Object};
use wasm_bindgen::JsValue;
use web_sys::{
    AnalyserNode, AudioContext, MediaStream, MediaStreamAudioSourceNode, MediaStreamTrack, MediaStreamTrackState,
    RtcRtpReceiver,
};

use crate::convert::{ignore, property};
use crate::timers::steady_time;
use crate::unmuted::Unmuted;

/// Time between two measurements in milliseconds.
pub(crate) const INTERVAL_MS: u32 = 100;
/// Samples of one measurement for a meter: 21 ms at 48 kHz.
const MOMENT: u32 = 1024;
/// Samples that speech is sought in: 170 ms, in which a word has something loud.
const WORD: u32 = 8192;
/// That loud is speech: a hundredth of full scale.
const LOUD: f64 = 0.01;
/// Looks in a row that find nothing after which speech is over: words have gaps.
const QUIET: u8 = 3;
/// A remote level older than this is silence, in milliseconds.
const STALE_MS: f64 = 500.0;

struct Tap {
    track: MediaStreamTrack,
    /// None where the browser can't tap this track: it is not asked again for the same one.
    open: Option<Open>,
}

struct Open {
    context: AudioContext,
    source: MediaStreamAudioSourceNode,
    analyser: AnalyserNode,
}

/// Measures the microphone by an analyser, which plays nothing.
pub(crate) struct Meter {
    samples: u32,
    tap: RefCell<Option<Tap>>,
}

impl Default for Meter {
    fn default() -> Self {
        Self { samples: MOMENT, tap: RefCell::default() }
    }
}

impl Meter {
    /// The microphone's level from 0 to 1 (root mean square). Another track than before is
    /// tapped anew.
    pub(crate) fn microphone(&self, track: Option<&MediaStreamTrack>) -> f64 {
        let Some(track) = track else {
            self.stop();
            return 0.0;
        };
        let other = self.tap.borrow().as_ref().is_some_and(|tap| !Object::is(&tap.track, track));
        if other {
            self.stop();
        }
        let mut tap = self.tap.borrow_mut();
        let Tap { open, .. } =
            tap.get_or_insert_with(|| Tap { track: Clone::clone(track), open: Open::new(track, self.samples).ok() });
        let mut samples = vec![0_f32; self.samples as usize];
        if let Some(open) = open.as_ref() {
            // Not the state of web-sys, which does not know `interrupted` (iOS).
            if property(&open.context, "state") != *"running" {
                let _ = open.context.resume().map(ignore);
            }
            open.analyser.get_float_time_domain_data(&mut samples);
        }
        let sum: f32 = samples.iter().map(|s| s * s).sum();
        (f64::from(sum) / f64::from(self.samples)).sqrt()
    }

    /// Lets go of the audio context.
    pub(crate) fn stop(&self) {
        if let Some(Tap { open: Some(open), .. }) = self.tap.borrow_mut().take() {
            let _ = open.source.disconnect();
            let _ = open.context.close().map(ignore);
        }
    }
}

impl Open {
    fn new(track: &MediaStreamTrack, samples: u32) -> Result<Self, JsValue> {
        let context = AudioContext::new()?;
        Self::build(track, samples, &context).inspect_err(|_| {
            let _ = context.close().map(ignore);
        })
    }

    fn build(track: &MediaStreamTrack, samples: u32, context: &AudioContext) -> Result<Self, JsValue> {
        let analyser = context.create_analyser()?;
        analyser.set_fft_size(samples);
        let source = context.create_media_stream_source(&MediaStream::new_with_tracks(&Array::of1(track))?)?;
        source.connect_with_audio_node(&analyser)?;
        Ok(Self { context: Clone::clone(context), source, analyser })
    }
}

/// Tells whether this person speaks where packets do not: while they are muted, when what is sent is silence, and where no worker sees
/// the packets.
pub(crate) struct SpeechEar {
    meter: Meter,
    unmuted: RefCell<Option<Unmuted>>,
    /// Looks in a row that found nothing.
    quiet: Cell<u8>,
}

impl Default for SpeechEar {
    fn default() -> Self {
        let meter = Meter { samples: WORD, tap: RefCell::default() };
        Self { meter, unmuted: RefCell::default(), quiet: Cell::new(QUIET) }
    }
}

impl SpeechEar {
    /// Whether something loud is in this microphone's sound now, or was at the looks before.
    pub(crate) fn hears_speech(&self, track: &MediaStreamTrack) -> bool {
        if track.ready_state() != MediaStreamTrackState::Live {
            self.stop();
            return false;
        }
        if self.unmuted.borrow().as_ref().is_none_or(|unmuted| !unmuted.is_of(track)) {
            self.stop();
            *self.unmuted.borrow_mut() = Some(Unmuted::new(track));
        }
        let open = self.unmuted.borrow().as_ref().map(|unmuted| Clone::clone(&unmuted.track));
        let loud = self.meter.microphone(open.as_ref()) >= LOUD;
        self.quiet.set(if loud { 0 } else { self.quiet.get().saturating_add(1) });
        self.quiet.get() < QUIET
    }

    /// Lets go of all of it.
    pub(crate) fn stop(&self) {
        self.meter.stop();
        self.quiet.set(QUIET);
        self.unmuted.borrow_mut().take();
    }
}

/// The other's level from 0 to 1, as their packets tell (RFC 6464) or as it was decoded.
pub(crate) fn peer(receiver: Option<&RtcRtpReceiver>) -> f64 {
    let Some(receiver) = receiver else { return 0.0 };
    let source = receiver.get_synchronization_sources().get(0);
    // `RTCRtpSynchronizationSource`, which web-sys lacks.
    let number = |name| property(&source, name).as_f64();
    let stale = number("timestamp").is_none_or(|at| at < steady_time() - STALE_MS);
    number("audioLevel").filter(|level| !stale && level.is_finite()).unwrap_or_default()
}
