//! Listeners, timers and subscribers.

use std::cell::Cell;
use std::rc::Rc;

use pairvoice_core::Timer;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Event, EventTarget};

use super::{sound, until};
use crate::copies::JsSound;
use crate::listeners::Listener;
use crate::random::{new_message_id, random_instance};
use crate::subscribers::Subscribers;
use crate::timers::Timers;

#[wasm_bindgen_test]
fn a_dropped_listener_hears_nothing_and_one_may_be_dropped_while_it_is_called() {
    let target = EventTarget::new().unwrap();
    let count = Rc::new(Cell::new(0));
    let counting = Rc::clone(&count);
    let listener = Listener::new(&target, "x", move |_| counting.set(counting.get() + 1));
    let event = || Event::new("x").unwrap();
    target.dispatch_event(&event()).unwrap();
    drop(listener);
    target.dispatch_event(&event()).unwrap();
    assert_eq!(count.get(), 1);
}

#[wasm_bindgen_test]
async fn a_timer_fires_once_unless_it_is_cleared_or_set_anew() {
    let timers = Timers::default();
    let fired = Rc::new(Cell::new(0));
    let add = |n: i32| {
        let fired = Rc::clone(&fired);
        move |_| fired.set(fired.get() + n)
    };
    timers.set(Timer::Connect, 1, add(1));
    timers.set(Timer::Connect, 2, add(10));
    timers.set(Timer::Leave, 1, add(100));
    timers.clear(Timer::Leave);
    timers.set(Timer::Rejoin, 3, add(1000));
    until("the timers", || fired.get() >= 1000).await;
    assert_eq!(fired.get(), 1010);
}

#[wasm_bindgen_test]
fn ids_are_random() {
    let ids = [random_instance().unwrap(), random_instance().unwrap()];
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.as_str() != "0".repeat(32)));
    let id = new_message_id(0x0192_f0c1_2345).unwrap();
    assert!(id.as_str().starts_with("0192f0c1-2345-7"), "{id}");
}

#[wasm_bindgen_test]
fn a_subscriber_may_unsubscribe_another_while_it_is_called() {
    let subscribers = Rc::new(Subscribers::default());
    let count = Rc::new(Cell::new(0));
    let counting = Rc::clone(&count);
    let second = Closure::<dyn Fn(JsValue)>::new(move |_| counting.set(counting.get() + 1));
    let removing = Rc::clone(&subscribers);
    let first = Closure::<dyn Fn(JsValue)>::new(move |_| removing.remove(1));
    assert_eq!(subscribers.add("x".into(), first.as_ref().unchecked_ref::<js_sys::Function>().clone()), 0);
    assert_eq!(subscribers.add("x".into(), second.as_ref().unchecked_ref::<js_sys::Function>().clone()), 1);
    subscribers.call("x", &JsValue::NULL);
    subscribers.call("x", &JsValue::NULL);
    assert_eq!(count.get(), 1, "the call under way still reached it");
    assert!(!subscribers.has("y"));
}

const CHROMIUM: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
    a=ice-options:trickle token\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2\r\n\
    a=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";
const FIREFOX: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\na=rtpmap:109 opus/48000/2\r\na=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\n";

#[wasm_bindgen_test]
fn of_remote_descriptions_only_what_is_named_is_changed() {
    let js: JsSound = sound();
    let expected = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=ice-options:trickle token\r\na=rtpmap:63 red/48000/2\r\n\
        a=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
        a=fmtp:111 minptime=10;stereo=0;useinbandfec=0\r\n";
    assert_eq!(js.tuned(CHROMIUM, true), expected);
    assert_eq!(js.tuned(expected, false), expected, "twice is once");
    assert!(js.tuned(FIREFOX, true).ends_with("a=fmtp:109 maxplaybackrate=48000;useinbandfec=1;stereo=0\r\n"));
    assert_eq!(js.tuned("a description of tests", false), "a description of tests");
    let opus_first = CHROMIUM.replace(" 63 111\r\n", " 111 63\r\n");
    assert!(js.tuned(&opus_first, true).contains("useinbandfec=1"), "an answer by which no copies are sent");
    assert!(js.prefers_red(CHROMIUM));
    assert!(!js.prefers_red(&opus_first));
    assert!(!js.prefers_red(FIREFOX) && !js.prefers_red(""));
}
