//! A close look at the other's sound: what comes all the time is missed within a tenth of a second.

use std::cell::Cell;

use gloo::timers::callback::Interval;
use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::RtcRtpReceiver;

use crate::timers::now;

/// Between two looks, in milliseconds.
const LOOK_MS: u32 = 40;
/// A look that comes so late, in milliseconds, judges nothing: what it waited for, the sound may have waited for as well.
const LATE_MS: f64 = 80.0;
/// Nothing was played for so long, in milliseconds.
const HUSH_MS: f64 = 80.0;
/// Sound that each of so many looks found is steady: no pauses of discontinuous transmission, no few packets of somebody muted.
const STEADY: u32 = 20;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = RtcRtpReceiver)]
    type SourcesReceiver;
    /// W3C WebRTC section 5.3; what web-sys knows of it is unstable.
    #[wasm_bindgen(method, js_name = getSynchronizationSources)]
    fn sources(this: &SourcesReceiver) -> Array;

    type Source;
    #[wasm_bindgen(method, getter, js_name = rtpTimestamp)]
    fn rtp_timestamp(this: &Source) -> f64;
}

/// Looks until it is dropped.
pub(crate) struct Watch {
    _looks: Interval,
}

impl Watch {
    /// `report` is told when steady sound stops, and when it is back.
    pub(crate) fn new(receiver: RtcRtpReceiver, report: impl Fn(bool) + 'static) -> Self {
        let receiver: SourcesReceiver = receiver.unchecked_into();
        let sound = Sound::default();
        let looks = Interval::new(LOOK_MS, move || {
            let source = receiver.sources().get(0);
            let packet = source.is_object().then(|| source.unchecked_ref::<Source>().rtp_timestamp());
            if let Some(hushed) = sound.look(now(), packet) {
                report(hushed);
            }
        });
        Self { _looks: looks }
    }
}

/// What the looks have seen.
#[derive(Default)]
struct Sound {
    looked: Cell<f64>,
    /// When the newest packet was played, and which that was.
    came: Cell<f64>,
    packet: Cell<Option<f64>>,
    /// So many looks in a row found another packet.
    steady: Cell<u32>,
    hushed: Cell<bool>,
}

impl Sound {
    /// Whether the sound has just stopped, or is back.
    fn look(&self, now: f64, packet: Option<f64>) -> Option<bool> {
        let late = now - self.looked.replace(now) > LATE_MS;
        if self.packet.replace(packet) != packet {
            self.came.set(now);
            self.steady.set(self.steady.get().saturating_add(1));
            return self.hushed.replace(false).then_some(false);
        }
        if late {
            self.came.set(now);
        } else if now - self.came.get() >= HUSH_MS {
            let steady = self.steady.replace(0) >= STEADY;
            return (steady && !self.hushed.replace(true)).then_some(true);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks each 40 ms; gives back what was reported, and when.
    fn watched(packet: impl Fn(u32) -> f64, late: impl Fn(u32) -> f64) -> Vec<(u32, bool)> {
        let sound = Sound::default();
        let looks = (1..=60).map(|n| n * LOOK_MS);
        looks.filter_map(|at| sound.look(f64::from(at) + late(at), Some(packet(at))).map(|h| (at, h))).collect()
    }

    #[test]
    fn steady_sound_that_stops_is_missed_once_and_its_return_is_told() {
        let pause = |at: u32| f64::from(if (1_200..1_600).contains(&at) { 1_180 } else { at });
        assert_eq!(watched(pause, |_| 0.0), [(1_280, true), (1_600, false)]);
    }

    #[test]
    fn sound_that_is_rare_is_not_missed() {
        assert_eq!(watched(|at| f64::from(at / 200), |_| 0.0), []);
    }

    #[test]
    fn looks_that_come_late_judge_nothing() {
        let pause = |at: u32| f64::from(if (1_200..1_300).contains(&at) { 1_180 } else { at });
        assert_eq!(watched(pause, |at| if at == 1_280 { 60.0 } else { 0.0 }), []);
    }
}
