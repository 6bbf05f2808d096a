//! All sessions of this process: each has a room, and one lock under which its room is worked on.
//!
//! The room decides (`pairvoice-room`); [`Hosted`] performs. Nothing that is done under the lock waits: Engine.IO's emit puts
//! a packet into a channel, and the chat log answers later, from its own threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pairvoice_room::{Config, Grant, Input, Knock, KnockId, RequestId, Room, SocketId, Timer};
use pairvoice_wire::{ClientEvent, Code, Handshake, IceServers, Refusal, SessionId, UserId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::auth::now_s;
use crate::chat_log::{ChatLog, LogError};
use crate::hosted::Hosted;
use crate::ice::Ice;
use crate::knock::AnswerKnock;
use crate::lines::Watch;
use crate::metrics::Metrics;
use crate::relay::RelayHost;
use crate::socket_io::{Ack, Peer};

/// When the first clients shall come back to a server that starts again, in milliseconds.
const RESTART_MS: u32 = 300;
/// For so long sessions come back one after the other: so many milliseconds for each that is there now, but no longer than this.
const RESTART_SPREAD_MS: u32 = 5_000;

/// A socket that the handshake's token let ask for a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seated {
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    pub(crate) socket: SocketId,
}

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    rooms: Mutex<HashMap<SessionId, Arc<Mutex<Hosted>>>>,
    pub(crate) chat_log: ChatLog,
    ice: Ice,
    /// The relay on the server's own port.
    pub(crate) relay: Option<Arc<RelayHost>>,
    pub(crate) watch: Watch,
    pub(crate) runtime: Handle,
    /// The newest number given to a socket, a request or a timer.
    numbers: AtomicU64,
}

