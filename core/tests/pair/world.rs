//! The world around two sessions: sockets, peer connections, microphones, timers, and what happens next.

use std::collections::VecDeque;

use pairvoice_core::wire::VoiceState;
use pairvoice_core::wire::{Candidate, InBand};
use pairvoice_core::{
    ClientEvent, Config, ConnectionCommand, ConnectionEvent, Event, Input, InstanceId, LinkState, MessageId,
    MicrophoneEvent, OpId, OutboxCommand, OutboxEvent, Output, Session, SessionId, SessionState, SocketEvent,
    StoredMessage, Timer, UserId,
};

use crate::server::Server;

/// Something on its way.
enum InFlight {
    /// To the server: a handshake is made when it leaves.
    Connect { who: usize, socket: u32, id: OpId },
    /// To the server.
    Emit { socket: u32, who: usize, request: OpId, event: ClientEvent },
    /// To the server, after what was emitted before.
    HangUp { socket: u32 },
    /// To a client.
    Deliver { socket: u32, event: SocketEvent },
    /// To a client.
    Acknowledge { who: usize, socket: u32, request: OpId, answer: Option<pairvoice_core::wire::Acknowledgement> },
    /// From a browser's store to the page that asked.
    Stored { who: usize, life: u32, event: OutboxEvent },
    /// Between the clients, over the link of this pair of connections.
    InBand { from: (usize, OpId), message: InBand },
}

/// One browser.
pub struct Side {
    pub user: UserId,
    pub session: Session,
    lives: u32,
    /// The socket in use: the session's name and the world's.
    socket: Option<(OpId, u32)>,
    /// The open connection, its local description's name and the remote one's.
    connection: Option<(OpId, Option<String>, Option<String>)>,
    /// The local description of an ICE restart that is not answered yet.
    restart: Option<(OpId, String)>,
    pub restarts: u32,
    /// The connection that was up once: browsers give up on others much later than the session does.
    was_up: Option<OpId>,
    pub timers: Vec<Timer>,
    pub microphone: bool,
    pub microphone_works: bool,
    /// Unsent messages that outlive the page; none in a browser without a store.
    pub store: Option<Vec<StoredMessage>>,
    /// Messages that the session told the app of.
    pub told: Vec<MessageId>,
    pub offers: u32,
    pub connections: u32,
    pub prompts: u32,
}

pub struct World {
    pub sides: [Side; 2],
    pub server: Server,
    pub server_up: bool,
    pub media_up: bool,
    sockets: u32,
    flights: VecDeque<InFlight>,
    messages: u64,
    pub sent: Vec<Sent>,
}

/// A message that somebody wrote.
pub struct Sent {
    pub user: UserId,
    pub id: MessageId,
    /// In a tab that can't reach the server.
    pub elsewhere: bool,
}

fn session(user: &UserId, life: u32) -> Session {
    let tag = u32::from(user.as_str().as_bytes()[0]);
    Session::new(Config {
        session: SessionId::parse("s").unwrap(),
        user: user.clone(),
        instance: InstanceId::parse(&format!("{tag:016x}{life:016x}")).unwrap(),
        peer: None,
        incapable: None,
        token_renews: true,
    })
}

impl World {
    pub fn new(first: &str, second: &str) -> Self {
        let side = |name: &str| {
            let user = UserId::parse(name).unwrap();
            Side {
                session: session(&user, 1),
                user,
                lives: 1,
                socket: None,
                connection: None,
                restart: None,
                restarts: 0,
                was_up: None,
                timers: Vec::new(),
                microphone: false,
                microphone_works: true,
                store: Some(Vec::new()),
                told: Vec::new(),
                offers: 0,
                connections: 0,
                prompts: 0,
            }
        };
        let mut world = Self {
            sides: [side(first), side(second)],
            server: Server::default(),
            server_up: true,
            media_up: true,
            sockets: 0,
            flights: VecDeque::new(),
            messages: 0,
            sent: Vec::new(),
        };
        world.drain(0);
        world.drain(1);
        world
    }

    pub fn input(&mut self, who: usize, input: Input) {
        self.sides[who].session.handle(input);
        self.drain(who);
    }

