//! Recordings of a call between two browsers with a restart of the server in it, as the demo saved them. A core that decides
//! otherwise on purpose needs new ones: `tests/e2e/diagnostics.test.mjs` leaves its own in the folder that
//! `PAIRVOICE_RECORDINGS` names.

#![allow(clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_sim::replay::{Unequal, replay};

const OFFERER: &str = include_str!("recordings/offerer.json");
const ANSWERER: &str = include_str!("recordings/answerer.json");

#[test]
fn recorded_inputs_give_the_recorded_decisions() {
    for recording in [OFFERER, ANSWERER] {
        let replayed = replay(recording).unwrap_or_else(|unequal| panic!("{unequal}"));
        assert!(replayed.inputs > 50 && replayed.outputs > 50 && replayed.notes > 5, "{replayed:?}");
    }
}

#[test]
fn another_decision_is_found() {
    let other = OFFERER.replacen(r#"{"link":"connected"}"#, r#"{"link":"failed"}"#, 1);
    assert_ne!(other, OFFERER);
    let Err(Unequal::Differs { recorded, .. }) = replay(&other) else { panic!("no difference was found") };
    assert!(recorded.iter().any(|output| output == "connection findPath"), "{recorded:?}");
}

#[test]
fn a_recording_without_its_start_is_not_replayed() {
    let cut = OFFERER.replacen(r#""timeline":{"truncated":false"#, r#""timeline":{"truncated":true"#, 1);
    assert!(matches!(replay(&cut), Err(Unequal::Truncated)));
    assert!(matches!(replay("{}"), Err(Unequal::Misshapen(_))));
}
