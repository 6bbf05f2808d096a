//! What only whoever runs the server should see and do: diagnostics, metrics, health, revocation.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use pairvoice_wire::{SessionId, UserId};
use serde::{Deserialize, Deserializer};
use tokio::task::spawn_blocking;
use tower_http::set_header::SetResponseHeaderLayer;
use tracing::{info, warn};

pub use self::health::{Health, Readiness};
pub use self::hosts::Hosts;
use crate::metrics::CONTENT_TYPE;
use crate::sessions::Sessions;

mod health;
mod hosts;

/// Longest body in bytes.
const MAX_BODY: usize = 4 * 1_024;

/// The admin address.
#[derive(Clone)]
pub struct Admin {
    sessions: Arc<Sessions>,
    health: Arc<Health>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("health", &self.health).finish_non_exhaustive()
    }
}

impl Admin {
    /// Serves what the sessions tell.
    #[must_use]
    pub fn new(sessions: Arc<Sessions>, health: Arc<Health>) -> Self {
        Self { sessions, health }
    }

    /// To be told when the server stops.
    #[must_use]
    pub fn readiness(&self) -> &Arc<Readiness> {
        self.health.readiness()
    }

    /// Everything, for an address of its own.
    pub fn router(&self, hosts: &Hosts) -> Router {
        self.routes(hosts).merge(self.health.router()).layer(from_fn_with_state(hosts.clone(), hosts::check))
    }

    /// Everything but `/healthz` and `/readyz`, to be merged into a router that has these.
    pub fn routes(&self, hosts: &Hosts) -> Router {
        let uncached = SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let nosniff =
            SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Router::new()
            .route("/diagnostics", get(async || Html(include_str!("diagnostics.html"))))
            .route("/diagnostics.json", get(diagnostics))
            .route("/metrics", get(metrics))
            .route("/revoke", post(revoke))
            .route_layer(DefaultBodyLimit::max(MAX_BODY))
            .route_layer(uncached)
            .route_layer(nosniff)
            .route_layer(from_fn_with_state(hosts.clone(), hosts::check))
            .with_state(self.clone())
    }
}

/// Says in the log where the admin address is, and that nobody else should reach it.
pub fn announce(address: SocketAddr) {
    info!(%address, "the admin address: /diagnostics, /metrics, /healthz, /readyz, POST /revoke");
    if !address.ip().is_loopback() {
        warn!(%address, "the admin address is not loopback: whoever reaches it sees who talks to whom, and can revoke them");
    }
}

async fn diagnostics(State(admin): State<Admin>) -> Response {
    let (rooms, seats) = admin.sessions.count();
    let signals = admin.sessions.watch.journal.entries();
    Json(serde_json::json!({ "rooms": rooms, "seats": seats, "signals": signals })).into_response()
}

async fn metrics(State(admin): State<Admin>) -> Response {
    let metrics = Arc::clone(&admin.sessions.watch.metrics);
    match spawn_blocking(move || metrics.encode()).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whom to revoke: a misspelt or empty `user` must not become everybody of the session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    session: SessionId,
    #[serde(default, deserialize_with = "given")]
    user: Option<UserId>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UserId>, D::Error> {
    UserId::deserialize(deserializer).map(Some)
}

/// Only `application/json` is taken, which a form of another site can't send.
async fn revoke(State(admin): State<Admin>, body: Result<Json<Revocation>, JsonRejection>) -> Response {
    let Json(Revocation { session, user }) = match body {
        Ok(body) => body,
        Err(error) => {
            let form = "POST as application/json: {\"session\": \"s\"} or {\"session\": \"s\", \"user\": \"7\"}\n";
            return (error.status(), form).into_response();
        }
    };
    info!(room = session.as_str(), user = user.as_ref().map(UserId::as_str), "revoked by the admin address");
    match admin.sessions.revoke(&session, user).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            warn!(%error, "a revocation could not be written");
            (StatusCode::SERVICE_UNAVAILABLE, "whoever was there is gone, but it was not written: ask again\n")
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests;
