//! A router in user space: every host's interface is a TUN device of this process, so that it decides what becomes of each
//! packet. `pairvoice-router NAME...` makes the interfaces; commands come by standard input, a line each, answered `ok` and what
//! was asked for:
//!
//! - `route ADDRESS NAME`: packets to this IPv4 address go to that host
//! - `delay MS`: so long one way, between any two hosts
//! - `slow NAME MS`: so much longer to and from that host
//! - `loss NAME PERCENT [BURST]`: of the packets to and from that host, each way by itself; on average so many in a row
//!   (Gilbert's model), or each by chance (1, or nothing)
//! - `cap NAME KBITS [QUEUE_MS [from|to|both]]`: the host's link carries so many kbit/s of IP packets each way, and so many
//!   milliseconds of data (300) wait in front of it at most; 0 lifts it
//! - `count NAME`: the IP bytes that the link carried from the host, and those that it got to it
//! - `link NAME up|down`
//! - `block NAME NAME on|off`: nothing passes between the two

mod link;
mod network;

use std::io::{BufRead, ErrorKind, Read, Write};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use network::Network;
use tun::{Reader, Writer};

/// Largest packet in bytes.
const MTU: usize = 1_500;

type Shared = Arc<(Mutex<Network>, Condvar)>;
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pairvoice-router: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(names: &[String]) -> Result<(), Failure> {
    let shared: Shared = Arc::new((Mutex::new(Network::new(names.to_vec())), Condvar::new()));
    let mut writers = Vec::new();
    for (host, name) in names.iter().enumerate() {
        let mut config = tun::Configuration::default();
        config.tun_name(name);
        let (reader, writer) = tun::create(&config)?.split();
        writers.push(writer);
        let shared = Arc::clone(&shared);
        thread::spawn(move || receive(host, reader, &shared));
    }
    let dispatching = Arc::clone(&shared);
    thread::spawn(move || dispatch(writers, &dispatching));
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    // The end of the input is the end of the network.
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<_> = line.split_whitespace().collect();
        let answer = lock(&shared).command(&words, Instant::now());
        // What waits may go now.
        shared.1.notify_one();
        match answer {
            Some(found) => writeln!(out, "{}", format!("ok {found}").trim_end())?,
            None => writeln!(out, "what?")?,
        }
    }
    Ok(())
}

fn lock(shared: &Shared) -> MutexGuard<'_, Network> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn receive(host: usize, mut reader: Reader, shared: &Shared) {
    let mut buffer = [0; MTU];
    loop {
        match reader.read(&mut buffer) {
            Ok(length) => {
                if let Some(packet) = buffer.get(..length) {
                    lock(shared).take(host, packet, Instant::now());
                    shared.1.notify_one();
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn dispatch(mut writers: Vec<Writer>, shared: &Shared) {
    let mut network = lock(shared);
    loop {
        let now = Instant::now();
        while let Some((host, packet)) = network.due(now) {
            if let Some(writer) = writers.get_mut(host) {
                // An interface that is down takes nothing, as a cable that is out.
                let _ = writer.write(&packet);
            }
        }
        let wait = network.next_due().map(|due| due.saturating_duration_since(Instant::now()));
        network = match wait {
            Some(wait) => shared.1.wait_timeout(network, wait).unwrap_or_else(PoisonError::into_inner).0,
            None => shared.1.wait(network).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
