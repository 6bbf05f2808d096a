//! A call: how it comes up, waits, ends, and is given up.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::{Input, SessionReason, Timer};
use pairvoice_sim::{Network, World};
use pairvoice_wire::{MicrophoneState, Presence, VoiceReason, VoiceState};

#[test]
fn both_start_and_are_linked_by_one_offer() {
    let world = World::call();
    assert_eq!([world.sides[0].counts.offers, world.sides[1].counts.offers], [1, 0]);
    assert_eq!([world.sides[0].counts.prompts, world.sides[1].counts.prompts], [1, 1]);
}

#[test]
fn starting_again_and_again_changes_nothing() {
    let mut world = World::call();
    let before = [world.sides[0].counts, world.sides[1].counts];
    world.start_voice();
    world.start_voice();
    world.run(5_000);
    assert_eq!([world.sides[0].counts, world.sides[1].counts], before);
}

#[test]
fn one_waits_calmly_for_the_other_to_turn_voice_on() {
    for who in 0..2 {
        let mut world = World::new("7", "9");
        world.input(who, Input::StartVoice);
        world.run(120_000);
        assert_eq!([world.voice(who), world.voice(1 - who)], [VoiceState::Waiting, VoiceState::Off]);
        assert!(!world.sides[who].waits_for(Timer::Connect), "no timer while waiting");
        world.input(1 - who, Input::StartVoice);
        world.until("a call", 5_000, World::is_up);
        // The first one may be made before the microphone is granted, and hide the host's addresses.
        assert!(world.sides[0].counts.offers <= 2);
    }
}

#[test]
fn the_ends_of_candidates_reach_the_other() {
    let world = World::call();
    assert!(world.sides.iter().all(|side| side.counts.ends_of_candidates == 1), "RFC 8838 section 13");
}

#[test]
fn a_reload_of_either_side_is_healed() {
    for (who, polite) in [(0, false), (1, false), (0, true), (1, true)] {
        let mut world = World::call();
        if polite {
            world.input(who, Input::PageHidden);
            world.run(500);
        }
        world.reload(who);
        world.input(who, Input::StartVoice);
        let took = world.until("the call", 10_000, |w| w.is_up() && w.sides.iter().all(|s| s.open() == 1));
        assert!(took < 3_000, "{who} reloaded, polite: {polite}, {took} ms");
    }
}

#[test]
fn voice_off_and_on_at_the_answerer_is_a_new_beginning() {
    let mut world = World::new("7", "9");
    world.media_up = false;
    world.start_voice();
    world.until("giving up", 60_000, |w| w.voices() == [VoiceState::Unavailable; 2]);
    world.media_up = true;
    world.input(1, Input::StopVoice);
    world.run(1_000);
    world.input(1, Input::StartVoice);
    world.until("a call", 5_000, World::is_up);
}

#[test]
fn media_that_never_connects_is_given_up_after_one_rebuild_and_either_side_can_retry() {
    for who in 0..2 {
        let mut world = World::new("7", "9");
        world.media_up = false;
        world.start_voice();
        let took = world.until("giving up", 60_000, |w| w.voices() == [VoiceState::Unavailable; 2]);
        assert!((20_000..26_000).contains(&took), "{took}");
        assert_eq!(world.sides[1].session.view().voice.reason, Some(VoiceReason::NoRelay));
        assert_eq!(world.sides[0].counts.offers, 2);
        world.media_up = true;
        world.input(who, Input::RetryVoice);
        world.until("a call", 5_000, World::is_up);
    }
}

#[test]
fn the_answerer_gives_up_alone_when_the_offerer_is_silent() {
    let mut world = World::new("7", "9");
    world.media_up = false;
    world.start_voice();
    world.run(1_000);
    world.sleep(0, 600_000);
    world.until("giving up", 60_000, |w| w.voice(1) == VoiceState::Unavailable);
}

#[test]
fn a_give_up_that_crosses_stop_voice_leaves_nothing_behind() {
    let mut world = World::new("7", "9");
    world.media_up = false;
    world.start_voice();
    world.until("the offerer gives up", 60_000, |w| w.voice(0) == VoiceState::Unavailable);
    assert_eq!(world.voice(1), VoiceState::Connecting, "the word of it is on its way");
    world.input(1, Input::StopVoice);
    world.run(1_000);
    let prompts = world.sides[1].counts.prompts;
    world.input(1, Input::NetworkChanged);
    world.run(1_000);
    assert_eq!(world.voice(1), VoiceState::Off, "a hint of the network is no wish of the person");
    assert_eq!(world.sides[1].counts.prompts, prompts, "the microphone is not opened unasked");
    world.media_up = true;
    world.input(1, Input::StartVoice);
    assert_ne!(world.voice(1), VoiceState::Unavailable);
    world.until("a call", 5_000, World::is_up);
}

