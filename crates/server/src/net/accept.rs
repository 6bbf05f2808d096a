//! The accept loop.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use axum::Router;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::addresses::{Addresses, Crowded, network};
use super::limits::LimitArgs;
use super::link::Link;
use super::web::Web;
use crate::metrics::ConnectionRefusal;
use crate::relay::RelayHost;
use crate::sessions::lock;
use crate::tls::Tls;

/// How long sent data may stay unacknowledged (RFC 5482): a peer that is gone takes nothing, and its connection would stay for a
/// quarter of an hour.
const UNANSWERED: Duration = Duration::from_secs(30);
/// Bytes of what is not sent yet at which the system asks for more.
const UNSENT_LOW: u32 = 16 * 1024;
/// How often connections are looked after.
const SWEEP: Duration = Duration::from_secs(1);
/// When no connection could be given up for a new one, none is looked for again for so long.
const FRUITLESS: Duration = Duration::from_millis(100);
/// How long is waited when no connection can be accepted, for want of descriptors as a rule.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// Connections that may wait to be accepted. Of more than that the system forgets some, whose clients take them for open: the runtime's
/// own 128 are few.
const BACKLOG: u32 = 4_096;
/// The least time between two log lines about connections that were not accepted.
const QUIET: Duration = Duration::from_secs(5);
/// Free ports that are tried for TCP and UDP at once.
const FREE_PORTS: u32 = 16;
/// Descriptors that are not for connections: the chat log's, those of static files, the runtime's.
const RESERVED: u64 = 64;

/// Accepts and serves connections until it is dropped.
pub(crate) struct Listener {
    tcp: TcpListener,
    limits: LimitArgs,
    addresses: Arc<Addresses>,
    relay: Option<Arc<RelayHost>>,
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
    // A connection may have a static file open.
    u32::try_from((limit / 4 * 3).saturating_sub(RESERVED)).unwrap_or(u32::MAX).max(16)
}

/// As `TcpListener::bind`, with room for all that come back at once when a server is there again.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // What is left of connections of the process before hinders nobody.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listener {
    /// Binds the address for connections, and its port for the relay's datagrams.
    ///
    /// # Errors
    /// The system's, when the address can't be bound.
    pub(crate) async fn bind(
        address: SocketAddr,
        limits: &LimitArgs,
        addresses: Arc<Addresses>,
        relay: Option<Arc<RelayHost>>,
    ) -> io::Result<Self> {
        let mut tcp = listen(address)?;
        if let Some(relay) = &relay {
            let mut tries = if address.port() == 0 { FREE_PORTS } else { 1 };
            while let Err(error) = relay.bind(tcp.local_addr()?).await {
                tries -= 1;
                if tries == 0 {
                    let message = format!("UDP: {error} (with --no-relay it is not needed)");
                    return Err(io::Error::new(error.kind(), message));
                }
                tcp = listen(address)?;
            }
        }
        Ok(Self { tcp, limits: limits.clone(), addresses, relay, links: Links::default() })
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
        let (header_time, idle_time) = (self.limits.header_time(), self.limits.idle_time());
        let (addresses, relay, streams) = (Arc::clone(&self.addresses), self.relay.clone(), AtomicU64::new(0));
        let web = Arc::new(Web { router, tls, header_time, idle_time, addresses, relay, streams });
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
                        self.addresses.refused(ConnectionRefusal::GivenUp);
                        Ok(self.addresses.take(peer.ip()))
                    });
                    let slot = match slot {
                        Ok(slot) => slot,
                        Err(crowded) => {
                            self.addresses.refused(match crowded {
                                Crowded::Address => ConnectionRefusal::PerAddress,
                                Crowded::Everybody => ConnectionRefusal::Total,
                            });
                            if let Some(left_out) = quiet.speak() {
                                tracing::warn!(
                                    ?crowded,
                                    left_out,
                                    "could not accept a connection: there are too many connections"
                                );
                            }
                            continue;
                        }
                    };
                    prepare(&tcp);
                    let link = Link::new(tcp, peer.ip(), slot);
                    lock(&self.links).insert(numbers.fetch_add(1, Ordering::Relaxed), Arc::downgrade(&link));
                    tokio::spawn(Arc::clone(&web).serve(link));
                }
                Err(error) => {
                    self.addresses.refused(ConnectionRefusal::AcceptError);
                    if let Some(left_out) = quiet.speak() {
                        tracing::error!(%error, left_out, "could not accept a connection");
                    }
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }

    /// Ends the connections on which nothing is asked, and those of the relay.
    pub(crate) fn end_idle(&self) {
        let links: Vec<Arc<Link>> = lock(&self.links).values().filter_map(Weak::upgrade).collect();
        let now = Instant::now();
        let may_end = |link: &&Arc<Link>| link.idle(now).is_some() || link.is_lossy();
        links.iter().filter(may_end).for_each(|link| link.reset());
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
            let reason = if link.is_stalled(now) {
                Some(ConnectionRefusal::Stalled)
            } else if link.is_slow(now, self.limits.header_time()) {
                Some(ConnectionRefusal::HeaderTimeout)
            } else {
                let idle = link.idle(now).is_some_and(|idle| idle > self.limits.idle_time());
                idle.then_some(ConnectionRefusal::Idle)
            };
            if let Some(reason) = reason {
                self.addresses.refused(reason);
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
    let socket = SockRef::from(tcp);
    let _ = socket.set_tcp_user_timeout(Some(UNANSWERED));
    // What a slow peer has not taken waits here, where it is counted, and not in the system's buffer; and a little room in that
    // buffer is told at once, so that a slow peer is not taken for a deaf one.
    let _ = socket.set_tcp_notsent_lowat(UNSENT_LOW);
}
