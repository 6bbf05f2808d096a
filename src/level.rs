//! How loud both sides are, for meters: events ten times a second while somebody listens.

use std::cell::RefCell;

use js_sys::{Array, Object};
use wasm_bindgen::JsValue;
use web_sys::{AnalyserNode, AudioContext, MediaStream, MediaStreamAudioSourceNode, MediaStreamTrack, RtcRtpReceiver};

use crate::convert::{ignore, property};
use crate::timers::steady_time;

/// Time between two measurements in milliseconds.
pub(crate) const INTERVAL_MS: u32 = 100;
/// Samples of one measurement.
const SAMPLES: u32 = 1024;
/// A remote level older than this is silence, in milliseconds.
const STALE_MS: f64 = 500.0;

struct Tap {
    track: MediaStreamTrack,
    context: AudioContext,
    source: MediaStreamAudioSourceNode,
    analyser: AnalyserNode,
}

/// Measures the microphone by an analyser, which plays nothing.
#[derive(Default)]
pub(crate) struct Meter(RefCell<Option<Tap>>);

impl Meter {
    /// The microphone's level from 0 to 1 (root mean square). Another track than before is
    /// tapped anew.
    pub(crate) fn microphone(&self, track: Option<&MediaStreamTrack>) -> f64 {
        let Some(track) = track else {
            self.stop();
            return 0.0;
        };
        let other = self.0.borrow().as_ref().is_some_and(|tap| !Object::is(&tap.track, track));
        if other {
            self.stop();
        }
        let mut open = self.0.borrow_mut();
        if open.is_none() {
            *open = tap(track).ok();
        }
        let mut samples = [0_f32; SAMPLES as usize];
        if let Some(tap) = open.as_ref() {
            // Not the state of web-sys, which does not know `interrupted` (iOS).
            if property(&tap.context, "state") != *"running" {
                let _ = tap.context.resume().map(ignore);
            }
            tap.analyser.get_float_time_domain_data(&mut samples);
        }
        let sum: f32 = samples.iter().map(|s| s * s).sum();
        f64::from((sum / 1024.0).sqrt())
    }

    /// Lets go of the audio context.
    pub(crate) fn stop(&self) {
        if let Some(tap) = self.0.borrow_mut().take() {
            let _ = tap.source.disconnect();
            let _ = tap.context.close();
        }
    }
}

fn tap(track: &MediaStreamTrack) -> Result<Tap, JsValue> {
    let context = AudioContext::new()?;
    let analyser = context.create_analyser()?;
    analyser.set_fft_size(SAMPLES);
    let source = context.create_media_stream_source(&MediaStream::new_with_tracks(&Array::of1(track))?)?;
    source.connect_with_audio_node(&analyser)?;
    Ok(Tap { track: Clone::clone(track), context, source, analyser })
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
