//! What two people do, in order.

use pairvoice_core::wire::{InBand, Presence, VoiceState};
use pairvoice_core::{ConnectionEvent, Delivery, Input, Timer, VoiceReason};

use crate::world::World;

fn call() -> World {
    let mut world = World::new("7", "9");
    world.start_voice();
    world.settle();
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
    // A heartbeat each: from now on silence means something.
    (0..2).for_each(|who| world.fire(who, Timer::Pulse));
    world
}

#[test]
fn both_start_and_are_linked_by_one_offer() {
    let world = call();
    assert_eq!([world.sides[0].offers, world.sides[1].offers], [1, 0]);
    assert_eq!([world.sides[0].prompts, world.sides[1].prompts], [1, 1]);
}

#[test]
fn starting_again_and_again_changes_nothing() {
    let mut world = call();
    world.start_voice();
    world.start_voice();
    world.settle();
    assert_eq!([world.sides[0].connections, world.sides[1].connections], [1, 1]);
    assert_eq!([world.sides[0].prompts, world.sides[1].prompts], [1, 1]);
}

#[test]
fn one_waits_calmly_for_the_other_to_turn_voice_on() {
    for who in 0..2 {
        let mut world = World::new("7", "9");
        world.input(who, Input::StartVoice);
        world.settle();
        assert_eq!([world.voice(who), world.voice(1 - who)], [VoiceState::Waiting, VoiceState::Off]);
        assert!(!world.sides[who].timers.contains(&Timer::Connect), "no timer while waiting");
        world.input(1 - who, Input::StartVoice);
        world.settle();
        assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
        assert_eq!(world.sides[0].offers, 1);
    }
}

#[test]
fn a_reload_of_either_side_is_healed() {
    for who in 0..2 {
        let mut world = call();
        world.reload(who);
        world.input(who, Input::StartVoice);
        world.settle();
        assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2], "{who} reloaded");
    }
}

#[test]
fn a_reload_that_says_goodbye_takes_the_offer_that_waits() {
    for who in 0..2 {
        let mut world = call();
        world.reload_politely(who);
        world.input(who, Input::StartVoice);
        world.settle();
        assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2], "{who} reloaded");
    }
}

#[test]
fn voice_off_and_on_at_the_answerer_is_a_new_beginning() {
    let mut world = World::new("7", "9");
    world.media_up = false;
    world.start_voice();
    for _ in 0..2 {
        world.settle();
        world.fire(0, Timer::Connect);
    }
    world.settle();
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Unavailable; 2]);
    world.media_up = true;
    world.input(1, Input::StopVoice);
    world.settle();
    world.input(1, Input::StartVoice);
    world.settle();
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
}

#[test]
fn whoever_left_while_nobody_could_tell_is_absent_after_the_next_welcome() {
    let mut world = call();
    world.cut_socket(1);
    world.input(0, Input::Leave);
    world.settle();
    assert_eq!(world.sides[1].session.view().peer.presence, Presence::Absent);
    assert_eq!(world.voice(1), VoiceState::Waiting);
}

#[test]
fn the_server_restarts_and_the_call_is_not_touched() {
    let mut world = call();
    world.stop_server();
    world.say(0);
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
    assert_eq!(world.sides[0].session.view().peer.presence, Presence::Present, "the link itself shows it");
    world.server_up = true;
    world.settle();
    assert_eq!([world.sides[0].connections, world.sides[1].connections], [1, 1]);
    assert_eq!(world.sides[0].session.chat().messages()[0].status, Delivery::Delivered);
}

#[test]
fn media_that_never_connects_is_given_up_after_one_rebuild_and_either_side_can_retry() {
    for who in 0..2 {
        let mut world = World::new("7", "9");
        world.media_up = false;
        world.start_voice();
        for _ in 0..2 {
            world.settle();
            world.fire(0, Timer::Connect);
        }
        world.settle();
        assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Unavailable; 2]);
        assert_eq!(world.sides[1].session.view().voice.reason, Some(VoiceReason::NoRelay));
        assert_eq!(world.sides[0].offers, 2);
        world.media_up = true;
        world.input(who, Input::RetryVoice);
        world.settle();
        assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2], "{who} retried");
    }
}

#[test]
fn the_answerer_gives_up_alone_when_the_offerer_is_silent() {
    let mut world = World::new("7", "9");
    world.media_up = false;
    world.start_voice();
    world.settle();
    world.fire(1, Timer::Connect);
    assert_eq!(world.voice(1), VoiceState::Unavailable);
}

