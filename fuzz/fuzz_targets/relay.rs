//! Bytes from the network for the relay.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pairvoice_fuzz::relay::check(bytes));
