//! The relay: who has an allocation, and what passes from one to another.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::allocation::Allocation;
use crate::attribute::{DATA, XOR_PEER_ADDRESS, read_xor_address, xor_address};
use crate::bucket::Bucket;
use crate::credentials::{Name, Secret};
use crate::frame::{CHANNEL_HEADER, is_channel};
use crate::message::{Class, Message, Method, Writer, padded};
use crate::refusal::{Counter, Counters};

/// Requests a second of one address without an allocation, and as many at once as ten seconds bring: a site behind one address
/// comes back all at once after a restart.
const STRANGER_RATE: u32 = 40;
/// Addresses without an allocation of which it is known how much they sent; all others share one bucket.
const STRANGERS: usize = 4_096;
/// An allocation that sent nothing for so long, in milliseconds, makes room for another one of its user's. What carries a call sends several times
/// a second.
const QUIET_MS: u64 = 10_000;
/// Longest packet that is relayed in bytes, which an Ethernet frame holds.
const LONGEST: usize = 1_500;

/// Over what somebody reaches the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream of bytes, TCP or TLS, which the host gave this number.
    Stream(u64),
}

/// A client's end of the way to the relay, which is what an allocation belongs to (RFC 8656 section 3, "5-tuple").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// The transport.
    pub transport: Transport,
    /// The client's address, as the relay sees it.
    pub client: SocketAddr,
}

/// How much addresses without an allocation have asked.
#[derive(Debug)]
struct Strangers {
    known: HashMap<IpAddr, Bucket>,
    /// Of those beyond the ones that are known.
    others: Bucket,
}

impl Strangers {
    fn new() -> Self {
        Self { known: HashMap::new(), others: Bucket::new(STRANGER_RATE * 10, STRANGER_RATE * 100, 0) }
    }

    fn may_ask(&mut self, address: IpAddr, now_ms: u64) -> bool {
        let full = self.known.len() >= STRANGERS;
        match self.known.entry(address) {
            Entry::Occupied(mut known) => known.get_mut().take(1, now_ms),
            Entry::Vacant(_) if full => self.others.take(1, now_ms),
            Entry::Vacant(unknown) => {
                unknown.insert(Bucket::new(STRANGER_RATE, STRANGER_RATE * 10, now_ms)).take(1, now_ms)
            }
        }
    }
}

/// What time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since any moment; it never falls.
    pub ms: u64,
    /// Seconds since 1970, for what credentials say.
    pub unix_s: u64,
}

/// How much there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Allocations together.
    pub allocations: usize,
    /// Allocations of one user of a session: one for each transport and connection, and as many again while one is replaced.
    pub of_user: usize,
    /// Allocations of one address, or of one /64 of IPv6.
    pub of_address: usize,
    /// Bytes that one allocation may send in a second.
    pub bytes_a_second: u32,
    /// Bytes that one allocation may send at once.
    pub burst_bytes: u32,
    /// Longest life of an allocation without a refresh, in seconds.
    pub lifetime_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allocations: 8_192,
            of_user: 16,
            of_address: 512,
            // Voice with copies against loss takes a third of it; the rest is for the chat and the app's own data.
            bytes_a_second: 50_000,
            burst_bytes: 200_000,
            lifetime_s: 180,
        }
    }
}

/// The relay.
#[derive(Debug)]
pub struct Relay {
    pub(crate) secret: Secret,
    pub(crate) limits: Limits,
    /// The addresses that relayed addresses have, of IPv4 and of IPv6.
    pub(crate) own: [IpAddr; 2],
    pub(crate) allocations: HashMap<Path, Allocation>,
    /// Which allocation has a port.
    pub(crate) ports: HashMap<u16, Path>,
    /// Allocations of each user and address.
    pub(crate) of_user: HashMap<(Box<str>, Box<str>), usize>,
    pub(crate) of_address: HashMap<IpAddr, usize>,
    /// What clients without an allocation ask by datagrams, whose sender may be made up, and over streams, where it is not.
    strangers: [Strangers; 2],
    /// Until when credentials that are void would have been good, of a user or of everybody of a session.
    pub(crate) revoked: HashMap<(Box<str>, Option<Box<str>>), u64>,
    pub(crate) counters: Counters,
    /// The state of a sequence of ports that is not to be secret, only spread.
    pub(crate) spread: u64,
}

impl Relay {
    /// A relay without allocations. `own` are the addresses of IPv4 and IPv6 that relayed addresses have: those by which the
    /// server is known, as a rule, though nothing is ever sent to or from them.
    #[must_use]
    pub fn new(secret: Secret, own: (std::net::Ipv4Addr, Ipv6Addr), limits: Limits) -> Self {
        let spread = u64::from_be_bytes(*secret.bytes().first_chunk().unwrap_or(&[1; 8])) | 1;
        Self {
            secret,
            limits,
            own: [own.0.into(), own.1.into()],
            allocations: HashMap::new(),
            ports: HashMap::new(),
            of_user: HashMap::new(),
            of_address: HashMap::new(),
            strangers: [Strangers::new(), Strangers::new()],
            revoked: HashMap::new(),
            counters: Counters::default(),
            spread,
        }
    }

