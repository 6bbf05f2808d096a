//! What the browser says of the permission to use the microphone, and why it was refused.

use js_sys::{Function, Object, Promise, Reflect};
use pairvoice_core::wire::MicrophoneReason;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::EventTarget;

use crate::convert::{error_name, property};
use crate::listeners::Listener;

/// The `PermissionStatus` of the microphone (W3C Permissions); some browsers have none.
async fn status() -> Option<EventTarget> {
    let permissions = property(&property(&js_sys::global(), "navigator"), "permissions");
    let query: Function = property(&permissions, "query").dyn_into().ok()?;
    let descriptor = Object::new();
    // Setting a property of a new object can't fail.
    let _ = Reflect::set(&descriptor, &"name".into(), &"microphone".into());
    let asked: Promise = query.call1(&permissions, &descriptor).ok()?.dyn_into().ok()?;
    JsFuture::from(asked).await.ok()?.dyn_into().ok()
}

fn state(status: &EventTarget) -> Option<String> {
    property(status, "state").as_string()
}

/// Calls back whenever the microphone becomes allowed. What the status says at first means nothing: Firefox says `prompt` of a
/// microphone that it grants.
pub(crate) async fn watch(allowed: impl Fn() + 'static) -> Option<Listener> {
    let status = status().await?;
    let asked = status.clone();
    Some(Listener::new(&status, "change", move |_| {
        if state(&asked).as_deref() == Some("granted") {
            allowed();
        }
    }))
}

/// W3C Media Capture and Streams section 10.2, the errors of `getUserMedia`.
pub(crate) async fn reason(error: &JsValue) -> MicrophoneReason {
    match error_name(error).as_str() {
        "NotAllowedError" => refusal(error).await,
        "SecurityError" => MicrophoneReason::Blocked,
        // No name: no error, but a page that has no media devices, or a stream without a track.
        "NotFoundError" | "OverconstrainedError" | "" => MicrophoneReason::Missing,
        _ => MicrophoneReason::Busy,
    }
}

/// Who said no: browsers have one error for the person, the system and the page's policy.
async fn refusal(error: &JsValue) -> MicrophoneReason {
    // Chromium: "Permission denied by system".
    let by_system = property(error, "message").as_string().is_some_and(|message| message.ends_with("by system"));
    if by_system || forbidden_by_policy() {
        return MicrophoneReason::Blocked;
    }
    match status().await.as_ref().and_then(state).as_deref() {
        // Closed without an answer, or refused for this time only.
        Some("prompt") => MicrophoneReason::Dismissed,
        // The person allowed it, and still it is withheld.
        Some("granted") => MicrophoneReason::Blocked,
        _ => MicrophoneReason::Denied,
    }
}

/// Permissions Policy, where the page can ask for it (Chromium).
fn forbidden_by_policy() -> bool {
    let policy = property(&property(&js_sys::global(), "document"), "featurePolicy");
    let allows = property(&policy, "allowsFeature").dyn_into::<Function>();
    allows.is_ok_and(|allows| allows.call1(&policy, &"microphone".into()).is_ok_and(|allowed| allowed.is_falsy()))
}
