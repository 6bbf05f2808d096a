//! What goes over the wire is the same by this layer's conversion as by `serde_json`, which the server uses.

use js_sys::JSON;
use pairvoice_core::StoredMessage;
use pairvoice_core::wire::{
    Acknowledgement, Candidate, ChatCopy, ChatMessage, ChatPage, CopyReceipt, DisplayName, Envelope, Handshake,
    IceServer, InBand, InstanceId, MessageId, PeerInfo, Presence, Receipt, SessionId, SignalBody, Typing, UserId,
    VoiceReason, VoiceStatus, Welcome,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::from_js::from_js;
use crate::to_js::{to_frozen, to_js};

fn envelope(body: SignalBody) -> Envelope {
    Envelope {
        session: SessionId::parse("s").unwrap(),
        user: UserId::parse("łukasz").unwrap(),
        instance: InstanceId::parse(&"0f".repeat(16)).unwrap(),
        to: None,
        attempt: 3,
        generation: 0,
        sequence: 9,
        body,
    }
}

fn both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = String::from(JSON::stringify(&to_js(value)).unwrap());
    let by_serde: serde_json::Value = serde_json::to_value(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value, "the server reads what we write");
    let parsed = JSON::parse(&by_serde.to_string()).unwrap();
    assert_eq!(from_js::<T>(&parsed).as_ref(), Some(value), "we read what the server writes");
}

#[wasm_bindgen_test]
fn wire_types_are_the_same_by_both_conversions() {
    let candidate = Candidate {
        candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host".into(),
        sdp_mid: Some("0".into()),
        sdp_m_line_index: Some(0),
        username_fragment: None,
    };
    let bodies = [
        SignalBody::Offer { sdp: "v=0\r\n".into() },
        SignalBody::Candidate(candidate),
        SignalBody::End,
        SignalBody::GiveUp { reason: VoiceReason::NoRelay },
    ];
    for body in bodies {
        both_ways(&envelope(body.clone()));
        both_ways(&InBand::Signal(envelope(body)));
    }
    let id = MessageId::parse("0192f0c1-2345-7abc-8def-0123456789ab").unwrap();
    both_ways(&InBand::Chat(vec![ChatCopy { id: id.clone(), text: "ł".into(), at: 1, counter: 1 << 50 }]));
    both_ways(&InBand::ChatReceipt(CopyReceipt { delivered: 2, read: 1 }));
    both_ways(&InBand::ChatWithdrawn(id.clone()));
    both_ways(&InBand::Typing(Typing { on: true }));
    both_ways(&StoredMessage { id, text: "a\nb".into(), at: 1, counter: 2, failure: None });
    both_ways(&InBand::Bye);
    let peer = PeerInfo {
        user_id: UserId::parse("9").unwrap(),
        name: DisplayName::new("Ada"),
        instance: None,
        presence: Presence::Away,
        left: false,
        welcomes: 2,
        voice: VoiceStatus { on: true, unavailable: Some(VoiceReason::UnsupportedBrowser), ..VoiceStatus::default() },
    };
    let message = ChatMessage {
        id: MessageId::parse("0192f0c1-2345-7abc-8def-0123456789ab").unwrap(),
        sender: UserId::parse("9").unwrap(),
        seq: 4,
        at: 1_795_000_000_000,
        text: "שלום 👩🏽‍💻".into(),
    };
    let receipt = Receipt { user: UserId::parse("9").unwrap(), delivered: 4, read: 1 };
    both_ways(&Welcome {
        v: 1,
        peer: Some(peer),
        signals: vec![envelope(SignalBody::End)],
        chat: ChatPage {
            log: "a".into(),
            since: 2,
            last: 4,
            receipts: vec![receipt],
            messages: vec![message],
            more: true,
        },
        ice_servers: vec![IceServer { urls: vec!["stun:192.0.2.1".into()], username: None, credential: None }],
        ice_lifetime: Some(3_600),
    });
    both_ways(&Acknowledgement { ok: true, ..Acknowledgement::default() });
    both_ways(&Handshake {
        v: 1,
        token: "t".into(),
        session_id: SessionId::parse("s").unwrap(),
        user_id: UserId::parse("7").unwrap(),
        instance: InstanceId::parse(&"0f".repeat(16)).unwrap(),
        since: 3,
        log: None,
        tip: Some(MessageId::parse("0192f0c1-2345-7abc-8def-0123456789ab").unwrap()),
        voice: VoiceStatus::default(),
        signals: Vec::new(),
        check: false,
    });
}

#[wasm_bindgen_test]
fn what_is_written_is_what_json_says() {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        Alone,
        Inside(u8),
        Two(u16, char),
        Named { text: &'static str },
    }
    #[derive(serde::Serialize)]
    struct Everything {
        numbers: (u64, u64, f64, f64),
        kinds: Vec<Kind>,
        texts: Vec<String>,
        nothing: Option<bool>,
        something: Option<bool>,
    }
    let text = "\"\\/\u{0}\u{7}\u{8}\t\n\u{c}\r\u{1f} \u{7f}é€\u{2028}🐢".to_owned();
    let kinds = vec![Kind::Alone, Kind::Inside(7), Kind::Two(0, 'é'), Kind::Named { text: "" }];
    let everything = Everything {
        numbers: (0, 9_007_199_254_740_991, 0.25, -1.5e-9),
        kinds,
        texts: vec![text, String::new()],
        nothing: None,
        something: Some(true),
    };
    let expected = JSON::parse(&serde_json::to_string(&everything).unwrap()).unwrap();
    assert_eq!(JSON::stringify(&to_js(&everything)).unwrap(), JSON::stringify(&expected).unwrap());
}

#[wasm_bindgen_test]
fn what_has_not_its_form_is_nothing() {
    for text in [
        "null",
        "7",
        "[]",
        "{}",
        r#"{"v":-1,"chat":{"log":"a","since":0,"last":0}}"#,
        r#"{"v":1.5,"chat":{"log":"a","since":0,"last":0}}"#,
        r#"{"v":1,"chat":{"log":7,"since":0,"last":0}}"#,
        r#"{"v":1,"chat":{"log":"a","since":0,"last":0},"peer":{"userId":"","presence":"present"}}"#,
        r#"{"v":1,"chat":{"log":"a","since":0,"last":0},"peer":{"userId":"9","presence":"elsewhere"}}"#,
        r#"{"v":1,"chat":{"log":"a","since":0,"last":0},"signals":[{"session":"s"}]}"#,
    ] {
        assert_eq!(from_js::<Welcome>(&JSON::parse(text).unwrap()), None, "{text}");
    }
    assert_eq!(from_js::<Welcome>(&JsValue::UNDEFINED), None);
    assert!(
        from_js::<Welcome>(&JSON::parse(r#"{"v":1,"chat":{"log":"a","since":0,"last":0},"future":true}"#).unwrap())
            .is_some()
    );
}

#[wasm_bindgen_test]
fn state_is_frozen_and_says_null_for_what_is_absent() {
    #[derive(Serialize)]
    struct Part {
        reason: Option<u32>,
        list: Vec<u32>,
    }
    let value = to_frozen(&Part { reason: None, list: vec![1] });
    assert_eq!(String::from(JSON::stringify(&value).unwrap()), r#"{"reason":null,"list":[1]}"#);
    assert!(js_sys::Object::is_frozen(&js_sys::Object::from(value.clone())));
    let list = crate::convert::property(&value, "list");
    assert!(js_sys::Object::is_frozen(&js_sys::Object::from(list)));
}
