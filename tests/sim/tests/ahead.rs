//! What is done before both want voice: descriptions ahead of candidates, and links that stand by.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::{Ahead, Input};
use pairvoice_sim::{Network, World};
use pairvoice_wire::VoiceState;

/// Far enough apart that round trips count.
fn network() -> Network {
    Network { delay: 100, ..Network::default() }
}

fn far(descriptions: bool, standby: bool) -> World {
    let ahead = Ahead { ice_servers: None, standby, descriptions };
    let mut world = World::prepared(0, ["7", "9"], network(), [ahead.clone(), ahead]);
    world.sides.iter_mut().for_each(|side| side.allowed = true);
    world.run(3_000);
    world
}

/// Milliseconds from the second person's start to the call, when the first one has waited.
fn from_start(mut world: World, first: usize) -> u64 {
    world.input(first, Input::StartVoice);
    world.run(3_000);
    assert_eq!(world.sending(0) + world.sending(1), 0, "nothing goes out before both want voice");
    world.input(1 - first, Input::StartVoice);
    world.until("a call", 3_000, World::is_up)
}

#[test]
fn who_is_waited_for_has_a_round_trip_less_to_go() {
    for first in 0..2 {
        let (with, without) = (from_start(far(true, false), first), from_start(far(false, false), first));
        assert!(with + 90 < without, "{first} first: {with} and {without} ms");
    }
}

#[test]
fn nobody_who_only_joined_is_reached_or_named() {
    for first in 0..2 {
        let mut world = far(true, false);
        world.input(first, Input::StartVoice);
        world.run(30_000);
        assert_eq!([world.sides[0].open(), world.sides[1].open()], [1, 1], "both are prepared");
        assert!(!world.is_told(first), "no address of the one who only joined is known");
        assert!(!world.is_told(1 - first), "and none of the other is used there");
        assert_eq!(world.voice(1 - first), VoiceState::Off);
        world.input(first, Input::StopVoice);
        world.run(3_000);
        assert_eq!([world.sides[0].open(), world.sides[1].open()], [0, 0], "nothing is left of it");
    }
}

#[test]
fn what_was_prepared_on_another_network_is_prepared_anew() {
    for (first, moved) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut world = far(true, false);
        world.input(first, Input::StartVoice);
        world.run(3_000);
        world.relocate(moved, "192.0.2.2");
        world.run(5_000);
        world.input(moved, Input::NetworkChanged);
        world.run(30_000);
        world.input(1 - first, Input::StartVoice);
        let took = world.until("a call", 20_000, World::is_up);
        let limit = if moved == first { 12_000 } else { 2_000 };
        assert!(took < limit, "{first} first, {moved} moved: {took} ms");
    }
}

#[test]
fn two_who_stand_by_talk_as_soon_as_both_want_to() {
    let mut world = far(true, true);
    world.until("a link", 3_000, |w| w.linked().is_some_and(|[id, _]| w.is_linked(id)));
    assert_eq!(world.voices(), [VoiceState::Off; 2]);
    assert_eq!([world.sides[0].counts.prompts, world.sides[1].counts.prompts], [0, 0]);
    world.input(0, Input::StartVoice);
    world.run(3_000);
    assert_eq!(world.voices(), [VoiceState::Waiting, VoiceState::Off]);
    assert_eq!([world.sending(0), world.sending(1)], [0, 0], "a microphone alone sends nothing");
    world.input(1, Input::StartVoice);
    let took = world.until("both to be heard", 3_000, |w| w.is_up() && w.sending(0) == 1 && w.sending(1) == 1);
    assert!(took <= 125, "half a round trip: {took} ms");
    assert_eq!(world.sides[0].counts.offers, 1);
    world.input(1, Input::StopVoice);
    world.run(1_000);
    assert_eq!(world.voices(), [VoiceState::Waiting, VoiceState::Off]);
    assert_eq!([world.sending(0), world.sending(1)], [0, 0]);
    assert_eq!([world.sides[0].open(), world.sides[1].open()], [1, 1], "the link stands");
}

#[test]
fn a_link_that_stands_by_outlives_what_a_call_outlives() {
    for who in 0..2 {
        let mut world = far(true, true);
        world.sides[who].works.link = false;
        world.run(60_000);
        world.sides[who].works.link = true;
        world.until("the link", 60_000, |w| w.linked().is_some_and(|[id, _]| w.is_linked(id)));
        world.relocate(who, "192.0.2.2");
        world.run(60_000);
        world.start_voice();
        let took = world.until("a call", 2_000, World::is_up);
        assert!(took < 300, "{who}: {took} ms");
    }
}

#[test]
fn one_who_does_not_stand_by_is_not_linked() {
    let ahead = |standby| Ahead { ice_servers: None, standby, descriptions: true };
    let mut world = World::prepared(0, ["7", "9"], network(), [ahead(true), ahead(false)]);
    world.run(10_000);
    assert_eq!([world.sides[0].open(), world.sides[1].open()], [0, 0]);
}
