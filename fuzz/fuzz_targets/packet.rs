//! Bytes from the network, read as a Socket.IO packet.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pairvoice_fuzz::socket_io::check(bytes));
