//! What is read of W3C WebRTC Statistics.

use js_sys::Map;
use pairvoice_core::{Path, Reception, Traffic};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::timers::now;

#[wasm_bindgen]
extern "C" {
    /// An entry of an `RTCStatsReport`, whatever its type.
    type Entry;
    #[wasm_bindgen(method, getter, js_name = type)]
    fn kind(this: &Entry) -> String;
    #[wasm_bindgen(method, getter, js_name = packetsReceived)]
    fn packets_received(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = packetsLost)]
    fn packets_lost(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = packetsSent)]
    fn packets_sent(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = bytesSent)]
    fn bytes_sent(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = bytesReceived)]
    fn bytes_received(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = totalSamplesReceived)]
    fn total_samples_received(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = concealedSamples)]
    fn concealed_samples(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = silentConcealedSamples)]
    fn silent_concealed_samples(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = concealmentEvents)]
    fn concealment_events(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = jitterBufferDelay)]
    fn jitter_buffer_delay(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = jitterBufferEmittedCount)]
    fn jitter_buffer_emitted_count(this: &Entry) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn jitter(this: &Entry) -> Option<f64>;
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

/// A count of any size as one that wraps.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // What does not fit is what wraps.
fn wrapping(count: Option<f64>) -> u32 {
    count.unwrap_or_default() as i64 as u32
}

/// What has come of the other's sound so far (`inbound-rtp`); there is no entry before the first packet.
pub(crate) fn reception(report: &JsValue) -> Reception {
    let mut sum = Reception::default();
    each(report, |entry| {
        if entry.kind() == "inbound-rtp" {
            let concealed = entry.concealed_samples().unwrap_or_default();
            sum = Reception {
                packets: wrapping(entry.packets_received()),
                lost: wrapping(entry.packets_lost()),
                samples: wrapping(entry.total_samples_received()),
                concealed: wrapping(Some(concealed - entry.silent_concealed_samples().unwrap_or_default())),
                events: wrapping(entry.concealment_events()),
                energy: wrapping(entry.total_audio_energy().map(|energy| energy * 1e6)),
                buffered: wrapping(entry.jitter_buffer_delay().map(|seconds| seconds * 1e3)),
                emitted: wrapping(entry.jitter_buffer_emitted_count()),
                jitter: wrapping(entry.jitter().map(|seconds| seconds * 1e3)),
            };
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

/// How packets travel, and how much of what has gone: the local or remote candidate of the selected pair tells (`RTCIceCandidatePairStats`). After a restart the
/// pair of the generation before stays nominated for half a minute, so that this says nothing.
pub(crate) fn figures(report: &JsValue) -> (Option<Path>, Traffic) {
    let entries: &Map = report.unchecked_ref();
    let get = |id: &JsValue| Some(entries.get(id)).filter(JsValue::is_object).map(JsCast::unchecked_into::<Entry>);
    let (mut selected, mut newest) = (None, -1.0);
    let mut traffic = Traffic { at: wrapping(Some(now())), ..Traffic::default() };
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
        "outbound-rtp" => traffic.packets = wrapping(entry.packets_sent()),
        "media-source" => traffic.captured = wrapping(entry.total_samples_duration().map(|seconds| seconds * 1e3)),
        _ => {}
    });
    let Some(pair) = selected else { return (None, traffic) };
    (traffic.sent, traffic.received) = (wrapping(pair.bytes_sent()), wrapping(pair.bytes_received()));
    let is_relay = |id: JsValue| get(&id).is_some_and(|entry| entry.candidate_type().as_deref() == Some("relay"));
    let relayed = is_relay(pair.local_candidate_id()) || is_relay(pair.remote_candidate_id());
    (Some(if relayed { Path::Relay } else { Path::Direct }), traffic)
}
