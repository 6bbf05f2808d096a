//! Handles on sessions, with a Socket.IO client that can't be loaded: everything but the server.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{open_microphone, sound, until};
use crate::convert::property;
use crate::join;

fn options(user: &str) -> JsValue {
    let options = Object::new();
    for (name, value) in [("url", "https://signal.example.com"), ("sessionId", "s"), ("userId", user), ("token", "t")] {
        Reflect::set(&options, &name.into(), &value.into()).unwrap();
    }
    options.into()
}

fn no_socket_io() -> Function {
    Function::new_no_args("return Promise.reject(new Error('not here'))")
}

/// One that fails, which harms no session.
fn no_recorder() -> Function {
    Function::new_no_args("return {}")
}

/// Nobody answers a knock.
fn no_door() -> Function {
    Function::new_no_args(
        "return { knock: async () => {}, ask: async () => {}, part(socket) { socket.disconnect() }, iceServers() {}, keep() {}, close() {} }",
    )
}

fn state(value: &JsValue, part: &str) -> Option<String> {
    property(&property(value, part), "state").as_string()
}

#[wasm_bindgen_test]
async fn a_session_is_offline_while_nothing_can_be_reached_and_ends_cleanly() {
    let handle =
        join(options("7"), no_socket_io(), no_socket_io(), no_recorder(), no_door(), open_microphone(), sound())
            .await
            .unwrap();
    assert_eq!(state(&handle.state(), "session").as_deref(), Some("joining"));
    until("the session to be offline", || state(&handle.state(), "session").as_deref() == Some("offline")).await;
    let id = handle.send(&"kept".into()).unwrap();
    assert_eq!(id.len(), 36);
    let before = handle.state();
    assert!(before == handle.state(), "the same object until something changes");
    handle.set_typing(false);
    assert!(before == handle.state());
    JsFuture::from(handle.end()).await.unwrap();
    assert_eq!(state(&handle.state(), "session").as_deref(), Some("ended"));
    assert!(handle.send(&"too late".into()).is_err());
}

#[wasm_bindgen_test]
async fn unchanged_parts_of_the_state_keep_their_reference() {
    let handle =
        join(options("8"), no_socket_io(), no_socket_io(), no_recorder(), no_door(), open_microphone(), sound())
            .await
            .unwrap();
    until("the session to be offline", || state(&handle.state(), "session").as_deref() == Some("offline")).await;
    handle.send(&"one".into()).unwrap();
    let before = handle.state();
    handle.send(&"two".into()).unwrap();
    let after = handle.state();
    for part in ["voice", "peer"] {
        assert!(property(&before, part) == property(&after, part), "{part}");
    }
    let first = |state: &JsValue| property(&property(&property(state, "chat"), "messages"), "0");
    assert!(property(&before, "chat") != property(&after, "chat"));
    assert!(first(&before) == first(&after), "a message that did not change");
    JsFuture::from(handle.end()).await.unwrap();
}

#[wasm_bindgen_test]
async fn options_are_checked() {
    let error =
        join(JsValue::UNDEFINED, no_socket_io(), no_socket_io(), no_recorder(), no_door(), open_microphone(), sound())
            .await
            .err()
            .unwrap();
    assert_eq!(property(&error, "code").as_string().as_deref(), Some("invalid-options"));
    assert!(js_sys::Error::from(error).message().length() > 0);
}

fn counting_token(calls: &Function) -> JsValue {
    let options = options("11");
    Reflect::set(&options, &"token".into(), calls).unwrap();
    options
}

#[wasm_bindgen_test]
async fn the_token_is_asked_for_while_the_module_is_still_on_its_way() {
    let never = Function::new_no_args("return new Promise(() => {})");
    let token = Function::new_no_args("globalThis.asked = true; return 'token'");
    let handle =
        join(counting_token(&token), never, no_socket_io(), no_recorder(), no_door(), open_microphone(), sound())
            .await
            .unwrap();
    assert!(property(&js_sys::global(), "asked").is_truthy());
    JsFuture::from(handle.end()).await.unwrap();
}

#[wasm_bindgen_test]
async fn what_the_app_fails_to_supply_is_said_with_its_own_words() {
    let io = Function::new_no_args("return Promise.resolve({})");
    let token = Function::new_no_args("return Promise.reject(new TypeError('the shop is closed'))");
    let handle = join(counting_token(&token), io, no_socket_io(), no_recorder(), no_door(), open_microphone(), sound())
        .await
        .unwrap();
    let session = || property(&handle.state(), "session");
    until("the reason", || property(&session(), "reason").as_string().as_deref() == Some("token-failed")).await;
    assert_eq!(property(&session(), "cause").as_string().as_deref(), Some("TypeError: the shop is closed"));
    assert!(property(&session(), "hint").is_string());
    JsFuture::from(handle.end()).await.unwrap();

    let handle =
        join(options("12"), no_socket_io(), no_socket_io(), no_recorder(), no_door(), open_microphone(), sound())
            .await
            .unwrap();
    let session = || property(&handle.state(), "session");
    until("the reason", || property(&session(), "reason").as_string().as_deref() == Some("module-failed")).await;
    assert_eq!(property(&session(), "cause").as_string().as_deref(), Some("Error: not here"));
    JsFuture::from(handle.end()).await.unwrap();
}

#[wasm_bindgen_test]
async fn one_server_is_one_server_however_its_address_is_written() {
    let at = |url: &str| {
        let options = options("13");
        Reflect::set(&options, &"url".into(), &url.into()).unwrap();
        join(options, no_socket_io(), no_socket_io(), no_recorder(), no_door(), open_microphone(), sound())
    };
    let (first, second) = (at("https://x.example").await.unwrap(), at("https://X.example:443/").await.unwrap());
    assert!(first.state() == second.state(), "one session");
    let other = at("https://x.example/below").await.unwrap();
    assert!(first.state() != other.state());
    assert!(at("ftp://x.example").await.is_err());
    for handle in [first, other] {
        JsFuture::from(handle.end()).await.unwrap();
    }
}
