//! One Engine.IO connection: who is on it, what it may still send, and how it is ended.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use engineioxide::socket::{DisconnectReason, Sid, Socket};
use pairvoice_wire::{Acknowledgement, Check, Code, Refusal, ServerEvent, UserId, name};
use tokio::runtime::Handle as Runtime;

use super::packet;
use super::unsent::{Total, Unsent};
use crate::lines::{Refused, Watch};
use crate::metrics::{EventOutcome, HangUp, Metrics, Transport};
use crate::net::{EngineSlot, Link};
use crate::quota::{Bucket, SharedBucket};
use crate::sessions::{Seated, lock};

/// Refusals after which a connection is closed.
const STRIKES: u32 = 3;
/// A strike is forgotten after so long.
const FORGIVEN: Duration = Duration::from_secs(10);
/// What a handshake costs, in events.
pub(crate) const CONNECT_COST: u32 = 20;
/// How long a connection may be without a handshake.
const CONNECT_TIME: Duration = Duration::from_secs(8);
/// How long a connection that is closed may take to send what it still holds.
const LAST_WORDS: Duration = Duration::from_millis(400);

/// Engine.IO's part of a connection. Its `id` is a bearer key of a polling connection: it never goes into a log.
pub(crate) type EngineSocket = Socket<OnceLock<Arc<Engine>>>;

/// What one connection is to the server.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Names it in logs.
    pub(crate) number: u64,
    /// The client's address, as far as it is known.
    pub(crate) address: IpAddr,
    /// The `Host` by which the client reached this server.
    pub(crate) host: Option<Box<str>>,
    pub(crate) unsent: Unsent,
    state: Mutex<State>,
    /// The TCP connection of a WebSocket.
    link: Mutex<Weak<Link>>,
    /// The body of a request is being read.
    posting: AtomicBool,
    /// How the metrics know it to be carried.
    counted: Mutex<Option<Transport>>,
    pub(crate) metrics: Arc<Metrics>,
    /// Its place among the connections of its address.
    _slot: EngineSlot,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Who is there, until their room was told that they are gone.
    seated: Option<Seated>,
    bucket: Bucket,
    /// The bucket of the user, shared by all connections of theirs.
    user: Option<SharedBucket>,
    /// The namespace's name of the socket that is in, which its client knows, too.
    name: Option<Sid>,
    strikes: u32,
    struck: Instant,
}

/// How far it has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody has said who they are; since when.
    Fresh(Instant),
    /// Somebody waits to be let in.
    Entering,
    /// Somebody is in.
    Seated,
    /// It is being closed.
    Over,
}

