//! The program: reads the command line, serves until it is told to stop.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use axum::serve::ListenerExt;
use clap::Parser;
use pairvoice_server::admin::{self, Hosts};
use pairvoice_server::auth::{Claims, now_s};
use pairvoice_server::config::{Command, CommandLine, Config, ServeArgs, TokenArgs, read_secret};
use pairvoice_server::{Server, logs, router};
use pairvoice_wire::{SessionId, UserId};
use tokio::net::TcpListener;

/// How long sent data may stay unacknowledged (RFC 5482).
const UNANSWERED: Duration = Duration::from_secs(30);
/// How long shutting down may take.
const SHUTDOWN: Duration = Duration::from_secs(5);

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match line.command {
        Some(Command::Token(args)) => token(&args),
        None => serve_by(line.serve),
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

fn serve_by(args: ServeArgs) -> Result<(), Failure> {
    logs::init(&args.log)?;
    run(&args.into_config()?)
}

fn run(config: &Config) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let Server { router, sessions, admin, io } = router(config)?;
    let listener = TcpListener::bind(config.listen).await.map_err(|e| format!("{}: {e}", config.listen))?;
    let address = listener.local_addr()?;
    if let Some(at) = config.admin_listen {
        let listener = TcpListener::bind(at).await.map_err(|e| format!("{at}: {e}"))?;
        admin::announce(listener.local_addr()?);
        let hosts = Hosts::new(at.ip(), &config.admin_host);
        tokio::spawn(axum::serve(listener, admin.router(&hosts)).into_future());
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
        admin.readiness().stopping();
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
