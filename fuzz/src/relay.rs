//! The relay and its framing: what clients send, signed or not, in any order.

use std::net::{Ipv6Addr, SocketAddr};

use arbitrary::{Arbitrary, Unstructured};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use pairvoice_relay::{Clock, Counter, Limits, Message, Path, Relay, Secret, Splitter, Transport};
use sha1::Sha1;

/// What one input does, step by step.
#[derive(Debug, Arbitrary)]
enum Step {
    /// A client sends these bytes.
    Raw(u8, Vec<u8>),
    /// A client sends a message of this kind with these attributes, signed as its owner would.
    Signed(u8, u16, Vec<(u8, Vec<u8>)>),
    /// A client asks for an allocation, as browsers do.
    Allocate(u8),
    /// A client permits the relay's address, and binds a channel for the relayed address of another.
    Bind(u8, u8, u8),
    /// A client sends data over a channel.
    Channel(u8, u8, Vec<u8>),
    /// A client's stream ends.
    Close(u8),
    /// So many seconds go by.
    Wait(u8),
}

/// Clients 0 and 1 are in one session, the others in another.
struct World {
    relay: Relay,
    clock: Clock,
    out: Vec<u8>,
    relayed: [Option<SocketAddr>; 4],
}

const LIMITS: Limits =
    Limits { allocations: 4, of_user: 2, of_address: 8, bytes_a_second: 4_000, burst_bytes: 8_000, lifetime_s: 100 };
const COOKIE: u32 = 0x2112_A442;

fn secret() -> Secret {
    Secret::new(b"the secret of the fuzz target")
}

fn session(client: usize) -> &'static str {
    if client < 2 { "s" } else { "t" }
}

fn path(client: usize) -> Path {
    let transport = if client.is_multiple_of(2) { Transport::Udp } else { Transport::Stream(client as u64) };
    Path {
        transport,
        client: SocketAddr::new([192, 0, 2, 1].into(), 1_000 + u16::try_from(client).unwrap_or_default()),
    }
}

/// Runs the steps that the bytes stand for.
pub fn check(bytes: &[u8]) {
    frames(bytes);
    let mut unstructured = Unstructured::new(bytes);
    let relay = Relay::new(secret(), ([203, 0, 113, 1].into(), Ipv6Addr::LOCALHOST), LIMITS);
    let clock = Clock { ms: 0, unix_s: 1_000_000 };
    let mut world = World { relay, clock, out: Vec::new(), relayed: [None; 4] };
    while let Ok(step) = Step::arbitrary(&mut unstructured) {
        world.step(step);
        if unstructured.is_empty() {
            break;
        }
    }
}

/// Where a stream is cut makes no difference to the frames in it.
fn frames(bytes: &[u8]) {
    let whole = split([bytes].into_iter());
    let cut = split(bytes.chunks(7));
    assert_eq!(whole, cut);
}

fn split<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let (mut splitter, mut frames) = (Splitter::default(), Vec::new());
    for piece in pieces {
        if splitter.feed(piece, |frame| frames.push(frame.to_vec())).is_err() {
            return (frames, false);
        }
    }
    (frames, true)
}

impl World {
    fn step(&mut self, step: Step) {
        match step {
            Step::Raw(client, bytes) => self.send(client, &bytes),
            Step::Signed(client, kind, attributes) => self.ask(client, kind & 0x3FFF, &attributes),
            Step::Allocate(client) => {
                self.ask(client, 0x003, &[(0x19, vec![17, 0, 0, 0])]);
                self.learn(client);
            }
            Step::Bind(client, channel, other) => {
                let Some(peer) = self.relayed[usize::from(other % 4)] else { return };
                let [high, low] = peer.port().to_be_bytes();
                let xored: Vec<u8> = [203, 0, 113, 1].iter().zip(COOKIE.to_be_bytes()).map(|(a, b)| a ^ b).collect();
                let address = [&[0, 1, high ^ 0x21, low ^ 0x12][..], &xored].concat();
                self.ask(client, 0x009, &[(0x0C, vec![0x40, channel, 0, 0]), (0x12, address)]);
            }
            Step::Channel(client, channel, data) => {
                let length = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes();
                self.send(client, &[&[0x40, channel][..], &length, &data].concat());
            }
            Step::Close(client) => self.relay.closed(path(usize::from(client % 4))),
            Step::Wait(seconds) => {
                self.clock.ms += u64::from(seconds) * 1_000;
                self.clock.unix_s += u64::from(seconds);
                self.relay.sweep(self.clock);
            }
        }
        assert!(self.relay.allocations() <= LIMITS.allocations);
    }

