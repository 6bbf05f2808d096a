//! Runs seeds: `pairvoice-sim` a thousand from 0 on, `pairvoice-sim 17` that one, `pairvoice-sim 0 50000` so many from there.
//! With `PAIRVOICE_TRACE=1` it prints everything that happens. `pairvoice-sim replay FILE` replays a recording that the demo's
//! "Download diagnostics" saved.

#![allow(clippy::expect_used, reason = "a test program ends where it is wrong")]

use pairvoice_sim::{chaos, outages, replay};

/// Each so many-th seed is also one of outages and of pauses, which take longer.
const LONG: u64 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, file] = &arguments[..]
        && word == "replay"
    {
        return replay_file(file);
    }
    let given: Vec<u64> = arguments.iter().map(|arg| arg.parse().expect("a seed is a number")).collect();
    let (first, count) = match given[..] {
        [] => (0, 1_000),
        [seed] => (seed, 1),
        [first, count, ..] => (first, count),
    };
    for seed in first..first + count {
        let run = || {
            chaos::run(seed);
            // Longer ones: a call of minutes each.
            if seed.is_multiple_of(LONG) {
                outages::back_at_once(seed);
                outages::small_pauses(seed);
            }
        };
        if std::panic::catch_unwind(run).is_err() {
            eprintln!("seed {seed} failed; again, with all that happens: PAIRVOICE_TRACE=1 npm run test:sim -- {seed}");
            std::process::exit(1);
        }
    }
    println!("{count} seeds from {first} on: fine");
}

fn replay_file(file: &str) {
    let recording = std::fs::read_to_string(file).expect("the recording can be read");
    match replay::replay(&recording) {
        Ok(replay::Replayed { inputs, outputs, notes }) => {
            println!("{inputs} inputs gave the same {outputs} outputs, {notes} notes among them");
        }
        Err(unequal) => {
            eprintln!("{unequal}");
            std::process::exit(1);
        }
    }
}
