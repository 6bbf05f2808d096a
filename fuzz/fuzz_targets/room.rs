//! Any sequence of what can happen to one room.
#![no_main]

use pairvoice_fuzz::steps::Step;

libfuzzer_sys::fuzz_target!(|steps: Vec<Step>| pairvoice_fuzz::steps::check(steps));