    pub fn say(&mut self, who: usize) {
        self.messages += 1;
        let id = MessageId::parse(&format!("00000000-0000-7000-8000-{:012x}", self.messages)).unwrap();
        self.sent.push(Sent { user: self.sides[who].user.clone(), id: id.clone(), elsewhere: false });
        self.input(who, Input::Send { id, text: format!("text {}", self.messages), at: self.messages });
    }

    /// Everything the session wants is done, as far as it is immediate.
    fn drain(&mut self, who: usize) {
        while let Some(output) = self.sides[who].session.poll_output() {
            self.perform(who, output);
        }
    }

    fn perform(&mut self, who: usize, output: Output) {
        let side = &mut self.sides[who];
        match output {
            Output::ConnectSocket { id, .. } => {
                self.sockets += 1;
                side.socket = Some((id, self.sockets));
                self.flights.push_back(InFlight::Connect { who, socket: self.sockets, id });
            }
            Output::CloseSocket { id } => {
                if let Some((_, socket)) = side.socket.take_if(|(open, _)| *open == id) {
                    self.flights.push_back(InFlight::HangUp { socket });
                }
            }
            Output::Emit { request, event } => {
                if let Some((_, socket)) = side.socket {
                    self.flights.push_back(InFlight::Emit { socket, who, request, event });
                }
            }
            Output::Connection { id, command } => self.command(who, id, command),
            Output::Outbox(command) => self.outbox(who, command),
            Output::OpenMicrophone { id } => {
                side.prompts += 1;
                let event = if side.microphone_works {
                    side.microphone = true;
                    MicrophoneEvent::Granted { label: "microphone".into() }
                } else {
                    MicrophoneEvent::Failed(pairvoice_core::MicrophoneReason::Denied)
                };
                side.session.handle(Input::Microphone { id, event });
            }
            Output::CloseMicrophone => side.microphone = false,
            Output::SetTimer { timer, .. } => {
                side.timers.retain(|t| *t != timer);
                side.timers.push(timer);
            }
            Output::ClearTimer(timer) => side.timers.retain(|t| *t != timer),
            Output::Event(Event::Message(id)) => side.told.push(id),
            Output::EnableMicrophone(_) | Output::StopSpeaker | Output::Event(_) | Output::Log(_) | Output::Ended => {}
        }
    }

    fn outbox(&mut self, who: usize, command: OutboxCommand) {
        let side = &mut self.sides[who];
        match (command, &mut side.store) {
            (OutboxCommand::Load, store) => {
                let event = store.clone().map_or(OutboxEvent::Missing, OutboxEvent::Loaded);
                self.flights.push_back(InFlight::Stored { who, life: side.lives, event });
            }
            (OutboxCommand::Put(message), Some(store)) => {
                store.retain(|m| m.id != message.id);
                store.push(message);
            }
            (OutboxCommand::Remove(id), Some(store)) => store.retain(|m| m.id != id),
            (OutboxCommand::Announce | OutboxCommand::Put(_) | OutboxCommand::Remove(_), _) => {}
        }
    }

    /// Another tab of this user, which can't reach the server, leaves a message.
    pub fn say_elsewhere(&mut self, who: usize) {
        self.messages += 1;
        let id = MessageId::parse(&format!("00000000-0000-7000-8000-{:012x}", self.messages)).unwrap();
        let side = &mut self.sides[who];
        let Some(store) = &mut side.store else { return };
        let (text, at) = (format!("text {}", self.messages), self.messages);
        store.push(StoredMessage { id: id.clone(), text, at, counter: at, failure: None });
        self.sent.push(Sent { user: side.user.clone(), id, elsewhere: true });
        let (life, event) = (side.lives, OutboxEvent::Changed);
        self.flights.push_back(InFlight::Stored { who, life, event });
    }

    fn hang_up(&mut self, socket: u32) {
        let sent = self.server.disconnect(socket);
        self.deliver(sent);
    }

    fn deliver(&mut self, sent: Vec<(u32, SocketEvent)>) {
        self.flights.extend(sent.into_iter().map(|(socket, event)| InFlight::Deliver { socket, event }));
    }

