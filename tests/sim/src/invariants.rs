//! What holds once the network is well again, whatever happened before.

use std::collections::BTreeSet;

use pairvoice_core::{Input, SessionReason};
use pairvoice_wire::VoiceState;

use crate::token::Tokens;
use crate::world::World;

/// How long healing may take, in milliseconds: longer than every back-off and time-out together.
const HEAL_MS: u64 = 180_000;
/// What a person sees whose token was refused.
const REFUSED: [SessionReason; 3] =
    [SessionReason::Unauthorized, SessionReason::TokenExpired, SessionReason::TokenInvalid];
/// How often a person who sees `unavailable` or that the token was refused asks again, in milliseconds.
const PATIENCE_MS: u64 = 15_000;

/// The network is well, both want voice, and somebody asks for another try if it was given up.
///
/// # Panics
/// When the two are not linked, or something is unsent, after three minutes.
pub fn heal(world: &mut World) {
    world.start_server();
    world.media_up = true;
    for who in 0..2 {
        world.sides[who].works.link = true;
        world.sides[who].works.token = true;
        world.sides[who].tokens = Tokens::LASTING;
        world.sides[who].works.microphone = true;
    }
    world.network.loss = 0;
    let awake = world.sides.iter().map(|side| side.asleep_until).max().unwrap_or_default();
    world.run(awake.saturating_sub(world.now));
    world.start_voice();
    let began = world.now;
    while !is_quiet(world) {
        assert!(world.now - began < HEAL_MS, "not healed in {HEAL_MS} ms; {}", world.summary());
        world.run(PATIENCE_MS / 10);
        if (world.now - began).is_multiple_of(PATIENCE_MS) {
            for who in 0..2 {
                if matches!(world.sides[who].session.view().session.reason, Some(reason) if REFUSED.contains(&reason)) {
                    world.input(who, Input::NewToken);
                }
                if world.voice(who) == VoiceState::Unavailable {
                    world.input(who, Input::RetryVoice);
                }
            }
        }
    }
    // What is on its way arrives.
    world.run(10_000);
}

fn is_quiet(world: &World) -> bool {
    let sent = world.sides.iter().all(|side| side.data.waits.is_empty());
    let uploaded = world.sides.iter().all(|side| side.session.chat().unsent() == 0);
    world.is_up() && uploaded && sent && (0..2).all(|who| world.sides[who].open() == 1 && !world.is_deaf(who))
}

/// Loads every page of the chat, so that whole lists can be compared.
fn load_everything(world: &mut World) {
    for who in 0..2 {
        while world.sides[who].session.chat().has_more() {
            world.input(who, Input::LoadEarlier);
            world.run(1_000);
        }
    }
}

/// Both are linked by one connection, which is what is played; both chats are equal, and nothing is lost, doubled or out of
/// order.
///
/// # Panics
/// When something of that does not hold.
pub fn check(world: &mut World) {
    assert!(world.is_up(), "{}", world.summary());
    let linked = world.linked().unwrap();
    for (side, linked) in world.sides.iter().zip(linked) {
        assert_eq!(side.open(), 1, "one connection is left");
        assert_eq!(side.plays, Some(linked), "and it is what is played");
    }
    load_everything(world);
    let list = |who: usize| -> Vec<_> {
        world.sides[who].session.chat().messages().iter().map(|m| (m.seq, m.id.clone(), m.text.clone())).collect()
    };
    assert_eq!(list(0), list(1), "both chats are equal");
    let log = &world.server.log.messages;
    let logged: Vec<_> = log.iter().map(|m| (Some(m.seq), m.id.clone(), m.text.clone())).collect();
    assert_eq!(list(0), logged, "nothing is shown that is not durable, and nothing durable is hidden");
    for side in &world.sides {
        let mut written = log.iter().filter(|m| m.sender == side.user).map(|m| &m.id);
        let mut here = world.written.iter().filter(|w| w.user == side.user && !w.elsewhere).map(|w| &w.id).peekable();
        assert!(side.session.chat().unsent() == 0 && side.store.as_ref().is_some_and(Vec::is_empty));
        for id in written.by_ref() {
            here.next_if_eq(&id);
        }
        assert_eq!(here.next(), None, "lost or out of order");
        let once: BTreeSet<_> = side.told.iter().collect();
        assert_eq!(once.len(), side.told.len(), "an app was told twice of one message");
    }
    for written in &world.written {
        let copies = log.iter().filter(|m| m.sender == written.user && m.id == written.id).count();
        assert_eq!(copies, 1, "{} is there {copies} times", written.id);
    }
    let answerer = usize::from(world.sides[0].user.as_str() < world.sides[1].user.as_str());
    assert_eq!(world.sides[answerer].counts.offers, 0, "nobody but the smaller ID offers");
}
