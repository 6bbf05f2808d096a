//! One session's room and what its outputs need: sockets, acknowledgements, timers.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pairvoice_room::{Input, Output, RequestId, Room, SocketId, StoreRequest, Timer};
use pairvoice_wire::{Acknowledgement, Refusal, ServerEvent, SessionId};
use socketioxide::extract::{AckSender, SocketRef};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::lines;
use crate::metrics::VoiceClock;
use crate::sessions::Sessions;

/// How often, and how far apart, a socket whose channel is full is asked to disconnect.
const GOODBYES: u32 = 200;
const GOODBYE: Duration = Duration::from_millis(100);

/// A room with its hands.
pub(crate) struct Hosted {
    session: SessionId,
    pub(crate) room: Room,
    /// Sockets that were let in.
    pub(crate) sockets: HashMap<SocketId, SocketRef>,
    /// Sockets that wait to be let in.
    pub(crate) admissions: HashMap<SocketId, oneshot::Sender<Result<(), Refusal>>>,
    /// Events that wait for their acknowledgement.
    pub(crate) requests: HashMap<RequestId, AckSender>,
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
            admissions: HashMap::new(),
            requests: HashMap::new(),
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
            Output::Admit { socket } => self.decide(socket, Ok(())),
            Output::Refuse { socket, refusal } => self.decide(socket, Err(refusal)),
            Output::Send { to, event } => {
                let socket = self.sockets.get(&to)?;
                return (!emit(socket, &event)).then(|| Input::Overflowed { socket: to, event: Box::new(event) });
            }
            Output::Acknowledge { request, answer } => {
                if let Some(ack) = self.requests.remove(&request) {
                    acknowledge(ack, &answer);
                }
            }
            Output::HangUp { socket } => {
                if let Some(socket) = self.sockets.remove(&socket) {
                    sessions.hang_up(socket);
                }
            }
            Output::Store(request) => return self.store(sessions, request),
            Output::SetTimer { timer, after } => self.set_timer(sessions, timer, Duration::from_millis(after)),
            Output::ClearTimer(timer) => drop(self.timers.remove(&timer)),
            Output::Log(note) => lines::write(&self.session, &note, &mut self.voice_clock, |_| None, &sessions.watch),
        }
        None
    }

    fn decide(&mut self, socket: SocketId, decision: Result<(), Refusal>) {
        if let Some(waiting) = self.admissions.remove(&socket) {
            // Nobody waits any more when the connection broke meanwhile; its seat runs out.
            let _ = waiting.send(decision);
        }
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
        let answer = move |input| host.input(&session, input);
        sessions.chat_log.submit(&self.session, request, answer)
    }
}

/// Emits if the socket's channel has room.
fn emit(socket: &SocketRef, event: &ServerEvent) -> bool {
    let name = event.name();
    let sent = match event {
        ServerEvent::Welcome(welcome) => socket.emit(name, welcome),
        ServerEvent::Peer(peer) => socket.emit(name, peer),
        ServerEvent::Signal(envelope) => socket.emit(name, envelope),
        ServerEvent::Chat(delivery) => socket.emit(name, delivery),
        ServerEvent::Receipt(receipt) => socket.emit(name, receipt),
        ServerEvent::Typing(typing) => socket.emit(name, typing),
        ServerEvent::Notice(notice) => socket.emit(name, notice),
    };
    sent.is_ok()
}

/// Acknowledges an event.
pub(crate) fn acknowledge(ack: AckSender, answer: &Acknowledgement) {
    if let Err(error) = ack.send(answer) {
        // The client asks again after its time-out or its next welcome; nothing was lost.
        tracing::debug!(%error, "an acknowledgement could not be sent");
    }
}

/// Disconnects a socket. A full channel takes no goodbye either; a client that reads nothing at all is ended by its heartbeat.
pub(crate) async fn disconnect(socket: SocketRef) {
    for _ in 0..GOODBYES {
        if socket.clone().disconnect().is_ok() || !socket.connected() {
            break;
        }
        tokio::time::sleep(GOODBYE).await;
    }
}