    fn command(&mut self, who: usize, id: OpId, command: ConnectionCommand) {
        let side = &mut self.sides[who];
        let mut events = Vec::new();
        match command {
            ConnectionCommand::Offer { .. } => {
                side.offers += 1;
                side.connections += 1;
                let name = format!("{who}:{id:?}:{}", side.lives);
                side.connection = Some((id, Some(name.clone()), None));
                events.push(ConnectionEvent::LocalDescription { sdp: name });
                events.push(candidate());
            }
            ConnectionCommand::Accept { sdp, .. } => {
                side.connections += 1;
                let name = format!("{who}:{id:?}:{} answers {sdp}", side.lives);
                side.connection = Some((id, Some(name.clone()), Some(sdp)));
                events.push(ConnectionEvent::RemoteDescriptionSet);
                events.push(ConnectionEvent::LocalDescription { sdp: name });
                events.push(candidate());
            }
            ConnectionCommand::Answer { sdp } => {
                if let Some((_, name)) = side.restart.take_if(|(open, _)| *open == id) {
                    assert!(
                        sdp.ends_with(&format!("answers {name}")),
                        "an answer to another restart was applied: {sdp}"
                    );
                    events.push(ConnectionEvent::RemoteDescriptionSet);
                } else if let Some((open, local, remote)) = &mut side.connection
                    && *open == id
                {
                    let fits = sdp.ends_with(&format!("answers {}", local.as_deref().unwrap_or("-")));
                    assert!(fits, "an answer to another offer was applied: {sdp}");
                    assert!(remote.is_none(), "a second answer was applied");
                    *remote = Some(sdp);
                    events.push(ConnectionEvent::RemoteDescriptionSet);
                }
            }
            ConnectionCommand::Restart => {
                assert!(side.connection.as_ref().is_some_and(|c| c.0 == id && c.2.is_some()), "nothing to restart");
                side.restarts += 1;
                let name = format!("{who}:{id:?} restart {}", side.restarts);
                side.restart = Some((id, name.clone()));
                events.push(ConnectionEvent::LocalDescription { sdp: name });
                events.push(candidate());
            }
            ConnectionCommand::AcceptRestart { sdp } => {
                events.push(ConnectionEvent::RemoteDescriptionSet);
                events.push(ConnectionEvent::LocalDescription { sdp: format!("answers {sdp}") });
                events.push(candidate());
            }
            ConnectionCommand::Pulse { .. } => {
                let packets = if self.media_up && self.linked().is_some() { 12 } else { 0 };
                events.push(ConnectionEvent::Received { packets });
            }
            ConnectionCommand::InBand(message) => {
                self.flights.push_back(InFlight::InBand { from: (who, id), message: *message });
            }
            ConnectionCommand::Close => {
                if side.connection.take_if(|(open, ..)| *open == id).is_some() {
                    self.note_other_closed(who);
                }
            }
            ConnectionCommand::AddCandidate(_) => {
                let remote = side.connection.as_ref().is_some_and(|c| c.0 == id && c.2.is_some());
                assert!(remote, "a candidate was added before its remote description");
            }
            ConnectionCommand::SendMicrophone => {}
        }
        for event in events {
            self.sides[who].session.handle(Input::Connection { id, event });
        }
    }

    /// The other's connection loses its counterpart.
    fn note_other_closed(&mut self, who: usize) {
        if let Some((id, ..)) = self.sides[1 - who].connection {
            self.sides[1 - who]
                .session
                .handle(Input::Connection { id, event: ConnectionEvent::Channel { open: false } });
        }
    }

    /// The pair of connections that fit each other.
    pub fn linked(&self) -> Option<[OpId; 2]> {
        let [a, b] = &self.sides;
        let ((ida, la, ra), (idb, lb, rb)) = (a.connection.as_ref()?, b.connection.as_ref()?);
        (la.is_some() && la == rb && lb == ra).then_some([*ida, *idb])
    }

    /// How many things are on their way.
    pub fn pending(&self) -> usize {
        self.flights.len()
    }

