//! What is spoken on an accepted connection, as its first byte says: STUN and TURN, or TLS if there is a certificate, and inside it STUN and
//! TURN again, HTTP/2 or HTTP/1.1.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tower::ServiceExt as _;

use super::addresses::Addresses;
use super::link::{InRequest, Link, LinkStream};
use super::peeked::Peeked;
use crate::metrics::ConnectionRefusal;
use crate::relay::RelayHost;
use crate::tls::Tls;

/// What HTTP/1 may buffer of one connection, in bytes.
const HTTP1_BUFFER: usize = 32 * 1024;
/// What HTTP/2 may buffer of one stream, in bytes.
const HTTP2_BUFFER: usize = 64 * 1024;
/// Longest headers of a request in HTTP/2, in bytes.
const HTTP2_HEADERS: u32 = 16 * 1024;
/// Requests that one connection of HTTP/2 may have at once.
const HTTP2_STREAMS: u32 = 16;
/// What a peer may send of one body without being asked for more, in bytes.
const HTTP2_WINDOW: u32 = 64 * 1024;

/// Serves connections.
pub(super) struct Web {
    pub(super) router: Router,
    pub(super) tls: Option<Arc<Tls>>,
    /// How long a request's header, and a TLS handshake, may take.
    pub(super) header_time: Duration,
    /// How long a connection of HTTP/1 may take until its next request.
    pub(super) idle_time: Duration,
    pub(super) addresses: Arc<Addresses>,
    pub(super) relay: Option<Arc<RelayHost>>,
    /// The number of the relay's next stream.
    pub(super) streams: AtomicU64,
}

impl Web {
    /// Serves a connection to its end, or until it is a WebSocket.
    pub(super) async fn serve(self: Arc<Self>, link: Arc<Link>) {
        let weak = Arc::downgrade(&link);
        let first = tokio::time::timeout(self.header_time, link.first_byte()).await;
        let stream = LinkStream(Arc::clone(&link));
        drop(link);
        let Ok(first) = first else { return self.addresses.refused(ConnectionRefusal::HeaderTimeout) };
        match (&self.tls, first) {
            (_, Some(first)) if self.relays(first) => self.relay(stream, &weak).await,
            (Some(tls), _) => self.tls(tls, stream, weak).await,
            (None, _) => self.http1(Peeked { first: None, stream, link: weak.clone() }, weak).await,
        }
    }

    async fn tls(&self, tls: &Tls, stream: LinkStream, link: Weak<Link>) {
        let handshake = tokio::time::timeout(self.header_time, tls.acceptor().accept(stream)).await;
        let Ok(Ok(mut stream)) = handshake else { return self.addresses.refused(ConnectionRefusal::Tls) };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            return self.http2(stream, link).await;
        }
        let mut byte = [0];
        let Ok(read) = tokio::time::timeout(self.header_time, stream.read(&mut byte)).await else {
            return self.addresses.refused(ConnectionRefusal::HeaderTimeout);
        };
        let first = byte.into_iter().take(read.unwrap_or(0)).next();
        let stream = Peeked { first, stream, link: link.clone() };
        if first.is_some_and(|first| self.relays(first)) {
            self.relay(stream, &link).await;
        } else {
            self.http1(stream, link).await;
        }
    }

    /// Whether a connection that begins so is for the relay (RFC 7983).
    fn relays(&self, first: u8) -> bool {
        self.relay.is_some() && pairvoice_relay::is_relay(first)
    }

    async fn relay(&self, stream: impl AsyncRead + AsyncWrite, link: &Weak<Link>) {
        let link = link.upgrade();
        let (Some(relay), Some(client)) = (&self.relay, link.as_ref().and_then(|link| link.client())) else { return };
        link.inspect(|link| link.is_relayed());
        relay.serve_stream(stream, client, self.streams.fetch_add(1, Ordering::Relaxed)).await;
    }

    async fn http1(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, link: Weak<Link>) {
        let mut http = http1::Builder::new();
        // It runs from the end of the request before; a header that has begun has its own time, which its link knows.
        let until_header = self.idle_time.max(self.header_time);
        http.timer(TokioTimer::new()).header_read_timeout(until_header).max_buf_size(HTTP1_BUFFER);
        let idle = link.clone();
        let service = service_fn(|request| self.answer(request, link.clone()));
        // Whatever else ends a connection, there is nobody left to be told.
        if let Err(error) = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await
            && error.is_timeout()
        {
            let served = idle.upgrade().is_some_and(|link| link.has_served());
            self.addresses.refused(if served { ConnectionRefusal::Idle } else { ConnectionRefusal::HeaderTimeout });
        }
    }

    async fn http2(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, link: Weak<Link>) {
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .initial_stream_window_size(HTTP2_WINDOW)
            .initial_connection_window_size(HTTP2_WINDOW * 4)
            .max_header_list_size(HTTP2_HEADERS)
            .max_send_buf_size(HTTP2_BUFFER);
        let router = self.router.clone();
        let service = service_fn(move |request| answer(router.clone(), request, link.clone()));
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(&self, request: Request<Incoming>, link: Weak<Link>) -> Result<Response, Infallible> {
        answer(self.router.clone(), request, link).await
    }
}

async fn answer(router: Router, request: Request<Incoming>, link: Weak<Link>) -> Result<Response, Infallible> {
    let answering = link.upgrade().map(Link::request);
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(link);
    let response = router.oneshot(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    Ok(response.map(|body| Body::new(Answer { body, answering })))
}

/// The body of a response: its request is being answered until all of it was taken.
struct Answer {
    body: Body,
    answering: Option<InRequest>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(answering) = &self.answering {
            answering.moves();
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
