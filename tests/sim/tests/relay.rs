//! A call through a relay: newer credentials, a better path, and why there is none.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::{Input, Path};
use pairvoice_sim::{Network, World};

/// A call that goes through a relay.
fn relayed(ice_lifetime: Option<u32>) -> World {
    let mut world = World::seeded(0, ["7", "9"], Network { relayed: true, ice_lifetime, ..Network::default() });
    world.start_voice();
    world.until("the call", 30_000, World::is_up);
    world.until("the path", 2_000, |w| path(w, 0) == Some(Path::Relay) && path(w, 1) == Some(Path::Relay));
    world
}

fn path(world: &World, who: usize) -> Option<Path> {
    world.sides[who].session.view().voice.path
}

fn restarts(world: &World) -> [u32; 2] {
    [world.sides[0].counts.restarts, world.sides[1].counts.restarts]
}

/// Runs while the call has to be up at each moment.
fn run_unbroken(world: &mut World, ms: u64) {
    for _ in 0..ms / 50 {
        world.run(50);
        assert!(world.is_up(), "{}", world.summary());
    }
}

#[test]
fn credentials_are_renewed_for_hours_without_a_gap_and_each_time_the_offerer_restarts() {
    let mut world = relayed(Some(3_600));
    run_unbroken(&mut world, 3 * 3_600_000);
    let [offerer, answerer] = restarts(&world);
    assert_eq!(offerer, 3, "one each 45 minutes is for both sides");
    assert_eq!(answerer, 0);
    assert!(world.sides.iter().all(|side| side.counts.configured >= 3 && side.counts.connections == 1));
}

#[test]
fn credentials_that_a_direct_call_does_not_use_change_nothing_of_it() {
    let mut world = World::seeded(0, ["7", "9"], Network { ice_lifetime: Some(100), ..Network::default() });
    world.start_voice();
    world.until("the call", 30_000, World::is_up);
    run_unbroken(&mut world, 300_000);
    assert_eq!(restarts(&world), [0, 0]);
    assert!(world.sides.iter().all(|side| side.counts.configured >= 3));
}

#[test]
fn on_a_hint_a_direct_path_is_looked_for_once_in_a_while_by_either_side() {
    for who in 0..2 {
        let mut world = relayed(None);
        for _ in 0..20 {
            world.input(who, Input::NetworkChanged);
            run_unbroken(&mut world, 1_000);
        }
        assert_eq!(restarts(&world), [1, 0], "hints of side {who}");
        world.network.relayed = false;
        run_unbroken(&mut world, 12_000);
        assert_eq!(path(&world, 1 - who), Some(Path::Direct));
        world.input(who, Input::NetworkChanged);
        run_unbroken(&mut world, 5_000);
        assert_eq!(restarts(&world), [1, 0], "what is direct is not touched");
    }
}

#[test]
fn what_waits_for_somebody_waits_with_credentials_that_are_good() {
    for first in 0..2 {
        let network = Network { relayed: true, ice_lifetime: Some(100), ..Network::default() };
        let mut world = World::seeded(0, ["7", "9"], network);
        world.input(first, Input::StartVoice);
        world.run(3_000);
        let before = world.sides[0].counts.offers;
        world.run(297_000);
        let renewed = world.sides[0].counts.offers - before;
        assert!((3..=8).contains(&renewed), "each 75 s, by the one who offers: {renewed}");
        world.input(1 - first, Input::StartVoice);
        world.until("the call", 5_000, World::is_up);
    }
}