#[test]
fn a_timer_that_comes_late_judges_nothing() {
    let mut world = World::new("7", "9");
    world.media_up = false;
    world.start_voice();
    world.settle();
    for _ in 0..5 {
        world.input(0, Input::TimerFired { timer: Timer::Connect, late: 60_000 });
    }
    assert_eq!(world.sides[0].offers, 1);
    assert!(world.sides[0].timers.contains(&Timer::Connect), "it is set again");
}

#[test]
fn leaving_lets_everything_go_and_the_other_sees_it() {
    for who in 0..2 {
        let mut world = call();
        world.input(who, Input::Leave);
        assert!(!world.sides[who].microphone);
        assert!(world.sides[who].timers.is_empty());
        world.settle();
        assert_eq!(world.voice(1 - who), VoiceState::Waiting);
        assert_eq!(world.sides[1 - who].session.view().peer.presence, Presence::Absent);
    }
}

#[test]
fn leaving_waits_for_unsent_messages() {
    let mut world = call();
    world.say(0);
    world.say(0);
    world.input(0, Input::Leave);
    assert!(world.sides[0].timers.contains(&Timer::Leave));
    world.settle();
    assert_eq!(world.server.log.len(), 2);
    assert!(world.sides[0].timers.is_empty());
}

#[test]
fn somebody_who_vanishes_is_away_and_then_absent() {
    let mut world = call();
    world.cut_socket(0);
    world.media_up = false;
    world.fail_media();
    while world.pending() > 0 {
        world.arrive(0);
    }
    assert_eq!(world.sides[1].session.view().peer.presence, Presence::Away);
    world.expire();
    while world.pending() > 0 {
        world.arrive(0);
    }
    assert_eq!(world.sides[1].session.view().peer.presence, Presence::Absent);
    assert_eq!(world.voice(1), VoiceState::Waiting);
}

#[test]
fn with_the_server_down_the_chat_goes_on_in_band_and_is_durable_and_equal_later() {
    let mut world = call();
    world.stop_server();
    for who in [0, 1, 0, 1] {
        world.say(who);
        while world.pending() > 0 {
            world.arrive(0);
        }
    }
    for side in &world.sides {
        let messages = side.session.chat().messages();
        assert_eq!(messages.len(), 4, "seen at once");
        assert!(messages.iter().all(|m| m.seq.is_none() && m.status == Delivery::Delivered));
        assert_eq!(side.told.len(), 2);
    }
    world.server_up = true;
    world.settle();
    let list = |who: usize| -> Vec<_> {
        world.sides[who].session.chat().messages().iter().map(|m| (m.seq, m.id.clone())).collect()
    };
    assert_eq!(list(0), list(1));
    assert!(world.sides.iter().all(|s| s.session.chat().unsent() == 0 && s.told.len() == 2));
}

#[test]
fn another_log_in_the_place_of_the_first_hides_nothing() {
    let mut world = call();
    for who in [0, 1, 1, 0] {
        world.say(who);
        world.settle();
    }
    world.stop_server();
    world.server.replace_log();
    world.server_up = true;
    world.settle();
    assert_eq!(world.server.log.len(), 4, "both brought what they had written");
    assert_eq!([0, 1].map(|who: usize| world.sides[who].session.chat().messages().len()), [4, 4]);
}

#[test]
fn what_was_typed_offline_outlives_the_page() {
    let mut world = World::new("7", "9");
    world.stop_server();
    world.say(0);
    world.reload(0);
    world.server_up = true;
    world.settle();
    assert_eq!(world.server.log.len(), 1);
    assert!(world.sides[0].store.as_ref().is_some_and(Vec::is_empty));
}

#[test]
fn a_path_that_falls_silent_is_mended_by_one_ice_restart_on_the_same_connections() {
    let mut world = call();
    world.media_up = false;
    for _ in 0..40 {
        (0..2).for_each(|who| world.fire(who, Timer::Pulse));
    }
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Reconnecting; 2]);
    while world.pending() > 0 {
        world.arrive(0);
    }
    world.media_up = true;
    (0..2).for_each(|who| world.fire(who, Timer::Pulse));
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
    assert_eq!([world.sides[0].restarts, world.sides[1].restarts], [1, 0], "the offerer alone restarts");
    assert_eq!([world.sides[0].connections, world.sides[1].connections], [1, 1]);
    assert_eq!([world.sides[0].prompts, world.sides[1].prompts], [1, 1]);
}

/// Nothing arrives for so long that both sides know it.
fn fall_silent(world: &mut World) {
    for _ in 0..8 {
        (0..2).for_each(|who| world.fire(who, Timer::Pulse));
    }
}

