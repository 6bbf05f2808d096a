//! The relay as its clients see it: what works, and what must be refused.

use std::net::{Ipv6Addr, SocketAddr};

use crate::attribute::{
    CHANNEL_NUMBER, DATA, ERROR_CODE, LIFETIME, NONCE, REALM, REQUESTED_TRANSPORT, USERNAME, XOR_MAPPED_ADDRESS,
    XOR_PEER_ADDRESS, XOR_RELAYED_ADDRESS, read_xor_address, xor_address,
};
use crate::message::{Class, Message, Method, Writer};
use crate::{Clock, Counter, Credentials, Limits, Path, Relay, Secret, Transport};

mod limits;

const NOW_S: u64 = 1_000_000;
const TRANSACTION: [u8; 12] = [3; 12];

struct World {
    relay: Relay,
    clock: Clock,
    out: Vec<u8>,
}

/// One client: where it is, and who it says it is.
#[derive(Clone)]
struct Client {
    path: Path,
    credentials: Credentials,
}

fn secret() -> Secret {
    Secret::new(b"a secret of the tests")
}

fn client(port: u16, session: &str, user: &str) -> Client {
    let path = Path { transport: Transport::Udp, client: SocketAddr::new([192, 0, 2, 7].into(), port) };
    Client { path, credentials: secret().credentials(session, user, NOW_S + 3_600) }
}

impl World {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let relay = Relay::new(secret(), ([203, 0, 113, 1].into(), Ipv6Addr::LOCALHOST), limits);
        Self { relay, clock: Clock { ms: 5_000, unix_s: NOW_S }, out: Vec::new() }
    }

    fn later(&mut self, seconds: u64) {
        self.clock = Clock { ms: self.clock.ms + seconds * 1_000, unix_s: self.clock.unix_s + seconds };
        self.relay.sweep(self.clock);
    }

    fn send(&mut self, from: &Client, bytes: &[u8]) -> Option<Path> {
        self.relay.receive(from.path, bytes, self.clock, &mut self.out)
    }

    /// Asks without credentials for a nonce, and then with them.
    fn ask(&mut self, from: &Client, method: Method, attributes: &[(u16, Vec<u8>)]) -> u16 {
        self.ask_as(from, method, attributes, TRANSACTION, |_| {})
    }

    fn ask_as(
        &mut self,
        from: &Client,
        method: Method,
        attributes: &[(u16, Vec<u8>)],
        transaction: [u8; 12],
        change: impl Fn(&mut Vec<(u16, Vec<u8>)>),
    ) -> u16 {
        let mut question = Vec::new();
        Writer::new(&mut question, Class::Request, method, &transaction).fingerprint();
        assert_eq!(self.send(from, &question), Some(from.path));
        assert_eq!(self.code(), 401);
        let (realm, nonce) = {
            let answer = Message::read(&self.out).unwrap();
            (answer.text(REALM).unwrap().to_owned(), answer.get(NONCE).unwrap().to_vec())
        };
        let mut all = vec![
            (USERNAME, from.credentials.username.clone().into_bytes()),
            (REALM, realm.clone().into_bytes()),
            (NONCE, nonce),
        ];
        all.extend_from_slice(attributes);
        change(&mut all);
        let mut writer = Writer::new(&mut question, Class::Request, method, &transaction);
        for (kind, value) in &all {
            writer.add(*kind, value);
        }
        let key: [u8; 16] = {
            use md5::Digest;
            md5::Md5::digest(format!("{}:{realm}:{}", from.credentials.username, from.credentials.password)).into()
        };
        writer.sign(&key);
        assert_eq!(self.send(from, &question), Some(from.path));
        let answer = Message::read(&self.out).unwrap();
        assert_eq!(answer.transaction, transaction);
        assert!(answer.is_whole());
        if !matches!(self.code(), 401 | 420 | 438 | 400 | 441) {
            assert!(answer.is_signed_by(&key), "an answer is signed");
        }
        self.code()
    }

    /// The code of the last answer; 0 for a success.
    fn code(&self) -> u16 {
        let answer = Message::read(&self.out).unwrap();
        match answer.get(ERROR_CODE) {
            Some([_, _, hundreds, rest, ..]) => u16::from(*hundreds) * 100 + u16::from(*rest),
            _ => 0,
        }
    }

    fn allocate(&mut self, from: &Client) -> SocketAddr {
        assert_eq!(self.try_allocate(from), 0);
        self.relayed()
    }

    fn relayed(&self) -> SocketAddr {
        let answer = Message::read(&self.out).unwrap();
        read_xor_address(answer.get(XOR_RELAYED_ADDRESS).unwrap(), &answer.transaction).unwrap()
    }

    fn try_allocate(&mut self, from: &Client) -> u16 {
        self.ask(from, Method::Allocate, &[(REQUESTED_TRANSPORT, vec![17, 0, 0, 0])])
    }

    fn permit(&mut self, from: &Client, peer: SocketAddr) -> u16 {
        self.ask(from, Method::CreatePermission, &[(XOR_PEER_ADDRESS, xor_address(peer, &TRANSACTION))])
    }

    fn bind(&mut self, from: &Client, channel: u16, peer: SocketAddr) -> u16 {
        let [high, low] = channel.to_be_bytes();
        let attributes = [(CHANNEL_NUMBER, vec![high, low, 0, 0]), (XOR_PEER_ADDRESS, xor_address(peer, &TRANSACTION))];
        self.ask(from, Method::ChannelBind, &attributes)
    }

    fn say(&mut self, from: &Client, peer: SocketAddr, data: &[u8]) -> Option<Path> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, Class::Indication, Method::Send, &TRANSACTION);
        writer.add(XOR_PEER_ADDRESS, &xor_address(peer, &TRANSACTION));
        writer.add(DATA, data);
        self.send(from, &bytes)
    }

    /// Two people of one session with permissions for each other.
    fn pair(&mut self) -> [(Client, SocketAddr); 2] {
        let [low, high] = [client(1, "s", "7"), client(2, "s", "9")];
        let [at_low, at_high] = [self.allocate(&low), self.allocate(&high)];
        assert_eq!([self.permit(&low, at_high), self.permit(&high, at_low)], [0, 0]);
        [(low, at_low), (high, at_high)]
    }

    fn count(&self, counter: Counter) -> u64 {
        self.relay.counters().get(counter)
    }
}

