//! Load for a server that speaks docs/protocol.md, over WebSocket: `connect` holds idle connections, `relay` sends signals between
//! pairs, `churn` lets people come, talk, break off and come back. Results are lines of JSON on standard output.

mod churn;
mod client;
mod idle;
mod person;
mod relay;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use client::{Failure, Target};
use jsonwebtoken::EncodingKey;
use serde_json::Value;

/// Load for a server of pairvoice's protocol.
#[derive(Debug, Parser)]
struct CommandLine {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

/// Which server.
#[derive(Debug, Args)]
struct ServerArgs {
    /// The server, as `ws://ADDRESS:PORT`.
    #[arg(long)]
    url: String,
    /// File with the secret that signs tokens (HS256).
    #[arg(long)]
    secret: PathBuf,
    /// Connect from so many addresses, 127.0.0.2 and those that follow; 0 leaves the choice to the system.
    #[arg(long, default_value_t = 0)]
    sources: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open connections, two to a session, and hold them until standard input ends.
    Connect {
        /// How many connections.
        #[arg(long)]
        count: usize,
        /// How many are opened in a second.
        #[arg(long, default_value_t = 1_000)]
        rate: u32,
    },
    /// Send signals from one to the other of each pair. Each line of standard input is a number of signals a pair, and begins a run.
    Relay {
        /// How many pairs.
        #[arg(long)]
        pairs: usize,
        /// Length of the candidate in each signal, in bytes.
        #[arg(long, default_value_t = 200)]
        bytes: usize,
        /// How many signals of a pair wait for their acknowledgement at most.
        #[arg(long, default_value_t = 4)]
        window: u32,
    },
    /// People join, talk, break off, take over, come back and leave; every acknowledged message must reach the other exactly once.
    Churn {
        /// How long, in minutes.
        #[arg(long)]
        minutes: f64,
        /// Sessions at the same time.
        #[arg(long, default_value_t = 40)]
        sessions: usize,
        /// Between two things that happen in a session, in milliseconds.
        #[arg(long, default_value_t = 500)]
        pause: u64,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pairvoice-load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(line: CommandLine) -> Result<(), Failure> {
    let ServerArgs { url, secret, sources } = line.server;
    let address: SocketAddr = url.trim_start_matches("ws://").trim_end_matches('/').parse()?;
    let key = EncodingKey::from_secret(std::fs::read(secret)?.trim_ascii());
    let target = Target::new(address, key, sources);
    match line.command {
        Command::Connect { count, rate } => idle::hold(target, count, rate).await,
        Command::Relay { pairs, bytes, window } => relay::run(target, pairs, bytes, window).await,
        Command::Churn { minutes, sessions, pause } => churn::run(target, minutes, sessions, pause).await,
    }
}

/// Prints a line of JSON.
fn report(value: &Value) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{value}")?)
}
