//! The program: reads the command line, serves until it is told to stop.

use std::io::Write;
use std::process::ExitCode;

use pairvoice_server::auth::{Audience, Claims, KeyArgs, Keys};
use pairvoice_server::config::{Command, CommandLine, Config, ConfigError, ReadError, TokenArgs};
use pairvoice_server::{logs, serve};
use pairvoice_wire::{SessionId, UserId};

/// The exit code for settings that are refused, which clap uses as well.
const REFUSED: u8 = 2;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pairvoice-server: {error}");
            if error.is::<ConfigError>() || error.is::<ReadError>() {
                ExitCode::from(REFUSED)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn start() -> Result<(), Failure> {
    let line = match CommandLine::read(std::env::args_os()) {
        // clap says these itself: help goes to standard output.
        Err(ReadError::Usage(error)) => error.exit(),
        line => line?,
    };
    if let Some(Command::Token(args)) = line.command {
        return token(&args);
    }
    logs::init(&line.serve.log)?;
    let config = line.serve.into_config()?;
    match line.effective {
        Some(settings) => Ok(write!(std::io::stdout(), "{settings}")?),
        None => run(&config),
    }
}

fn token(args: &TokenArgs) -> Result<(), Failure> {
    let keys = Keys::load(&KeyArgs { jwt_secret_file: args.jwt_secret_file.clone(), ..KeyArgs::default() })?;
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
    let claims = Claims {
        participants,
        aud: args.audience.clone().map(Audience::One),
        iss: args.issuer.clone(),
        ..Claims::new(user.as_str(), session.as_str(), u64::from(args.hours) * 3600)
    };
    writeln!(std::io::stdout(), "{}", keys.sign(&claims)?)?;
    Ok(())
}

fn run(config: &Config) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(config));
    // A chat log that hangs does not keep the process.
    runtime.shutdown_background();
    outcome
}
