//! Requests and their answers (RFC 8656 sections 7 to 12).

use std::net::SocketAddr;

use crate::allocation::{Allocation, Taken};
use crate::attribute::{
    CHANNEL_NUMBER, ERROR_CODE, LIFETIME, NONCE, REALM, REQUESTED_ADDRESS_FAMILY, REQUESTED_TRANSPORT, SOFTWARE,
    UNKNOWN_ATTRIBUTES, USERNAME, XOR_MAPPED_ADDRESS, XOR_PEER_ADDRESS, XOR_RELAYED_ADDRESS, read_xor_address,
    xor_address,
};
use crate::credentials::Name;
use crate::message::{Class, Message, Method, Writer};
use crate::nonce;
use crate::refusal::Counter;
use crate::relay::{Clock, Path, Relay, network, next};

/// For whom passwords are (RFC 8489 section 9.2).
const REALM_NAME: &str = "pairvoice";
/// The protocol number of UDP, the only transport that is relayed.
const UDP: u8 = 17;
/// Ports that relayed addresses may have: those that are registered for nobody (RFC 6335 section 6).
const FIRST_PORT: u16 = 49_152;
/// The life of an allocation whose client asks for none, in seconds.
const DEFAULT_LIFETIME_S: u32 = 600;

/// An error answer (RFC 8489 section 14.8) and what it counts as.
struct Refused {
    code: u16,
    reason: &'static str,
    why: Counter,
}

const fn refused(code: u16, reason: &'static str, why: Counter) -> Refused {
    Refused { code, reason, why }
}

const BAD_REQUEST: Refused = refused(400, "Bad Request", Counter::Unsupported);
const FORBIDDEN: Refused = refused(403, "Forbidden", Counter::Forbidden);
const UNAUTHORIZED: Refused = refused(401, "Unauthorized", Counter::Unauthorized);
const STALE_NONCE: Refused = refused(438, "Stale Nonce", Counter::StaleNonce);
const MISMATCH: Refused = refused(437, "Allocation Mismatch", Counter::Mismatch);
const NO_FAMILY: Refused = refused(440, "Address Family not Supported", Counter::Unsupported);
const WRONG_CREDENTIALS: Refused = refused(441, "Wrong Credentials", Counter::WrongCredentials);
const NO_TRANSPORT: Refused = refused(442, "Unsupported Transport Protocol", Counter::Unsupported);
const OTHER_FAMILY: Refused = refused(443, "Peer Address Family Mismatch", Counter::Unsupported);

/// Who asks, and how their answer is signed.
struct Asker {
    name: Name,
    key: [u8; 16],
}

impl Relay {
    pub(crate) fn request(
        &mut self,
        from: Path,
        method: Method,
        message: &Message<'_>,
        clock: Clock,
        out: &mut Vec<u8>,
    ) {
        let unknown = message.unknown();
        if !unknown.is_empty() {
            let mut answer = Writer::new(out, Class::Error, method, &message.transaction);
            add_error(&mut answer, 420, "Unknown Attribute");
            answer.add(UNKNOWN_ATTRIBUTES, &unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect::<Vec<u8>>());
            answer.fingerprint();
            return self.counters.count(Counter::Unsupported);
        }
        if method == Method::Binding {
            let mut answer = Writer::new(out, Class::Success, method, &message.transaction);
            answer.add(XOR_MAPPED_ADDRESS, &xor_address(seen(from.client), &message.transaction));
            answer.fingerprint();
            return self.counters.count(Counter::Binding);
        }
        let asker = match self.authenticate(from, message, clock) {
            Ok(asker) => asker,
            Err(refused) => {
                let mut answer = Writer::new(out, Class::Error, method, &message.transaction);
                add_error(&mut answer, refused.code, refused.reason);
                if matches!(refused.code, 401 | 438) {
                    answer.add(REALM, REALM_NAME.as_bytes());
                    let nonce = nonce::make(self.secret.bytes(), from.client.ip(), clock.ms);
                    answer.add(NONCE, nonce.as_bytes());
                }
                answer.fingerprint();
                return self.counters.count(refused.why);
            }
        };
        let mut answer = Writer::new(out, Class::Success, method, &message.transaction);
        let outcome = match method {
            Method::Allocate => self.allocate(from, message, &asker.name, clock, &mut answer),
            Method::Refresh => self.refresh(from, message, &asker.name, clock, &mut answer),
            Method::CreatePermission => self.create_permission(from, message, clock.ms),
            Method::ChannelBind => self.channel_bind(from, message, clock.ms),
            Method::Binding | Method::Send | Method::Data => Err(BAD_REQUEST),
        };
        match outcome {
            Ok(()) => answer.sign(&asker.key),
            Err(refused) => {
                self.counters.count(refused.why);
                let mut answer = Writer::new(out, Class::Error, method, &message.transaction);
                add_error(&mut answer, refused.code, refused.reason);
                answer.sign(&asker.key);
            }
        }
    }

