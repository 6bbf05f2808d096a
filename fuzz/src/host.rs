//! A host of one room that performs what the room asks for and checks that it may be asked for that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pairvoice_room::{Appended, Config, Input, Output, RequestId, Room, SocketId, StoreError, Timer};
use pairvoice_wire::{ChatMessage, ChatPage, ClientEvent, Handshake, SessionId, UserId};

use crate::log::{Log, pick};
use crate::socket::{Socket, Stage};

/// People of a session.
const SEATS: usize = 2;

// What room and host say to each other is put together in these functions and read in `Host::perform`.

/// What a room is made of.
fn config(session: SessionId) -> Config {
    Config { session, rate: 1_000, ice_servers: Vec::new() }
}

/// The input of a socket that asks for a seat.
fn enter(socket: SocketId, handshake: Handshake, peer: Option<UserId>) -> Input {
    Input::Enter { socket, handshake: Box::new(handshake), peer }
}

/// The input of an event.
fn event(socket: SocketId, request: RequestId, event: ClientEvent) -> Input {
    Input::Event { socket, request, event: Some(event), at: 0 }
}

/// The input of a page that was read.
pub(crate) fn page_read(socket: SocketId, page: Result<ChatPage, StoreError>) -> Input {
    Input::PageRead { socket, page }
}

/// The room and everything around it.
#[derive(Debug)]
pub(crate) struct Host {
    room: Room,
    pub(crate) log: Log,
    sockets: BTreeMap<SocketId, Socket>,
    /// Events without an acknowledgement; with the socket of those that say goodbye.
    waiting: BTreeMap<RequestId, Option<SocketId>>,
    timers: BTreeSet<Timer>,
    /// Messages that the room was told to be durable.
    durable: Vec<ChatMessage>,
    /// An answer of the log is given for the second time.
    repeating: bool,
    /// The last number that was given to a socket or an event.
    number: u64,
}

impl Host {
    pub(crate) fn new(session: SessionId) -> Self {
        Self {
            room: Room::new(config(session)),
            log: Log::default(),
            sockets: BTreeMap::new(),
            waiting: BTreeMap::new(),
            timers: BTreeSet::new(),
            durable: Vec::new(),
            repeating: false,
            number: 0,
        }
    }

    // What happens

    /// A socket asks for a seat.
    pub(crate) fn enter(&mut self, handshake: Handshake, peer: Option<UserId>) {
        let socket = SocketId(self.next_number());
        self.sockets.insert(socket, Socket::new(handshake.user_id.clone(), handshake.instance.clone()));
        self.input(enter(socket, handshake, peer));
    }

    /// One of the admitted sockets comes in, or one that was refused after it had been admitted.
    pub(crate) fn connect(&mut self, which: u8) {
        let coming = |socket: &Socket| matches!(socket.stage, Stage::Admitted | Stage::Refused);
        if let Some(id) = self.choose(which, coming) {
            self.come_in(id);
        }
    }

    /// The socket that asked last comes in, if it was admitted.
    pub(crate) fn connect_newest(&mut self) {
        let newest = self.sockets.last_key_value().filter(|(_, socket)| socket.stage == Stage::Admitted);
        if let Some(id) = newest.map(|(id, _)| *id) {
            self.come_in(id);
        }
    }

    fn come_in(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get_mut(&id)
            && socket.stage == Stage::Admitted
        {
            socket.stage = Stage::Open;
        }
        self.input(Input::Connected { socket: id });
    }

    /// A socket sends an event: an open one as a rule, and any other now and then.
    pub(crate) fn event(&mut self, which: u8, said: ClientEvent) {
        let any = which >= 224;
        let Some(socket) = self.choose(which, |socket| any || socket.is_listening()) else { return };
        let request = RequestId(self.next_number());
        self.waiting.insert(request, (said == ClientEvent::Bye).then_some(socket));
        self.input(event(socket, request, said));
    }

