//! The microphone by the browser's fake device.

use std::cell::RefCell;
use std::rc::Rc;

use pairvoice_core::wire::MicrophoneReason;
use pairvoice_core::{Input, MicrophoneEvent, OpId};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::MediaStreamTrackState;

use super::until;
use crate::inbox::{Inbox, Report};
use crate::level::Meter;
use crate::microphone::Microphone;

type Heard = Rc<RefCell<Vec<(OpId, MicrophoneEvent)>>>;

fn microphone() -> (Rc<Microphone>, Heard) {
    let heard: Heard = Rc::default();
    let told = Rc::clone(&heard);
    let inbox = Inbox::new(move |report| {
        if let Report::Input(Input::Microphone { id, event }) = report {
            told.borrow_mut().push((id, event));
        }
    });
    (Microphone::new(inbox), heard)
}

#[wasm_bindgen_test]
async fn a_granted_microphone_is_live_until_it_is_closed() {
    let (microphone, heard) = microphone();
    microphone.open(OpId(1));
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
    microphone.open(OpId(1));
    microphone.close();
    microphone.open(OpId(2));
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
    microphone.open(OpId(1));
    until("the microphone", || !heard.borrow().is_empty()).await;
    // The fake device beeps once a second.
    until("a beep of the fake device", || meter.microphone(microphone.track().as_ref()) > 0.01).await;
    meter.stop();
    microphone.close();
}

#[wasm_bindgen_test]
async fn a_track_that_ends_by_itself_is_reported() {
    let (microphone, heard) = microphone();
    microphone.open(OpId(1));
    until("the microphone", || !heard.borrow().is_empty()).await;
    let track = microphone.track().unwrap();
    track.dispatch_event(&web_sys::Event::new("ended").unwrap()).unwrap();
    assert_eq!(heard.borrow().last(), Some(&(OpId(1), MicrophoneEvent::Failed(MicrophoneReason::Ended))));
    microphone.close();
}
