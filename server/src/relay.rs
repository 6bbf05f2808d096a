//! What clients say and what becomes of it: one lock a session, so that all is relayed in the order it came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pairvoice_core::wire::{
    Acknowledgement, Envelope, Handshake, IceServer, MAX_SIGNAL_BYTES, Notice, Outcome, PeerInfo, Presence, Refusal,
    SignalBody, Typing, VERSION, VoiceStatus, Welcome,
};
use pairvoice_core::{Role, SessionId, UserId};
use serde::Serialize;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::chat_log::{ChatLog, Known, LogError};
use crate::diagnostics::Journal;
use crate::rooms::{NoSeat, Room, Seat};

/// A socket that broke off without a goodbye: so long its owner counts as away, then as absent.
const AWAY: Duration = Duration::from_secs(8);
/// How often and how far apart a goodbye is tried.
const GOODBYES: u32 = 200;
const GOODBYE: Duration = Duration::from_millis(100);
/// So long an absent person's seat is kept.
const KEPT: Duration = Duration::from_mins(1);

/// Who speaks: proved by the token at the handshake.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    pub(crate) sid: Sid,
}

/// All sessions.
#[derive(Debug)]
pub struct Relay {
    rooms: Mutex<HashMap<SessionId, Arc<Mutex<Room>>>>,
    pub(crate) chat_log: ChatLog,
    ice_servers: Vec<IceServer>,
    pub(crate) journal: Journal,
    runtime: Handle,
}

/// A refusal with a word for programs and a sentence for developers.
pub(crate) fn refusal(code: &str, message: &str, retryable: bool) -> Refusal {
    Refusal { code: code.into(), message: message.into(), retryable, after_ms: None }
}

pub(crate) fn refused(code: &str, message: &str, retryable: bool) -> Acknowledgement {
    Acknowledgement { error: Some(refusal(code, message, retryable)), ..Acknowledgement::default() }
}

pub(crate) fn fine() -> Acknowledgement {
    Acknowledgement { ok: true, ..Acknowledgement::default() }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seat {
    /// Emits if somebody is connected; a full channel counts as not delivered.
    pub(crate) fn emit<T: Serialize>(&self, event: &str, data: &T) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.emit(event, data).is_ok())
    }
}

impl Relay {
    /// Relays with this chat log; every client is told these STUN servers. To be called within the runtime.
    #[must_use]
    pub fn new(chat_log: ChatLog, stun: &[String]) -> Self {
        let ice_servers =
            stun.iter().map(|url| IceServer { urls: vec![url.clone()], username: None, credential: None }).collect();
        Self { rooms: Mutex::default(), chat_log, ice_servers, journal: Journal::default(), runtime: Handle::current() }
    }

    /// Makes the log durable and closes it.
    pub fn close(&self) {
        self.chat_log.close();
    }

    pub(crate) fn count(&self) -> (usize, usize) {
        let rooms: Vec<_> = lock(&self.rooms).values().cloned().collect();
        let seats = rooms.iter().map(|room| lock(room).seats.len()).sum();
        (rooms.len(), seats)
    }

    /// Works on a session, which begins now if nobody was in it.
    fn with_room<T>(&self, session: &SessionId, work: impl FnOnce(&mut Room) -> T) -> T {
        loop {
            let room = lock(&self.rooms).entry(session.clone()).or_default().clone();
            let mut room = lock(&room);
            if !room.dead {
                return work(&mut room);
            }
        }
    }

    /// Works on a session if anybody is in it.
    pub(crate) fn in_room<T>(&self, session: &SessionId, work: impl FnOnce(&mut Room) -> T) -> Option<T> {
        let room = lock(&self.rooms).get(session)?.clone();
        let mut room = lock(&room);
        (!room.dead).then(|| work(&mut room))
    }

    /// Disconnects a socket while its room may be locked: its departure locks the room again.
    pub(crate) fn hang_up(&self, socket: SocketRef) {
        self.runtime.spawn(async move {
            // A full channel takes no goodbye either; a client that reads nothing at all is ended by its heartbeat.
            for _ in 0..GOODBYES {
                if socket.clone().disconnect().is_ok() || !socket.connected() {
                    break;
                }
                tokio::time::sleep(GOODBYE).await;
            }
        });
    }

