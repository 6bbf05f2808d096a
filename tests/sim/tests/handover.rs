//! A connection that works and is made anew: nobody misses anything.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::{Input, Path};
use pairvoice_sim::{Browser, Network, World};

/// A call through a relay whose offerer is about to allow the microphone, so that it is made anew while it goes on.
fn listening(delay: u64) -> World {
    let mut world = World::seeded(0, ["7", "9"], Network { delay, relayed: true, ..Network::default() });
    world.sides[0].prompt_ms = 20_000;
    world.start_voice();
    let relayed = |who: usize, w: &World| w.sides[who].session.view().voice.path == Some(Path::Relay);
    world.until("the call", 15_000, |w| w.is_up() && relayed(0, w) && relayed(1, w));
    world
}

/// Until both have a second connection, and then until one is left; the call is up at each moment.
fn hand_over(world: &mut World) -> u64 {
    world.until("another connection", 30_000, |w| w.sides.iter().all(|side| side.open() == 2));
    world.sides.iter_mut().for_each(|side| side.pause = 0);
    world.until("the end of the old one", 10_000, |w| {
        assert!(w.is_up(), "{}", w.summary());
        w.sides.iter().all(|side| side.open() == 1)
    })
}

#[test]
fn a_new_connection_takes_over_without_a_pause_however_far_the_two_are_apart() {
    for delay in [0, 25, 100, 300, 600] {
        let mut world = listening(delay);
        let connections = world.sides.each_ref().map(|side| side.counts.connections + 1);
        hand_over(&mut world);
        world.run(2_000);
        assert_eq!(world.linked().map(|ids| ids.map(Some)), Some([world.sides[0].plays, world.sides[1].plays]));
        assert_eq!([world.sides[0].pause, world.sides[1].pause], [0, 0], "{delay} ms apart");
        assert_eq!(world.sides.each_ref().map(|side| side.counts.connections), connections);
    }
}

#[test]
fn the_old_connection_does_not_stay_for_long_whoever_sees_the_page_and_whoever_speaks() {
    for hidden in [[false, true], [true, false], [true, true]] {
        let mut world = listening(25);
        for (who, hidden) in hidden.into_iter().enumerate() {
            world.input(who, Input::Hidden(hidden));
        }
        let took = hand_over(&mut world);
        assert!(took <= 6_500, "{took} ms, {hidden:?}");
        assert_eq!([world.sides[0].pause, world.sides[1].pause], [0, 0], "{hidden:?}");
    }
}

#[test]
fn a_path_that_breaks_while_one_takes_over_from_another_is_mended_as_ever() {
    for browsers in [[Browser::Chromium; 2], [Browser::Firefox; 2]] {
        let ahead = [(); 2].map(|()| pairvoice_core::Ahead::default());
        let network = Network { relayed: true, delay: 100, ..Network::default() };
        let mut world = World::of_browsers(0, ["7", "9"], network, ahead, browsers);
        world.sides[0].prompt_ms = 20_000;
        world.start_voice();
        world.until("another connection", 40_000, |w| w.sides.iter().all(|side| side.open() == 2));
        world.until("a connected one", 10_000, |w| w.sides[0].waits_for(pairvoice_core::Timer::Handover));
        world.media_up = false;
        world.run(8_000);
        world.media_up = true;
        world.until("the call", 30_000, World::is_up);
        world.until("one connection", 60_000, |w| w.sides.iter().all(|side| side.open() == 1));
        assert!(world.is_up());
    }
}