#[test]
fn two_people_of_a_session_reach_each_other_and_know_their_own_addresses() {
    let mut world = World::new();
    let [(low, at_low), (high, at_high)] = world.pair();
    assert_ne!(at_low, at_high);
    assert_eq!(world.say(&low, at_high, b"hello"), Some(high.path));
    let data = Message::read(&world.out).unwrap();
    assert_eq!(
        (data.class(), data.method(), data.get(DATA)),
        (Class::Indication, Some(Method::Data), Some(&b"hello"[..]))
    );
    assert_eq!(read_xor_address(data.get(XOR_PEER_ADDRESS).unwrap(), &data.transaction), Some(at_low));

    assert_eq!(world.bind(&high, 0x4001, at_low), 0);
    assert_eq!(world.send(&high, &[0x40, 1, 0, 3, 1, 2, 3]), Some(low.path));
    assert_eq!(Message::read(&world.out).unwrap().get(DATA), Some(&[1, 2, 3][..]), "low has no channel");
    assert_eq!(world.say(&low, at_high, b"again"), Some(high.path));
    assert_eq!(world.out, b"\x40\x01\x00\x05again", "high has one");

    let mut question = Vec::new();
    Writer::new(&mut question, Class::Request, Method::Binding, &TRANSACTION).fingerprint();
    world.send(&low, &question);
    let mapped = Message::read(&world.out).unwrap().get(XOR_MAPPED_ADDRESS).unwrap().to_vec();
    assert_eq!(read_xor_address(&mapped, &TRANSACTION), Some(low.path.client));
    assert_eq!((world.count(Counter::Relayed), world.relay.counters().relayed_bytes), (3, 13));
}