    /// The long-term credential mechanism (RFC 8489 section 9.2.4).
    fn authenticate(&self, from: Path, message: &Message<'_>, clock: Clock) -> Result<Asker, Refused> {
        if !message.has_integrity() || message.wants_sha256() {
            return Err(UNAUTHORIZED);
        }
        let all = (message.text(USERNAME), message.text(REALM), message.text(NONCE));
        let (Some(username), Some(realm), Some(nonce)) = all else { return Err(BAD_REQUEST) };
        if !nonce::is_good(self.secret.bytes(), from.client.ip(), clock.ms, nonce) {
            return Err(STALE_NONCE);
        }
        let is_good = |name: &Name| name.until_s > clock.unix_s && !self.is_revoked(name);
        let name = Name::read(username).filter(is_good).ok_or(UNAUTHORIZED)?;
        let key = self.secret.key(username, REALM_NAME);
        if realm != REALM_NAME || !message.is_signed_by(&key) {
            return Err(UNAUTHORIZED);
        }
        let owner = self.allocations.get(&from).map(|allocation| &allocation.name);
        if owner.is_some_and(|owner| owner.session != name.session || owner.user != name.user) {
            return Err(WRONG_CREDENTIALS);
        }
        Ok(Asker { name, key })
    }

    fn allocate(
        &mut self,
        from: Path,
        message: &Message<'_>,
        name: &Name,
        clock: Clock,
        answer: &mut Writer<'_>,
    ) -> Result<(), Refused> {
        if let Some(known) = self.allocations.get(&from) {
            if known.transaction != message.transaction {
                return Err(MISMATCH);
            }
            // The answer was lost, and the request comes again (RFC 8656 section 7.2).
            let left = known.ends_ms.saturating_sub(clock.ms) / 1_000;
            add_allocation(answer, known, u32::try_from(left).unwrap_or(u32::MAX));
            return Ok(());
        }
        match message.get(REQUESTED_TRANSPORT) {
            Some([UDP, _, _, _]) => {}
            Some([_, _, _, _]) => return Err(NO_TRANSPORT),
            _ => return Err(BAD_REQUEST),
        }
        let [four, six] = self.own;
        let own = match message.get(REQUESTED_ADDRESS_FAMILY) {
            None | Some([1, _, _, _]) => four,
            Some([2, _, _, _]) => six,
            _ => return Err(NO_FAMILY),
        };
        if self.is_at_quota(name) && !self.make_room(name, clock.ms) {
            return Err(refused(486, "Allocation Quota Reached", Counter::UserQuota));
        }
        self.check_quota(from)?;
        let lifetime = self.lifetime(message, name, clock);
        if lifetime == 0 {
            return Err(UNAUTHORIZED);
        }
        let relayed = SocketAddr::new(own, self.free_port());
        let mut made = Allocation::new(from, name.clone(), relayed, message.transaction, &self.limits, clock.ms);
        made.ends_ms = clock.ms + u64::from(lifetime) * 1_000;
        add_allocation(answer, &made, lifetime);
        self.ports.insert(relayed.port(), from);
        *self.of_user.entry((name.session.clone(), name.user.clone())).or_default() += 1;
        *self.of_address.entry(network(from.client.ip())).or_default() += 1;
        self.allocations.insert(from, made);
        self.counters.count(Counter::Allocated);
        Ok(())
    }

    fn is_at_quota(&self, name: &Name) -> bool {
        let of_user = self.of_user.get(&(name.session.clone(), name.user.clone())).copied().unwrap_or_default();
        of_user >= self.limits.of_user
    }

    fn check_quota(&self, from: Path) -> Result<(), Refused> {
        let of_address = self.of_address.get(&network(from.client.ip())).copied().unwrap_or_default();
        // There must be ports left to choose from.
        let most = self.limits.allocations.min(usize::from(u16::MAX - FIRST_PORT) / 2);
        if of_address >= self.limits.of_address {
            Err(refused(508, "Insufficient Capacity", Counter::AddressQuota))
        } else if self.allocations.len() >= most {
            Err(refused(508, "Insufficient Capacity", Counter::Full))
        } else {
            Ok(())
        }
    }

    /// A port that no allocation has; half of them are free.
    fn free_port(&mut self) -> u16 {
        loop {
            self.spread = next(self.spread);
            let [.., high, low] = self.spread.to_be_bytes();
            let port = u16::from_be_bytes([high, low]) | FIRST_PORT;
            if !self.ports.contains_key(&port) {
                return port;
            }
        }
    }

