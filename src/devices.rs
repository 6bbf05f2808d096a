//! The devices that the browser lists, and what is kept of the person's choice of them.

use js_sys::{Array, Function, JSON};
use pairvoice_core::{Choices, Device, Processing, Source, Volume};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::MediaDevices;

use crate::convert::property;
use crate::to_js::to_js;

/// `navigator.mediaDevices`; a page that is not secure has none.
pub(crate) fn media_devices() -> Option<MediaDevices> {
    property(&property(&js_sys::global(), "navigator"), "mediaDevices").dyn_into().ok()
}

/// The browser lets a page choose the speaker.
pub(crate) fn is_speaker_selectable() -> bool {
    let element = property(&js_sys::global(), "HTMLMediaElement");
    property(&property(&element, "prototype"), "setSinkId").is_function()
}

/// Microphones and speakers, in the browser's order.
pub(crate) async fn enumerate() -> (Vec<Device>, Vec<Device>) {
    let asked = media_devices().and_then(|devices| devices.enumerate_devices().ok());
    let Some(asked) = asked else { return (Vec::new(), Vec::new()) };
    let list: Array = JsFuture::from(asked).await.unwrap_or_default().dyn_into().unwrap_or_default();
    let of_kind = |kind: &str| {
        let text = |info: &JsValue, name| property(info, name).as_string().unwrap_or_default();
        let infos = list.iter().filter(|info| text(info, "kind") == kind);
        let device =
            |info| Device { id: text(&info, "deviceId"), group: text(&info, "groupId"), label: text(&info, "label") };
        infos.map(device).collect()
    };
    (of_kind("audioinput"), of_kind("audiooutput"))
}

/// The name under which choices are kept in `localStorage`.
const KEY: &str = "pairvoice.devices";

/// Calls a method of `localStorage`, which some pages may not even look at.
fn storage(method: &str, arguments: &[&str]) -> Option<JsValue> {
    let storage = property(&js_sys::global(), "localStorage");
    let method: Function = property(&storage, method).dyn_into().ok()?;
    let list: Array = arguments.iter().map(|text| JsValue::from_str(text)).collect();
    method.apply(&storage, &list).ok()
}

/// What the person chose before; what they left alone is as the app's options say.
pub(crate) fn recall(mut choices: Choices) -> Choices {
    let kept = storage("getItem", &[KEY]).and_then(|text| JSON::parse(&text.as_string()?).ok()).unwrap_or_default();
    let device = |name| {
        let value = property(&kept, name);
        let text = |name| property(&value, name).as_string();
        Some(Device { id: text("id")?, group: String::new(), label: text("label")? })
    };
    let flag = |name, otherwise: &mut bool| *otherwise = property(&kept, name).as_bool().unwrap_or(*otherwise);
    flag("echoCancellation", &mut choices.processing.echo_cancellation);
    flag("noiseSuppression", &mut choices.processing.noise_suppression);
    flag("autoGainControl", &mut choices.processing.auto_gain_control);
    if choices.microphone == Source::Default {
        choices.microphone = device("microphone").map_or(Source::Default, Source::device);
    }
    choices.speaker = device("speaker");
    choices.volume = property(&kept, "volume").as_f64().map_or(choices.volume, Volume::new);
    choices
}

/// A device as it is kept.
#[derive(Serialize)]
struct Kept<'a> {
    id: &'a str,
    label: &'a str,
}

impl<'a> Kept<'a> {
    fn new(device: &'a Device) -> Self {
        Self { id: &device.id, label: &device.label }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Memory<'a> {
    microphone: Option<Kept<'a>>,
    speaker: Option<Kept<'a>>,
    volume: Volume,
    echo_cancellation: Option<bool>,
    noise_suppression: Option<bool>,
    auto_gain_control: Option<bool>,
}

/// Keeps what the person chose; what is as the app's options say follows them.
pub(crate) fn remember(choices: &Choices, options: Processing) {
    let now = choices.processing;
    let differs = |now: bool, option: bool| (now != option).then_some(now);
    let memory = Memory {
        microphone: if let Source::Device(device) = &choices.microphone { Some(Kept::new(device)) } else { None },
        speaker: choices.speaker.as_ref().map(Kept::new),
        volume: choices.volume,
        echo_cancellation: differs(now.echo_cancellation, options.echo_cancellation),
        noise_suppression: differs(now.noise_suppression, options.noise_suppression),
        auto_gain_control: differs(now.auto_gain_control, options.auto_gain_control),
    };
    if let Some(text) = JSON::stringify(&to_js(&memory)).ok().and_then(|text| text.as_string()) {
        storage("setItem", &[KEY, &text]);
    }
}