#[test]
fn frames_for_streams_are_filled_up() {
    let mut world = World::new();
    let low = client(1, "s", "7");
    let high =
        Client { path: Path { transport: Transport::Stream(9), ..client(2, "s", "9").path }, ..client(2, "s", "9") };
    let [at_low, at_high] = [world.allocate(&low), world.allocate(&high)];
    assert_eq!([world.permit(&low, at_high), world.bind(&high, 0x4000, at_low)], [0, 0]);
    assert_eq!(world.say(&low, at_high, b"abcde"), Some(high.path));
    assert_eq!(world.out, b"\x40\x00\x00\x05abcde\0\0\0");
    world.relay.closed(high.path);
    assert_eq!((world.relay.allocations(), world.say(&low, at_high, b"x")), (1, None), "it ends with its stream");
}

#[test]
fn nothing_but_live_allocations_of_the_same_session_can_be_reached() {
    let mut world = World::new();
    let [(low, at_low), _] = world.pair();
    let foreign = client(3, "t", "7");
    let at_foreign = world.allocate(&foreign);
    for peer in [
        "127.0.0.1:80",
        "10.0.0.1:80",
        "192.168.0.1:80",
        "169.254.169.254:80",
        "100.64.0.1:80",
        "224.0.0.1:80",
        "0.0.0.0:80",
        "255.255.255.255:80",
        "192.0.2.7:1",
        "8.8.8.8:53",
    ] {
        let peer = peer.parse().unwrap();
        assert_eq!(
            [world.permit(&low, peer), world.bind(&low, 0x4000, peer)],
            [0, 403],
            "{peer}: permitted and without effect"
        );
        assert_eq!(world.say(&low, peer, b"x"), None, "{peer}");
    }
    for peer in ["[::1]:80", "[::ffff:127.0.0.1]:80", "[fe80::1]:80"] {
        let peer = peer.parse().unwrap();
        assert_eq!([world.permit(&low, peer), world.bind(&low, 0x4000, peer)], [443, 443], "{peer}");
    }
    assert_eq!(world.bind(&low, 0x4000, at_foreign), 403, "another session");
    assert_eq!(world.say(&low, at_foreign, b"x"), None, "another session, by the address that both have");
    let nobody = SocketAddr::new(at_low.ip(), 1);
    assert_eq!((world.bind(&low, 0x4000, nobody), world.say(&low, nobody, b"x")), (403, None));
    assert_eq!(
        (world.permit(&foreign, at_low), world.say(&foreign, at_low, b"x")),
        (0, None),
        "nobody else in its session"
    );
    assert_eq!(world.count(Counter::Relayed), 0);
}

#[test]
fn both_have_to_permit_and_permissions_and_allocations_run_out() {
    let mut world = World::new();
    let [low, high] = [client(1, "s", "7"), client(2, "s", "9")];
    let [at_low, at_high] = [world.allocate(&low), world.allocate(&high)];
    assert_eq!(world.permit(&low, at_high), 0);
    assert_eq!(world.say(&low, at_high, b"x"), None, "the receiver has not permitted it");
    assert_eq!(world.permit(&high, at_low), 0);
    assert_eq!(world.say(&low, at_high, b"x"), Some(high.path));
    for _ in 0..3 {
        world.later(100);
        for person in [&low, &high] {
            assert_eq!(world.ask(person, Method::Refresh, &[]), 0);
        }
    }
    world.later(1);
    assert_eq!(world.say(&low, at_high, b"x"), None, "300 s after the permission");
    world.later(200);
    assert_eq!((world.relay.allocations(), world.ask(&low, Method::Refresh, &[])), (0, 437));
    assert_eq!(world.permit(&low, at_high), 437);
}

#[test]
fn a_refresh_with_lifetime_zero_ends_an_allocation() {
    let mut world = World::new();
    let [(low, _), (_, at_high)] = world.pair();
    assert_eq!(world.ask(&low, Method::Refresh, &[(LIFETIME, vec![0; 4])]), 0);
    assert_eq!((world.relay.allocations(), world.say(&low, at_high, b"x")), (1, None));
}