    /// How long an allocation lives: as long as its client wishes, but not longer than its credentials. It is short, so that
    /// what nobody refreshes any more goes soon.
    fn lifetime(&self, message: &Message<'_>, name: &Name, clock: Clock) -> u32 {
        let wished = message.get(LIFETIME).and_then(|value| Some(u32::from_be_bytes(value.try_into().ok()?)));
        let left = u32::try_from(name.until_s.saturating_sub(clock.unix_s)).unwrap_or(u32::MAX);
        wished.filter(|wished| *wished > 0).unwrap_or(DEFAULT_LIFETIME_S).min(self.limits.lifetime_s).min(left)
    }

    fn refresh(
        &mut self,
        from: Path,
        message: &Message<'_>,
        name: &Name,
        clock: Clock,
        answer: &mut Writer<'_>,
    ) -> Result<(), Refused> {
        let ends = message.get(LIFETIME) == Some(&[0; 4]);
        let lifetime = if ends { 0 } else { self.lifetime(message, name, clock) };
        let family = match message.get(REQUESTED_ADDRESS_FAMILY) {
            None => None,
            Some([1, _, _, _]) => Some(true),
            Some([2, _, _, _]) => Some(false),
            _ => return Err(NO_FAMILY),
        };
        let allocation = self.allocations.get_mut(&from).ok_or(MISMATCH)?;
        if family.is_some_and(|four| four != allocation.relayed.is_ipv4()) {
            return Err(OTHER_FAMILY);
        }
        allocation.name.until_s = name.until_s;
        allocation.ends_ms = clock.ms + u64::from(lifetime) * 1_000;
        answer.add(LIFETIME, &lifetime.to_be_bytes());
        if ends {
            self.remove(from);
        }
        Ok(())
    }

    fn create_permission(&mut self, from: Path, message: &Message<'_>, now_ms: u64) -> Result<(), Refused> {
        let values = message.attributes().filter(|(kind, _)| *kind == XOR_PEER_ADDRESS);
        let peers: Option<Vec<SocketAddr>> =
            values.map(|(_, value)| read_xor_address(value, &message.transaction)).collect();
        let peers = peers.filter(|peers| !peers.is_empty()).ok_or(BAD_REQUEST)?;
        let allocation = self.allocations.get_mut(&from).ok_or(MISMATCH)?;
        if peers.iter().any(|peer| peer.is_ipv4() != allocation.relayed.is_ipv4()) {
            return Err(OTHER_FAMILY);
        }
        // Addresses beyond the relay are not refused, though nothing ever goes there: browsers ask for those of all of the other's
        // candidates, and Chromium, refused the first of them, gives the connection up before the other's relayed address is known.
        if peers.iter().any(|peer| peer.ip() == allocation.relayed.ip()) {
            allocation.permit(now_ms);
        }
        Ok(())
    }

    fn channel_bind(&mut self, from: Path, message: &Message<'_>, now_ms: u64) -> Result<(), Refused> {
        let peer = message.get(XOR_PEER_ADDRESS).and_then(|value| read_xor_address(value, &message.transaction));
        let (Some(peer), Some([c1, c2, _, _])) = (peer, message.get(CHANNEL_NUMBER)) else { return Err(BAD_REQUEST) };
        let channel = u16::from_be_bytes([*c1, *c2]);
        if !(0x4000..=0x4FFF).contains(&channel) {
            return Err(BAD_REQUEST);
        }
        let own = self.allocations.get(&from).ok_or(MISMATCH)?;
        if own.relayed.is_ipv4() != peer.is_ipv4() {
            return Err(OTHER_FAMILY);
        }
        let session = &own.name.session;
        let other = self.ports.get(&peer.port()).and_then(|path| self.allocations.get(path));
        if other.is_none_or(|other| other.name.session != *session || other.relayed != peer) {
            return Err(FORBIDDEN);
        }
        let allocation = self.allocations.get_mut(&from).ok_or(MISMATCH)?;
        allocation.bind(channel, peer, now_ms).map_err(|Taken| BAD_REQUEST)
    }
}

fn add_error(answer: &mut Writer<'_>, code: u16, reason: &str) {
    let number = [0, 0, u8::try_from(code / 100).unwrap_or_default(), u8::try_from(code % 100).unwrap_or_default()];
    answer.add(ERROR_CODE, &[&number, reason.as_bytes()].concat());
}

fn add_allocation(answer: &mut Writer<'_>, allocation: &Allocation, lifetime: u32) {
    let transaction = allocation.transaction;
    answer.add(XOR_RELAYED_ADDRESS, &xor_address(allocation.relayed, &transaction));
    answer.add(XOR_MAPPED_ADDRESS, &xor_address(seen(allocation.path.client), &transaction));
    answer.add(LIFETIME, &lifetime.to_be_bytes());
    answer.add(SOFTWARE, REALM_NAME.as_bytes());
}

/// An address of IPv4 that came over a socket of both families is one of IPv4.
fn seen(client: SocketAddr) -> SocketAddr {
    SocketAddr::new(client.ip().to_canonical(), client.port())
}
