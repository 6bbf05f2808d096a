//! Bytes from the network, read as every type of the wire.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pairvoice_fuzz::wire::check(bytes));
