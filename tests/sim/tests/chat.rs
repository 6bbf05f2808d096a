//! The chat over two paths, and what the app's own code or a server of another version does to a session.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::{Delivery, Input, SessionReason, SessionState, SocketEvent};
use pairvoice_sim::World;
use pairvoice_wire::{Code, Refusal};

fn list(world: &World, who: usize) -> Vec<(Option<u64>, pairvoice_wire::MessageId)> {
    world.sides[who].session.chat().messages().iter().map(|m| (m.seq, m.id.clone())).collect()
}

fn socket_event(world: &mut World, who: usize, event: SocketEvent) {
    let id = world.socket_of(who);
    world.input(who, Input::Socket { id, event });
}

#[test]
fn leaving_waits_for_unsent_messages() {
    let mut world = World::call();
    world.say(0);
    world.say(0);
    world.input(0, Input::Leave);
    assert!(!world.sides[0].ended);
    let took = world.until("the end", 2_000, |w| w.sides[0].ended);
    assert!(took < 500, "{took}");
    assert_eq!(world.server.log.messages.len(), 2);
}

#[test]
fn with_the_server_down_the_chat_goes_on_in_band_and_is_durable_and_equal_later() {
    let mut world = World::call();
    world.stop_server();
    for who in [0, 1, 0, 1] {
        world.say(who);
        world.run(200);
    }
    for side in &world.sides {
        let messages = side.session.chat().messages();
        assert_eq!(messages.len(), 4, "seen at once");
        assert!(messages.iter().all(|m| m.seq.is_none() && m.status == Delivery::Delivered));
        assert_eq!(side.told.len(), 2);
    }
    world.start_server();
    world.until("durable", 10_000, |w| w.sides.iter().all(|s| s.session.chat().unsent() == 0));
    world.run(1_000);
    assert_eq!(list(&world, 0), list(&world, 1));
    assert!(world.sides.iter().all(|s| s.told.len() == 2));
}

#[test]
fn another_log_in_the_place_of_the_first_hides_nothing() {
    let mut world = World::call();
    for who in [0, 1, 1, 0] {
        world.say(who);
        world.run(500);
    }
    world.stop_server();
    world.server.log.replace();
    world.start_server();
    world.until("both lists", 15_000, |w| w.server.log.messages.len() == 4);
    world.run(1_000);
    assert_eq!([list(&world, 0).len(), list(&world, 1).len()], [4, 4]);
}

#[test]
fn what_was_typed_offline_outlives_the_page() {
    let mut world = World::new("7", "9");
    world.run(1_000);
    world.stop_server();
    world.say(0);
    world.run(100);
    world.reload(0);
    world.start_server();
    world.until("the text", 10_000, |w| w.server.log.messages.len() == 1);
    world.until("an empty store", 2_000, |w| w.sides[0].store.as_ref().is_some_and(Vec::is_empty));
}

#[test]
fn sending_ends_typing_and_a_reconnection_does_not_say_it_again() {
    let mut world = World::new("7", "9");
    world.run(1_000);
    world.input(0, Input::SetTyping(true));
    world.run(200);
    assert_eq!(world.sides[1].typing, [true]);
    world.say(0);
    world.run(200);
    assert_eq!(world.sides[1].typing, [true, false]);
    world.cut_socket(0);
    world.run(10_000);
    assert_eq!(world.session_state(0), SessionState::Joined);
    assert_eq!(world.sides[1].typing, [true, false]);
}

#[test]
fn a_token_that_fails_is_the_apps_own_error_and_is_asked_for_again() {
    let mut world = World::new("7", "9");
    world.run(1_000);
    world.sides[0].works.token = false;
    world.reload(0);
    world.run(500);
    let session = world.sides[0].session.view().session.clone();
    assert_eq!((session.state, session.reason), (SessionState::Offline, Some(SessionReason::TokenFailed)));
    assert_eq!(session.cause.as_deref(), Some("Error: no token"));
    world.say(0);
    world.sides[0].works.token = true;
    world.until("a join", 20_000, |w| w.session_state(0) == SessionState::Joined);
    assert_eq!(world.sides[0].session.view().session.cause, None);
    world.until("the text", 2_000, |w| w.server.log.messages.len() == 1);
}

#[test]
fn a_refusal_that_is_final_is_not_asked_for_again() {
    let refused = || SocketEvent::Refused(Refusal::new(Code::BadRequest, "no auth"));
    let mut world = World::new("7", "9");
    socket_event(&mut world, 0, refused());
    let view = world.sides[0].session.view().session.clone();
    assert_eq!((view.state, view.reason), (SessionState::Ended, Some(SessionReason::Refused)));
    assert_eq!(view.cause.as_deref(), Some("no auth"));

    let mut world = World::call();
    let sockets = world.sides[0].counts.sockets;
    socket_event(&mut world, 0, refused());
    world.run(120_000);
    assert_eq!(world.sides[0].session.view().session.reason, Some(SessionReason::Refused));
    assert_eq!(world.sides[0].counts.sockets, sockets, "not tried again by itself");
    assert!(world.is_up(), "the call goes on");
    world.input(0, Input::NewToken);
    world.until("a join", 5_000, |w| w.session_state(0) == SessionState::Joined);
}

#[test]
fn a_refusal_that_says_when_to_come_back_is_heeded() {
    let mut world = World::new("7", "9");
    let busy = Refusal { after_ms: Some(9_000), ..Refusal::new(Code::Busy, "full") };
    socket_event(&mut world, 0, SocketEvent::Refused(busy));
    world.run(8_500);
    assert_eq!(world.sides[0].counts.sockets, 1);
    world.until("a join", 5_000, |w| w.session_state(0) == SessionState::Joined);
}

#[test]
fn a_welcome_that_can_not_be_read_ends_the_session_and_other_frames_do_not() {
    let mut world = World::call();
    socket_event(&mut world, 0, SocketEvent::Unreadable { event: "chat" });
    assert!(world.is_up());
    world.reload(1);
    socket_event(&mut world, 1, SocketEvent::Unreadable { event: "welcome" });
    let view = world.sides[1].session.view().session.clone();
    assert_eq!((view.state, view.reason), (SessionState::Ended, Some(SessionReason::VersionMismatch)));
}