    /// Sends, and checks what comes of it.
    fn send(&mut self, client: u8, bytes: &[u8]) {
        let client = usize::from(client % 4);
        let before = self.relay.counters().get(Counter::Relayed);
        let to = self.relay.receive(path(client), bytes, self.clock, &mut self.out);
        let Some(to) = to else { return };
        let receiver = (0..4).find(|other| path(*other) == to).expect("only clients are sent to");
        let relayed = self.relay.counters().get(Counter::Relayed) > before;
        if relayed {
            assert_eq!(session(client), session(receiver), "nothing passes from session to session");
            assert!(self.relay.serves(to));
        } else {
            assert_eq!(receiver, client, "an answer goes to whoever asked");
        }
        let is_channel = self.out.first().is_some_and(|first| (0x40..0x50).contains(first));
        assert!(is_channel || Message::read(&self.out).is_some(), "what is sent can be read");
    }

    /// A message signed by the client's owner, after a first one that brings a nonce.
    fn ask(&mut self, client: u8, kind: u16, attributes: &[(u8, Vec<u8>)]) {
        self.out.clear();
        self.send(client, &message(0x003, &[]));
        let Some(nonce) = attribute(&self.out, 0x15) else { return };
        let index = usize::from(client % 4);
        let user = if index.is_multiple_of(2) { "7" } else { "9" };
        let credentials = secret().credentials(session(index), user, 1_000_300);
        let mut all =
            vec![(0x06, credentials.username.clone().into_bytes()), (0x14, b"pairvoice".to_vec()), (0x15, nonce)];
        all.extend(attributes.iter().map(|(kind, value)| (u16::from(*kind), value.clone())));
        let mut bytes = message(kind, &all);
        let key = Md5::digest(format!("{}:pairvoice:{}", credentials.username, credentials.password));
        let length = u16::try_from(bytes.len() - 20 + 24).unwrap_or(u16::MAX);
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&key).expect("a key of any length");
        mac.update(&bytes);
        bytes.extend([0, 8, 0, 20]);
        bytes.extend(mac.finalize().into_bytes());
        self.send(client, &bytes);
    }

    fn learn(&mut self, client: u8) {
        let Some(value) = attribute(&self.out, 0x16) else { return };
        if let [_, _, high, low, ..] = value[..] {
            let port = u16::from_be_bytes([high, low]) ^ 0x2112;
            self.relayed[usize::from(client % 4)] = Some(SocketAddr::new([203, 0, 113, 1].into(), port));
        }
    }
}

fn message(kind: u16, attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        let value = &value[..value.len().min(200)];
        body.extend(kind.to_be_bytes());
        body.extend(u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), &COOKIE.to_be_bytes(), &[5; 12], &body].concat()
}

/// The value of an attribute in a message that the relay wrote.
fn attribute(bytes: &[u8], wanted: u16) -> Option<Vec<u8>> {
    let mut rest = bytes.get(20..)?;
    while let [k1, k2, l1, l2, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*l1, *l2]));
        if u16::from_be_bytes([*k1, *k2]) == wanted {
            return after.get(..length).map(<[u8]>::to_vec);
        }
        rest = after.get(length.next_multiple_of(4)..)?;
    }
    None
}