/// Locks, whatever happened to another thread: the data of a session is in order between two outputs.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    /// No session yet. To be called within the runtime.
    #[must_use]
    pub fn new(chat_log: ChatLog, ice: Ice, metrics: Arc<Metrics>) -> Self {
        Self {
            rooms: Mutex::default(),
            chat_log,
            ice,
            relay: None,
            watch: Watch::new(metrics),
            runtime: Handle::current(),
            numbers: AtomicU64::new(0),
        }
    }

    /// Makes the log durable and closes it.
    pub fn close(&self) {
        self.chat_log.close();
    }

    /// The server is about to stop: clients come back after a moment.
    pub fn restarting(self: &Arc<Self>) {
        let sessions: Vec<SessionId> = lock(&self.rooms).keys().cloned().collect();
        for session in sessions {
            self.input(&session, Input::Restarting { after_ms: self.restart_ms() });
        }
    }

    /// Tokens of a user of a session, or of everybody's there, that were issued until now let nobody in any more, and whoever is
    /// there by one is hung up on. It need not be that anybody is there.
    ///
    /// # Errors
    /// [`LogError`] when it could not be written: it holds for those who are there, and may be forgotten.
    pub async fn revoke(self: &Arc<Self>, session: &SessionId, user: Option<UserId>) -> Result<(), LogError> {
        let (at, session, host) = (now_s(), session.clone(), Arc::clone(self));
        // A task of its own: whoever asked may be gone before it is written, and it must hold all the same.
        let revoking = self.runtime.spawn(async move {
            let (wrote, written) = oneshot::channel();
            // A room that begins after the write reads it; one that is there is told.
            let asked = host.chat_log.revoke(&session, user.clone(), at, |result| drop(wrote.send(result)));
            let outcome = match asked {
                Ok(()) => written.await.unwrap_or(Err(LogError::Closed)),
                Err(error) => Err(error),
            };
            host.input(&session, Input::Revoke { user: user.clone(), at });
            if let Some(relay) = &host.relay {
                relay.revoke(session.as_str(), user.as_ref().map(UserId::as_str));
            }
            outcome
        });
        revoking.await.unwrap_or(Err(LogError::Closed))
    }

    /// How many sessions there are, and how many people have a seat in them.
    pub(crate) fn count(&self) -> (usize, usize) {
        let rooms: Vec<_> = lock(&self.rooms).values().cloned().collect();
        let seats = rooms.iter().map(|hosted| lock(hosted).room.seats()).sum();
        (rooms.len(), seats)
    }

    /// A number that was never given before.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// When a client shall come back to a server that starts again, in milliseconds: not all at once.
    pub(crate) fn restart_ms(&self) -> u32 {
        let sessions = u32::try_from(lock(&self.rooms).len()).unwrap_or(u32::MAX);
        let spread = sessions.saturating_mul(2).min(RESTART_SPREAD_MS);
        let chance = getrandom::u32().unwrap_or_default();
        RESTART_MS + if spread == 0 { 0 } else { chance % spread }
    }

    /// The ICE servers for a user who reached this server by a `Host`.
    pub(crate) fn ice_servers(&self, session: &SessionId, user: &UserId, host: Option<&str>) -> IceServers {
        self.ice.servers(session, user, host)
    }

    /// Whether people of different networks reach each other.
    pub(crate) fn reach_all_networks(&self) -> bool {
        self.ice.is_for_all_networks()
    }

    /// A name for a socket that is about to ask for a seat.
    pub(crate) fn seated(&self, session: &SessionId, user: &UserId) -> Seated {
        Seated { session: session.clone(), user: user.clone(), socket: SocketId(self.number()) }
    }

    /// Asks for a seat; the peer is let in or refused once the room has decided.
    pub(crate) fn enter(self: &Arc<Self>, seated: &Seated, handshake: Handshake, grant: Grant, peer: Peer) {
        let input = Input::Enter { socket: seated.socket, handshake: Box::new(handshake), grant };
        self.in_new_room(&seated.session, |hosted| {
            hosted.sockets.insert(seated.socket, peer);
            hosted.run(self, input);
        });
    }

    /// A client knocks; `tell` is told once the room has decided.
    pub(crate) fn knock(self: &Arc<Self>, session: &SessionId, knock: Knock, tell: AnswerKnock) {
        self.in_new_room(session, |hosted| {
            hosted.knocks.insert(knock.id, tell);
            hosted.run(self, Input::Knock(Box::new(knock)));
        });
        // It may have been refused at once.
        self.in_room(session, |_| {});
    }

    /// Nobody waits for the answer to a knock any more.
    pub(crate) fn knock_gone(self: &Arc<Self>, session: &SessionId, knock: KnockId) {
        self.in_room(session, |hosted| {
            hosted.knocks.remove(&knock);
            hosted.run(self, Input::KnockGone { knock });
        });
    }

    /// A socket sent an event.
    pub(crate) fn event(self: &Arc<Self>, seated: &Seated, event: ClientEvent, ack: Ack) {
        let request = RequestId(self.number());
        self.answered(seated, request, Input::Event { socket: seated.socket, request, event }, ack);
    }

    /// A socket sent a `token` event, whose token was verified.
    pub(crate) fn renewed(self: &Arc<Self>, seated: &Seated, grant: Result<Grant, Refusal>, ack: Ack) {
        let request = RequestId(self.number());
        self.answered(seated, request, Input::Renewed { socket: seated.socket, request, grant }, ack);
    }

    /// Gives an input of a socket to its room, which acknowledges it.
    fn answered(self: &Arc<Self>, seated: &Seated, request: RequestId, input: Input, ack: Ack) {
        let mut waiting = Some(ack);
        self.in_room(&seated.session, |hosted| {
            hosted.requests.extend(waiting.take().map(|ack| (request, ack)));
            hosted.run(self, input);
        });
        if let Some(ack) = waiting {
            ack.send(&Refusal::new(Code::NotJoined, "this socket has no seat").into());
        }
    }

    /// A socket is gone, with or without a goodbye before.
    pub(crate) fn closed(self: &Arc<Self>, seated: &Seated) {
        self.in_room(&seated.session, |hosted| {
            hosted.sockets.remove(&seated.socket);
            hosted.run(self, Input::Closed { socket: seated.socket });
        });
    }

    /// A timer ran out, unless it was set anew or stopped meanwhile.
    pub(crate) fn timer_fired(self: &Arc<Self>, session: &SessionId, timer: Timer, number: u64) {
        self.in_room(session, |hosted| {
            if hosted.timers.get(&timer).is_some_and(|running| running.number == number) {
                hosted.timers.remove(&timer);
                hosted.run(self, Input::TimerFired { timer });
            }
        });
    }

    /// Gives an input to a room, if anybody is in the session.
    pub(crate) fn input(self: &Arc<Self>, session: &SessionId, input: Input) {
        self.in_room(session, |hosted| hosted.run(self, input));
    }

    /// Works on a session, which begins now if nobody was in it.
    fn in_new_room(&self, session: &SessionId, work: impl FnOnce(&mut Hosted)) {
        loop {
            let hosted = {
                let mut rooms = lock(&self.rooms);
                let new = || {
                    let config = Config { session: session.clone() };
                    Arc::new(Mutex::new(Hosted::new(session.clone(), Room::new(config))))
                };
                Arc::clone(rooms.entry(session.clone()).or_insert_with(new))
            };
            let mut hosted = lock(&hosted);
            if !hosted.is_over {
                return work(&mut hosted);
            }
        }
    }

    /// Works on a session if anybody is in it; a session that everybody left is forgotten.
    fn in_room(&self, session: &SessionId, work: impl FnOnce(&mut Hosted)) {
        let Some(hosted) = lock(&self.rooms).get(session).cloned() else { return };
        let empty = {
            let mut hosted = lock(&hosted);
            if hosted.is_over {
                return;
            }
            work(&mut hosted);
            hosted.is_idle()
        };
        if empty {
            let mut rooms = lock(&self.rooms);
            let mut hosted = lock(&hosted);
            // Somebody may have come in between.
            if hosted.is_idle() && !hosted.is_over {
                hosted.is_over = true;
                rooms.remove(session);
            }
        }
    }
}