    fn sweep(&self, session: &SessionId) {
        let mut rooms = lock(&self.rooms);
        if let Some(room) = rooms.get(session).cloned() {
            let mut room = lock(&room);
            if room.is_empty() {
                room.dead = true;
                rooms.remove(session);
            }
        }
    }

    /// Takes a seat before the socket is let in. A seat whose owner then never appears runs out like any other.
    pub(crate) fn enter(self: &Arc<Self>, speaker: &Speaker, handshake: &Handshake) -> Result<(), Refusal> {
        let before = self.with_room(&speaker.session, |room| {
            let before = room.enter(&speaker.user, &handshake.instance, speaker.sid, handshake.voice);
            let epoch = room.seat(&speaker.user).map(|seat| seat.epoch).unwrap_or_default();
            before.map(|before| (before, epoch))
        });
        match before {
            Ok((before, epoch)) => {
                if let Some((socket, takeover)) = before {
                    if takeover {
                        let notice = Notice { code: "opened-elsewhere".into(), after_ms: None };
                        let _ = socket.emit("notice", &notice);
                    }
                    self.hang_up(socket);
                }
                self.expire(speaker.clone(), epoch);
                Ok(())
            }
            Err(no_seat) => {
                self.sweep(&speaker.session);
                Err(match no_seat {
                    NoSeat::Full => refusal("session-full", "two other users are in this session", false),
                    NoSeat::Superseded => refusal("opened-elsewhere", "a newer instance of this user took over", false),
                })
            }
        }
    }

    /// The socket is in: welcome it and tell the other.
    pub(crate) fn arrive(
        self: &Arc<Self>,
        speaker: &Speaker,
        socket: SocketRef,
        handshake: Handshake,
        peer: Option<UserId>,
    ) -> Result<(), LogError> {
        let arrived = self.in_room(&speaker.session, |room| {
            let Some(seat) = room.seat_of(speaker.sid) else {
                // Somebody else of the same user was faster.
                let _ = socket.emit("notice", &Notice { code: "opened-elsewhere".into(), after_ms: None });
                self.hang_up(socket);
                return Ok::<bool, LogError>(true);
            };
            // Under the room's lock: nothing can be committed and relayed between this page and the welcome.
            let known = Known { log: handshake.log.as_deref(), since: handshake.since, tip: handshake.tip.as_ref() };
            let chat = self.chat_log.page(&speaker.session, &known)?;
            seat.socket = Some(socket);
            seat.presence = Presence::Present;
            seat.welcomes += 1;
            let voice = seat.voice;
            let epoch = room.next_epoch();
            if let Some(seat) = room.seat_of(speaker.sid) {
                seat.epoch = epoch;
            }
            let signals = take_parked(room, &speaker.user);
            let info = room.other(&speaker.user).map(|seat| seat.info());
            let known = peer.map(|user_id| PeerInfo {
                user_id,
                instance: None,
                presence: Presence::Absent,
                left: false,
                welcomes: 0,
                voice: VoiceStatus::default(),
            });
            for envelope in &signals {
                self.journal.note(envelope, Outcome::Delivered, 0);
            }
            let ice_servers = self.ice_servers.clone();
            let welcome = Welcome { v: VERSION, peer: info.or(known), signals, chat, ice_servers };
            let welcomed = room.seat_of(speaker.sid).is_some_and(|seat| seat.emit("welcome", &welcome));
            tell_peer(room, &speaker.user);
            info!(room = %speaker.session, user = %speaker.user, socket = %speaker.sid, "joined");
            log_voice(speaker, VoiceStatus::default(), voice);
            for envelope in handshake.signals {
                let bytes = serde_json::to_vec(&envelope).map_or(usize::MAX, |v| v.len());
                self.relay(room, speaker, &envelope, bytes);
            }
            Ok(welcomed)
        });
        // A socket that closed before its handlers were there tells nobody of it.
        if !arrived.transpose()?.unwrap_or_default() {
            self.depart(speaker);
        }
        Ok(())
    }

