//! The HTTP side: who may connect from where, static files, development tokens.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use pairvoice_wire::{Code, Refusal};
use serde::Deserialize;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::admin::{Admin, Health, Hosts};
use crate::auth::Claims;
use crate::chat_log::{ChatLog, LogError};
use crate::config::Config;
use crate::database::DatabaseFile;
use crate::knock;
use crate::metrics::Metrics;
use crate::net::{self, Addresses, Link};
use crate::relay::RelayHost;
use crate::sessions::Sessions;
use crate::socket_io::{self, Endpoint};
use crate::static_files;

/// Validity of a development token in seconds.
const DEV_TOKEN_S: u64 = 12 * 3600;

/// What a page of a foreign origin is told.
const FORBIDDEN: &str = "this origin may not connect; see --allow-origin";

/// Where clients knock.
const KNOCK: &str = "/pairvoice/knock";

/// What a running server consists of.
#[derive(Debug)]
pub struct Server {
    /// Serve this.
    pub router: Router,
    /// The sessions.
    pub sessions: Arc<Sessions>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) relay: Option<Arc<RelayHost>>,
    /// The admin address, and what is to be told when the server stops.
    pub admin: Admin,
}

/// Builds the server.
///
/// # Errors
/// When the chat log can't be opened.
pub fn router(config: &Config) -> Result<Server, LogError> {
    let chat_log = ChatLog::open(&config.database, config.retention)?;
    let (metrics, database) = (Arc::new(Metrics::new()), Arc::new(DatabaseFile::new(&config.database)));
    let relay = config.relay_secret.clone().map(|secret| RelayHost::new(&config.relay, secret, config.listen.ip()));
    let relay = relay.map(Arc::new);
    let mut sessions = Sessions::new(chat_log, config.ice(), Arc::clone(&metrics));
    sessions.relay.clone_from(&relay);
    let sessions = Arc::new(sessions);
    if let Some(relay) = relay.clone() {
        metrics.watch_relay(Box::new(move || relay.counters()));
    }
    let counted = Arc::downgrade(&sessions);
    metrics.watch_rooms(Box::new(move || counted.upgrade().map_or((0, 0), |sessions| sessions.count())));
    metrics.watch_database(database.clone());
    let health = Arc::new(Health::new(database));
    let admin = Admin::new(Arc::clone(&sessions), Arc::clone(&health));
    let endpoint = Arc::new(Endpoint::new(Arc::clone(&sessions), Arc::clone(&config.keys), config.limits.rate));
    let addresses = Arc::new(Addresses::new(&config.limits, net::connections(), Arc::clone(&metrics)));
    let engine_io = socket_io::Service::new(Arc::clone(&endpoint), Arc::clone(&addresses));
    let knock = knock::Service::new(Arc::clone(&endpoint), Arc::clone(&addresses));
    let mut router = health
        .router()
        .route(KNOCK, post(knock::serve).with_state(knock))
        .route("/socket.io/", any(socket_io::serve).with_state(engine_io.clone()))
        .route("/socket.io", any(socket_io::serve).with_state(engine_io));
    if config.dev {
        router = router
            .route("/dev/token", get(dev_token).with_state(Arc::new(config.clone())))
            .merge(admin.routes(&Hosts::new(config.listen.ip(), &config.admin_host)));
    }
    if let Some(dir) = &config.static_dir {
        router = router.fallback_service(static_files::service(dir));
    }
    let origins = Arc::new(Origins { allowed: config.allow_origin.clone(), dev: config.dev });
    let may = Arc::clone(&origins);
    let gate = Gate { origins, sessions: Arc::clone(&sessions), addresses: Arc::clone(&addresses) };
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, parts| may.allow(Some(origin), &parts.headers)))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    let router = router.layer(cors).layer(middleware::from_fn_with_state(gate, check_origin));
    Ok(Server { router, sessions, endpoint, addresses, relay, admin })
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

/// What looks at origins.
#[derive(Debug, Clone)]
struct Gate {
    origins: Arc<Origins>,
    sessions: Arc<Sessions>,
    addresses: Arc<Addresses>,
}

impl Gate {
    /// One line for each request that is refused; a page that only asks why causes none.
    fn log(&self, request: &Request) {
        let path = request.uri().path();
        if knock::asks_why(request) {
            return;
        }
        let link = request.extensions().get::<Weak<Link>>().and_then(Weak::upgrade);
        let client = link.map(|link| self.addresses.client(link.peer(), request.headers()));
        let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
        self.sessions.watch.refused_origin(client, origin, path);
    }
}

async fn check_origin(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_knock = path == KNOCK;
    if (path.starts_with("/socket.io") || is_knock)
        && !gate.origins.allow(request.headers().get(header::ORIGIN), request.headers())
    {
        gate.log(&request);
        return if is_knock {
            // The page may read that it may not connect; a WebSocket would not tell it.
            let refusal = Refusal::new(Code::OriginForbidden, FORBIDDEN);
            let headers = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::CACHE_CONTROL, "no-store")];
            (StatusCode::FORBIDDEN, headers, Json(refusal)).into_response()
        } else {
            (StatusCode::FORBIDDEN, [FORBIDDEN, "\n"].concat()).into_response()
        };
    }
    next.run(request).await
}

/// Whether a host, with or without port, names this machine's loopback interface.
pub(crate) fn is_loopback(host: &str) -> bool {
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
    name: Option<String>,
}

/// A token for whoever asks, on this machine only: the Host header must name it too, or a web page that points its own
/// name at 127.0.0.1 could ask.
async fn dev_token(State(config): State<Arc<Config>>, headers: HeaderMap, Query(query): Query<DevToken>) -> Response {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        return (StatusCode::FORBIDDEN, "development tokens are for localhost only\n").into_response();
    }
    let claims = Claims { name: query.name, ..Claims::new(query.user, query.session, DEV_TOKEN_S) };
    match config.keys.sign(&claims) {
        Ok(token) => ([(header::CACHE_CONTROL, "no-store")], token).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
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