    /// Any socket breaks.
    pub(crate) fn close(&mut self, which: u8) {
        let Some(id) = self.choose(which, |socket| socket.stage != Stage::Closed) else { return };
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.stage = Stage::Closed;
        }
        self.input(Input::Closed { socket: id });
    }

    /// An open socket reads no more: what is sent to it does not fit into its channel.
    pub(crate) fn deafen(&mut self, which: u8) {
        let Some(id) = self.choose(which, |socket| socket.stage == Stage::Open) else { return };
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.deaf = true;
        }
    }

    /// The writer's oldest answer arrives, maybe twice.
    pub(crate) fn report_written(&mut self, twice: bool) {
        let Some(answer) = self.log.written.pop_front() else { return };
        if let Input::Appended { result: Ok(appended), .. } = &answer {
            self.durable.extend_from_slice(&appended.new);
        }
        self.answer(answer, twice);
    }

    /// One of the reader's answers arrives, maybe twice.
    pub(crate) fn report_read(&mut self, which: u8, twice: bool) {
        let Some(index) = pick(self.log.read.len(), which) else { return };
        let answer = self.log.read.swap_remove(index);
        self.answer(answer, twice);
    }

    /// One of the timers that run fires.
    pub(crate) fn fire(&mut self, which: u8) {
        let Some(index) = pick(self.timers.len(), which) else { return };
        let Some(timer) = self.timers.iter().nth(index).cloned() else { return };
        self.timers.remove(&timer);
        self.input(Input::TimerFired { timer });
    }

    /// A timer fires that was stopped, or never ran.
    pub(crate) fn fire_late(&mut self, timer: Timer) {
        self.input(Input::TimerFired { timer });
    }

    /// The server is about to restart.
    pub(crate) fn restart(&mut self, after_ms: u32) {
        self.input(Input::Restarting { after_ms });
    }

    /// The log answers everything, every socket breaks, and every timer fires: nothing may be left.
    pub(crate) fn finish(mut self) {
        self.settle();
        assert!(self.waiting.is_empty(), "events without an acknowledgement: {:?}", self.waiting);
        let unanswered = self.sockets.values().find(|socket| socket.stage == Stage::Asking);
        assert!(unanswered.is_none(), "a handshake without an answer: {unanswered:?}");
        while self.choose(0, |socket| socket.stage != Stage::Closed).is_some() {
            self.close(0);
        }
        while !self.timers.is_empty() {
            self.fire(0);
        }
        assert!(self.room.is_empty(), "seats are left: {:?}", self.room);
    }

    /// The log answers everything that it was asked for.
    pub(crate) fn settle(&mut self) {
        while !self.log.is_idle() {
            self.log.write(None);
            self.log.read(0, None);
            self.report_written(false);
            self.report_read(0, false);
        }
    }

    /// The log's reader answers everything that it was asked for.
    pub(crate) fn read_everything(&mut self) {
        while self.log.is_asked() {
            self.log.read(0, None);
            self.report_read(0, false);
        }
    }

    // How it is performed

    fn answer(&mut self, answer: Input, twice: bool) {
        self.input(answer.clone());
        if twice {
            self.repeating = true;
            self.input(again(answer));
            self.repeating = false;
        }
    }

    /// Gives the room an input and performs all that follows, as a host does; then everything that always holds is checked.
    fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.room.handle(input);
            while let Some(output) = self.room.poll_output() {
                inputs.extend(self.perform(output));
            }
        }
        assert!(self.room.seats() <= SEATS, "{} seats", self.room.seats());
        assert_eq!(self.room.is_empty(), self.room.seats() == 0);
        for socket in self.sockets.values().filter(|socket| socket.is_listening()) {
            let missing = self.durable.iter().find(|message| !socket.has(message));
            assert!(missing.is_none(), "{socket:?} lacks {missing:?}");
        }
    }

    fn perform(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Admit { socket } => self.socket(socket).admit(),
            Output::Refuse { socket, .. } => self.socket(socket).refuse(),
            Output::Send { to, event } => {
                let socket = self.socket(to);
                socket.receive(&event);
                return socket.deaf.then(|| Input::Overflowed { socket: to, event: Box::new(event) });
            }
            Output::Acknowledge { request, answer } => match self.waiting.remove(&request) {
                Some(Some(socket)) if answer.ok => self.socket(socket).left = true,
                Some(_) => {}
                None => assert!(self.repeating, "acknowledged twice: {answer:?}"),
            },
            Output::HangUp { socket } => self.socket(socket).hang_up(),
            Output::Store(request) => self.log.submit(request),
            Output::SetTimer { timer, .. } => {
                self.timers.insert(timer);
            }
            Output::ClearTimer(timer) => {
                self.timers.remove(&timer);
            }
            Output::Log(_) => {}
        }
        None
    }

    /// A socket that the room names.
    fn socket(&mut self, id: SocketId) -> &mut Socket {
        self.sockets.get_mut(&id).expect("the room names sockets that were there")
    }

    fn choose(&self, which: u8, fits: impl Fn(&Socket) -> bool) -> Option<SocketId> {
        let fitting: Vec<SocketId> =
            self.sockets.iter().filter(|(_, socket)| fits(socket)).map(|(id, _)| *id).collect();
        pick(fitting.len(), which).and_then(|index| fitting.get(index).copied())
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}

/// An answer of the log as it is given for the second time: what it wrote is not new any more.
fn again(answer: Input) -> Input {
    match answer {
        Input::Appended { ticket, result } => {
            let known = |appended: Appended| Appended { new: Vec::new(), ..appended };
            Input::Appended { ticket, result: result.map(known) }
        }
        answer => answer,
    }
}
