//! The program: reads the command line, serves until it is told to stop.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use axum::serve::ListenerExt;
use pairvoice_server::auth::{Claims, now_s};
use pairvoice_server::config::{Command, CommandLine, Config, ConfigError, ReadError, TokenArgs, read_secret};
use pairvoice_server::{Server, admin_router, router};
use pairvoice_wire::{SessionId, UserId};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// How long sent data may stay unacknowledged (RFC 5482).
const UNANSWERED: Duration = Duration::from_secs(30);
/// How long shutting down may take.
const SHUTDOWN: Duration = Duration::from_secs(5);
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
    let config = line.serve.into_config()?;
    match line.effective {
        Some(settings) => Ok(write!(std::io::stdout(), "{settings}")?),
        None => run(&config),
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
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    if config.tls.is_some() {
        return Err("--tls-cert: the connections are not accepted by TLS yet".into());
    }
    let Server { router, sessions, io } = router(config).map_err(|e| format!("{}: {e}", config.database.display()))?;
    let listener = TcpListener::bind(config.listen).await.map_err(|e| format!("{}: {e}", config.listen))?;
    let address = listener.local_addr()?;
    if let Some(admin) = config.admin_listen {
        let admin = TcpListener::bind(admin).await.map_err(|e| format!("{admin}: {e}"))?;
        tracing::info!(address = %admin.local_addr()?, "diagnostics");
        tokio::spawn(axum::serve(admin, admin_router(sessions.clone())).into_future());
    }
    let scope = if config.stun.is_empty() { "; calls work inside one network only (no --stun)" } else { "" };
    writeln!(std::io::stdout(), "pairvoice-server listens on http://{address}{scope}")?;
    // The first message after a handshake waits 40 ms for an acknowledgement otherwise (Nagle).
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
        // A peer that takes nothing is gone; without this its connection would stay for a quarter of an hour.
        let _ = socket2::SockRef::from(&*stream).set_tcp_user_timeout(Some(UNANSWERED));
    });
    let closing = sessions.clone();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let stop = async move {
        stop_signal().await;
        let _ = stopping.send(());
        closing.restarting();
        io.close().await;
    };
    // Somebody who neither reads nor goes must not keep the log from being closed.
    let deadline = async {
        let _ = stopped.await;
        tokio::time::sleep(SHUTDOWN).await;
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stop) => served?,
        () = deadline => tracing::warn!("some connections did not end in time"),
    }
    sessions.close();
    Ok(())
}

async fn stop_signal() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
