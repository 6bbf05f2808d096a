//! Decoding: what is read is written and read again as the same value, and sizes are what they are said to be.

use std::fmt::Debug;

use pairvoice_wire::{
    ChatBatch, Envelope, Handshake, HistoryRequest, InBand, MAX_ID_BYTES, Receipt, TokenRenewal, Typing, VoiceStatus,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads the bytes as each type that a client sends to the server or to the other client.
pub fn check(bytes: &[u8]) {
    round_trip::<ChatBatch>(bytes);
    round_trip::<Receipt>(bytes);
    round_trip::<Typing>(bytes);
    round_trip::<HistoryRequest>(bytes);
    round_trip::<TokenRenewal>(bytes);
    round_trip::<VoiceStatus>(bytes);
    for envelope in round_trip::<Envelope>(bytes) {
        sized(&envelope);
    }
    for handshake in round_trip::<Handshake>(bytes) {
        assert!(
            handshake.user_id.as_str().len() <= MAX_ID_BYTES && handshake.session_id.as_str().len() <= MAX_ID_BYTES
        );
        handshake.signals.iter().for_each(sized);
    }
    for message in round_trip::<InBand>(bytes) {
        if let InBand::Signal(envelope) = message {
            sized(&envelope);
        }
    }
}

/// What the bytes say, read directly and, as the server reads a handshake, by way of a [`Value`].
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Vec<T> {
    let direct = serde_json::from_slice::<T>(bytes).ok();
    let by_value =
        serde_json::from_slice::<Value>(bytes).ok().and_then(|value| serde_json::from_value::<T>(value).ok());
    let read: Vec<T> = direct.into_iter().chain(by_value).collect();
    for value in &read {
        let written = serde_json::to_vec(value).expect("what was read can be written");
        let again: T = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(*value, again);
    }
    read
}

/// The size that a limit is checked by is never less than what is sent.
fn sized(envelope: &Envelope) {
    let sent = serde_json::to_vec(envelope).expect("what was read can be written").len();
    assert!(sent <= envelope.size(), "{sent} bytes are sent, and {} are reckoned", envelope.size());
}
