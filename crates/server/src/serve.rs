//! The server's life: from binding its addresses to the last word of its chat log.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::admin::{self, Hosts};
use crate::config::Config;
use crate::http::{Server, router};
use crate::net::Listener;
use crate::relay::RelayHost;
use crate::socket_io::Endpoint;

/// How long the chat log may take to write what waits, at the end.
const LAST_WRITES: Duration = Duration::from_secs(1);
/// How long stopping may take altogether.
const STOP: Duration = Duration::from_millis(1_700);

/// What ends a server before its time.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Serves until the process is told to stop by SIGINT or SIGTERM, and prints one line with the address once it accepts connections.
///
/// # Errors
/// When an address can't be bound, or the chat log can't be opened.
pub async fn serve(config: &Config) -> Result<(), Failure> {
    tokio::spawn(Arc::clone(&config.keys).watch());
    let Server { router, sessions, endpoint, addresses, relay, admin } = router(config)?;
    let bound = Listener::bind(config.listen, &config.limits, addresses, relay.clone()).await;
    let listener = Arc::new(bound.map_err(|e| format!("{}: {e}", config.listen))?);
    let address = listener.local_addr()?;
    if let Some(at) = config.admin_listen {
        let listener = TcpListener::bind(at).await.map_err(|e| format!("{at}: {e}"))?;
        admin::announce(listener.local_addr()?);
        let hosts = Hosts::new(at.ip(), &config.admin_host);
        tokio::spawn(axum::serve(listener, admin.router(&hosts)).into_future());
    }
    if let Some(tls) = &config.tls {
        tokio::spawn(Arc::clone(tls).watch());
    }
    let (tls, scheme) = (config.tls.clone(), if config.tls.is_some() { "https" } else { "http" });
    let wide = sessions.reach_all_networks();
    let scope = if wide { "" } else { "; calls work inside one network only (--no-relay and no --stun)" };
    writeln!(std::io::stdout(), "pairvoice-server listens on {scheme}://{address}{scope}")?;
    let (sweeping, accepting, relaying) = (Arc::clone(&endpoint), Arc::clone(&listener), relay.clone());
    let accepting =
        async move { accepting.serve(router, tls, move |now: Instant| sweep(&sweeping, relay.as_ref(), now)).await };
    let datagrams = async move {
        match relaying {
            Some(relay) => relay.serve_datagrams().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = accepting => Ok(()),
        () = datagrams => Ok(()),
        () = async {
            stop_signal().await;
            let stop = async {
                admin.readiness().stopping();
                // Whoever connects meanwhile is told when to come back; whoever is here is told, too.
                endpoint.restarting();
                sessions.restarting();
                // What was acknowledged is on the disk already; what was not is asked for again.
                let closing = Arc::clone(&sessions);
                let written = tokio::task::spawn_blocking(move || closing.close());
                if tokio::time::timeout(LAST_WRITES, written).await.is_err() {
                    tracing::warn!("the chat log did not end in time");
                }
                endpoint.close();
                listener.end_idle();
                listener.closed().await;
            };
            if tokio::time::timeout(STOP, stop).await.is_err() {
                tracing::debug!("some connections did not end in time");
            }
        } => Ok(()),
    }
}

fn sweep(endpoint: &Endpoint, relay: Option<&Arc<RelayHost>>, now: Instant) {
    endpoint.sweep(now);
    if let Some(relay) = relay {
        relay.sweep();
    }
}

async fn stop_signal() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
