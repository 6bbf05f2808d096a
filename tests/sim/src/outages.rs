//! Properties of calls whose path goes and comes back, drawn from a seed.

use crate::chance::Chance;
use crate::network::Network;
use crate::side::Counts;
use crate::world::World;

/// What a browser needs to see the path, and a pulse to count what comes over it, in milliseconds.
const BACK_MS: u64 = 400;
const TEN_MINUTES_MS: u64 = 600_000;

/// Whatever was cut and for how long, with whatever became of the server: a path that is back is used at once, and one connection is
/// left in the end.
///
/// # Panics
/// When that does not hold.
pub fn back_at_once(seed: u64) {
    let mut chance = Chance::new(seed);
    let network = Network { delay: chance.below(60), jitter: chance.below(30), ..Network::default() };
    let names = if chance.per_mille(500) { ["7", "9"] } else { ["9", "7"] };
    let mut world = World::seeded(seed, names, network);
    world.start_voice();
    world.until("a call", 10_000, World::is_up);
    world.run(2_000);
    for _ in 0..3 {
        let (who, all, ms) = (chance.side(), chance.per_mille(500), 1 + chance.below(200_000));
        match chance.below(4) {
            0 => world.stop_server(),
            1 => world.cut_socket(who),
            2 => world.start_server(),
            _ => {}
        }
        world.media_up = !all;
        world.sides[who].works.link = all;
        world.run(ms);
        world.media_up = true;
        world.sides[who].works.link = true;
        let limit = BACK_MS + 4 * (network.delay + network.jitter);
        let took = world.until("the call", 60_000, World::is_up);
        assert!(took <= limit, "seed {seed}: {took} ms of {limit}");
        assert_eq!(world.sides.each_ref().map(|side| side.counts.prompts), [1, 1], "seed {seed}");
        // A successor of a connection that came back is given half a minute.
        world.run(45_000);
        assert!(world.is_up(), "seed {seed}: {}", world.summary());
        assert!(world.sides.iter().all(|side| side.open() == 1), "seed {seed}: {}", world.summary());
    }
}

/// Ten minutes in which the sound stops for 200 to 400 ms every few seconds: no state changes, nothing is restarted, made or asked for.
///
/// # Panics
/// When that does not hold.
pub fn small_pauses(seed: u64) {
    let calm = counts_after(|world| world.run(TEN_MINUTES_MS));
    let mut chance = Chance::new(seed);
    let paused = counts_after(|world| {
        let end = world.now + TEN_MINUTES_MS;
        while world.now < end {
            world.run(1_000 + chance.below(2_000));
            let (length, who, all) = (200 + chance.below(201), chance.side(), chance.per_mille(500));
            world.media_up = !all;
            world.sides[who].works.link = all;
            let over = world.now + length;
            while world.now < over {
                world.run(5);
                assert!(world.is_up(), "seed {seed}: {}", world.summary());
            }
            world.media_up = true;
            world.sides[who].works.link = true;
        }
    });
    for (calm, paused) in calm.into_iter().zip(paused) {
        let looks = paused.looks - calm.looks;
        assert!((1..=100).contains(&looks), "seed {seed}: {looks} looks");
        let probes = paused.probes.saturating_sub(calm.probes);
        assert!(probes <= 5, "seed {seed}: {probes} probes");
        assert_eq!(Counts { looks: calm.looks, probes: calm.probes, ..paused }, calm, "seed {seed}");
    }
}

/// What two browsers were asked for in a call.
fn counts_after(during: impl FnOnce(&mut World)) -> [Counts; 2] {
    let mut world = World::call();
    during(&mut world);
    world.sides.map(|side| side.counts)
}
