//! The namespace: packets become inputs of rooms.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Instant;

use bytes::Bytes;
use engineioxide::Str;
use engineioxide::handler::EngineIoHandler;
use engineioxide::socket::{DisconnectReason, Sid};
use pairvoice_room::Grant;
use pairvoice_wire::{ClientEvent, Code, Handshake, Refusal, VERSION};
use serde::Deserialize;
use serde_json::Value;

use super::engine::{Ack, CONNECT_COST, Engine, EngineSocket, Peer, Phase, rate_limited};
use super::event;
use super::packet::{self, Packet};
use super::unsent::Total;
use crate::auth::Keys;
use crate::grant::grant;
use crate::metrics::{HangUp, Metrics};
use crate::quota::{SharedBucket, UserBuckets};
use crate::sessions::{Seated, Sessions, lock};

/// What a page of history costs, in events: it may be some hundred kilobytes.
const PAGE_COST: u32 = 20;

/// All connections of this process.
pub(crate) struct Endpoint {
    pub(crate) sessions: Arc<Sessions>,
    keys: Arc<Keys>,
    pub(crate) rate: u32,
    pub(crate) unsent: Arc<Total>,
    users: UserBuckets,
    engines: Mutex<HashMap<Sid, Weak<EngineSocket>>>,
    restarting: AtomicBool,
    /// Unsent bytes as the metrics know them.
    counted_bytes: AtomicUsize,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint")
    }
}

impl Endpoint {
    pub(crate) fn new(sessions: Arc<Sessions>, keys: Arc<Keys>, rate: u32) -> Self {
        Self {
            sessions,
            keys,
            rate,
            unsent: Arc::default(),
            users: UserBuckets::new(rate),
            engines: Mutex::default(),
            restarting: AtomicBool::new(false),
            counted_bytes: AtomicUsize::new(0),
        }
    }

    /// A number for the next connection.
    pub(crate) fn number(&self) -> u64 {
        self.sessions.number()
    }

    /// The connection that a client names, if it lives.
    pub(crate) fn engine(&self, sid: Sid) -> Option<Arc<Engine>> {
        lock(&self.engines).get(&sid).and_then(Weak::upgrade).and_then(|io| io.data.get().cloned())
    }

    fn peers(&self) -> Vec<Peer> {
        let engines: Vec<_> = lock(&self.engines).values().filter_map(Weak::upgrade).collect();
        engines.into_iter().filter_map(peer).collect()
    }

    /// Ends connections that let their packets lie, or on which nobody says who they are. To be called every second or so.
    pub(crate) fn sweep(&self, now: Instant) {
        for peer in self.peers() {
            peer.engine.count(Some(peer.io.transport_type().into()));
            if peer.engine.unsent.is_overdue(now) {
                tracing::debug!(connection = peer.engine.number, "hung up on: it does not read");
                peer.hang_up(Some(HangUp::UnsentAge));
            } else if peer.engine.is_late(now) {
                peer.close(None);
            }
        }
        self.users.sweep(now);
        let (unsent, counted) = (self.unsent.bytes(), &self.counted_bytes);
        let before = counted.swap(unsent, Ordering::Relaxed);
        let signed = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.metrics().queued_bytes(signed(unsent) - signed(before));
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.sessions.watch.metrics
    }

    /// From now on nobody is let in.
    pub(crate) fn restarting(&self) {
        self.restarting.store(true, Ordering::Relaxed);
    }

    /// Ends all connections.
    pub(crate) fn close(&self) {
        for peer in self.peers() {
            peer.close(Some(HangUp::Shutdown));
        }
    }

    /// A client asks to be let in.
    fn connect(&self, peer: &Peer, auth: &str) {
        if peer.engine.phase() == Phase::Over {
            return;
        }
        // A second handshake on a connection that is in has no meaning.
        if !matches!(peer.engine.phase(), Phase::Fresh(_)) {
            return peer.close(Some(HangUp::Protocol));
        }
        if let Err(refusal) = self.admit(peer, auth) {
            peer.refuse(&refusal, &self.sessions.watch);
        }
    }

    /// # Errors
    /// `restarting`, with the time after which to come again.
    pub(crate) fn is_here_to_stay(&self) -> Result<(), Refusal> {
        if self.restarting.load(Ordering::Relaxed) {
            let after_ms = Some(self.sessions.restart_ms());
            return Err(Refusal { after_ms, ..Refusal::new(Code::Restarting, "the server is about to stop") });
        }
        Ok(())
    }

    /// Reads and verifies a handshake that came by HTTP. Its user pays for it as for any other.
    ///
    /// # Errors
    /// As that of a socket is refused.
    pub(crate) fn verify(&self, auth: &str) -> Result<(Handshake, Grant), Refusal> {
        let handshake = read_handshake(auth)?;
        let grant = grant(&self.keys, &handshake.token, &handshake.session_id, &handshake.user_id)?;
        let now = Instant::now();
        let signals = u32::try_from(handshake.signals.len()).unwrap_or(u32::MAX);
        let user = self.users.of(&handshake.session_id, &handshake.user_id, now);
        take(&user, CONNECT_COST.saturating_add(signals), now)?;
        Ok((Handshake { token: String::new(), ..handshake }, grant))
    }

