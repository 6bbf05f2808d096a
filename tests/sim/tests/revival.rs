//! A path that comes back after browsers have given it up, and pauses that are too short to mean anything.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::Input;
use pairvoice_sim::{Browser, World, outages};
use pairvoice_wire::VoiceState;

/// What packets pass and a pulse that counts them take together, in milliseconds.
const BACK_MS: u64 = 350;

/// No link on this side for so long; gives back what linked the two before.
fn outage(world: &mut World, who: usize, ms: u64) -> Option<[pairvoice_core::OpId; 2]> {
    let linked = world.linked();
    world.sides[who].works.link = false;
    world.run(ms);
    world.sides[who].works.link = true;
    linked
}

#[test]
fn a_link_that_comes_back_after_failed_brings_the_sound_back_over_the_old_connection() {
    for (ms, who) in [(30_000, 0), (30_000, 1), (100_000, 0), (100_000, 1), (300_000, 0)] {
        let mut world = World::call();
        let played = [world.sides[0].plays, world.sides[1].plays];
        outage(&mut world, who, ms);
        let took = world.until("the call", 5_000, World::is_up);
        assert!(took <= BACK_MS, "{who} down for {ms} ms: {took} ms");
        assert_eq!([world.sides[0].plays, world.sides[1].plays], played, "what was heard is heard again");
        let expected = u32::try_from(ms / 15_000).unwrap();
        assert!(world.sides.iter().all(|side| side.counts.revivals.abs_diff(expected) <= 1));
        world.run(20_000);
        assert!(world.is_up());
        assert!(world.sides.iter().all(|side| side.open() == 1 && side.counts.prompts == 1));
    }
}

#[test]
fn one_side_that_revives_is_enough_until_the_other_is_over() {
    let mut world = World::call_of([Browser::Chromium, Browser::Firefox]);
    outage(&mut world, 0, 20_000);
    let took = world.until("the call", 5_000, World::is_up);
    assert!(took <= BACK_MS, "{took}");
    let mut world = World::call_of([Browser::Chromium, Browser::Firefox]);
    outage(&mut world, 0, 40_000);
    let took = world.until("a new connection", 5_000, World::is_up);
    assert!(took > BACK_MS && world.sides.iter().all(|side| side.counts.connections > 1), "{took}");
}

#[test]
fn a_call_that_was_given_up_comes_back_by_itself_without_a_server() {
    for who in 0..2 {
        let mut world = World::call();
        world.stop_server();
        outage(&mut world, who, 50_000);
        assert_eq!(world.voices(), [VoiceState::Unavailable; 2], "no spinner without an end");
        assert_eq!([world.sides[0].open(), world.sides[1].open()], [1, 1], "and the old connection stays");
        world.sides[who].works.link = false;
        world.run(50_000);
        world.sides[who].works.link = true;
        let took = world.until("the call", 5_000, World::is_up);
        assert!(took <= BACK_MS, "{took}");
        world.run(30_000);
        assert!(world.is_up());
        assert_eq!([world.sides[0].counts.connections, world.sides[1].counts.connections], [1, 1]);
        // From here on it is a call like any other.
        world.start_server();
        world.run(20_000);
        outage(&mut world, 1 - who, 3_000);
        world.until("the call", 1_000, World::is_up);
        assert_eq!([world.sides[0].counts.connections, world.sides[1].counts.connections], [1, 1]);
    }
}

#[test]
fn a_given_up_call_that_is_ended_leaves_nothing_open_on_either_side() {
    for who in 0..2 {
        let mut world = World::call();
        world.media_up = false;
        world.until("giving up", 60_000, |w| w.voices() == [VoiceState::Unavailable; 2]);
        assert_eq!([world.sides[0].open(), world.sides[1].open()], [1, 1]);
        let former = world.linked().unwrap_or_else(|| panic!("{}", world.summary()));
        world.input(who, Input::StopVoice);
        world.run(1_000);
        // Whoever offers has another one for the next time.
        assert!((0..2).all(|who| !world.sides[who].is_open(former[who])));
    }
}

#[test]
fn the_candidates_of_the_newest_generation_are_used_after_a_restart() {
    let mut world = World::call();
    outage(&mut world, 0, 4_000);
    world.run(10_000);
    assert_eq!([world.sides[0].counts.restarts, world.sides[1].counts.connections], [1, 1]);
    // The model's browser refuses those of the generation before.
    outage(&mut world, 1, 30_000);
    let took = world.until("the call", 5_000, World::is_up);
    assert!(took <= BACK_MS, "{took}");
}

#[test]
fn a_path_that_never_comes_back_is_not_waited_for_for_ever() {
    let mut world = World::call();
    world.stop_server();
    world.media_up = false;
    world.run(600_000);
    assert!(world.sides.iter().all(|side| side.open() == 1), "nor given up soon");
    world.run(60_000);
    let revivals = [world.sides[0].counts.revivals, world.sides[1].counts.revivals];
    assert_eq!(revivals, [40, 40]);
    assert_eq!([world.sides[0].open(), world.sides[1].open()], [0, 0]);
}

#[test]
fn who_moved_after_a_long_outage_is_linked_by_a_new_connection() {
    for who in 0..2 {
        let mut world = World::call();
        outage(&mut world, who, 40_000);
        world.relocate(who, "192.0.2.7");
        let took = world.until("the call", 5_000, |w| w.is_up() && w.sides.iter().all(|side| side.open() == 1));
        assert!(took < 3_000, "{took}");
    }
}

#[test]
fn a_path_that_is_back_is_used_at_once_under_every_seed() {
    (0..12).for_each(outages::back_at_once);
}

/// Scans of a Wi-Fi card, a busy page: the sound stops for a moment, again and again.
#[test]
fn ten_minutes_of_small_pauses_change_nothing_under_every_seed() {
    (0..4).for_each(outages::small_pauses);
}