impl Engine {
    pub(crate) fn new(
        number: u64,
        slot: EngineSlot,
        host: Option<Box<str>>,
        total: Arc<Total>,
        rate: u32,
        metrics: Arc<Metrics>,
    ) -> Self {
        let now = Instant::now();
        let (phase, bucket) = (Phase::Fresh(now), Bucket::new(rate, now));
        Self {
            number,
            address: slot.client(),
            host,
            unsent: Unsent::new(total),
            state: Mutex::new(State { phase, seated: None, bucket, user: None, name: None, strikes: 0, struck: now }),
            link: Mutex::default(),
            posting: AtomicBool::new(false),
            counted: Mutex::new(None),
            metrics,
            _slot: slot,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        lock(&self.state).phase
    }

    /// Who is in.
    pub(crate) fn seated(&self) -> Option<Seated> {
        let state = lock(&self.state);
        state.seated.clone().filter(|_| state.phase == Phase::Seated)
    }

    /// The name of the socket that is in, by which its client and the log speak of the same.
    pub(crate) fn name(&self) -> Option<Sid> {
        lock(&self.state).name
    }

    /// Who is in, or waits to be.
    pub(crate) fn user(&self) -> Option<UserId> {
        lock(&self.state).seated.as_ref().map(|seated| seated.user.clone())
    }

    /// Counts it by what carries it now; none when it is gone.
    pub(crate) fn count(&self, carrier: Option<Transport>) {
        let before = std::mem::replace(&mut *lock(&self.counted), carrier);
        if before != carrier {
            if let Some(transport) = before {
                self.metrics.socket_closed(transport);
            }
            if let Some(transport) = carrier {
                self.metrics.socket_opened(transport);
            }
        }
    }

    /// Reads a body until what is returned is dropped; none while another one is read.
    pub(crate) fn post(self: &Arc<Self>) -> Option<Posting> {
        let free = !self.posting.swap(true, Ordering::Relaxed);
        free.then(|| Posting(Arc::clone(self)))
    }

    /// It is a WebSocket on this TCP connection from now on.
    pub(crate) fn is_on(&self, link: Weak<Link>) {
        *lock(&self.link) = link;
    }

    /// Takes what events cost: from the bucket of the connection, and from that of the user, if it is known who that is.
    ///
    /// # Errors
    /// `rate-limited`, with the time after which it would be granted.
    pub(crate) fn take(&self, own: u32, user: u32, now: Instant) -> Result<(), Refusal> {
        let mut state = lock(&self.state);
        let after = if state.bucket.take(own, now) {
            let Some(bucket) = &state.user else { return Ok(()) };
            let mut bucket = lock(bucket);
            if bucket.take(user, now) {
                return Ok(());
            }
            bucket.after_ms(user)
        } else {
            state.bucket.after_ms(own)
        };
        Err(rate_limited(after))
    }

    /// A refusal: true when there were too many, and the connection is to be closed.
    pub(crate) fn strike(&self, now: Instant) -> bool {
        let mut state = lock(&self.state);
        let forgiven = now.saturating_duration_since(state.struck).as_secs() / FORGIVEN.as_secs();
        if forgiven > 0 || state.strikes == 0 {
            state.strikes = state.strikes.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
            state.struck = now;
        }
        state.strikes += 1;
        state.strikes >= STRIKES
    }

    /// Somebody asks for a seat; false when somebody did before, or when the connection is gone.
    pub(crate) fn entering(&self, seated: Seated, user: SharedBucket) -> bool {
        let mut state = lock(&self.state);
        if !matches!(state.phase, Phase::Fresh(_)) {
            return false;
        }
        state.phase = Phase::Entering;
        state.seated = Some(seated);
        state.user = Some(user);
        true
    }

    /// The connection is gone; tells who was there.
    pub(crate) fn ended(&self) -> Option<Seated> {
        lock(&self.state).phase = Phase::Over;
        self.left()
    }

    /// The client left the namespace; tells who was there.
    pub(crate) fn left(&self) -> Option<Seated> {
        let mut state = lock(&self.state);
        if state.phase != Phase::Over {
            state.phase = Phase::Fresh(Instant::now());
        }
        state.user = None;
        state.seated.take()
    }

    /// Whether it had its time to say who is there.
    pub(crate) fn is_late(&self, now: Instant) -> bool {
        matches!(lock(&self.state).phase, Phase::Fresh(since) if now.saturating_duration_since(since) > CONNECT_TIME)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.count(None);
    }
}

/// A body that is being read.
#[derive(Debug)]
pub(crate) struct Posting(Arc<Engine>);

impl Drop for Posting {
    fn drop(&mut self) {
        self.0.posting.store(false, Ordering::Relaxed);
    }
}

/// What a room holds of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) io: Arc<EngineSocket>,
    pub(crate) engine: Arc<Engine>,
}

impl Peer {
    /// Sends a packet; false when the peer has left too much unread.
    fn send(&self, text: String) -> bool {
        self.engine.unsent.send(text.len(), Instant::now(), || self.io.emit(text).is_ok())
    }

    /// Lets the client in.
    pub(crate) fn admit(&self) -> bool {
        let mut state = lock(&self.engine.state);
        if state.phase != Phase::Entering {
            return false;
        }
        state.phase = Phase::Seated;
        // Another name than the connection's own, which is a key.
        let name = Sid::new();
        state.name = Some(name);
        drop(state);
        self.send(packet::connect(name.as_str()))
    }

    /// Tells the client why it is not let in, and closes the connection.
    pub(crate) fn refuse(&self, refusal: &Refusal, watch: &Watch) {
        self.log_refusal("a handshake", refusal, watch);
        self.send(packet::connect_error(refusal));
        self.close(None);
    }

    fn log_refusal(&self, what: &str, refusal: &Refusal, watch: &Watch) {
        let seated = lock(&self.engine.state).seated.clone();
        let (client, connection) = (self.engine.address, Some(self.engine.number));
        watch.refused(what, Refused { client, connection, seated: seated.as_ref() }, refusal);
    }