    fn admit(&self, peer: &Peer, auth: &str) -> Result<(), Refusal> {
        let now = Instant::now();
        self.is_here_to_stay()?;
        peer.engine.take(CONNECT_COST, 0, now)?;
        let handshake = read_handshake(auth)?;
        let grant = grant(&self.keys, &handshake.token, &handshake.session_id, &handshake.user_id)?;
        let user = self.users.of(&handshake.session_id, &handshake.user_id, now);
        let seated = self.sessions.seated(&handshake.session_id, &handshake.user_id);
        if !peer.engine.entering(seated.clone(), user) {
            peer.close(Some(HangUp::Protocol));
            return Ok(());
        }
        // The connection has paid for the handshake, the user has not.
        let signals = u32::try_from(handshake.signals.len()).unwrap_or(u32::MAX);
        if let Err(refusal) = peer.engine.take(signals, CONNECT_COST.saturating_add(signals), now) {
            peer.engine.left();
            return Err(refusal);
        }
        let handshake = Handshake { token: String::new(), ..handshake };
        if handshake.check {
            self.sessions.check(&seated, grant, peer);
            return Ok(());
        }
        self.sessions.enter(&seated, handshake, grant, peer.clone());
        Ok(())
    }

    /// A client emits an event.
    fn event(&self, peer: Peer, id: Option<u64>, body: &str) {
        let engine = Arc::clone(&peer.engine);
        let mut ack = Ack { peer, id, event: None };
        let now = Instant::now();
        if engine.phase() == Phase::Over {
            return;
        }
        let Some(seated) = engine.seated() else {
            let refusal = Refusal::new(Code::NotJoined, "this socket has no seat");
            return ack.send(&refusal.into());
        };
        let event = engine.take(1, 1, now).and_then(|()| event::read(body)).and_then(|event| {
            if matches!(event, ClientEvent::History(_)) {
                engine.take(PAGE_COST - 1, PAGE_COST - 1, now)?;
            }
            Ok(event)
        });
        ack.event = event.as_ref().ok().map(ClientEvent::name);
        match event {
            Ok(ClientEvent::Token(renewal)) => {
                let grant = grant(&self.keys, &renewal.token, &seated.session, &seated.user);
                self.sessions.renewed(&seated, grant, ack);
            }
            Ok(event) => self.sessions.event(&seated, event, ack),
            Err(refusal) => ack.send(&refusal.into()),
        }
    }

    fn gone(&self, seated: Option<Seated>) {
        if let Some(seated) = seated {
            self.sessions.closed(&seated);
        }
    }
}

fn peer(io: Arc<EngineSocket>) -> Option<Peer> {
    let engine = Arc::clone(io.data.get()?);
    Some(Peer { io, engine })
}

impl EngineIoHandler for Endpoint {
    type Data = OnceLock<Arc<Engine>>;

    fn on_connect(self: Arc<Self>, io: Arc<EngineSocket>) {
        // Every way in (request.rs) brings one.
        let Some(engine) = io.req_parts.extensions.get::<Arc<Engine>>().cloned() else {
            return io.close(DisconnectReason::TransportError);
        };
        engine.count(Some(io.transport_type().into()));
        lock(&self.engines).insert(io.id, Arc::downgrade(&io));
        let _ = io.data.set(engine);
    }

    fn on_disconnect(&self, io: Arc<EngineSocket>, _: DisconnectReason) {
        lock(&self.engines).remove(&io.id);
        if let Some(peer) = peer(io) {
            self.gone(peer.engine.ended());
            peer.engine.unsent.clear();
        }
    }

    fn on_message(self: &Arc<Self>, text: Str, io: Arc<EngineSocket>) {
        let Some(peer) = peer(io) else { return };
        match packet::decode(&text) {
            Ok(Packet::Connect { auth }) => self.connect(&peer, auth),
            Ok(Packet::Event { ack, body }) => self.event(peer, ack, body),
            // Leaving twice is no way to keep a connection for nothing.
            Ok(Packet::Disconnect) if matches!(peer.engine.phase(), Phase::Fresh(_)) => {
                peer.close(Some(HangUp::Protocol));
            }
            Ok(Packet::Disconnect) => self.gone(peer.engine.left()),
            Err(unwanted) => {
                tracing::debug!(connection = peer.engine.number, ?unwanted, "closed");
                peer.close(Some(HangUp::Protocol));
            }
        }
    }

    fn on_binary(self: &Arc<Self>, _: Bytes, io: Arc<EngineSocket>) {
        if let Some(peer) = peer(io) {
            peer.close(Some(HangUp::Protocol));
        }
    }
}

/// # Errors
/// `rate-limited`, with the time after which it would be granted.
fn take(user: &SharedBucket, events: u32, now: Instant) -> Result<(), Refusal> {
    let mut bucket = lock(user);
    if bucket.take(events, now) { Ok(()) } else { Err(rate_limited(bucket.after_ms(events))) }
}

/// The version alone, which is looked at first: a later protocol may have another form.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    v: Value,
}

/// Reads a handshake.
///
/// # Errors
/// A refusal that quotes nothing: an error of the parser would.
fn read_handshake(auth: &str) -> Result<Handshake, Refusal> {
    let misshapen = |_| Refusal::new(Code::BadRequest, "the handshake's auth does not have the form of the protocol");
    if auth.is_empty() {
        return Err(Refusal::new(Code::BadRequest, "the handshake has no auth"));
    }
    let version: Version = serde_json::from_str(auth).map_err(misshapen)?;
    if version.v.as_u64() != Some(u64::from(VERSION)) {
        return Err(Refusal::new(Code::VersionMismatch, "this server speaks version 1 of the protocol"));
    }
    serde_json::from_str(auth).map_err(misshapen)
}
