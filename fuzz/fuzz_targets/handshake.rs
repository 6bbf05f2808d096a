//! Handshakes, one a line, that enter one room.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pairvoice_fuzz::handshake::check(bytes));
