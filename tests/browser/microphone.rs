//! The microphone by the browser's fake device.

use std::cell::RefCell;
use std::rc::Rc;

use pairvoice_core::wire::MicrophoneReason;
use pairvoice_core::{Device, Input, MicrophoneEvent, OpId, Processing, Source};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::MediaStreamTrackState;

use super::{open_microphone, until};
use crate::devices::enumerate;
use crate::inbox::{Inbox, Report};
use crate::level::Meter;
use crate::microphone::Microphone;
use crate::permission::reason;

type Heard = Rc<RefCell<Vec<(OpId, MicrophoneEvent)>>>;

fn microphone() -> (Rc<Microphone>, Heard) {
    let heard: Heard = Rc::default();
    let told = Rc::clone(&heard);
    let inbox = Inbox::new(move |report| {
        if let Report::Input(Input::Microphone { id, event }) = report {
            told.borrow_mut().push((id, event));
        }
    });
    (Microphone::new(inbox, open_microphone()), heard)
}

fn open(microphone: &Rc<Microphone>, id: u32) {
    microphone.open(OpId(id), &Source::Default, Processing::default());
}

#[wasm_bindgen_test]
async fn a_granted_microphone_is_live_until_it_is_closed() {
    let (microphone, heard) = microphone();
    open(&microphone, 1);
    until("the microphone", || !heard.borrow().is_empty()).await;
    assert!(matches!(heard.borrow()[0], (OpId(1), MicrophoneEvent::Granted { .. })));
    let track = microphone.track().unwrap();
    assert_eq!(track.ready_state(), MediaStreamTrackState::Live);
    microphone.enable(false);
    assert!(!track.enabled());
    microphone.close();
    assert_eq!(track.ready_state(), MediaStreamTrackState::Ended);
    assert!(microphone.track().is_none());
}

#[wasm_bindgen_test]
async fn closing_while_asking_reports_nothing_and_keeps_nothing() {
    let (microphone, heard) = microphone();
    open(&microphone, 1);
    microphone.close();
    open(&microphone, 2);
    until("the microphone", || !heard.borrow().is_empty()).await;
    assert_eq!(heard.borrow().len(), 1);
    assert_eq!(heard.borrow()[0].0, OpId(2), "the first request is nobody's any more");
    microphone.close();
}

#[wasm_bindgen_test]
async fn the_meter_shows_the_microphone_and_nothing_without_one() {
    let (microphone, heard) = microphone();
    let meter = Meter::default();
    assert!(meter.microphone(None).abs() < f64::EPSILON);
    open(&microphone, 1);
    until("the microphone", || !heard.borrow().is_empty()).await;
    // The fake device beeps once a second.
    until("a beep of the fake device", || meter.microphone(microphone.track().as_ref()) > 0.01).await;
    meter.stop();
    microphone.close();
}

#[wasm_bindgen_test]
async fn a_track_that_ends_by_itself_is_reported() {
    let (microphone, heard) = microphone();
    open(&microphone, 1);
    until("the microphone", || !heard.borrow().is_empty()).await;
    let track = microphone.track().unwrap();
    for (name, event) in [
        ("ended", MicrophoneEvent::Ended),
        ("mute", MicrophoneEvent::Muted(true)),
        ("unmute", MicrophoneEvent::Muted(false)),
    ] {
        track.dispatch_event(&web_sys::Event::new(name).unwrap()).unwrap();
        assert_eq!(heard.borrow().last(), Some(&(OpId(1), event)));
    }
    microphone.close();
    track.dispatch_event(&web_sys::Event::new("ended").unwrap()).unwrap();
    assert_eq!(heard.borrow().len(), 4, "of a closed one nothing is heard");
}

#[wasm_bindgen_test]
async fn another_device_is_live_before_the_one_before_is_stopped() {
    let (microphone, heard) = microphone();
    open(&microphone, 1);
    until("the microphone", || !heard.borrow().is_empty()).await;
    let first = microphone.track().unwrap();
    let (microphones, _) = enumerate().await;
    let other = Source::device(microphones.last().unwrap().clone());
    let wanted = Processing { noise_suppression: false, ..Processing::default() };
    microphone.open(OpId(2), &other, wanted);
    assert_eq!(first.ready_state(), MediaStreamTrackState::Live);
    until("the other one", || heard.borrow().len() == 2).await;
    assert_eq!(first.ready_state(), MediaStreamTrackState::Ended);
    let device = microphones.last().unwrap().clone();
    assert_eq!(heard.borrow()[1], (OpId(2), MicrophoneEvent::Granted { device, processing: wanted }));
    microphone.process(Processing::default());
    until("the processing", || heard.borrow().len() == 3).await;
    assert!(matches!(heard.borrow().last(), Some((OpId(2), MicrophoneEvent::Applied(_)))));
    microphone.close();
}

#[wasm_bindgen_test]
async fn a_device_that_is_not_there_is_missing_and_the_live_one_stays() {
    let (microphone, heard) = microphone();
    open(&microphone, 1);
    until("the microphone", || !heard.borrow().is_empty()).await;
    let nowhere = Source::device(Device { id: "nowhere".into(), ..Device::default() });
    microphone.open(OpId(2), &nowhere, Processing::default());
    until("the refusal", || heard.borrow().len() == 2).await;
    assert_eq!(heard.borrow()[1], (OpId(2), MicrophoneEvent::Failed(MicrophoneReason::Missing)));
    assert_eq!(microphone.track().unwrap().ready_state(), MediaStreamTrackState::Live);
    microphone.close();
}

#[wasm_bindgen_test]
async fn an_own_track_is_taken_at_once_and_never_stopped() {
    let (microphone, heard) = microphone();
    open(&microphone, 1);
    until("the microphone", || !heard.borrow().is_empty()).await;
    // The DOM's `clone()`: another track of the same source.
    let own = web_sys::MediaStreamTrack::clone(&microphone.track().unwrap());
    microphone.offer(Some(Clone::clone(&own)));
    microphone.open(OpId(2), &Source::App, Processing::default());
    assert!(matches!(heard.borrow()[1], (OpId(2), MicrophoneEvent::Granted { .. })));
    microphone.enable(false);
    microphone.close();
    assert_eq!(own.ready_state(), MediaStreamTrackState::Live);
    assert!(own.enabled(), "the app gets it back as it gave it");
    own.stop();
    microphone.open(OpId(3), &Source::App, Processing::default());
    assert_eq!(heard.borrow()[2], (OpId(3), MicrophoneEvent::Failed(MicrophoneReason::Ended)));
}

#[wasm_bindgen_test]
async fn errors_of_the_browser_are_reasons() {
    // These tests' browser has allowed the microphone: who is refused all the same is kept from it by something else.
    for (name, message, expected) in [
        ("NotAllowedError", "Permission denied", MicrophoneReason::Blocked),
        ("NotAllowedError", "Permission denied by system", MicrophoneReason::Blocked),
        ("SecurityError", "", MicrophoneReason::Blocked),
        ("NotFoundError", "", MicrophoneReason::Missing),
        ("OverconstrainedError", "", MicrophoneReason::Missing),
        ("NotReadableError", "", MicrophoneReason::Busy),
        ("AbortError", "", MicrophoneReason::Busy),
        ("InvalidStateError", "", MicrophoneReason::Busy),
    ] {
        let error = js_sys::Error::new(message);
        error.set_name(name);
        assert_eq!(reason(&error).await, expected, "{name}: {message}");
    }
}
