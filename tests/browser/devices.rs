//! Lists of devices, what is kept of a choice, and the speaker.

use pairvoice_core::{Choices, Device, Processing, Source, Volume};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::convert::property;
use crate::devices::{enumerate, is_speaker_selectable, recall, remember};
use crate::inbox::Inbox;
use crate::speaker::Speaker;

fn storage() -> JsValue {
    property(&js_sys::global(), "localStorage")
}

fn kept(text: &str) {
    js_sys::Reflect::set(&storage(), &"pairvoice.devices".into(), &text.into()).unwrap();
}

#[wasm_bindgen_test]
fn a_choice_outlives_the_page_and_the_rest_follows_the_options() {
    kept("");
    let options = Processing { auto_gain_control: false, ..Processing::default() };
    let device = Device { id: "m".into(), group: String::new(), label: "the m".into() };
    let choices = Choices {
        microphone: Source::Device(device.clone()),
        processing: Processing { noise_suppression: false, ..options },
        speaker: Some(device),
        volume: Volume::new(0.3),
    };
    remember(&choices, options);
    let from = |processing| recall(Choices { processing, ..Choices::default() });
    assert_eq!(from(options), choices);
    // What the person left alone is as the options say now.
    assert_eq!(
        from(Processing::default()).processing,
        Processing { noise_suppression: false, ..Processing::default() }
    );
    let named = Choices { microphone: Source::App, ..Choices::default() };
    assert_eq!(recall(named).microphone, Source::App, "the app names one");
}

#[wasm_bindgen_test]
fn what_is_kept_may_be_anything() {
    for text in ["", "null", "7", "{", "{\"microphone\":7,\"volume\":\"loud\",\"echoCancellation\":1}"] {
        kept(text);
        assert_eq!(recall(Choices::default()), Choices::default(), "{text}");
    }
    kept("{\"volume\":9}");
    assert_eq!(recall(Choices::default()).volume, Volume::new(1.0));
    kept("");
}

#[wasm_bindgen_test]
async fn speakers_are_chosen_by_id_and_the_apps_stream_stays_the_same() {
    assert!(is_speaker_selectable());
    let speaker = Speaker::new(Inbox::new(|_| {}));
    let stream = speaker.remote().unwrap();
    assert!(stream == speaker.remote().unwrap());
    JsFuture::from(speaker.use_device("").unwrap()).await.unwrap();
    assert!(JsFuture::from(speaker.use_device("nowhere").unwrap()).await.is_err());
    let (_, speakers) = enumerate().await;
    for device in speakers {
        JsFuture::from(speaker.use_device(&device.id).unwrap()).await.unwrap();
    }
    speaker.set_volume(Volume::new(0.5));
    speaker.stop();
}
