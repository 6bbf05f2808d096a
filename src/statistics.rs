//! What is read of W3C WebRTC Statistics.

use js_sys::Map;
use pairvoice_core::Path;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[wasm_bindgen]
extern "C" {
    /// An entry of an `RTCStatsReport`, whatever its type.
    type Entry;
    #[wasm_bindgen(method, getter, js_name = type)]
    fn kind(this: &Entry) -> String;
    #[wasm_bindgen(method, getter, js_name = packetsReceived)]
    fn packets_received(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = audioLevel)]
    fn audio_level(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = totalAudioEnergy)]
    fn total_audio_energy(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = totalSamplesDuration)]
    fn total_samples_duration(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn nominated(this: &Entry) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = localCandidateId)]
    fn local_candidate_id(this: &Entry) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = remoteCandidateId)]
    fn remote_candidate_id(this: &Entry) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = candidateType)]
    fn candidate_type(this: &Entry) -> Option<String>;
}

/// Visits each entry. A report is like a map, and is none by `instanceof`.
fn each(report: &JsValue, mut visit: impl FnMut(&Entry)) {
    let report: &Map = report.unchecked_ref();
    report.for_each(&mut |entry, _| visit(entry.unchecked_ref()));
}

/// RTP packets that have come so far (`packetsReceived` of `inbound-rtp`); there is no entry before the first.
pub(crate) fn packets(report: &JsValue) -> f64 {
    let mut sum = 0.0;
    each(report, |entry| {
        if entry.kind() == "inbound-rtp" {
            sum += entry.packets_received().unwrap_or_default();
        }
    });
    sum
}

/// A mark of what the microphone has brought so far (`RTCAudioSourceStats`): silence lasts as well, so that it changes with each
/// frame. None where the browser does not count (Firefox).
pub(crate) fn captured(report: &JsValue) -> Option<u64> {
    let mut mark = None;
    each(report, |entry| {
        if entry.kind() == "media-source"
            && let Some(duration) = entry.total_samples_duration()
        {
            let figures = [entry.audio_level(), entry.total_audio_energy(), Some(duration)];
            let mix = |mark: u64, figure: f64| mark.rotate_left(21) ^ figure.to_bits();
            mark = Some(figures.into_iter().flatten().fold(0, mix));
        }
    });
    mark
}

/// How packets travel: the nominated pair's local or remote candidate tells (`RTCIceCandidatePairStats`).
pub(crate) fn path(report: &JsValue) -> Option<Path> {
    let candidates: &Map = report.unchecked_ref();
    let is_relay = |id: &JsValue| {
        let candidate = candidates.get(id);
        candidate.is_object() && candidate.unchecked_ref::<Entry>().candidate_type().as_deref() == Some("relay")
    };
    let mut found = None;
    each(report, |entry| {
        // Only a pair whose checks succeeded is nominated (RFC 8445 section 8.1.1).
        if entry.kind() == "candidate-pair" && entry.nominated() == Some(true) {
            let relayed = is_relay(&entry.local_candidate_id()) || is_relay(&entry.remote_candidate_id());
            found = Some(if relayed { Path::Relay } else { Path::Direct });
        }
    });
    found
}
