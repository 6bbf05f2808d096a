//! One session's room and what its outputs need: sockets, acknowledgements, timers.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pairvoice_room::{Input, KnockId, Output, RequestId, Room, SocketId, StoreRequest, Timer};
use pairvoice_wire::{IceServers, SessionId};
use tokio::task::AbortHandle;

use crate::knock::AnswerKnock;
use crate::lines;
use crate::metrics::HangUp;
use crate::metrics::VoiceClock;
use crate::sessions::Sessions;
use crate::socket_io::{Ack, Peer};

/// A room with its hands.
pub(crate) struct Hosted {
    session: SessionId,
    pub(crate) room: Room,
    /// Sockets that were let in, or wait to be.
    pub(crate) sockets: HashMap<SocketId, Peer>,
    /// Events that wait for their acknowledgement.
    pub(crate) requests: HashMap<RequestId, Ack>,
    /// Knocks that wait for their answer.
    pub(crate) knocks: HashMap<KnockId, AnswerKnock>,
    pub(crate) timers: HashMap<Timer, Running>,
    voice_clock: VoiceClock,
    /// Everybody has left, and whoever still holds this looks the session up again.
    pub(crate) is_over: bool,
}

/// A timer that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) number: u64,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosted").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Hosted {
    pub(crate) fn new(session: SessionId, room: Room) -> Self {
        Self {
            session,
            room,
            sockets: HashMap::new(),
            requests: HashMap::new(),
            knocks: HashMap::new(),
            timers: HashMap::new(),
            voice_clock: VoiceClock::default(),
            is_over: false,
        }
    }

    /// Nobody has a seat, and no answer of the chat log is waited for.
    pub(crate) fn is_idle(&self) -> bool {
        self.room.is_empty() && self.requests.is_empty()
    }

    /// Gives the room an input, and performs all that follows.
    pub(crate) fn run(&mut self, sessions: &Arc<Sessions>, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.room.handle(input);
            while let Some(output) = self.room.poll_output() {
                inputs.extend(self.perform(sessions, output));
            }
        }
    }

    /// Performs one output; what fails at once is the next input.
    fn perform(&mut self, sessions: &Arc<Sessions>, output: Output) -> Option<Input> {
        match output {
            Output::Admit { socket } => {
                let admitted = self.sockets.get(&socket).is_some_and(Peer::admit);
                // An admitted socket takes events from now on: the room's lock is still held.
                if !admitted {
                    self.sockets.remove(&socket);
                    return Some(Input::Closed { socket });
                }
                return Some(Input::Connected { socket, ice: self.ice(sessions, socket) });
            }
            Output::Refuse { socket, refusal } => {
                if let Some(peer) = self.sockets.remove(&socket) {
                    peer.refuse(&refusal, &sessions.watch);
                }
            }
            Output::AnswerKnock { knock, answer } => {
                let waiting = self.knocks.remove(&knock);
                let unanswered = waiting.map_or(Ok(()), |tell| tell.send(answer));
                if let Err(Ok(knocked)) = unanswered {
                    return Some(Input::KnockLost { signals: knocked.signals });
                }
            }
            Output::Send { to, event } => {
                let peer = self.sockets.get(&to)?;
                if peer.emit(&event) {
                    return None;
                }
                sessions.watch.metrics.hung_up(HangUp::UnsentBytes);
                return Some(Input::Overflowed { socket: to, event: Box::new(event) });
            }
            Output::Acknowledge { request, answer } => {
                if let Some(ack) = self.requests.remove(&request) {
                    ack.tell(&answer, &sessions.watch);
                }
            }
            Output::RenewIce { socket } => return Some(Input::Ice { socket, ice: self.ice(sessions, socket) }),
            Output::HangUp { socket } => {
                if let Some(peer) = self.sockets.remove(&socket) {
                    peer.hang_up(None);
                }
            }
            Output::Store(request) => return self.store(sessions, request),
            Output::SetTimer { timer, after } => self.set_timer(sessions, timer, Duration::from_millis(after)),
            Output::ClearTimer(timer) => drop(self.timers.remove(&timer)),
            Output::Log(note) => {
                let connection = |socket| {
                    let engine = &self.sockets.get(&socket)?.engine;
                    Some((engine.number, engine.name()))
                };
                lines::write(&self.session, &note, &mut self.voice_clock, connection, &sessions.watch);
            }
        }
        None
    }

    /// ICE servers for the user of a socket.
    fn ice(&self, sessions: &Sessions, socket: SocketId) -> IceServers {
        let engine = self.sockets.get(&socket).map(|peer| &peer.engine);
        let user = engine.and_then(|engine| engine.user());
        let host = engine.and_then(|engine| engine.host.as_deref());
        user.map(|user| sessions.ice_servers(&self.session, &user, host)).unwrap_or_default()
    }

    fn set_timer(&mut self, sessions: &Arc<Sessions>, timer: Timer, after: Duration) {
        let (host, session, number) = (Arc::clone(sessions), self.session.clone(), sessions.number());
        let fired = timer.clone();
        let task = sessions.runtime.spawn(async move {
            tokio::time::sleep(after).await;
            host.timer_fired(&session, fired, number);
        });
        self.timers.insert(timer, Running { number, task: task.abort_handle() });
    }

    /// Hands a request to the chat log, whose answer comes as an input from one of its threads.
    fn store(&self, sessions: &Arc<Sessions>, request: StoreRequest) -> Option<Input> {
        let (host, session) = (Arc::clone(sessions), self.session.clone());
        let answer = move |input| {
            if let Input::Appended { result: Ok(appended), .. } = &input {
                let bytes = appended.new.iter().map(|message| message.text.len() as u64).sum();
                host.watch.metrics.chat_messages(appended.new.len() as u64, bytes);
            }
            // The log's threads are none of the runtime's, and what follows may spawn tasks.
            let runtime = host.runtime.clone();
            let _within = runtime.enter();
            host.input(&session, input);
        };
        sessions.chat_log.submit(&self.session, request, answer)
    }
}
