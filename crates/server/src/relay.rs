//! The relay (`pairvoice-relay`) on the server's own port: its sockets and its clock.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdUdpSocket};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use pairvoice_relay::{Clock, Counters, Limits, Path, Relay, Secret, Transport};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

pub use self::args::RelayArgs;
use crate::auth::now_s;
use crate::sessions::lock;

mod args;
mod stream;
mod udp;

/// What relayed addresses are when the server's own are not known: nothing is ever sent to them (RFC 7600, RFC 6666).
const DUMMY: (Ipv4Addr, Ipv6Addr) = (Ipv4Addr::new(192, 0, 0, 8), Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 8));

/// The relay with what it needs of the world.
pub(crate) struct RelayHost {
    relay: Mutex<Relay>,
    secret: Secret,
    /// For how long credentials are good, in seconds.
    lifetime_s: u32,
    began: Instant,
    udp: OnceLock<Arc<UdpSocket>>,
    streams: Mutex<HashMap<u64, mpsc::Sender<Bytes>>>,
}

impl fmt::Debug for RelayHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelayHost")
    }
}

impl RelayHost {
    /// A relay without allocations.
    pub(crate) fn new(args: &RelayArgs, secret: Secret, listen: IpAddr) -> Self {
        let limits = Limits { allocations: args.relay_allocations as usize, ..Limits::default() };
        Self {
            relay: Mutex::new(Relay::new(secret.clone(), own_addresses(&args.external_address, listen), limits)),
            secret,
            lifetime_s: args.turn_lifetime,
            began: Instant::now(),
            udp: OnceLock::new(),
            streams: Mutex::default(),
        }
    }

    fn clock(&self) -> Clock {
        Clock { ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX), unix_s: now_s() }
    }

    /// Ends what has run out. To be called every second or so.
    pub(crate) fn sweep(&self) {
        lock(&self.relay).sweep(self.clock());
    }

    /// Allocations that there are, and everything that was counted.
    pub(crate) fn counters(&self) -> (usize, Counters) {
        let relay = lock(&self.relay);
        (relay.allocations(), relay.counters().clone())
    }

    /// Ends the allocations of a user of a session, or of everybody there, and makes the credentials void that they have.
    pub(crate) fn revoke(&self, session: &str, user: Option<&str>) {
        let until_s = now_s() + u64::from(self.lifetime_s);
        let username = self.secret.credentials(session, user.unwrap_or_default(), until_s).username;
        lock(&self.relay).revoke(&username, user.is_none());
    }

    /// Takes a datagram or a frame, and sends what comes of it. `out` is a buffer that is used again.
    fn take(&self, from: Path, bytes: &[u8], out: &mut Vec<u8>) {
        let to = lock(&self.relay).receive(from, bytes, self.clock(), out);
        let Some(to) = to else { return };
        match to.transport {
            // Whatever can't be sent now is late already.
            Transport::Udp => drop(self.udp.get().map(|udp| udp.try_send_to(out, to.client))),
            Transport::Stream(number) => {
                let sender = lock(&self.streams).get(&number).cloned();
                drop(sender.map(|sender| sender.try_send(Bytes::copy_from_slice(out))));
            }
        }
    }

    fn serves(&self, path: Path) -> bool {
        lock(&self.relay).serves(path)
    }

    fn closed(&self, path: Path) {
        lock(&self.relay).closed(path);
    }
}

/// The addresses by which the server is known: those that it was told, that it listens on, or that it would send from.
fn own_addresses(told: &[IpAddr], listen: IpAddr) -> (Ipv4Addr, Ipv6Addr) {
    // Firefox takes no relayed address that is a loopback one.
    let listens = Some(listen).filter(|ip| !ip.is_unspecified() && !ip.to_canonical().is_loopback());
    let known = told.iter().copied().chain(listens).map(|ip| ip.to_canonical());
    let four = known.clone().find_map(|ip| if let IpAddr::V4(ip) = ip { Some(ip) } else { None });
    let six = known.clone().find_map(|ip| if let IpAddr::V6(ip) = ip { Some(ip) } else { None });
    // Addresses for documentation (RFC 5737, RFC 3849) are beyond every network that the machine is in.
    let sends = |to: &str| match source(to.parse().ok()?)? {
        ip if ip.is_unspecified() => None,
        ip => Some(ip),
    };
    let four = four.or_else(|| if let Some(IpAddr::V4(ip)) = sends("192.0.2.1:9") { Some(ip) } else { None });
    let six = six.or_else(|| if let Some(IpAddr::V6(ip)) = sends("[2001:db8::1]:9") { Some(ip) } else { None });
    (four.unwrap_or(DUMMY.0), six.unwrap_or(DUMMY.1))
}

/// The address from which the system would send to another; nothing is sent.
fn source(to: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = StdUdpSocket::bind((any, 0)).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relayed_addresses_are_those_by_which_the_server_is_known() {
        let ip = |text: &str| text.parse().unwrap();
        let (four, six) = own_addresses(&[ip("203.0.113.5"), ip("2001:db8::5")], ip("0.0.0.0"));
        assert_eq!((four.to_string(), six.to_string()), ("203.0.113.5".into(), "2001:db8::5".into()));
        assert!(!own_addresses(&[], ip("127.0.0.1")).0.is_loopback());
        assert_eq!(own_addresses(&[], ip("::ffff:10.0.0.1")).0, Ipv4Addr::new(10, 0, 0, 1));
        assert!(!own_addresses(&[], ip("::1")).1.is_loopback());
        assert!(!own_addresses(&[], ip("::")).0.is_unspecified());
    }
}