#[test]
fn a_host_that_moves_gets_a_new_connection_beside_the_old_one_and_a_new_socket_at_once() {
    for who in 0..2 {
        let mut world = call();
        world.relocate(who, "192.0.2.7");
        // The first pause is enough.
        for _ in 0..3 {
            world.fire(who, Timer::Pulse);
        }
        assert!(!world.is_deaf(who), "{who}: the socket of the old address was left");
        while world.pending() > 0 {
            world.arrive(0);
        }
        assert_eq!([world.open(0), world.open(1)], [2, 2], "{who}: the old connection is kept until then");
        assert_eq!(world.voice(who), VoiceState::Reconnecting);
        world.connect_media();
        assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2], "{who}");
        assert_eq!([world.open(0), world.open(1)], [1, 1]);
        assert_eq!([world.sides[0].offers, world.sides[1].offers], [2, 0], "the offerer alone offers");
        assert_eq!([world.sides[0].prompts, world.sides[1].prompts], [1, 1]);
        assert_eq!(world.sides.iter().map(|side| side.fresh).collect::<Vec<_>>(), [who == 0, who == 1]);
    }
}

#[test]
fn a_host_that_comes_back_before_the_new_connection_is_up_goes_on_over_the_old_one() {
    let mut world = call();
    let played = world.sides[0].plays;
    world.relocate(0, "192.0.2.7");
    fall_silent(&mut world);
    while world.pending() > 0 {
        world.arrive(0);
    }
    world.relocate(0, "192.0.2.1");
    fall_silent(&mut world);
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
    assert_eq!(world.sides[0].plays, played, "what is heard is not touched");
}

#[test]
fn a_short_pause_looks_for_addresses_and_changes_nothing() {
    let mut world = call();
    world.media_up = false;
    for _ in 0..3 {
        world.fire(0, Timer::Pulse);
    }
    assert_eq!(world.sides[0].looks, 1);
    world.media_up = true;
    world.settle();
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
    assert_eq!([world.sides[0].restarts, world.sides[0].offers], [0, 1]);
}

#[test]
fn a_socket_that_only_looks_open_is_found_out_without_a_word_to_the_call() {
    let mut world = call();
    world.fire(0, Timer::Idle);
    world.make_deaf(0);
    world.fire(0, Timer::Idle);
    world.fire(0, Timer::Probe);
    assert!(!world.is_deaf(0));
    world.settle();
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
    assert_eq!([world.sides[0].connections, world.sides[0].restarts], [1, 0]);
}

#[test]
fn half_a_minute_without_a_path_and_a_server_is_given_up_and_tried_again_with_the_next_welcome() {
    let mut world = call();
    world.media_up = false;
    world.stop_server();
    fall_silent(&mut world);
    for _ in 0..3 {
        assert_eq!(world.voice(0), VoiceState::Reconnecting);
        world.fire(0, Timer::Connect);
    }
    world.fire(1, Timer::Connect);
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Unavailable; 2], "no spinner without an end");
    assert_eq!(world.sides[0].session.view().voice.reason, Some(VoiceReason::ConnectionFailed));
    world.media_up = true;
    world.server_up = true;
    world.settle();
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
    assert_eq!([world.sides[0].prompts, world.sides[1].prompts], [1, 1]);
}

#[test]
fn an_offer_that_crossed_a_goodbye_is_said_again_when_the_same_page_comes_back() {
    let mut world = call();
    let ids = world.linked().unwrap();
    world.input(1, Input::PageHidden);
    // The word over the link is faster than the one by the server: the offerer offers to a socket that is closing.
    world.arrive(0);
    let event = ConnectionEvent::InBand(Box::new(InBand::Bye));
    world.input(0, Input::Connection { id: ids[0], event });
    while world.pending() > 2 {
        world.arrive(2);
    }
    while world.pending() > 0 {
        world.arrive(0);
    }
    world.input(1, Input::PageShown);
    world.settle();
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
}

#[test]
fn an_old_connection_that_fails_while_its_successor_is_made_leaves_the_ears_to_it() {
    let mut world = call();
    world.media_up = false;
    fall_silent(&mut world);
    while world.pending() > 0 {
        world.arrive(0);
    }
    (0..2).for_each(|who| world.fire(who, Timer::Restart));
    while world.pending() > 0 {
        world.arrive(0);
    }
    assert_eq!([world.open(0), world.open(1)], [2, 2]);
    world.fail_media();
    assert_eq!([world.open(0), world.open(1)], [1, 1]);
    world.media_up = true;
    world.settle();
    let ids = world.linked().unwrap();
    assert_eq!([world.sides[0].plays, world.sides[1].plays], ids.map(Some));
    assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
}
