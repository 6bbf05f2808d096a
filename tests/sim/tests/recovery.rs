//! A call that survives the network: silence, restarts, moves, sleeps, dead sockets.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::{Input, LinkState, Timer};
use pairvoice_sim::{Browser, World};
use pairvoice_wire::{Presence, VoiceReason, VoiceState};

/// Lets the link of one side go and come back; gives back how long the sound took to return.
fn outage(world: &mut World, who: usize, ms: u64) -> u64 {
    world.sides[who].works.link = false;
    world.run(ms);
    world.sides[who].works.link = true;
    world.until("the call", 30_000, World::is_up)
}

fn untouched(world: &World) {
    assert_eq!([world.sides[0].counts.connections, world.sides[1].counts.connections], [1, 1]);
    assert_eq!([world.sides[0].counts.prompts, world.sides[1].counts.prompts], [1, 1]);
}

#[test]
fn the_server_restarts_and_the_call_is_not_touched() {
    let mut world = World::call();
    world.stop_server();
    world.say(0);
    world.run(5_000);
    assert!(world.is_up());
    assert_eq!(world.sides[0].session.view().peer.presence, Presence::Present, "the link itself shows it");
    world.start_server();
    world.run(10_000);
    assert!(world.is_up());
    untouched(&world);
}

#[test]
fn a_server_that_says_when_to_come_back_is_not_asked_sooner() {
    let mut world = World::call();
    let before = world.sides[0].counts.sockets;
    world.drain_server(20_000);
    world.start_server();
    world.run(18_000);
    assert_eq!(world.sides[0].counts.sockets, before);
    world.until("a socket", 10_000, |w| w.sides[0].counts.sockets > before);
}

#[test]
fn short_outages_end_on_the_same_connection() {
    for (ms, limit) in [(2_000, 700), (5_000, 700), (14_000, 700)] {
        for who in 0..2 {
            let mut world = World::call();
            let took = outage(&mut world, who, ms);
            assert!(took <= limit, "down for {ms} ms: {took} ms");
            untouched(&world);
        }
    }
}

#[test]
fn a_path_that_falls_silent_is_mended_by_one_ice_restart_of_the_offerer() {
    let mut world = World::call();
    world.media_up = false;
    world.until("silence", 5_000, |w| w.voices() == [VoiceState::Reconnecting; 2]);
    let since = world.sides[0].session.view().voice.since;
    assert!(since.is_some_and(|at| at <= world.now && at + 3_000 > world.now), "{since:?}");
    world.run(1_000);
    assert_eq!(world.sides[0].session.view().voice.since, since, "it broke when it broke");
    world.media_up = true;
    world.until("the call", 2_000, World::is_up);
    assert_eq!(world.sides[0].session.view().voice.since, None);
    assert_eq!([world.sides[0].counts.restarts, world.sides[1].counts.restarts], [1, 0]);
    untouched(&world);
}

#[test]
fn a_host_that_moves_gets_a_new_connection_beside_the_old_one_and_a_new_socket_at_once() {
    for who in 0..2 {
        let mut world = World::call();
        world.relocate(who, "192.0.2.7");
        world.until("two connections", 2_000, |w| w.sides.iter().all(|side| side.open() == 2));
        assert!(!world.is_deaf(who), "{who}: the socket of the old address was left");
        let took = world.until("the call", 5_000, |w| w.is_up() && w.sides.iter().all(|side| side.open() == 1));
        assert!(took < 1_500, "{took}");
        assert_eq!([world.sides[0].counts.offers, world.sides[1].counts.offers], [2, 0], "the offerer alone offers");
        assert_eq!([world.sides[0].own_context, world.sides[1].own_context], [who == 0, who == 1]);
    }
}

#[test]
fn a_host_that_comes_back_before_the_new_connection_is_up_goes_on_over_the_old_one() {
    let mut world = World::call();
    let played = world.sides[0].plays;
    world.relocate(0, "192.0.2.7");
    world.media_up = false;
    world.until("a successor", 2_000, |w| w.sides[0].open() == 2);
    world.relocate(0, "192.0.2.1");
    world.media_up = true;
    world.run(100);
    assert_eq!(world.sides[0].plays, played, "what is heard is not touched");
    world.until("the call", 2_000, World::is_up);
}

#[test]
fn a_successor_that_fails_beside_a_call_that_went_on_is_closed() {
    let mut world = World::call();
    world.relocate(0, "192.0.2.7");
    world.until("a successor", 2_000, |w| w.sides.iter().all(|side| side.open() == 2));
    world.relocate(0, "192.0.2.1");
    world.until("the old call", 3_000, World::is_up);
    world.until("one connection", 60_000, |w| w.sides.iter().all(|side| side.open() == 1));
    assert!(world.is_up());
}