    /// The `nth` thing on its way arrives. Sockets keep their order; what travels between different pairs does not.
    pub fn arrive(&mut self, nth: usize) {
        let Some(flight) = self.flights.remove(nth % self.flights.len().max(1)) else { return };
        match flight {
            InFlight::Connect { who, socket, id } => {
                if self.sides[who].socket != Some((id, socket)) {
                    return;
                }
                if !self.server_up {
                    self.sides[who].socket = None;
                    return self.input(who, Input::Socket { id, event: SocketEvent::Closed });
                }
                let handshake = self.sides[who].session.handshake("token".into());
                let sent = self.server.connect(socket, handshake);
                self.deliver(sent);
            }
            InFlight::Emit { socket, who, request, event } => {
                let (answer, sent) = self.server.event(socket, event);
                self.deliver(sent);
                self.flights.push_back(InFlight::Acknowledge { who, socket, request, answer: Some(answer) });
            }
            InFlight::HangUp { socket } => self.hang_up(socket),
            InFlight::Deliver { socket, event } => {
                let to = (0..2).find_map(|who| self.sides[who].socket.filter(|s| s.1 == socket).map(|s| (who, s.0)));
                if let Some((who, id)) = to {
                    self.input(who, Input::Socket { id, event });
                }
            }
            InFlight::Acknowledge { who, socket, request, answer } => {
                if self.sides[who].socket.is_some_and(|s| s.1 == socket) {
                    self.input(who, Input::Acknowledged { request, answer, took: 50 });
                }
            }
            InFlight::Stored { who, life, event } => {
                if self.sides[who].lives == life {
                    self.input(who, Input::Outbox(event));
                }
            }
            InFlight::InBand { from: (who, id), message } => {
                if let Some(ids) = self.linked()
                    && ids[who] == id
                    && self.media_up
                {
                    let event = ConnectionEvent::InBand(Box::new(message));
                    self.input(1 - who, Input::Connection { id: ids[1 - who], event });
                }
            }
        }
    }

    /// The index of the first thing on its way that belongs to the same channel as the `nth`, so that order is kept.
    pub fn first_of_channel(&self, nth: usize) -> usize {
        let channel = |flight: &InFlight| match flight {
            InFlight::Connect { socket, .. } | InFlight::Emit { socket, .. } | InFlight::HangUp { socket } => {
                (0, *socket)
            }
            InFlight::Deliver { socket, .. } | InFlight::Acknowledge { socket, .. } => (1, *socket),
            InFlight::InBand { from, .. } => (2 + u32::try_from(from.0).unwrap(), from.1.0),
            InFlight::Stored { who, life, .. } => (4 + u32::try_from(*who).unwrap(), *life),
        };
        let Some(wanted) = self.flights.get(nth % self.flights.len().max(1)).map(channel) else { return 0 };
        self.flights.iter().position(|f| channel(f) == wanted).unwrap_or(0)
    }

    /// The `nth` signal or message on its way arrives twice, which a link that repeats does.
    pub fn repeat(&mut self, nth: usize) {
        let copy = match self.flights.get(nth % self.flights.len().max(1)) {
            Some(InFlight::Deliver { socket, event: event @ (SocketEvent::Signal(_) | SocketEvent::Chat(_)) }) => {
                InFlight::Deliver { socket: *socket, event: event.clone() }
            }
            Some(InFlight::InBand { from, message: message @ InBand::Chat(_) }) => {
                InFlight::InBand { from: *from, message: message.clone() }
            }
            _ => return,
        };
        self.flights.push_back(copy);
    }

    /// Connections that fit each other connect, if the network lets them.
    pub fn connect_media(&mut self) {
        if let Some(ids) = self.linked().filter(|_| self.media_up) {
            for (who, id) in ids.into_iter().enumerate() {
                self.sides[who].was_up = Some(id);
                self.input(who, Input::Connection { id, event: ConnectionEvent::Link(LinkState::Connected) });
                self.input(who, Input::Connection { id, event: ConnectionEvent::Channel { open: true } });
            }
        }
    }

