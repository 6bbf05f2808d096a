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
    fn selected(this: &Entry) -> Option<bool>;
    #[wasm_bindgen(method, getter, js_name = lastPacketReceivedTimestamp)]
    fn last_packet_received(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = selectedCandidatePairId)]
    fn selected_candidate_pair_id(this: &Entry) -> JsValue;
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

/// How packets travel: the local or remote candidate of the selected pair tells (`RTCIceCandidatePairStats`). After a restart the
/// pair of the generation before stays nominated for half a minute, so that this says nothing.
pub(crate) fn path(report: &JsValue) -> Option<Path> {
    let entries: &Map = report.unchecked_ref();
    let get = |id: &JsValue| Some(entries.get(id)).filter(JsValue::is_object).map(JsCast::unchecked_into::<Entry>);
    let (mut selected, mut newest) = (None, -1.0);
    each(report, |entry| match entry.kind().as_str() {
        "transport" => selected = get(&entry.selected_candidate_pair_id()).or(selected.take()),
        // Firefox has it in the pairs, and also in those of generations before: the one over which something came last is in use.
        "candidate-pair" if entry.selected() == Some(true) => {
            let last = entry.last_packet_received().unwrap_or_default();
            if last <= newest {
                return;
            }
            newest = last;
            selected = Some(AsRef::<JsValue>::as_ref(entry).clone().unchecked_into());
        }
        _ => {}
    });
    let pair = selected?;
    let is_relay = |id: JsValue| get(&id).is_some_and(|entry| entry.candidate_type().as_deref() == Some("relay"));
    let relayed = is_relay(pair.local_candidate_id()) || is_relay(pair.remote_candidate_id());
    Some(if relayed { Path::Relay } else { Path::Direct })
}
