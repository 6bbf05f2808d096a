//! The HTTP side: who may connect from where, static files, development tokens, diagnostics.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use socketioxide::SocketIo;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::auth::{Claims, now_s};
use crate::chat_log::{ChatLog, LogError};
use crate::config::Config;
use crate::sessions::Sessions;
use crate::{socket, static_files};

/// Validity of a development token in seconds.
const DEV_TOKEN_S: u64 = 12 * 3600;

/// What a running server consists of.
#[derive(Debug)]
pub struct Server {
    /// Serve this.
    pub router: Router,
    /// The sessions.
    pub sessions: Arc<Sessions>,
    /// Closes every socket.
    pub io: SocketIo,
}

/// Builds the server.
///
/// # Errors
/// When the chat log can't be opened.
pub fn router(config: &Config) -> Result<Server, LogError> {
    let chat_log = ChatLog::open(&config.database, config.retention)?;
    let sessions = Arc::new(Sessions::new(chat_log, &config.stun, config.rate));
    let (layer, io) = socket::layer(Arc::clone(&sessions), config.secret.clone());
    let mut router = Router::new().route("/healthz", get(|| async { "ok\n" }));
    if config.dev {
        router = router
            .route("/dev/token", get(dev_token).with_state(Arc::new(config.clone())))
            .merge(admin_router(Arc::clone(&sessions)));
    }
    if let Some(dir) = &config.static_dir {
        router = router.fallback_service(static_files::service(dir));
    }
    let origins = Arc::new(Origins { allowed: config.allow_origin.clone(), dev: config.dev });
    let may = Arc::clone(&origins);
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, parts| may.allow(Some(origin), &parts.headers)))
        .allow_methods([axum::http::Method::GET, axum::http::Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    let router = router.layer(layer).layer(cors).layer(middleware::from_fn_with_state(origins, check_origin));
    Ok(Server { router, sessions, io })
}

/// The pages that may connect. Browsers apply no same-origin rule to WebSockets, so the server does (RFC 6455 section 10.2).
#[derive(Debug)]
struct Origins {
    allowed: Vec<String>,
    dev: bool,
}

impl Origins {
    fn allow(&self, origin: Option<&HeaderValue>, headers: &HeaderMap) -> bool {
        // Only browsers send an origin, and only browsers act for somebody who did not ask for it.
        let Some(origin) = origin else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let own = headers.get(header::HOST).and_then(|h| h.to_str().ok()) == Some(host);
        own || self.allowed.iter().any(|allowed| allowed == origin) || (self.dev && is_loopback(host))
    }
}

async fn check_origin(State(origins): State<Arc<Origins>>, request: Request, next: Next) -> Response {
    let socket_io = request.uri().path().starts_with("/socket.io");
    if socket_io && !origins.allow(request.headers().get(header::ORIGIN), request.headers()) {
        return (StatusCode::FORBIDDEN, "this origin may not connect; see --allow-origin\n").into_response();
    }
    next.run(request).await
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[derive(Debug, Deserialize)]
struct DevToken {
    session: String,
    user: String,
}

/// A token for whoever asks, on this machine only: the Host header must name it too, or a web page that points its own
/// name at 127.0.0.1 could ask.
async fn dev_token(State(config): State<Arc<Config>>, headers: HeaderMap, Query(query): Query<DevToken>) -> Response {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        return (StatusCode::FORBIDDEN, "development tokens are for localhost only\n").into_response();
    }
    let claims = Claims { sub: query.user, session: query.session, exp: now_s() + DEV_TOKEN_S, participants: None };
    match config.secret.sign(&claims) {
        Ok(token) => ([(header::CACHE_CONTROL, "no-store")], token).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What only whoever runs the server should see.
pub fn admin_router(sessions: Arc<Sessions>) -> Router {
    Router::new()
        .route("/diagnostics", get(|| async { axum::response::Html(include_str!("diagnostics.html")) }))
        .route("/diagnostics.json", get(diagnostics))
        .with_state(sessions)
}

async fn diagnostics(State(sessions): State<Arc<Sessions>>) -> Response {
    let (rooms, seats) = sessions.count();
    axum::Json(serde_json::json!({ "rooms": rooms, "seats": seats, "signals": sessions.journal.entries() }))
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["localhost", "localhost:8787", "127.0.0.1:1", "[::1]:8787", "a.localhost:5173"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.com", "localhost.example.com:80", "10.0.0.1", "127.0.0.1.example.com"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
