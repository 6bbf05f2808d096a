//! Whatever happens in whatever order: once the network is well again, the two are linked and their chats are equal.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test ends where it is wrong")]

use pairvoice_sim::chaos;

/// Seeds of one run; `npm run test:sim -- 0 100000` takes a long look.
const SEEDS: u64 = 2_000;

#[test]
fn whatever_happened_both_are_linked_and_their_chats_are_equal() {
    for seed in 0..SEEDS {
        let fine = std::panic::catch_unwind(|| chaos::run(seed));
        assert!(
            fine.is_ok(),
            "seed {seed}; again, with all that happens: PAIRVOICE_TRACE=1 npm run test:sim -- {seed}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut world = pairvoice_sim::World::seeded(seed, ["7", "9"], pairvoice_sim::Network::default());
        world.network.jitter = 40;
        world.start_voice();
        world.run(60_000);
        (world.sides[0].session.clone(), world.sides[1].session.clone())
    };
    assert_eq!(run(7), run(7));
}

#[test]
fn an_hour_of_a_call_is_an_hour_of_a_call() {
    let mut world = pairvoice_sim::World::call();
    world.network.loss = 100;
    for minute in 0..60 {
        world.say(minute % 2);
        world.run(60_000);
        assert!(world.is_up(), "{}", world.summary());
    }
    assert_eq!([world.sides[0].counts.restarts, world.sides[1].counts.restarts], [0, 0]);
    assert_eq!(world.server.log.messages.len(), 60);
}