    /// Takes a datagram, or a frame of a stream. What is to be sent stands in `out` then, for the path that is returned: an
    /// answer to the client, or a packet for the other. Frames for streams are filled up as streams need it.
    pub fn receive(&mut self, from: Path, bytes: &[u8], clock: Clock, out: &mut Vec<u8>) -> Option<Path> {
        out.clear();
        let to = match bytes.first() {
            Some(first) if is_channel(*first) => self.channel_data(from, bytes, clock.ms, out),
            Some(_) => match Message::read(bytes).filter(Message::is_whole) {
                Some(message) => self.message(from, &message, bytes.len(), clock, out),
                None => self.refuse(Counter::Malformed),
            },
            None => self.refuse(Counter::Malformed),
        }?;
        if matches!(to.transport, Transport::Stream(_)) {
            out.resize(padded(out.len()), 0);
        }
        Some(to)
    }

    fn message(
        &mut self,
        from: Path,
        message: &Message<'_>,
        bytes: usize,
        clock: Clock,
        out: &mut Vec<u8>,
    ) -> Option<Path> {
        match (message.class(), message.method()) {
            (Class::Indication, Some(Method::Send)) => self.send(from, message, bytes, clock.ms, out),
            // A keep-alive (RFC 8489 section 12).
            (Class::Indication, Some(Method::Binding)) => None,
            (Class::Request, Some(method)) => {
                if !self.may_ask(from, bytes, clock.ms) {
                    return self.refuse(Counter::TooFast);
                }
                self.request(from, method, message, clock, out);
                Some(from)
            }
            _ => self.refuse(Counter::Malformed),
        }
    }

    /// A stream has ended: its allocation does at once.
    pub fn closed(&mut self, path: Path) {
        self.remove(path);
    }

    /// Ends what has run out. To be called about every second.
    pub fn sweep(&mut self, clock: Clock) {
        let over = self.allocations.values().filter(|allocation| allocation.ends_ms <= clock.ms);
        let over: Vec<Path> = over.map(|allocation| allocation.path).collect();
        for path in over {
            self.remove(path);
        }
        for strangers in &mut self.strangers {
            strangers.known.retain(|_, bucket| !bucket.is_full(clock.ms));
        }
        self.revoked.retain(|_, until_s| *until_s > clock.unix_s);
    }

    /// Ends the allocations of a user of a session, or of everybody there, who has lost the right to them. `username` is one of
    /// the user's; credentials that are good until that time or less are void from now on.
    pub fn revoke(&mut self, username: &str, everybody: bool) {
        let Some(name) = Name::read(username) else { return };
        let who = (name.session.clone(), (!everybody).then(|| name.user.clone()));
        self.revoked.insert(who, name.until_s);
        let is_meant = |known: &Name| known.session == name.session && (everybody || known.user == name.user);
        let over = self.allocations.values().filter(|allocation| is_meant(&allocation.name));
        let over: Vec<Path> = over.map(|allocation| allocation.path).collect();
        for path in over {
            self.remove(path);
        }
    }

    /// How many allocations there are.
    #[must_use]
    pub fn allocations(&self) -> usize {
        self.allocations.len()
    }

