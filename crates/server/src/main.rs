//! The program: reads the command line, serves until it is told to stop.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use pairvoice_server::auth::{Claims, now_s};
use pairvoice_server::config::{Command, CommandLine, Config, TokenArgs, read_secret};
use pairvoice_server::serve;
use pairvoice_wire::{SessionId, UserId};
use tracing_subscriber::EnvFilter;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match line.command {
        Some(Command::Token(args)) => token(&args),
        None => line.serve.into_config().map_err(Failure::from).and_then(|config| run(&config)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pairvoice-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn token(args: &TokenArgs) -> Result<(), Failure> {
    let secret = read_secret(&args.jwt_secret_file)?;
    let user = UserId::parse(&args.user).map_err(|e| format!("--user: {e}"))?;
    let session = SessionId::parse(&args.session).map_err(|e| format!("--session: {e}"))?;
    let participants = match &args.peer {
        Some(peer) => {
            let peer = UserId::parse(peer).map_err(|e| format!("--peer: {e}"))?;
            if peer == user {
                return Err("--peer must be another user than --user".into());
            }
            Some(vec![user.to_string(), peer.to_string()])
        }
        None => None,
    };
    let exp = now_s() + u64::from(args.hours) * 3600;
    let claims = Claims { sub: user.to_string(), session: session.to_string(), exp, participants };
    writeln!(std::io::stdout(), "{}", secret.sign(&claims)?)?;
    Ok(())
}

fn run(config: &Config) -> Result<(), Failure> {
    // At DEBUG the Socket.IO layers print tokens, descriptions and texts.
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info"))
        .add_directive("socketioxide=info".parse()?)
        .add_directive("socketioxide_core=info".parse()?)
        .add_directive("engineioxide=info".parse()?);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(config));
    // A chat log that hangs does not keep the process.
    runtime.shutdown_background();
    outcome
}
