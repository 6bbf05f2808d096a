//! All sessions of this process: each has a room, and one lock under which its room is worked on.
//!
//! The room decides (`pairvoice-room`); [`Hosted`] performs. Nothing that is done under the lock waits: Socket.IO's emit puts
//! a packet into a channel, and the chat log answers later, from its own threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pairvoice_room::{Config, Grant, Input, RequestId, Room, SocketId, Timer};
use pairvoice_wire::{ClientEvent, Code, Handshake, IceServer, Refusal, SessionId, UserId};
use socketioxide::extract::{AckSender, SocketRef};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::auth::now_s;
use crate::chat_log::{ChatLog, LogError};
use crate::diagnostics::Journal;
use crate::hosted::Hosted;

/// When clients shall come back to a server that starts again, in milliseconds.
const RESTART_MS: u32 = 300;

/// A socket that the handshake's token let ask for a seat.
#[derive(Debug, Clone)]
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
    ice_servers: Vec<IceServer>,
    rate: u32,
    pub(crate) journal: Journal,
    pub(crate) runtime: Handle,
    /// The newest number given to a socket, a request or a timer.
    numbers: AtomicU64,
    began: Instant,
}

/// Locks, whatever happened to another thread: the data of a session is in order between two outputs.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    /// No session yet. Every client is told these STUN servers, and may send so many events a second. To be called within
    /// the runtime.
    #[must_use]
    pub fn new(chat_log: ChatLog, stun: &[String], rate: u32) -> Self {
        let ice_servers =
            stun.iter().map(|url| IceServer { urls: vec![url.clone()], username: None, credential: None }).collect();
        Self {
            rooms: Mutex::default(),
            chat_log,
            ice_servers,
            rate,
            journal: Journal::default(),
            runtime: Handle::current(),
            numbers: AtomicU64::new(0),
            began: Instant::now(),
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
            self.input(&session, Input::Restarting { after_ms: RESTART_MS });
        }
    }

    /// Tokens of a user of a session, or of everybody's there, that were issued until now let nobody in any more, and whoever is
    /// there by one is hung up on. It need not be that anybody is there.
    ///
    /// # Errors
    /// [`LogError`] when it could not be written: it holds for those who are there, and may be forgotten.
    pub async fn revoke(self: &Arc<Self>, session: &SessionId, user: Option<UserId>) -> Result<(), LogError> {
        let at = now_s();
        let (wrote, written) = oneshot::channel();
        // A room that begins after the write reads it; one that is there is told.
        let asked = self.chat_log.revoke(session, user.clone(), at, |result| drop(wrote.send(result)));
        let outcome = match asked {
            Ok(()) => written.await.unwrap_or(Err(LogError::Closed)),
            Err(error) => Err(error),
        };
        self.input(session, Input::Revoke { user, at });
        outcome
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

    /// Asks for a seat, and resolves once the socket may be let in.
    ///
    /// # Errors
    /// The room's refusal.
    pub(crate) async fn enter(self: &Arc<Self>, handshake: Handshake, grant: Grant) -> Result<Seated, Refusal> {
        let (session, user) = (handshake.session_id.clone(), handshake.user_id.clone());
        let seated = Seated { session, user, socket: SocketId(self.number()) };
        let (decided, decision) = oneshot::channel();
        let input = Input::Enter { socket: seated.socket, handshake: Box::new(handshake), grant };
        self.in_new_room(&seated.session, |hosted| {
            hosted.admissions.insert(seated.socket, decided);
            hosted.run(self, input);
        });
        let gone = |_| Err(Refusal::new(Code::Busy, "the session ended meanwhile"));
        decision.await.unwrap_or_else(gone).map(|()| seated)
    }

    /// The socket was let in.
    pub(crate) fn connected(self: &Arc<Self>, seated: &Seated, socket: SocketRef) {
        let mut waiting = Some(socket);
        self.in_room(&seated.session, |hosted| {
            if let Some(socket) = waiting.take() {
                hosted.sockets.insert(seated.socket, socket);
            }
            hosted.run(self, Input::Connected { socket: seated.socket });
        });
        if let Some(socket) = waiting {
            self.hang_up(socket);
        }
    }

    /// A socket sent an event; `None` when its body does not have the form of the protocol.
    pub(crate) fn event(self: &Arc<Self>, seated: &Seated, event: Option<ClientEvent>, ack: AckSender) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let request = RequestId(self.number());
        self.answered(seated, request, Input::Event { socket: seated.socket, request, event, at }, ack);
    }

    /// A socket sent a `token` event, whose token was verified.
    pub(crate) fn renewed(self: &Arc<Self>, seated: &Seated, grant: Result<Grant, Refusal>, ack: AckSender) {
        let request = RequestId(self.number());
        self.answered(seated, request, Input::Renewed { socket: seated.socket, request, grant }, ack);
    }

    /// Gives an input of a socket to its room, which acknowledges it.
    fn answered(self: &Arc<Self>, seated: &Seated, request: RequestId, input: Input, ack: AckSender) {
        let mut waiting = Some(ack);
        self.in_room(&seated.session, |hosted| {
            hosted.requests.extend(waiting.take().map(|ack| (request, ack)));
            hosted.run(self, input);
        });
        if let Some(ack) = waiting {
            let refusal = Refusal::new(Code::NotJoined, "this socket has no seat");
            crate::hosted::acknowledge(ack, &refusal.into());
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

    /// Disconnects a socket outside its room's lock: its departure takes the lock again.
    pub(crate) fn hang_up(&self, socket: SocketRef) {
        self.runtime.spawn(crate::hosted::disconnect(socket));
    }

    /// Works on a session, which begins now if nobody was in it.
    fn in_new_room(&self, session: &SessionId, work: impl FnOnce(&mut Hosted)) {
        loop {
            let hosted = {
                let mut rooms = lock(&self.rooms);
                let new = || {
                    let config =
                        Config { session: session.clone(), rate: self.rate, ice_servers: self.ice_servers.clone() };
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
