//! The world around two sessions: sockets, peer connections, microphones, timers, and what happens next.

use std::collections::VecDeque;

use pairvoice_core::wire::VoiceState;
use pairvoice_core::wire::{Candidate, InBand};
use pairvoice_core::{
    ClientEvent, Config, ConnectionCommand, ConnectionEvent, Event, Heartbeat, Input, InstanceId, LinkState, MessageId,
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
    /// The open connections, the newest last.
    open: Vec<Open>,
    /// The local description of an ICE restart that is not answered yet.
    restart: Option<(OpId, String)>,
    pub restarts: u32,
    pub timers: Vec<Timer>,
    pub microphone: bool,
    pub microphone_works: bool,
    /// Unsent messages that outlive the page; none in a browser without a store.
    pub store: Option<Vec<StoredMessage>>,
    /// Messages that the session told the app of.
    pub told: Vec<MessageId>,
    pub offers: u32,
    /// How often it asked for its addresses, and what it is told.
    pub looks: u32,
    pub address: &'static str,
    pub connections: u32,
    pub prompts: u32,
    /// The newest connection was made in a browsing context of its own.
    pub fresh: bool,
    /// The connection that is played.
    pub plays: Option<OpId>,
}

/// An open connection.
struct Open {
    id: OpId,
    /// The name of its local description, and of the remote one.
    local: String,
    remote: Option<String>,
    connected: bool,
    /// The address that it sends from.
    address: &'static str,
}

