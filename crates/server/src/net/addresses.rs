//! How many connections each address has, and how fast it begins new ones.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::http::HeaderMap;

use super::limits::LimitArgs;
use super::proxies::{self, FORWARDED, Network};
use crate::metrics::{ConnectionRefusal, Metrics};
use crate::quota::Bucket;
use crate::sessions::lock;

/// So many times the connections that an address may have it may begin at once: everybody behind one address comes back
/// after a restart of the server, some of them twice.
const BEGINNINGS: u32 = 2;
/// The part of them that it may begin every second from then on.
const BEGINNINGS_A_SECOND: u32 = 4;

/// When a client comes again whose address has as many knocks as it may have: some of them have got an answer, in milliseconds.
const CROWDED_MS: u32 = 1_000;

/// The addresses that are connected, and those that were a moment ago.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// Connections of one address, 0 for any number.
    most: u32,
    /// Connections of all addresses, for which there are descriptors.
    all: u32,
    /// TCP connections of all addresses.
    total: AtomicU32,
    trusted: Vec<Network>,
    metrics: Arc<Metrics>,
    /// Whoever runs the server was told of a proxy that is not trusted.
    warned: AtomicBool,
    known: Mutex<HashMap<IpAddr, Known>>,
}

/// What one address has.
#[derive(Debug)]
struct Known {
    links: u32,
    engines: u32,
    beginnings: Bucket,
    /// Knocks that are read or wait.
    knocking: u32,
    knocks: Bucket,
}

impl Addresses {
    /// Nobody is connected; all together may have so many connections.
    pub(crate) fn new(limits: &LimitArgs, all: u32, metrics: Arc<Metrics>) -> Self {
        let (most, trusted) = (limits.connections_per_address, limits.trust_proxy.clone());
        Self {
            most,
            all,
            total: AtomicU32::new(0),
            trusted,
            metrics,
            warned: AtomicBool::new(false),
            known: Mutex::default(),
        }
    }

    /// A TCP connection of an address, unless it has too many. What one address may have shrinks as descriptors become few:
    /// it may always have as many as are still free for others.
    ///
    /// # Errors
    /// [`Crowded`] tells whose connections are too many.
    pub(crate) fn accept(self: &Arc<Self>, address: IpAddr) -> Result<LinkSlot, Crowded> {
        let is_proxy = proxies::is_trusted(&self.trusted, address.to_canonical());
        let address = network(address);
        let mut known = lock(&self.known);
        let free = self.all.saturating_sub(self.total.load(Ordering::Relaxed));
        let links = self.entry(&mut known, address).links;
        drop(known);
        let most = if self.most == 0 { free } else { free.min(self.most) };
        if free == 0 {
            Err(Crowded::Everybody)
        } else if links >= most && !is_proxy {
            Err(Crowded::Address)
        } else {
            Ok(self.take(address))
        }
    }

    /// A TCP connection of an address for which another one was given up.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> LinkSlot {
        let address = network(address);
        self.entry(&mut lock(&self.known), address).links += 1;
        self.total.fetch_add(1, Ordering::Relaxed);
        self.metrics.connection_opened();
        LinkSlot { addresses: Arc::clone(self), address }
    }

    /// A connection was refused, or ended for a reason of this side's.
    pub(super) fn refused(&self, reason: ConnectionRefusal) {
        self.metrics.connection_refused(reason);
    }

    /// An Engine.IO connection of a client, unless there are too many of its address, or it begins them too fast.
    pub(crate) fn begin(self: &Arc<Self>, peer: IpAddr, headers: &HeaderMap) -> Option<EngineSlot> {
        let client = self.client(peer, headers);
        let address = network(client);
        let mut known = lock(&self.known);
        let of_address = self.entry(&mut known, address);
        if self.most > 0 && (of_address.engines >= self.most || !of_address.beginnings.take(1, Instant::now())) {
            self.metrics.connection_refused(ConnectionRefusal::PerAddress);
            return None;
        }
        of_address.engines += 1;
        Some(EngineSlot { addresses: Arc::clone(self), address, client })
    }

    /// Whose request this is.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if self.trusted.is_empty() && headers.contains_key(FORWARDED) && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests come through a proxy, and --trust-proxy names none: all of its clients count as one address"
            );
        }
        proxies::client(&self.trusted, peer, headers)
    }

    /// A knock of a client, unless there are too many of its address, or it knocks too often.
    ///
    /// # Errors
    /// When to come again, in milliseconds.
    pub(crate) fn knock(self: &Arc<Self>, client: IpAddr) -> Result<KnockSlot, u32> {
        let address = network(client);
        let mut known = lock(&self.known);
        let of_address = self.entry(&mut known, address);
        if self.most > 0 {
            if of_address.knocking >= self.most {
                return Err(CROWDED_MS);
            }
            if !of_address.knocks.take(1, Instant::now()) {
                return Err(of_address.knocks.after_ms(1));
            }
        }
        of_address.knocking += 1;
        Ok(KnockSlot { addresses: Arc::clone(self), address })
    }

    fn entry<'a>(&self, known: &'a mut HashMap<IpAddr, Known>, address: IpAddr) -> &'a mut Known {
        known.entry(address).or_insert_with(|| {
            let size = u64::from(self.most) * u64::from(BEGINNINGS);
            let bucket = || Bucket::with_size((self.most / BEGINNINGS_A_SECOND).max(1), size, Instant::now());
            Known { links: 0, engines: 0, beginnings: bucket(), knocking: 0, knocks: bucket() }
        })
    }

    fn release(&self, address: IpAddr, of: impl FnOnce(&mut Known) -> &mut u32) {
        if let Some(known) = lock(&self.known).get_mut(&address) {
            let count = of(known);
            *count = count.saturating_sub(1);
        }
    }

    /// Forgets addresses of which nothing is left to be remembered.
    pub(crate) fn sweep(&self, now: Instant) {
        lock(&self.known).retain(|_, known| {
            let is_quiet = known.beginnings.is_full(now) && known.knocks.is_full(now);
            known.links > 0 || known.engines > 0 || known.knocking > 0 || !is_quiet
        });
    }
}

