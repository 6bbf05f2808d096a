//! One TCP connection: what it does is seen, and it can be ended from outside.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::addresses::LinkSlot;
use crate::sessions::lock;

/// A peer that takes less than [`LEAST`] bytes of what waits for it in this time reads too slowly.
const WINDOW: Duration = Duration::from_secs(10);
/// See [`WINDOW`].
const LEAST: u64 = 32 * 1024;

/// A request of whose answer nothing was wanted for so long stands still. Engine.IO answers a poll within 10 s.
const STANDSTILL: Duration = Duration::from_secs(30);

/// How long a connection may take for its first request when others want its place: some round trips.
const FIRST_REQUEST: Duration = Duration::from_secs(2);

/// Bytes of what is not sent yet at which the system asks a relayed stream for more: a second of voice.
const RELAY_LOW: u32 = 4 * 1024;
/// How long a connection that this side has closed waits for the other to do the same.
const LINGER: Duration = Duration::from_millis(400);

/// One TCP connection.
#[derive(Debug)]
pub(crate) struct Link {
    tcp: TcpStream,
    peer: IpAddr,
    began: Instant,
    /// Requests that are being answered, and when each of them was last seen to go on.
    requests: Mutex<HashMap<u32, Instant>>,
    /// The number of the next request.
    next: AtomicU32,
    /// It has been of use: a request was answered.
    served: AtomicBool,
    /// It carries a WebSocket or the relay's frames, which have a heartbeat of their own.
    lasting: AtomicBool,
    /// What waits for the peer is dropped when it is late, so that nobody has to end the connection for it.
    drops: AtomicBool,
    /// When bytes came or went last, in milliseconds since it began.
    active: AtomicU64,
    /// When a header began that has not come to its end, in milliseconds since the connection began; 0 for none.
    head: AtomicU64,
    written: AtomicU64,
    /// The last write found the send buffer full.
    blocked: AtomicBool,
    /// Since when it has been blocked, and how much had been written then.
    window: Mutex<Option<(Instant, u64)>>,
    _slot: LinkSlot,
}

impl Link {
    pub(super) fn new(tcp: TcpStream, peer: IpAddr, slot: LinkSlot) -> Arc<Self> {
        Arc::new(Self {
            tcp,
            peer: peer.to_canonical(),
            began: Instant::now(),
            requests: Mutex::default(),
            next: AtomicU32::new(0),
            served: AtomicBool::new(false),
            lasting: AtomicBool::new(false),
            drops: AtomicBool::new(false),
            active: AtomicU64::new(0),
            head: AtomicU64::new(0),
            written: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            window: Mutex::new(None),
            _slot: slot,
        })
    }

    /// Who is at the other end of the TCP connection: the client or a proxy.
    pub(crate) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// From now on it carries a WebSocket.
    pub(crate) fn is_websocket(&self) {
        self.lasting.store(true, Ordering::Relaxed);
    }

    /// From now on it carries frames of the relay.
    pub(super) fn is_relayed(&self) {
        self.lasting.store(true, Ordering::Relaxed);
        self.drops.store(true, Ordering::Relaxed);
        let _ = SockRef::from(&self.tcp).set_tcp_notsent_lowat(RELAY_LOW);
    }

    /// Nobody waits for what it carries: it may be ended at any time.
    pub(super) fn is_lossy(&self) -> bool {
        self.drops.load(Ordering::Relaxed)
    }

    /// The first byte that the peer sends, which stays to be read; nothing when it sends none.
    pub(super) async fn first_byte(&self) -> Option<u8> {
        let mut byte = [0];
        let length = self.tcp.peek(&mut byte).await.ok()?;
        byte.into_iter().take(length).next()
    }

    /// The address and port at the other end.
    pub(super) fn client(&self) -> Option<SocketAddr> {
        self.tcp.peer_addr().ok()
    }

    /// Ends the connection at once, whatever waits to be sent.
    pub(crate) fn reset(&self) {
        let socket = SockRef::from(&self.tcp);
        let _ = socket.set_linger(Some(Duration::ZERO));
        let _ = socket.shutdown(Shutdown::Both);
    }

