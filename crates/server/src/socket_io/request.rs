//! The HTTP side of Engine.IO: which requests begin a connection, which belong to one, and the upgrade to a WebSocket (RFC 6455 section 4.2).

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engineioxide::TransportType;
use engineioxide::config::EngineIoConfig;
use engineioxide::service::{EngineIoService, NotFoundService};
use engineioxide::socket::Sid;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use pairvoice_wire::MAX_MESSAGE_BYTES;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tower::Service as _;

use super::endpoint::Endpoint;
use super::engine::Engine;
use super::meter::{Metered, packets};
use crate::metrics::ConnectionRefusal;
use crate::net::{Addresses, Link};

/// How long the body of a request may take.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(10);
/// What a WebSocket reads at once, in bytes. Each connection holds so much.
const READ_BUFFER: usize = 512;

/// Engine.IO for an axum router.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) endpoint: Arc<Endpoint>,
    addresses: Arc<Addresses>,
    /// Engine.IO for each transport by itself: an upgrade from one to the other that breaks off half-way would leave a connection
    /// without a heartbeat. The client begins with a WebSocket and takes polling only where that does not work.
    polling: EngineIoService<Endpoint, NotFoundService>,
    websocket: EngineIoService<Endpoint, NotFoundService>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl Service {
    pub(crate) fn new(endpoint: Arc<Endpoint>, addresses: Arc<Addresses>) -> Self {
        let service = |transport| EngineIoService::with_config(Arc::clone(&endpoint), config(transport));
        let (polling, websocket) = (service(TransportType::Polling), service(TransportType::Websocket));
        Self { endpoint, addresses, polling, websocket }
    }

    /// A new connection, if its address may have another one.
    fn begin(&self, request: &Request) -> Option<Arc<Engine>> {
        let link = request.extensions().get::<Weak<Link>>().and_then(Weak::upgrade);
        let slot = link.and_then(|link| self.addresses.begin(link.peer(), request.headers()));
        let slot = slot?;
        let endpoint = &self.endpoint;
        let host = host(request);
        let (unsent, metrics) = (Arc::clone(&endpoint.unsent), Arc::clone(endpoint.metrics()));
        Some(Arc::new(Engine::new(endpoint.number(), slot, host, unsent, endpoint.rate, metrics)))
    }

    async fn poll(&mut self, uri: Uri, sid: Sid) -> Response {
        let Some(engine) = self.endpoint.engine(sid) else { return unknown() };
        let response = self.call(bare(&uri, None)).await;
        let (parts, body) = response.into_parts();
        // The whole of it is there already.
        let Ok(payload) = body.collect().await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let payload = payload.to_bytes();
        let packets = packets(&payload);
        Response::from_parts(parts, Body::from(Bytes::from_owner(Polled { payload, packets, engine })))
    }

    async fn post(&mut self, request: Request, sid: Sid) -> Response {
        let Some(engine) = self.endpoint.engine(sid) else { return unknown() };
        // A client sends one body after the other.
        let Some(_posting) = engine.post() else { return StatusCode::TOO_MANY_REQUESTS.into_response() };
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        if length.is_some_and(|length| length.parse::<usize>().map_or(true, |length| length > MAX_MESSAGE_BYTES)) {
            return (StatusCode::PAYLOAD_TOO_LARGE, "a message has at most 128 KiB\n").into_response();
        }
        let (parts, body) = request.into_parts();
        let mut request = bare(&parts.uri, None);
        *request.method_mut() = Method::POST;
        *request.body_mut() = body;
        if let Some(kind) = parts.headers.get(header::CONTENT_TYPE) {
            request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        }
        if let Ok(response) = tokio::time::timeout(BODY_TIME, self.call(request)).await {
            return response;
        }
        self.endpoint.metrics().connection_refused(ConnectionRefusal::BodyTimeout);
        (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")]).into_response()
    }

    async fn call(&mut self, request: Request) -> Response {
        match self.polling.call(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }

    /// Answers the upgrade, and hands the stream to Engine.IO once it is ours.
    fn upgrade(&self, mut request: Request) -> Response {
        let Some(key) = websocket_key(&request) else {
            return (StatusCode::BAD_REQUEST, "this is not the handshake of a WebSocket\n").into_response();
        };
        let accept = derive_accept_key(key.as_bytes());
        let Some(engine) = self.begin(&request) else { return crowded() };
        let link = request.extensions().get::<Weak<Link>>().cloned().unwrap_or_default();
        let upgraded = hyper::upgrade::on(&mut request);
        let inner = bare(request.uri(), Some(Arc::clone(&engine))).map(|_| ());
        let mut engine_io = self.websocket.clone();
        tokio::spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            if let Some(link) = link.upgrade() {
                link.is_websocket();
            }
            engine.is_on(link);
            let stream = Metered::new(TokioIo::new(upgraded), engine);
            // The request's form was checked above; Engine.IO has nothing to add.
            let _ = engine_io.call((stream, inner)).await;
        });
        let headers = [
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::CONNECTION, HeaderValue::from_static("Upgrade")),
            (header::SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&accept).unwrap_or(HeaderValue::from_static(""))),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

fn config(transport: TransportType) -> EngineIoConfig {
    EngineIoConfig::builder()
        .req_path("/socket.io")
        .transports([transport])
        .ping_interval(Duration::from_secs(10))
        .ping_timeout(Duration::from_secs(8))
        .max_buffer_size(1_024)
        .max_payload(MAX_MESSAGE_BYTES as u64)
        .ws_read_buffer_size(READ_BUFFER)
        .ws_max_message_size(MAX_MESSAGE_BYTES)
        .ws_max_frame_size(MAX_MESSAGE_BYTES)
        .build()
}

/// The payload of a poll. Its packets count as unsent until all of it was written.
struct Polled {
    payload: Bytes,
    packets: usize,
    engine: Arc<Engine>,
}

impl AsRef<[u8]> for Polled {
    fn as_ref(&self) -> &[u8] {
        &self.payload
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.engine.unsent.sent(self.packets);
    }
}

/// A request under `/socket.io`.
pub(crate) async fn serve(State(mut service): State<Service>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let websocket = value("transport") == Some("websocket");
    let sid = match value("sid").map(str::parse::<Sid>) {
        Some(Ok(sid)) => Some(sid),
        Some(Err(_)) => return unknown(),
        None => None,
    };
    match (request.method(), sid) {
        (&Method::GET, None) if websocket => service.upgrade(request),
        (&Method::GET, Some(_)) if websocket => {
            (StatusCode::BAD_REQUEST, "no upgrade from polling; connect by a WebSocket\n").into_response()
        }
        (&Method::GET, Some(sid)) => {
            let uri = request.uri().clone();
            // A body that nobody reads would be held as long as the poll.
            drop(request);
            service.poll(uri, sid).await
        }
        (&Method::POST, Some(sid)) => service.post(request, sid).await,
        (&Method::GET, None) if value("EIO") == Some("4") && value("transport") == Some("polling") => {
            match service.begin(&request) {
                Some(engine) => service.call(bare(request.uri(), Some(engine))).await,
                None => crowded(),
            }
        }
        _ => (StatusCode::BAD_REQUEST, "this is not a request of Engine.IO 4\n").into_response(),
    }
}

/// What Engine.IO needs of a request. It keeps the request as long as the connection lives, so the headers stay behind, and the
/// URI is a copy: the one that came is a part of the buffer that the whole request was read into.
fn bare(uri: &Uri, engine: Option<Arc<Engine>>) -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::try_from(uri.to_string()).unwrap_or_default();
    *request.version_mut() = Version::HTTP_11;
    if let Some(engine) = engine {
        request.extensions_mut().insert(engine);
    }
    request
}

/// The `Host` by which a client reaches this server. HTTP/2 has it in the request line (RFC 9113 section 8.3.1).
pub(crate) fn host(request: &Request) -> Option<Box<str>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri().authority().map(Authority::as_str).or(host).map(Into::into)
}

fn websocket_key(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    (version && has_token(headers, header::UPGRADE, "websocket") && has_token(headers, header::CONNECTION, "upgrade"))
        .then(|| headers.get(header::SEC_WEBSOCKET_KEY).cloned())
        .flatten()
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn crowded() -> Response {
    let retry = [(header::RETRY_AFTER, "5")];
    (StatusCode::TOO_MANY_REQUESTS, retry, "too many connections of this address\n").into_response()
}

/// As Engine.IO says it, so that clients know what to do.
fn unknown() -> Response {
    let body = Bytes::from_static(b"{\"code\":\"1\",\"message\":\"Session ID unknown\"}");
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