/// Whose connections are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// Those of one address.
    Address,
    /// Those of all: there are no descriptors left.
    Everybody,
}

/// A host has a whole /64 of IPv6 to choose addresses from.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}

/// A TCP connection's place among those of its address; free when dropped.
#[derive(Debug)]
pub(crate) struct LinkSlot {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Drop for LinkSlot {
    fn drop(&mut self) {
        self.addresses.total.fetch_sub(1, Ordering::Relaxed);
        self.addresses.metrics.connection_closed();
        self.addresses.release(self.address, |known| &mut known.links);
    }
}

/// An Engine.IO connection's place among those of its address; free when dropped.
#[derive(Debug)]
pub(crate) struct EngineSlot {
    addresses: Arc<Addresses>,
    address: IpAddr,
    client: IpAddr,
}

impl EngineSlot {
    /// The client's address.
    pub(crate) fn client(&self) -> IpAddr {
        self.client
    }
}

/// A knock's place among those of its address; free when dropped.
#[derive(Debug)]
pub(crate) struct KnockSlot {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Drop for KnockSlot {
    fn drop(&mut self) {
        self.addresses.release(self.address, |known| &mut known.knocking);
    }
}

impl Drop for EngineSlot {
    fn drop(&mut self) {
        self.addresses.release(self.address, |known| &mut known.engines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(most: u32, all: u32, proxy: &[&str]) -> Arc<Addresses> {
        let trusted = proxy.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Addresses {
            most,
            all,
            total: AtomicU32::new(0),
            trusted,
            metrics: Arc::default(),
            warned: AtomicBool::new(false),
            known: Mutex::default(),
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_connections_and_another_has_its_own() {
        let addresses = addresses(2, 100, &[]);
        let held: Vec<_> = (0..2).map(|_| addresses.accept(ip("192.0.2.1")).unwrap()).collect();
        assert_eq!(addresses.accept(ip("192.0.2.1")).unwrap_err(), Crowded::Address);
        assert!(addresses.accept(ip("192.0.2.2")).is_ok());
        drop(held);
        assert!(addresses.accept(ip("192.0.2.1")).is_ok());
        let _six: Vec<_> = ["2001:db8::1", "2001:db8::2"].map(|text| addresses.accept(ip(text)).unwrap()).into();
        assert!(addresses.accept(ip("2001:db8::3")).is_err(), "one host has a whole /64");
    }

    #[test]
    fn proxies_have_as_many_as_there_are_descriptors() {
        let addresses = addresses(1, 100, &["::1", "127.0.0.1"]);
        for proxy in ["::1", "::ffff:127.0.0.1"] {
            let held: Vec<_> = (0..60).map(|_| addresses.accept(ip(proxy)).unwrap()).collect();
            assert_eq!(held.len(), 60);
        }
    }

    #[test]
    fn one_address_leaves_as_many_connections_free_as_it_has() {
        let addresses = addresses(0, 100, &[]);
        let mut held = Vec::new();
        while let Ok(slot) = addresses.accept(ip("192.0.2.1")) {
            held.push(slot);
        }
        assert_eq!(held.len(), 50);
        held.extend((0..50).map(|n| addresses.take(ip(&format!("192.0.2.{n}")))));
        assert_eq!(addresses.accept(ip("192.0.2.99")).unwrap_err(), Crowded::Everybody);
    }

    #[test]
    fn behind_a_proxy_the_forwarded_address_counts() {
        let addresses = addresses(1, 100, &["127.0.0.1"]);
        let from = |text: &str| {
            let headers = [("x-forwarded-for".parse().unwrap(), text.parse().unwrap())].into_iter().collect();
            addresses.begin(ip("127.0.0.1"), &headers)
        };
        let _one = from("192.0.2.1").unwrap();
        assert!(from("192.0.2.1").is_none());
        assert_eq!(from("192.0.2.2").unwrap().client(), ip("192.0.2.2"));
    }

    #[test]
    fn an_address_has_so_many_knocks_at_once_and_begins_them_no_faster_than_connections() {
        let addresses = addresses(2, 100, &[]);
        let held: Vec<_> = (0..2).map(|_| addresses.knock(ip("192.0.2.1")).unwrap()).collect();
        assert_eq!(addresses.knock(ip("192.0.2.1")).unwrap_err(), CROWDED_MS);
        assert!(addresses.knock(ip("192.0.2.2")).is_ok());
        drop(held);
        let more = (0..100).take_while(|_| addresses.knock(ip("192.0.2.1")).is_ok()).count();
        assert!((2..=3).contains(&more), "{more}");
        assert!((900..=1_000).contains(&addresses.knock(ip("192.0.2.1")).unwrap_err()));
        assert!(addresses.begin(ip("192.0.2.1"), &HeaderMap::new()).is_some(), "a socket may follow");
    }

    #[test]
    fn connections_are_not_begun_faster_than_they_are_allowed() {
        let addresses = addresses(10, 100, &[]);
        let begun = (0..100).take_while(|_| addresses.begin(ip("192.0.2.1"), &HeaderMap::new()).is_some()).count();
        assert!((20..=22).contains(&begun), "{begun}");
        addresses.sweep(Instant::now());
        assert_eq!(lock(&addresses.known).len(), 1, "what it began is remembered");
    }
}