    /// The socket is gone, with or without a goodbye before.
    pub(crate) fn depart(self: &Arc<Self>, speaker: &Speaker) {
        let epoch = self.in_room(&speaker.session, |room| {
            let epoch = room.next_epoch();
            let seat = room.seat_of(speaker.sid).filter(|seat| seat.socket.is_some())?;
            seat.socket = None;
            seat.presence = Presence::Away;
            seat.epoch = epoch;
            tell_peer(room, &speaker.user);
            info!(room = %speaker.session, user = %speaker.user, socket = %speaker.sid, "away");
            Some(epoch)
        });
        match epoch.flatten() {
            Some(epoch) => self.expire(speaker.clone(), epoch),
            None => self.sweep(&speaker.session),
        }
    }

    /// Away becomes absent, and absent becomes a free seat, unless somebody comes.
    fn expire(self: &Arc<Self>, speaker: Speaker, epoch: u64) {
        let relay = Arc::clone(self);
        self.runtime.spawn(async move {
            tokio::time::sleep(AWAY).await;
            relay.in_room(&speaker.session, |room| {
                let seat = room.seat(&speaker.user).filter(|seat| seat.epoch == epoch && seat.socket.is_none());
                if let Some(seat) = seat {
                    seat.presence = Presence::Absent;
                    tell_peer(room, &speaker.user);
                }
            });
            tokio::time::sleep(KEPT.saturating_sub(AWAY)).await;
            relay.in_room(&speaker.session, |room| {
                if room.seat(&speaker.user).is_some_and(|seat| seat.epoch == epoch && seat.socket.is_none()) {
                    room.remove(&speaker.user);
                }
            });
            relay.sweep(&speaker.session);
        });
    }

    /// `bye`: the seat is free at once.
    pub(crate) fn bye(&self, speaker: &Speaker) -> Acknowledgement {
        self.in_room(&speaker.session, |room| {
            if room.seat_of(speaker.sid).is_some()
                && let Some(seat) = room.remove(&speaker.user)
                && let Some(other) = room.other(&speaker.user)
            {
                let voice = VoiceStatus::default();
                other.emit("peer", &PeerInfo { presence: Presence::Absent, left: true, voice, ..seat.info() });
            }
            info!(room = %speaker.session, user = %speaker.user, socket = %speaker.sid, "left");
        });
        self.sweep(&speaker.session);
        fine()
    }

    /// `voice`.
    pub(crate) fn voice(&self, speaker: &Speaker, voice: VoiceStatus) -> Acknowledgement {
        self.in_room(&speaker.session, |room| {
            let Some(seat) = room.seat_of(speaker.sid) else { return not_joined() };
            let before = std::mem::replace(&mut seat.voice, voice);
            log_voice(speaker, before, voice);
            // The state is for the log; the other side derives its own.
            if (VoiceStatus { state: voice.state, ..before }) != voice {
                tell_peer(room, &speaker.user);
            }
            fine()
        })
        .unwrap_or_else(not_joined)
    }

    /// `signal`.
    pub(crate) fn signal(&self, speaker: &Speaker, envelope: &Envelope) -> Acknowledgement {
        let bytes = serde_json::to_vec(envelope).map_or(usize::MAX, |v| v.len());
        if bytes > MAX_SIGNAL_BYTES {
            return refused("too-large", "a signal has at most 32 KiB", false);
        }
        self.in_room(&speaker.session, |room| self.relay(room, speaker, envelope, bytes)).unwrap_or_else(not_joined)
    }