#[test]
fn wrong_and_expired_credentials_and_nonces_are_refused() {
    let mut world = World::new();
    let mut wrong = client(1, "s", "7");
    wrong.credentials.password.push('x');
    assert_eq!(world.try_allocate(&wrong), 401);
    let mut renamed = client(1, "s", "7");
    renamed.credentials.username = client(1, "s", "9").credentials.username;
    assert_eq!(world.try_allocate(&renamed), 401, "another's name");
    let mut longer = client(1, "s", "7");
    longer.credentials.username = longer.credentials.username.replacen("1003600", "9003600", 1);
    assert_eq!(world.try_allocate(&longer), 401, "a life made longer");
    let old = Client { credentials: secret().credentials("s", "7", NOW_S), ..client(1, "s", "7") };
    assert_eq!(world.try_allocate(&old), 401);
    for nonce in [&b"x"[..], "obMatJos2wxP\u{7dd}AAA".as_bytes(), &[0xFF; 40], b""] {
        let code =
            world.ask_as(&client(1, "s", "7"), Method::Allocate, &[], TRANSACTION, |all| all[2].1 = nonce.to_vec());
        assert!(matches!(code, 438 | 400), "{code}");
    }
    assert_eq!(world.relay.allocations(), 0);
}

#[test]
fn expiry_is_looked_at_in_refreshes_and_bounds_the_life_of_an_allocation() {
    let mut world = World::new();
    let low = Client { credentials: secret().credentials("s", "7", NOW_S + 100), ..client(1, "s", "7") };
    world.allocate(&low);
    let lifetime = Message::read(&world.out).unwrap().get(LIFETIME).unwrap().to_vec();
    assert_eq!(lifetime, 100_u32.to_be_bytes());
    world.later(50);
    assert_eq!(world.ask(&low, Method::Refresh, &[]), 0);
    world.later(50);
    assert_eq!(world.ask(&low, Method::Refresh, &[]), 401);
    assert_eq!(world.relay.allocations(), 0);
}

#[test]
fn an_allocation_is_its_owners_and_newer_credentials_of_the_owner_serve_it() {
    let mut world = World::new();
    let low = client(1, "s", "7");
    world.allocate(&low);
    let thief = Client { credentials: client(1, "s", "9").credentials, ..low.clone() };
    assert_eq!(world.ask(&thief, Method::Refresh, &[]), 441);
    let renewed = Client { credentials: secret().credentials("s", "7", NOW_S + 7_200), ..low };
    assert_eq!(world.ask(&renewed, Method::Refresh, &[]), 0);
}

#[test]
fn an_allocation_is_made_once() {
    let mut world = World::new();
    let low = client(1, "s", "7");
    let relayed = world.allocate(&low);
    assert_eq!(world.try_allocate(&low), 0, "the same request again");
    assert_eq!((world.relayed(), world.relay.allocations()), (relayed, 1));
    let transport = [(REQUESTED_TRANSPORT, vec![17, 0, 0, 0])];
    assert_eq!(world.ask_as(&low, Method::Allocate, &transport, [4; 12], |_| {}), 437);
}

#[test]
fn what_is_not_served_is_said() {
    let mut world = World::new();
    let low = client(1, "s", "7");
    let transport = (REQUESTED_TRANSPORT, vec![17, 0, 0, 0]);
    for (attributes, code) in [
        (vec![], 400),
        (vec![(REQUESTED_TRANSPORT, vec![6, 0, 0, 0])], 442),
        (vec![transport.clone(), (0x0017, vec![3, 0, 0, 0])], 440),
        // EVEN-PORT, RESERVATION-TOKEN, CONNECTION-ID of RFC 6062.
        (vec![transport.clone(), (0x0018, vec![0x80])], 420),
        (vec![transport.clone(), (0x0022, vec![0; 8])], 420),
        (vec![transport.clone(), (0x002A, vec![0; 4])], 420),
    ] {
        assert_eq!(world.ask(&low, Method::Allocate, &attributes), code, "{attributes:?}");
    }
    let [(low, _), (_, at_high)] = {
        world = World::new();
        world.pair()
    };
    for channel in [0x3FFF, 0x5000, 0x7FFF, 0xFFFF] {
        assert_eq!(world.bind(&low, channel, at_high), 400, "{channel:x}");
    }
    let third = world.allocate(&client(3, "s", "9"));
    assert_eq!([world.bind(&low, 0x4000, at_high), world.bind(&low, 0x4000, at_high)], [0, 0], "bound again");
    assert_eq!(
        [world.bind(&low, 0x4000, third), world.bind(&low, 0x4001, at_high)],
        [400, 400],
        "another peer or channel"
    );
    assert_eq!(world.ask(&low, Method::CreatePermission, &[]), 400);
}