    /// Answers a client that asked for no seat, and closes the connection.
    pub(crate) fn answer_check(&self, check: &Check) {
        if self.admit() {
            self.send(packet::event(name::CHECK, check));
            // Nobody has a seat that would be left.
            self.engine.left();
            self.hang_up(None);
        }
    }

    pub(crate) fn emit(&self, event: &ServerEvent) -> bool {
        let name = event.name();
        self.send(match event {
            ServerEvent::Welcome(welcome) => packet::event(name, welcome),
            ServerEvent::Peer(peer) => packet::event(name, peer),
            ServerEvent::Signal(envelope) => packet::event(name, envelope),
            ServerEvent::Chat(delivery) => packet::event(name, delivery),
            ServerEvent::Receipt(receipt) => packet::event(name, receipt),
            ServerEvent::Typing(typing) => packet::event(name, typing),
            ServerEvent::Data(data) => packet::event(name, data),
            ServerEvent::Ice(servers) => packet::event(name, servers),
            ServerEvent::Notice(notice) => packet::event(name, notice),
        })
    }

    /// Puts the client out of the namespace and closes the connection.
    pub(crate) fn hang_up(&self, why: Option<HangUp>) {
        if self.engine.phase() != Phase::Over {
            self.send(packet::disconnect());
            self.close(why);
        }
    }

    /// Closes the connection: at once nothing more is taken from it, and it has a moment to read what it was sent. Engine.IO
    /// would drop that, had its writer not begun yet.
    pub(crate) fn close(&self, why: Option<HangUp>) {
        if std::mem::replace(&mut lock(&self.engine.state).phase, Phase::Over) == Phase::Over {
            return;
        }
        if let Some(why) = why {
            self.engine.metrics.hung_up(why);
        }
        let peer = self.clone();
        let Ok(runtime) = Runtime::try_current() else { return };
        runtime.spawn(async move {
            let reads = tokio::time::timeout(LAST_WORDS, peer.engine.unsent.drained()).await.is_ok();
            let link = lock(&peer.engine.link).clone();
            peer.io.close(DisconnectReason::ClosingServer);
            drop(peer);
            if reads {
                tokio::time::sleep(LAST_WORDS).await;
            }
            if let Some(link) = link.upgrade() {
                link.reset();
            }
        });
    }
}

/// An event that waits for its acknowledgement.
#[derive(Debug)]
pub(crate) struct Ack {
    pub(crate) peer: Peer,
    /// None when the client wants no acknowledgement.
    pub(crate) id: Option<u64>,
    /// The event's name; none when it could not be read.
    pub(crate) event: Option<&'static str>,
}

impl Ack {
    /// The same of what a room says of an event. A token that is refused is worth a line.
    pub(crate) fn tell(self, answer: &Acknowledgement, watch: &Watch) {
        if let (Some(name::TOKEN), Some(refusal)) = (self.event, &answer.error) {
            self.peer.log_refusal("another token", refusal, watch);
        }
        self.send(answer);
    }

    /// Acknowledges. Whoever is refused again and again is hung up on.
    pub(crate) fn send(self, answer: &Acknowledgement) {
        if let Some(id) = self.id {
            // What does not fit is asked for again after the client's time-out or its next welcome; nothing was lost.
            self.peer.send(packet::ack(id, answer));
        }
        let outcome = match (self.event, answer.ok) {
            (None, _) => EventOutcome::Malformed,
            (_, true) => EventOutcome::Done,
            (_, false) => EventOutcome::Refused,
        };
        self.peer.engine.metrics.event(self.event.unwrap_or_default(), outcome);
        let struck = answer.error.as_ref().is_some_and(|refusal| is_abuse(&refusal.code));
        if struck && self.peer.engine.strike(Instant::now()) {
            self.peer.hang_up(Some(HangUp::Refusals));
        }
    }
}

/// What was asked for would be granted after so many milliseconds.
pub(crate) fn rate_limited(after_ms: u32) -> Refusal {
    Refusal { after_ms: Some(after_ms), ..Refusal::new(Code::RateLimited, "more events than this server takes") }
}

/// Refusals that a client in order hardly ever gets. The others cost what their events cost.
fn is_abuse(code: &Code) -> bool {
    matches!(
        code,
        Code::RateLimited
            | Code::BadRequest
            | Code::TooLarge
            | Code::ForeignSender
            | Code::NotJoined
            | Code::Unauthorized
    )
}
