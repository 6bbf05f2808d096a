//! A session outlives a token only until it runs out, and a call outlives even that.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_core::{Input, SessionReason, SessionState};
use pairvoice_sim::{Tokens, World};
use pairvoice_wire::VoiceState;

/// Two people in a call, the first of them by a token that is good for so many milliseconds.
fn call_for(ms: u64) -> World {
    let mut world = World::new("7", "9");
    world.sides[0].tokens = Tokens::Good(ms);
    world.reload(0);
    world.start_voice();
    world.until("a call", 10_000, World::is_up);
    world
}

fn reason(world: &World, who: usize) -> Option<SessionReason> {
    world.sides[who].session.view().session.reason
}

/// Lets time pass while voice stays as it is on both sides.
fn undisturbed(world: &mut World, ms: u64) {
    for _ in 0..ms / 100 {
        world.run(100);
        assert_eq!(world.voices(), [VoiceState::Connected; 2], "{}", world.summary());
    }
}

#[test]
fn a_token_is_renewed_in_mid_call_and_nobody_notices() {
    let mut world = call_for(90_000);
    let before = world.sides[0].counts;
    for second in 0..600 {
        undisturbed(&mut world, 1_000);
        assert_eq!(world.session_state(0), SessionState::Joined, "second {second}");
    }
    let after = world.sides[0].counts;
    assert_eq!(after.sockets, before.sockets, "without a reconnection");
    assert!((10..=14).contains(&(after.tokens - before.tokens)), "{} tokens in ten minutes", after.tokens);
    world.cut_socket(0);
    world.until("a join", 5_000, |w| w.session_state(0) == SessionState::Joined);
    assert_eq!(world.sides[0].counts.tokens, after.tokens, "the newest token serves the next handshake");
}

#[test]
fn without_another_token_the_session_is_offline_and_the_call_and_its_chat_go_on() {
    let mut world = call_for(40_000);
    world.sides[0].tokens = Tokens::Forged;
    world.until("the end of the token", 60_000, |w| reason(w, 0) == Some(SessionReason::TokenInvalid));
    assert!(world.now >= 40_000, "not before it ran out: {}", world.now);
    assert_eq!(world.session_state(0), SessionState::Offline);
    let tokens = world.sides[0].counts.tokens;
    undisturbed(&mut world, 120_000);
    assert_eq!(world.sides[0].counts.tokens, tokens, "the app is not asked again and again");
    world.say(0);
    world.run(500);
    assert_eq!(world.sides[1].told.len(), 1);
    world.sides[0].tokens = Tokens::Good(100_000);
    world.input(0, Input::NewToken);
    world.until("a join", 5_000, |w| w.session_state(0) == SessionState::Joined);
    world.until("the text", 5_000, |w| w.server.log.messages.len() == 1);
    assert!(world.is_up());
}

#[test]
fn a_renewal_that_is_refused_or_fails_leaves_the_session_until_the_token_runs_out() {
    for fails in [false, true] {
        let mut world = call_for(100_000);
        world.sides[0].tokens = Tokens::Forged;
        world.sides[0].works.token = !fails;
        let sockets = world.sides[0].counts.sockets;
        undisturbed(&mut world, 90_000);
        assert_eq!((world.session_state(0), world.sides[0].counts.sockets), (SessionState::Joined, sockets));
        assert_eq!(world.sides[0].session.view().session.cause, None);
        world.sides[0].tokens = Tokens::Good(100_000);
        world.sides[0].works.token = true;
        undisturbed(&mut world, 20_000);
        assert_eq!(world.session_state(0), SessionState::Joined, "its next handshake has a good token");
        assert_eq!(world.sides[0].counts.sockets, sockets + 1);
    }
}

#[test]
fn a_refused_renewal_is_not_the_token_of_the_next_handshake() {
    let mut world = call_for(100_000);
    world.sides[0].tokens = Tokens::Forged;
    undisturbed(&mut world, 70_000);
    world.sides[0].tokens = Tokens::Good(100_000);
    let tokens = world.sides[0].counts.tokens;
    world.cut_socket(0);
    world.until("a join", 5_000, |w| w.session_state(0) == SessionState::Joined);
    assert_eq!(world.sides[0].counts.tokens, tokens + 1);
}

#[test]
fn whoever_is_revoked_is_let_go_and_comes_back_by_a_later_token() {
    for whom in [Some(0), Some(1), None] {
        let mut world = World::call();
        world.run(3_000);
        let tokens = world.sides.each_ref().map(|side| side.counts.tokens);
        world.revoke(whom);
        world.run(200);
        for who in 0..2 {
            let let_go = whom.is_none_or(|whom| whom == who);
            assert_eq!(world.session_state(who) == SessionState::Offline, let_go, "{whom:?} {who}");
        }
        world.until("the call", 10_000, |w| w.is_up() && w.session_state(0) == w.session_state(1));
        for (who, before) in tokens.into_iter().enumerate() {
            let asked = world.sides[who].counts.tokens - before;
            assert_eq!(asked, u32::from(whom.is_none_or(|whom| whom == who)), "the app is asked once");
        }
    }
}

#[test]
fn whoever_is_revoked_and_has_no_later_token_stays_out() {
    let mut world = World::call();
    world.sides[0].tokens = Tokens::Forged;
    world.revoke(Some(0));
    world.until("a refusal", 10_000, |w| reason(w, 0) == Some(SessionReason::TokenInvalid));
    let sockets = world.sides[0].counts.sockets;
    world.run(60_000);
    assert_eq!(world.sides[0].counts.sockets, sockets);
}