#[test]
fn a_short_pause_looks_for_addresses_and_changes_nothing() {
    let mut world = World::call();
    let looks = world.sides[0].counts.looks;
    world.media_up = false;
    world.until("a look", 1_000, |w| w.sides[0].counts.looks > looks);
    world.media_up = true;
    world.run(5_000);
    assert!(world.is_up());
    assert_eq!([world.sides[0].counts.restarts, world.sides[0].counts.offers], [0, 1]);
}

#[test]
fn a_socket_that_only_looks_open_is_found_out_without_a_word_to_the_call() {
    let mut world = World::call();
    world.deafen(0);
    let took = world.until("another socket", 20_000, |w| !w.is_deaf(0));
    assert!(took < 14_000, "{took}");
    world.run(5_000);
    assert!(world.is_up());
    untouched(&world);
    assert_eq!(world.sides[0].counts.restarts, 0);
}

#[test]
fn hints_of_the_network_begin_a_join_anew_once_and_no_more() {
    let mut world = World::call();
    world.network.delay = 400;
    world.cut_socket(0);
    world.run(300);
    let before = world.sides[0].counts.sockets;
    for _ in 0..8 {
        world.input(0, Input::NetworkChanged);
        world.run(150);
    }
    let sockets = world.sides[0].counts.sockets - before;
    assert!(sockets <= 2, "{sockets} sockets for eight hints in one join");
}

#[test]
fn half_a_minute_without_a_path_and_a_server_is_given_up_and_tried_again_with_the_next_welcome() {
    let mut world = World::call();
    world.media_up = false;
    world.stop_server();
    let took = world.until("giving up", 60_000, |w| w.voices() == [VoiceState::Unavailable; 2]);
    assert!((28_000..40_000).contains(&took), "no spinner without an end: {took}");
    assert_eq!(world.sides[0].session.view().voice.reason, Some(VoiceReason::ConnectionFailed));
    world.media_up = true;
    world.start_server();
    world.until("the call", 15_000, World::is_up);
    assert_eq!([world.sides[0].counts.prompts, world.sides[1].counts.prompts], [1, 1]);
}

#[test]
fn a_timer_that_comes_late_judges_nothing() {
    let mut world = World::new("7", "9");
    world.media_up = false;
    world.start_voice();
    world.run(1_000);
    for _ in 0..5 {
        world.input(0, Input::TimerFired { timer: Timer::Connect, late: 60_000 });
    }
    assert_eq!(world.sides[0].counts.offers, 1);
    assert!(world.sides[0].waits_for(Timer::Connect), "it is set again");
}

#[test]
fn a_machine_that_slept_finds_the_call_again() {
    for who in 0..2 {
        let mut world = World::call();
        world.sleep(who, 60_000);
        world.run(60_000);
        let took = world.until("the call", 20_000, World::is_up);
        assert!(took < 5_000, "{took}");
    }
}

#[test]
fn an_old_connection_that_fails_while_its_successor_is_made_leaves_the_ears_to_it() {
    let mut world = World::call_of([Browser::Firefox; 2]);
    world.media_up = false;
    world.until("a successor", 20_000, |w| w.sides.iter().all(|side| side.open() == 2));
    let former = world.linked().unwrap_or_else(|| panic!("{}", world.summary()));
    world.until("the end of the former", 60_000, |w| w.sides.iter().all(|side| side.open() == 1));
    world.media_up = true;
    world.until("the call", 30_000, World::is_up);
    let now = world.linked().map(|ids| ids.map(Some));
    assert_ne!(now, Some(former.map(Some)));
    assert_eq!(Some([world.sides[0].plays, world.sides[1].plays]), now);
    // A state that browsers report late about what is closed changes nothing.
    let event = pairvoice_core::ConnectionEvent::Link(LinkState::Failed);
    world.input(0, Input::Connection { id: former[0], event });
    assert!(world.is_up());
}

#[test]
fn what_is_told_to_a_dead_socket_is_told_over_the_link() {
    for who in 0..2 {
        let mut world = World::call();
        world.deafen(who);
        world.input(who, Input::SetMuted(true));
        world.run(500);
        world.stop_server();
        world.run(15_000);
        assert!(world.is_up());
        assert!(world.sides[1 - who].session.view().peer.muted, "{who} is muted");
    }
}
