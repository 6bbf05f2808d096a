//! Runs seeds: `pairvoice-sim` a thousand from 0 on, `pairvoice-sim 17` that one, `pairvoice-sim 0 50000` so many from there.
//! With `PAIRVOICE_TRACE=1` it prints everything that happens.

#![allow(clippy::expect_used, reason = "a test program ends where it is wrong")]

use pairvoice_sim::chaos;

fn main() {
    let given: Vec<u64> = std::env::args().skip(1).map(|arg| arg.parse().expect("a seed is a number")).collect();
    let (first, count) = match given[..] {
        [] => (0, 1_000),
        [seed] => (seed, 1),
        [first, count, ..] => (first, count),
    };
    for seed in first..first + count {
        if std::panic::catch_unwind(|| chaos::run(seed)).is_err() {
            eprintln!("seed {seed} failed; again, with all that happens: PAIRVOICE_TRACE=1 npm run test:sim -- {seed}");
            std::process::exit(1);
        }
    }
    println!("{count} seeds from {first} on: fine");
}