    /// A connection whose counterpart is gone or whose network is cut fails.
    pub fn fail_media(&mut self) {
        let linked = self.linked().is_some() && self.media_up;
        for who in 0..2 {
            if let Some((id, _, Some(_))) = self.sides[who].connection
                && !linked
                && self.sides[who].was_up == Some(id)
            {
                self.input(who, Input::Connection { id, event: ConnectionEvent::Link(LinkState::Failed) });
            }
        }
    }

    pub fn fire(&mut self, who: usize, timer: Timer) {
        if self.sides[who].timers.contains(&timer) {
            self.sides[who].timers.retain(|t| *t != timer);
            self.input(who, Input::TimerFired { timer, late: 0 });
        }
    }

    /// The socket breaks; both ends hear of it.
    pub fn cut_socket(&mut self, who: usize) {
        if let Some((id, socket)) = self.sides[who].socket.take() {
            self.flights.retain(|f| match f {
                InFlight::Connect { socket: s, .. }
                | InFlight::Emit { socket: s, .. }
                | InFlight::Deliver { socket: s, .. }
                | InFlight::Acknowledge { socket: s, .. } => *s != socket,
                InFlight::HangUp { .. } | InFlight::InBand { .. } | InFlight::Stored { .. } => true,
            });
            if self.server_up {
                self.hang_up(socket);
            }
            self.input(who, Input::Socket { id, event: SocketEvent::Closed });
        }
    }

    /// The time of whoever is away runs out.
    pub fn expire(&mut self) {
        let sent = self.server.expire();
        self.deliver(sent);
    }

    pub fn stop_server(&mut self) {
        self.server_up = false;
        self.server.restart();
        self.cut_socket(0);
        self.cut_socket(1);
    }

    /// The page is loaded anew, without a goodbye.
    pub fn reload(&mut self, who: usize) {
        if let Some((_, socket)) = self.sides[who].socket.take() {
            self.hang_up(socket);
        }
        self.new_life(who);
    }

    /// Another tab takes over; of the first one nothing more is heard, and what it emitted is still on its way.
    pub fn take_over(&mut self, who: usize) {
        self.sides[who].socket = None;
        self.new_life(who);
    }

    fn new_life(&mut self, who: usize) {
        let side = &mut self.sides[who];
        side.lives += 1;
        side.session = session(&side.user, side.lives);
        side.timers.clear();
        side.told.clear();
        side.microphone = false;
        let lost = side.connection.take().is_some();
        if lost {
            self.note_other_closed(who);
        }
        self.drain(1 - who);
        self.drain(who);
    }

    /// The page says goodbye and is loaded anew, before anybody else does anything.
    pub fn reload_politely(&mut self, who: usize) {
        self.input(who, Input::PageHidden);
        while self.pending() > 0 {
            self.arrive(0);
        }
        self.reload(who);
    }

    pub fn start_voice(&mut self) {
        self.input(0, Input::StartVoice);
        self.input(1, Input::StartVoice);
    }

    pub fn voice(&self, who: usize) -> VoiceState {
        self.sides[who].session.view().voice.state
    }

    pub fn session_state(&self, who: usize) -> SessionState {
        self.sides[who].session.view().session.state
    }

    /// Lets everything happen that happens by itself, in order, until nothing is left to happen.
    pub fn settle(&mut self) {
        for _ in 0..400 {
            while self.pending() > 0 {
                self.arrive(0);
            }
            self.connect_media();
            self.fail_media();
            for who in 0..2 {
                self.fire(who, Timer::Rejoin);
                self.fire(who, Timer::Outbox);
                self.fire(who, Timer::Pulse);
                self.fire(who, Timer::Restart);
            }
            let quiet = self.pending() == 0 && (0..2).all(|w| self.session_state(w) != SessionState::Offline);
            if quiet
                && (self.voice(0) == self.voice(1)
                    && !matches!(self.voice(0), VoiceState::Connecting | VoiceState::Reconnecting))
            {
                break;
            }
        }
    }
}

fn candidate() -> ConnectionEvent {
    ConnectionEvent::LocalCandidate(Candidate {
        candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host".into(),
        sdp_mid: Some("0".into()),
        sdp_m_line_index: Some(0),
        username_fragment: None,
    })
}