#[test]
fn a_hint_of_the_network_wakes_voice_that_was_given_up_on_either_side() {
    for who in 0..2 {
        let mut world = World::new("7", "9");
        world.media_up = false;
        world.start_voice();
        world.until("giving up", 60_000, |w| w.voices() == [VoiceState::Unavailable; 2]);
        world.media_up = true;
        world.input(who, Input::NetworkChanged);
        world.until("a call", 5_000, World::is_up);
        assert_eq!([world.sides[0].counts.prompts, world.sides[1].counts.prompts], [1, 1]);
    }
}

#[test]
fn without_microphones_and_multicast_dns_it_ends_with_a_reason() {
    let mut world = World::seeded(0, ["7", "9"], Network { multicast: false, ..Network::default() });
    for side in &mut world.sides {
        side.works.microphone = false;
    }
    world.start_voice();
    let took = world.until("giving up", 60_000, |w| w.voices() == [VoiceState::Unavailable; 2]);
    assert!(took < 30_000, "{took}");
    for side in &world.sides {
        let voice = &side.session.view().voice;
        assert_eq!((voice.reason, voice.listen_only), (Some(VoiceReason::NoRelay), true));
        assert!(voice.hint.is_some());
    }
    // One microphone is enough for a path.
    world.sides[0].works.microphone = true;
    world.input(0, Input::StartVoice);
    world.until("a call", 10_000, World::is_up);
}

#[test]
fn a_microphone_that_is_granted_late_makes_a_connection_that_could_not_be() {
    for who in 0..2 {
        let mut world = World::seeded(0, ["7", "9"], Network { multicast: false, ..Network::default() });
        world.sides[1 - who].works.microphone = false;
        world.sides[who].prompt_ms = 6_000;
        world.start_voice();
        let took = world.until("a call", 20_000, World::is_up);
        assert!(took < 8_000, "{took}");
        assert_eq!(world.sides[1 - who].session.view().voice.microphone.state, MicrophoneState::Failed);
    }
}

#[test]
fn a_browser_without_webrtc_is_told_to_both_at_once() {
    let mut world = World::with_incapable(["7", "9"], VoiceReason::UnsupportedBrowser);
    world.start_voice();
    world.until("the reason", 2_000, |w| w.voices() == [VoiceState::Unavailable; 2]);
    let messages = [0, 1].map(|who: usize| world.sides[who].session.view().voice.message);
    assert_ne!(messages[0], messages[1], "one reads of their own browser, the other of the other's");
    world.say(0);
    world.until("the text", 2_000, |w| w.sides[1].told.len() == 1);
}

#[test]
fn leaving_lets_everything_go_and_the_other_sees_it() {
    for who in 0..2 {
        let mut world = World::call();
        world.input(who, Input::Leave);
        assert!(!world.sides[who].microphone);
        assert!(Timer::ALL.iter().all(|timer| !world.sides[who].waits_for(*timer)));
        assert_eq!(world.sides[who].session.view().session.reason, Some(SessionReason::Left));
        world.until("the goodbye", 1_000, |w| w.voice(1 - who) == VoiceState::Waiting);
        assert_eq!(world.sides[1 - who].session.view().peer.presence, Presence::Absent);
    }
}

#[test]
fn somebody_who_vanishes_is_away_and_then_absent() {
    let mut world = World::call();
    world.cut_socket(0);
    world.sides[0].works.link = false;
    let presence = |w: &World| w.sides[1].session.view().peer.presence;
    world.until("away", 30_000, |w| presence(w) == Presence::Away);
    world.until("absent", 30_000, |w| presence(w) == Presence::Absent);
    assert_eq!(world.voice(1), VoiceState::Waiting);
}

#[test]
fn whoever_left_while_nobody_could_tell_is_absent_after_the_next_welcome() {
    let mut world = World::call();
    world.sides[1].works.link = false;
    world.run(500);
    world.input(0, Input::Leave);
    world.run(1_000);
    world.sides[1].works.link = true;
    world.until("absent", 10_000, |w| w.sides[1].session.view().peer.presence == Presence::Absent);
    assert_eq!(world.voice(1), VoiceState::Waiting);
}

#[test]
fn a_page_from_the_back_forward_cache_joins_again_after_a_restart_of_the_server() {
    let mut world = World::call();
    world.input(1, Input::PageHidden);
    world.run(500);
    world.stop_server();
    world.run(1_000);
    world.input(1, Input::PageShown);
    world.start_server();
    world.until("a call", 20_000, World::is_up);
}

#[test]
fn a_page_from_the_back_forward_cache_is_there_again_for_the_other() {
    let mut world = World::new("7", "9");
    world.run(1_000);
    world.input(1, Input::PageHidden);
    world.until("gone", 1_000, |w| w.sides[0].session.view().peer.presence == Presence::Absent);
    world.input(1, Input::PageShown);
    world.until("back", 5_000, |w| w.sides[0].session.view().peer.presence == Presence::Present);
    world.say(1);
    world.run(1_000);
    assert_eq!(world.sides[0].session.view().peer.presence, Presence::Present);
}