    /// A request is being answered until what is returned is dropped.
    pub(super) fn request(self: Arc<Self>) -> InRequest {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.requests).insert(number, Instant::now());
        self.head.store(0, Ordering::Relaxed);
        InRequest { link: Arc::downgrade(&self), number }
    }

    /// Whether a request was answered on it.
    pub(super) fn has_served(&self) -> bool {
        self.served.load(Ordering::Relaxed)
    }

    /// HTTP/1 read something: while no request is answered, that belongs to the next one's header.
    pub(super) fn hears(&self) {
        if !self.lasting.load(Ordering::Relaxed) && lock(&self.requests).is_empty() {
            let now = self.age().max(1);
            let _ = self.head.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether a header has taken longer than so to come to its end.
    pub(super) fn is_slow(&self, now: Instant, header_time: Duration) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        let began = self.began + Duration::from_millis(head);
        let is_late = head > 0 && now.saturating_duration_since(began) > header_time;
        is_late && !self.lasting.load(Ordering::Relaxed) && lock(&self.requests).is_empty()
    }

    /// For how long nothing was asked and nothing moved; none for a WebSocket, and while a request is answered.
    pub(super) fn idle(&self, now: Instant) -> Option<Duration> {
        let active = self.began + Duration::from_millis(self.active.load(Ordering::Relaxed));
        let busy = self.lasting.load(Ordering::Relaxed) || !lock(&self.requests).is_empty();
        (!busy).then(|| now.saturating_duration_since(active))
    }

    /// For how long the connection has not been of use, if it may be given up for another one: at once when it has served a request,
    /// otherwise once it had time to send one.
    pub(super) fn dispensable(&self, now: Instant) -> Option<Duration> {
        self.idle(now).filter(|idle| self.served.load(Ordering::Relaxed) || *idle > FIRST_REQUEST)
    }

    /// Whether the peer hardly reads. To be asked every second or so.
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        if self.drops.load(Ordering::Relaxed) {
            return false;
        }
        // A stream of HTTP/2 may stand still while the connection goes on.
        if lock(&self.requests).values().any(|moved| now.saturating_duration_since(*moved) > STANDSTILL) {
            return true;
        }
        let mut window = lock(&self.window);
        let written = self.written.load(Ordering::Relaxed);
        if !self.blocked.load(Ordering::Relaxed) {
            *window = None;
            return false;
        }
        match *window {
            Some((since, _)) if now.saturating_duration_since(since) < WINDOW => false,
            Some((_, before)) if written - before < LEAST => true,
            _ => {
                *window = Some((now, written));
                false
            }
        }
    }

    /// Reads until the peer has closed its side.
    async fn drain(&self) {
        let mut dropped = [0; 4 * 1024];
        while self.tcp.readable().await.is_ok() {
            match self.tcp.try_read(&mut dropped) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
    }

    fn moved(&self) {
        self.active.store(self.age(), Ordering::Relaxed);
    }

    /// In milliseconds.
    fn age(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn poll_write(&self, cx: &mut Context<'_>, write: impl Fn() -> io::Result<usize>) -> Poll<io::Result<usize>> {
        loop {
            let Poll::Ready(ready) = self.tcp.poll_write_ready(cx) else {
                self.blocked.store(true, Ordering::Relaxed);
                return Poll::Pending;
            };
            ready?;
            match write() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => {
                    self.blocked.store(false, Ordering::Relaxed);
                    self.written.fetch_add(*written.as_ref().unwrap_or(&0) as u64, Ordering::Relaxed);
                    self.moved();
                    return Poll::Ready(written);
                }
            }
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct InRequest {
    link: Weak<Link>,
    number: u32,
}

impl InRequest {
    /// More of its answer is wanted.
    pub(super) fn moves(&self) {
        if let Some(link) = self.link.upgrade()
            && let Some(moved) = lock(&link.requests).get_mut(&self.number)
        {
            *moved = Instant::now();
        }
    }
}

impl Drop for InRequest {
    fn drop(&mut self) {
        if let Some(link) = self.link.upgrade() {
            let mut requests = lock(&link.requests);
            requests.remove(&self.number);
            if requests.is_empty() {
                // A WebSocket has one request in its life and keeps no memory for it.
                *requests = HashMap::new();
            }
            drop(requests);
            link.served.store(true, Ordering::Relaxed);
            link.moved();
        }
    }
}

/// The stream of a link. Only it keeps the descriptor: when it is dropped, the connection is closed.
#[derive(Debug)]
pub(super) struct LinkStream(pub(super) Arc<Link>);

impl Drop for LinkStream {
    /// What was sent last must arrive, a refusal for one. A system that closes a connection with unread bytes resets it, and the
    /// peer loses what it has not read; so its bytes are read, and dropped, for a moment.
    fn drop(&mut self) {
        let link = Arc::clone(&self.0);
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && SockRef::from(&link.tcp).shutdown(Shutdown::Write).is_ok()
        {
            runtime.spawn(tokio::time::timeout(LINGER, async move { link.drain().await }));
        }
    }
}

impl AsyncRead for LinkStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let link = &self.0;
        loop {
            ready!(link.tcp.poll_read_ready(cx))?;
            match link.tcp.try_read(buf.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => {
                    buf.advance(read?);
                    link.moved();
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for LinkStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, || self.0.tcp.try_write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, || self.0.tcp.try_write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&self.0.tcp).shutdown(Shutdown::Write))
    }
}
