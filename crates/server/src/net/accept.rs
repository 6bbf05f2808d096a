//! The accept loop, and HTTP on what it accepts.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::addresses::{Addresses, Crowded, network};
use super::limits::LimitArgs;
use super::link::{Link, LinkStream};
use crate::sessions::lock;
use crate::tls::Tls;

/// How long sent data may stay unacknowledged (RFC 5482): a peer that is gone takes nothing, and its connection would stay for a
/// quarter of an hour.
const UNANSWERED: Duration = Duration::from_secs(30);
/// What HTTP/1 may buffer of one connection, in bytes.
const HTTP1_BUFFER: usize = 32 * 1024;
/// How often connections are looked after.
const SWEEP: Duration = Duration::from_secs(1);
/// When no connection could be given up for a new one, none is looked for again for so long.
const FRUITLESS: Duration = Duration::from_millis(100);
/// How long is waited when no connection can be accepted, for want of descriptors as a rule.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// The least time between two log lines about connections that were not accepted.
const QUIET: Duration = Duration::from_secs(5);
/// Descriptors that are not for connections: the chat log's, those of static files, the runtime's.
const RESERVED: u64 = 64;

/// Accepts and serves connections until it is dropped.
pub(crate) struct Listener {
    tcp: TcpListener,
    limits: LimitArgs,
    addresses: Arc<Addresses>,
    links: Links,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("tcp", &self.tcp).finish_non_exhaustive()
    }
}

/// The connections that are open.
type Links = Arc<Mutex<HashMap<u64, Weak<Link>>>>;

/// Raises the soft limit of descriptors to the hard one, and tells how many connections fit under it.
pub(crate) fn connections() -> u32 {
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of descriptors could not be raised");
        rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1_024, |(soft, _)| soft)
    });
    u32::try_from(limit.saturating_sub(RESERVED.min(limit / 4))).unwrap_or(u32::MAX)
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// The system's, when the address can't be bound.
    pub(crate) async fn bind(address: SocketAddr, limits: &LimitArgs, addresses: Arc<Addresses>) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        Ok(Self { tcp, limits: limits.clone(), addresses, links: Links::default() })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until the future is dropped; `each_second` is called about every second.
    pub(crate) async fn serve(&self, router: Router, tls: Option<Arc<Tls>>, each_second: impl Fn(Instant)) {
        let numbers = AtomicU64::new(0);
        let mut sweep = tokio::time::interval(SWEEP);
        let mut quiet = Quiet::default();
        let mut fruitless = Instant::now();
        loop {
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = sweep.tick() => {
                    let now = Instant::now();
                    self.sweep(now);
                    each_second(now);
                    continue;
                }
            };
            match accepted {
                Ok((tcp, peer)) => {
                    let slot = self.addresses.accept(peer.ip()).or_else(|crowded| {
                        if fruitless.elapsed() < FRUITLESS {
                            return Err(crowded);
                        }
                        let Some(link) = self.dispensable(peer.ip(), crowded) else {
                            fruitless = Instant::now();
                            return Err(crowded);
                        };
                        link.reset();
                        Ok(self.addresses.take(peer.ip()))
                    });
                    let slot = match slot {
                        Ok(slot) => slot,
                        Err(crowded) => {
                            if let Some(left_out) = quiet.speak() {
                                tracing::warn!(?crowded, left_out, "refused a connection: there are too many");
                            }
                            continue;
                        }
                    };
                    prepare(&tcp);
                    let link = Link::new(tcp, peer.ip(), slot);
                    lock(&self.links).insert(numbers.fetch_add(1, Ordering::Relaxed), Arc::downgrade(&link));
                    tokio::spawn(connection(link, router.clone(), tls.clone(), self.limits.header_time()));
                }
                Err(error) => {
                    if let Some(left_out) = quiet.speak() {
                        tracing::error!(%error, left_out, "could not accept a connection");
                    }
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }

    /// Waits until nobody is connected any more.
    pub(crate) async fn closed(&self) {
        while lock(&self.links).values().any(|link| link.strong_count() > 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The connection that has been idle for longest, of this address or of all. Browsers keep connections in case they need them.
    fn dispensable(&self, address: IpAddr, crowded: Crowded) -> Option<Arc<Link>> {
        let (now, address) = (Instant::now(), network(address));
        let links: Vec<Arc<Link>> = lock(&self.links).values().filter_map(Weak::upgrade).collect();
        let fits = |link: &&Arc<Link>| crowded == Crowded::Everybody || network(link.peer()) == address;
        let idle = links.iter().filter(fits).filter_map(|link| Some((link.dispensable(now)?, link)));
        idle.max_by_key(|(idle, _)| *idle).map(|(_, link)| Arc::clone(link))
    }

    fn sweep(&self, now: Instant) {
        self.addresses.sweep(now);
        lock(&self.links).retain(|_, link| {
            let Some(link) = link.upgrade() else { return false };
            if link.is_stalled(now) || link.idle(now).is_some_and(|idle| idle > self.limits.idle_time()) {
                link.reset();
            }
            true
        });
    }
}

/// What may be said about something that happens often: a line now and then, with the number of those left out.
#[derive(Debug, Default)]
struct Quiet {
    spoke: Option<Instant>,
    left_out: u64,
}

impl Quiet {
    fn speak(&mut self) -> Option<u64> {
        if self.spoke.is_some_and(|spoke| spoke.elapsed() < QUIET) {
            self.left_out += 1;
            return None;
        }
        self.spoke = Some(Instant::now());
        Some(std::mem::take(&mut self.left_out))
    }
}

fn prepare(tcp: &TcpStream) {
    // The first message after a handshake waits 40 ms for an acknowledgement otherwise (Nagle).
    let _ = tcp.set_nodelay(true);
    let _ = SockRef::from(tcp).set_tcp_user_timeout(Some(UNANSWERED));
}

async fn connection(link: Arc<Link>, router: Router, tls: Option<Arc<Tls>>, header_time: Duration) {
    let weak = Arc::downgrade(&link);
    let stream = LinkStream(link);
    match tls {
        None => http1(stream, weak, router, header_time).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(header_time, tls.acceptor().accept(stream)).await;
            let Ok(Ok(stream)) = handshake else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2(stream, weak, router).await;
            } else {
                http1(stream, weak, router, header_time).await;
            }
        }
    }
}

async fn http1<S>(stream: S, link: Weak<Link>, router: Router, header_time: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_time).max_buf_size(HTTP1_BUFFER);
    let service = service_fn(move |request| answer(request, link.clone(), router.clone()));
    // Whatever ends a connection, there is nobody left to be told.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

async fn http2<S>(stream: S, link: Weak<Link>, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(16 * 1024)
        .max_send_buf_size(64 * 1024);
    let service = service_fn(move |request| answer(request, link.clone(), router.clone()));
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    link: Weak<Link>,
    router: Router,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let _answering = link.upgrade().map(|link| link.request());
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(link);
    router.oneshot(request).await
}