    fn relay(&self, room: &mut Room, speaker: &Speaker, envelope: &Envelope, bytes: usize) -> Acknowledgement {
        let Some(seat) = room.seat_of(speaker.sid) else { return not_joined() };
        if envelope.session != speaker.session || envelope.user != speaker.user || envelope.instance != seat.instance {
            warn!(room = %speaker.session, user = %speaker.user, "refused a signal under another name");
            return refused("foreign-sender", "the signal's session, user or instance is not the socket's", false);
        }
        match envelope.body {
            SignalBody::End => seat.parked.clear(),
            SignalBody::Offer { .. } if envelope.generation == 0 => log_roles(room, speaker, envelope.attempt),
            SignalBody::Answer { .. } => {
                if let Some(other) = room.other(&speaker.user) {
                    other.parked.retain(|p| p.envelope.attempt != envelope.attempt);
                }
            }
            _ => {}
        }
        let outcome = match room.other(&speaker.user) {
            Some(other) if envelope.to.as_ref().is_some_and(|to| *to != other.instance) => Some(Outcome::Dropped),
            Some(other) if other.emit("signal", envelope) => Some(Outcome::Delivered),
            _ => {
                let parked = room.seat_of(speaker.sid).is_some_and(|seat| seat.park(envelope.clone(), bytes));
                parked.then_some(Outcome::Parked)
            }
        };
        self.journal.note(envelope, outcome.unwrap_or(Outcome::Dropped), bytes);
        match outcome {
            Some(outcome) => Acknowledgement { outcome: Some(outcome), ..fine() },
            None => refused("busy", "too many signals wait for the other", true),
        }
    }

    /// `typing`.
    pub(crate) fn typing(&self, speaker: &Speaker, typing: Typing) -> Acknowledgement {
        self.in_room(&speaker.session, |room| {
            if room.seat_of(speaker.sid).is_none() {
                return not_joined();
            }
            if let Some(other) = room.other(&speaker.user) {
                other.emit("typing", &typing);
            }
            fine()
        })
        .unwrap_or_else(not_joined)
    }

    pub(crate) fn has_seat(&self, speaker: &Speaker) -> bool {
        self.in_room(&speaker.session, |room| room.seat_of(speaker.sid).is_some()).unwrap_or_default()
    }

    /// The server is about to stop: clients come back after a moment.
    pub fn notify_restart(&self) {
        let rooms: Vec<_> = lock(&self.rooms).values().cloned().collect();
        for room in rooms {
            for seat in &lock(&room).seats {
                seat.emit("notice", &Notice { code: "restarting".into(), after_ms: Some(300) });
            }
        }
    }
}

pub(crate) fn not_joined() -> Acknowledgement {
    refused("not-joined", "this socket has no seat", true)
}

/// The signals that the other left for this user.
fn take_parked(room: &mut Room, user: &UserId) -> Vec<Envelope> {
    let Some(instance) = room.seat(user).map(|seat| seat.instance.clone()) else { return Vec::new() };
    let parked = room.other(user).map(|seat| std::mem::take(&mut seat.parked)).unwrap_or_default();
    parked
        .into_iter()
        .map(|parked| parked.envelope)
        .filter(|envelope| envelope.to.as_ref().is_none_or(|to| *to == instance))
        .collect()
}

fn tell_peer(room: &mut Room, user: &UserId) {
    if let Some(info) = room.seat(user).map(|seat| seat.info())
        && let Some(other) = room.other(user)
    {
        other.emit("peer", &info);
    }
}

fn log_roles(room: &mut Room, speaker: &Speaker, attempt: u32) {
    let (other, socket) = match room.other(&speaker.user) {
        Some(seat) => (seat.user.to_string(), seat.sid.to_string()),
        None => ("(not here yet)".into(), "-".into()),
    };
    let elected = UserId::parse(&other).map(|peer| Role::elect(&speaker.user, &peer));
    if matches!(elected, Ok(Ok(Role::Answerer))) {
        warn!(room = %speaker.session, user = %speaker.user, "the answerer offers");
    }
    info!(
        room = %speaker.session, attempt, sockets = %format_args!("{} {socket}", speaker.sid),
        "user {} offers, user {other} answers", speaker.user
    );
}

fn log_voice(speaker: &Speaker, before: VoiceStatus, now: VoiceStatus) {
    if before.state != now.state {
        info!(room = %speaker.session, user = %speaker.user, socket = %speaker.sid, "voice {}", now.state.as_str());
    }
}