    /// Whether somebody has an allocation over this path.
    #[must_use]
    pub fn serves(&self, path: Path) -> bool {
        self.allocations.contains_key(&path)
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether credentials were revoked.
    pub(crate) fn is_revoked(&self, name: &Name) -> bool {
        let void = |user: Option<&Box<str>>| {
            let until = self.revoked.get(&(name.session.clone(), user.cloned()));
            until.is_some_and(|until_s| name.until_s <= *until_s)
        };
        !self.revoked.is_empty() && (void(None) || void(Some(&name.user)))
    }

    /// Ends the allocation of a user's that was quiet for longest, if it was quiet for long enough to be one that a page has left behind.
    pub(crate) fn make_room(&mut self, name: &Name, now_ms: u64) -> bool {
        let is_theirs = |known: &Name| known.session == name.session && known.user == name.user;
        let theirs = self.allocations.values().filter(|allocation| is_theirs(&allocation.name));
        let oldest = theirs.min_by_key(|allocation| allocation.bucket.used_ms());
        let quiet = oldest.filter(|oldest| oldest.bucket.used_ms() + QUIET_MS <= now_ms).map(|oldest| oldest.path);
        quiet.inspect(|path| self.remove(*path)).is_some()
    }

    pub(crate) fn refuse(&mut self, why: Counter) -> Option<Path> {
        self.counters.count(why);
        None
    }

    /// Whether a request is answered at all: answers are longer than questions, whose sender may be made up.
    fn may_ask(&mut self, from: Path, bytes: usize, now_ms: u64) -> bool {
        if let Some(allocation) = self.allocations.get_mut(&from) {
            return allocation.bucket.take(bytes, now_ms);
        }
        let [datagrams, streams] = &mut self.strangers;
        let strangers = if from.transport == Transport::Udp { datagrams } else { streams };
        strangers.may_ask(network(from.client.ip()), now_ms)
    }

    /// `Send` (RFC 8656 section 11.2).
    fn send(
        &mut self,
        from: Path,
        message: &Message<'_>,
        bytes: usize,
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Option<Path> {
        let peer = message.get(XOR_PEER_ADDRESS).and_then(|value| read_xor_address(value, &message.transaction));
        let (Some(peer), Some(data)) = (peer, message.get(DATA)) else { return self.refuse(Counter::Malformed) };
        if !message.unknown().is_empty() {
            return self.refuse(Counter::Malformed);
        }
        let allowed = self.allocations.get(&from).is_some_and(|allocation| allocation.permits(peer.ip(), now_ms));
        if !allowed {
            return self.refuse(Counter::Undeliverable);
        }
        self.hand_on(from, peer, data, bytes, now_ms, out)
    }

    /// `ChannelData` (RFC 8656 section 12.4).
    fn channel_data(&mut self, from: Path, bytes: &[u8], now_ms: u64, out: &mut Vec<u8>) -> Option<Path> {
        let Some(([c1, c2, l1, l2], rest)) = bytes.split_first_chunk::<CHANNEL_HEADER>() else {
            return self.refuse(Counter::Malformed);
        };
        let Some(data) = rest.get(..u16::from_be_bytes([*l1, *l2]).into()) else {
            return self.refuse(Counter::Malformed);
        };
        let channel = u16::from_be_bytes([*c1, *c2]);
        let peer = self.allocations.get(&from).and_then(|allocation| allocation.peer(channel, now_ms));
        match peer {
            Some(peer) => self.hand_on(from, peer, data, bytes.len(), now_ms, out),
            None => self.refuse(Counter::Undeliverable),
        }
    }

    /// From one allocation to another of the same session, which has to permit it.
    fn hand_on(
        &mut self,
        from: Path,
        peer: SocketAddr,
        data: &[u8],
        bytes: usize,
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Option<Path> {
        let bucket = &mut self.allocations.get_mut(&from)?.bucket;
        if data.len() > LONGEST || !bucket.take(bytes, now_ms) {
            return self.refuse(Counter::TooFast);
        }
        let sender = self.allocations.get(&from)?;
        let (sender, session) = (sender.relayed, &sender.name.session);
        let receiver = self.ports.get(&peer.port()).and_then(|path| self.allocations.get(path));
        let receiver = receiver.filter(|receiver| {
            receiver.relayed == peer
                && receiver.name.session == *session
                && receiver.ends_ms > now_ms
                && receiver.permits(sender.ip(), now_ms)
        });
        let Some(receiver) = receiver else { return self.refuse(Counter::Undeliverable) };
        if let Some(channel) = receiver.channel(sender, now_ms) {
            out.extend(channel.to_be_bytes());
            out.extend(u16::try_from(data.len()).unwrap_or_default().to_be_bytes());
            out.extend(data);
        } else {
            self.spread = next(self.spread);
            let transaction = self.spread.to_be_bytes();
            let transaction = std::array::from_fn(|at| transaction.get(at).copied().unwrap_or_default());
            let mut indication = Writer::new(out, Class::Indication, Method::Data, &transaction);
            indication.add(XOR_PEER_ADDRESS, &xor_address(sender, &transaction));
            indication.add(DATA, data);
        }
        let to = receiver.path;
        self.counters.count(Counter::Relayed);
        self.counters.relayed_bytes += u64::try_from(data.len()).unwrap_or_default();
        Some(to)
    }

    pub(crate) fn remove(&mut self, path: Path) {
        let Some(gone) = self.allocations.remove(&path) else { return };
        self.ports.remove(&gone.relayed.port());
        let Name { session, user, .. } = gone.name;
        less(&mut self.of_user, &(session, user));
        less(&mut self.of_address, &network(path.client.ip()));
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// The next of a sequence that comes to every number but zero (xorshift).
pub(crate) const fn next(mut state: u64) -> u64 {
    state ^= state << 13;
    state ^= state >> 7;
    state ^ (state << 17)
}

/// A host has a whole /64 of IPv6 to choose addresses from.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}