pub struct World {
    pub sides: [Side; 2],
    pub server: Server,
    pub server_up: bool,
    pub media_up: bool,
    /// Sockets of hosts that moved away.
    deaf: Vec<u32>,
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
                open: Vec::new(),
                looks: 0,
                address: "192.0.2.1",
                restart: None,
                restarts: 0,
                timers: Vec::new(),
                microphone: false,
                microphone_works: true,
                store: Some(Vec::new()),
                told: Vec::new(),
                offers: 0,
                connections: 0,
                prompts: 0,
                fresh: false,
                plays: None,
            }
        };
        let mut world = Self {
            sides: [side(first), side(second)],
            server: Server::default(),
            server_up: true,
            media_up: true,
            deaf: Vec::new(),
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
            Output::FindAddresses { id } => {
                side.looks += 1;
                let addresses = vec![side.address.to_owned()];
                side.session.handle(Input::Addresses { id, addresses });
            }
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
            ConnectionCommand::Offer { fresh, .. } => {
                side.fresh = fresh;
                side.offers += 1;
                side.connections += 1;
                let name = format!("{who}:{id:?}:{}", side.lives);
                side.open.push(Open { id, local: name.clone(), remote: None, connected: false, address: side.address });
                events.push(ConnectionEvent::LocalDescription { sdp: name });
                events.push(candidate(side.address));
            }
            ConnectionCommand::Accept { sdp, fresh, .. } => {
                side.fresh = fresh;
                side.connections += 1;
                let name = format!("{who}:{id:?}:{} answers {sdp}", side.lives);
                side.open.push(Open {
                    id,
                    local: name.clone(),
                    remote: Some(sdp),
                    connected: false,
                    address: side.address,
                });
                events.push(ConnectionEvent::RemoteDescriptionSet);
                events.push(ConnectionEvent::LocalDescription { sdp: name });
                events.push(candidate(side.address));
            }
            ConnectionCommand::Answer { sdp } => {
                if let Some((_, name)) = side.restart.take_if(|(open, _)| *open == id) {
                    assert!(
                        sdp.ends_with(&format!("answers {name}")),
                        "an answer to another restart was applied: {sdp}"
                    );
                    events.push(ConnectionEvent::RemoteDescriptionSet);
                } else if let Some(Open { local, remote, .. }) = side.open.iter_mut().find(|open| open.id == id) {
                    let fits = sdp.ends_with(&format!("answers {local}"));
                    assert!(fits, "an answer to another offer was applied: {sdp}");
                    assert!(remote.is_none(), "a second answer was applied");
                    *remote = Some(sdp);
                    events.push(ConnectionEvent::RemoteDescriptionSet);
                }
            }
            ConnectionCommand::Restart => {
                assert!(side.open.iter().any(|o| o.id == id && o.remote.is_some()), "nothing to restart");
                side.restarts += 1;
                side.open.iter_mut().filter(|o| o.id == id).for_each(|o| o.address = side.address);
                let name = format!("{who}:{id:?} restart {}", side.restarts);
                side.restart = Some((id, name.clone()));
                events.push(ConnectionEvent::LocalDescription { sdp: name });
                events.push(candidate(side.address));
            }
            ConnectionCommand::AcceptRestart { sdp } => {
                side.open.iter_mut().filter(|o| o.id == id).for_each(|o| o.address = side.address);
                events.push(ConnectionEvent::RemoteDescriptionSet);
                events.push(ConnectionEvent::LocalDescription { sdp: format!("answers {sdp}") });
                events.push(candidate(side.address));
            }
            ConnectionCommand::Pulse { next } => {
                let path = self.paths().into_iter().find(|ids| ids[who] == id);
                events.push(ConnectionEvent::Received { packets: if path.is_some() { 12 } else { 0 } });
                if let Some(ids) = path {
                    let event = ConnectionEvent::Heartbeat(Heartbeat { next, round_trip: Some(50) });
                    self.sides[1 - who].session.handle(Input::Connection { id: ids[1 - who], event });
                }
            }
            ConnectionCommand::InBand(message) => {
                self.flights.push_back(InFlight::InBand { from: (who, id), message: *message });
            }
            ConnectionCommand::Close => {
                self.close(who, id);
            }
            ConnectionCommand::AddCandidate(_) => {
                let remote = side.open.iter().any(|o| o.id == id && o.remote.is_some());
                assert!(remote, "a candidate was added before its remote description");
            }
            ConnectionCommand::SendMicrophone => {}
            ConnectionCommand::Play => side.plays = Some(id),
        }
        for event in events {
            self.sides[who].session.handle(Input::Connection { id, event });
        }
    }

    /// A connection closes, and its counterpart sees the channel close.
    fn close(&mut self, who: usize, id: OpId) {
        let pair = self.pairs().into_iter().find(|ids| ids[who] == id);
        self.sides[who].open.retain(|open| open.id != id);
        if let Some(ids) = pair {
            let event = ConnectionEvent::Channel { open: false };
            self.sides[1 - who].session.handle(Input::Connection { id: ids[1 - who], event });
        }
    }

    /// The pairs of connections that fit each other.
    fn pairs(&self) -> Vec<[OpId; 2]> {
        let [a, b] = &self.sides;
        let fit = |a: &Open, b: &Open| a.remote.as_ref() == Some(&b.local) && b.remote.as_ref() == Some(&a.local);
        a.open.iter().flat_map(|a| b.open.iter().filter(move |b| fit(a, b)).map(move |b| [a.id, b.id])).collect()
    }

    /// The pairs between which packets travel.
    fn paths(&self) -> Vec<[OpId; 2]> {
        let reaches = |who: usize, id: OpId| {
            let side = &self.sides[who];
            side.open.iter().any(|open| open.id == id && open.address == side.address)
        };
        let alive = |ids: &[OpId; 2]| self.media_up && reaches(0, ids[0]) && reaches(1, ids[1]);
        self.pairs().into_iter().filter(alive).collect()
    }

    /// The host gets another address: what it had open leads nowhere, and nobody says so.
    pub fn relocate(&mut self, who: usize, address: &'static str) {
        let side = &mut self.sides[who];
        if side.address != address {
            side.address = address;
            self.make_deaf(who);
        }
    }

    /// From now on nothing passes over this side's socket, and nobody says so.
    pub fn make_deaf(&mut self, who: usize) {
        self.deaf.extend(self.sides[who].socket.map(|(_, socket)| socket));
    }

    /// Whether this side's socket looks open and leads nowhere.
    pub fn is_deaf(&self, who: usize) -> bool {
        self.sides[who].socket.is_some_and(|(_, socket)| self.deaf.contains(&socket))
    }

    /// The Socket.IO client itself finds a socket dead on which nothing comes.
    fn give_up_socket(&mut self, who: usize) {
        if let Some((id, _)) = self.sides[who].socket.take_if(|(_, socket)| self.deaf.contains(socket)) {
            self.input(who, Input::Socket { id, event: SocketEvent::Closed });
        }
    }

    /// The newest pair of connections that fit each other.
    pub fn linked(&self) -> Option<[OpId; 2]> {
        self.pairs().pop()
    }

    /// How many connections are open.
    pub fn open(&self, who: usize) -> usize {
        self.sides[who].open.len()
    }

    /// How many things are on their way.
    pub fn pending(&self) -> usize {
        self.flights.len()
    }

    /// The `nth` thing on its way arrives. Sockets keep their order; what travels between different pairs does not.
    pub fn arrive(&mut self, nth: usize) {
        let Some(flight) = self.flights.remove(nth % self.flights.len().max(1)) else { return };
        match &flight {
            InFlight::Connect { socket, .. }
            | InFlight::Emit { socket, .. }
            | InFlight::Deliver { socket, .. }
            | InFlight::Acknowledge { socket, .. }
                if self.deaf.contains(socket) =>
            {
                return;
            }
            _ => {}
        }
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
                if let Some(ids) = self.paths().into_iter().find(|ids| ids[who] == id) {
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
        for ids in self.paths() {
            for (who, id) in ids.into_iter().enumerate() {
                // A closed one reports nothing.
                let Some(open) = self.sides[who].open.iter_mut().find(|open| open.id == id) else { continue };
                open.connected = true;
                self.input(who, Input::Connection { id, event: ConnectionEvent::Link(LinkState::Connected) });
                self.input(who, Input::Connection { id, event: ConnectionEvent::Channel { open: true } });
            }
        }
    }

    /// A connection that was up, and whose counterpart is gone or whose network is cut, fails.
    pub fn fail_media(&mut self) {
        let pairs = self.paths();
        for who in 0..2 {
            let lost = |open: &&Open| open.connected && !pairs.iter().any(|ids| ids[who] == open.id);
            let failed: Vec<OpId> = self.sides[who].open.iter().filter(lost).map(|open| open.id).collect();
            for id in failed {
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
        let lost: Vec<OpId> = side.open.iter().map(|open| open.id).collect();
        for id in lost {
            self.close(who, id);
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
                self.fire(who, Timer::Idle);
                if self.is_deaf(who) {
                    self.fire(who, Timer::Probe);
                    self.fire(who, Timer::Join);
                    self.give_up_socket(who);
                }
            }
            let reached = |w| self.session_state(w) != SessionState::Offline && !self.is_deaf(w);
            let quiet = self.pending() == 0 && (0..2).all(reached);
            if quiet
                && (self.voice(0) == self.voice(1)
                    && !matches!(self.voice(0), VoiceState::Connecting | VoiceState::Reconnecting))
            {
                break;
            }
        }
    }
}

fn candidate(address: &str) -> ConnectionEvent {
    ConnectionEvent::LocalCandidate(Candidate {
        candidate: format!("candidate:1 1 udp 1 {address} 9 typ host"),
        sdp_mid: Some("0".into()),
        sdp_m_line_index: Some(0),
        username_fragment: None,
    })
}
