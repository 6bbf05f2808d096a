//! A host of one room that performs what the room asks for and checks that it may be asked for that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pairvoice_room::{
    Appended, Config, Grant, Input, Knock, KnockId, Note, Output, RequestId, Room, SocketId, StoreRequest, Timer,
};
use pairvoice_wire::{ChatMessage, ClientEvent, Code, Handshake, IceServers, Refusal, SessionId, UserId};

use crate::knocks::Knocks;
use crate::log::{Log, pick};
use crate::rights::{Rights, check_revoked};
use crate::socket::{Socket, Stage};

/// People of a session.
const SEATS: usize = 2;

/// Longest timer in milliseconds: 30 days.
const LONGEST_MS: u64 = 30 * 24 * 3_600 * 1_000;

/// An event that waits for its acknowledgement, and what follows when that is a good one.
#[derive(Debug)]
enum Waiting {
    /// Nothing.
    Other,
    /// The socket has left.
    Bye(SocketId),
    /// The socket has this token.
    Token(SocketId, Grant),
}

fn new_room(session: SessionId) -> Room {
    Room::new(Config { session })
}

/// The room and everything around it.
#[derive(Debug)]
pub(crate) struct Host {
    session: SessionId,
    room: Room,
    rights: Rights,
    pub(crate) log: Log,
    sockets: BTreeMap<SocketId, Socket>,
    /// Those that have or may get a seat: few, while `sockets` has all that ever were.
    live: BTreeSet<SocketId>,
    /// Events without an acknowledgement.
    waiting: BTreeMap<RequestId, Waiting>,
    timers: BTreeSet<Timer>,
    pub(crate) knocks: Knocks,
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
            room: new_room(session.clone()),
            session,
            rights: Rights::default(),
            log: Log::default(),
            sockets: BTreeMap::new(),
            live: BTreeSet::new(),
            waiting: BTreeMap::new(),
            timers: BTreeSet::new(),
            knocks: Knocks::default(),
            durable: Vec::new(),
            repeating: false,
            number: 0,
        }
    }

    // What happens

    /// A socket asks for a seat.
    pub(crate) fn enter(&mut self, handshake: Handshake, grant: Grant) {
        let socket = SocketId(self.next_number());
        let (user, instance) = (handshake.user_id.clone(), handshake.instance.clone());
        self.sockets.insert(socket, Socket::new(user, instance, grant.clone()));
        self.live.insert(socket);
        self.input(Input::Enter { socket, handshake: Box::new(handshake), grant });
    }

    /// A client knocks; of one that is `deaf` nobody waits for the answer, and the room is not told before there is one.
    pub(crate) fn knock(&mut self, handshake: Handshake, grant: Grant, wait_ms: u32, deaf: bool) {
        let id = KnockId(self.next_number());
        self.knocks.begin(id, &handshake, grant.clone(), deaf);
        self.input(Input::Knock(Box::new(Knock { id, handshake, grant, ice: IceServers::default(), wait_ms })));
    }

    /// The client of one of the knocks that wait goes away.
    pub(crate) fn knock_gone(&mut self, which: u8) {
        if let Some(knock) = self.knocks.end(which) {
            self.input(Input::KnockGone { knock });
        }
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
        self.input(Input::Connected { socket: id, ice: IceServers::default() });
    }

    /// A socket sends an event: an open one as a rule, and any other now and then.
    pub(crate) fn event(&mut self, which: u8, said: ClientEvent) {
        let Some(socket) = self.speaker(which) else { return };
        let request = RequestId(self.next_number());
        self.waiting.insert(request, if said == ClientEvent::Bye { Waiting::Bye(socket) } else { Waiting::Other });
        self.input(Input::Event { socket, request, event: said });
    }

    /// A socket sends another token, which is a good one for its user, or none.
    pub(crate) fn renew(&mut self, which: u8, grant: impl FnOnce(&UserId) -> Option<Grant>) {
        let Some(socket) = self.speaker(which) else { return };
        let Some(grant) = self.sockets.get(&socket).map(|socket| grant(&socket.user)) else { return };
        let request = RequestId(self.next_number());
        self.waiting.insert(request, grant.clone().map_or(Waiting::Other, |grant| Waiting::Token(socket, grant)));
        let grant = grant.ok_or_else(|| Refusal::new(Code::Unauthorized, "the token has expired"));
        self.input(Input::Renewed { socket, request, grant });
    }

    fn speaker(&self, which: u8) -> Option<SocketId> {
        if which >= 224 {
            return self.choose(which, |_| true);
        }
        let listening: Vec<SocketId> = self.live.iter().filter(|id| self.sockets[id].is_listening()).copied().collect();
        pick(listening.len(), which).map(|index| listening[index])
    }

    /// Any socket breaks.
    pub(crate) fn close(&mut self, which: u8) {
        if let Some(id) = self.choose(which, |socket| socket.stage != Stage::Closed) {
            self.break_off(id);
        }
    }

    fn break_off(&mut self, id: SocketId) {
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

    /// A session that everybody left is forgotten: another room takes what comes, late answers of the log, too.
    pub(crate) fn forget(&mut self) {
        if self.room.is_empty() && self.waiting.is_empty() {
            self.room = new_room(self.session.clone());
            self.rights = Rights::default();
            self.knocks.forget();
            self.timers.clear();
        }
    }

    /// The log answers everything, every socket breaks, and every timer fires: nothing may be left.
    pub(crate) fn finish(mut self) {
        self.settle();
        assert!(self.waiting.is_empty(), "events without an acknowledgement: {:?}", self.waiting);
        let unanswered = self.sockets.values().find(|socket| socket.stage == Stage::Asking);
        assert!(unanswered.is_none(), "a handshake without an answer: {unanswered:?}");
        for id in self.sockets.keys().copied().collect::<Vec<_>>() {
            if self.sockets[&id].stage != Stage::Closed {
                self.break_off(id);
            }
        }
        while !self.timers.is_empty() {
            self.fire(0);
        }
        assert!(self.room.is_empty(), "seats are left: {:?}", self.room);
        self.knocks.check_answered();
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

    /// Gives the room an input and performs all that follows, as a host does.
    fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if self.knocks.is_for_this_room(&input) {
                self.rights.hear(&input);
            }
            self.room.handle(input.clone());
            while let Some(output) = self.room.poll_output() {
                inputs.extend(self.perform(output));
            }
            check_revoked(&input, self.inside());
        }
        self.live.retain(|id| self.sockets[id].is_live());
        self.check();
    }

    /// Everything that always holds.
    fn check(&self) {
        assert!(self.room.seats() <= SEATS, "{} seats", self.room.seats());
        let inside: Vec<&Socket> = self.inside().collect();
        assert!(inside.len() <= self.room.seats(), "{} seats for {inside:?}", self.room.seats());
        assert!(inside.iter().is_sorted_by(|one, other| one.user != other.user), "one user twice: {inside:?}");
        assert!(!self.room.is_empty() || self.live.is_empty(), "forgotten: {:?}", self.live);
        if self.room.is_empty() {
            self.knocks.check_answered();
        }
        for socket in inside {
            self.rights.check_user(&socket.user);
            let missing = self.durable.iter().find(|message| !socket.deaf && !socket.has(message));
            assert!(missing.is_none(), "{socket:?} lacks {missing:?}");
        }
    }

    /// Sockets that were welcomed and have a seat.
    fn inside(&self) -> impl Iterator<Item = &Socket> {
        self.live.iter().map(|id| &self.sockets[id]).filter(|socket| socket.is_inside())
    }

    fn perform(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Admit { socket } => {
                self.socket(socket).admit();
                let Socket { user, grant, .. } = &self.sockets[&socket];
                self.rights.check_token(user, grant);
            }
            Output::Refuse { socket, .. } => self.socket(socket).refuse(),
            Output::AnswerKnock { knock, answer } => return self.knocks.answer(knock, answer, &self.rights),
            Output::Send { to, event } => {
                let socket = self.socket(to);
                socket.receive(&event);
                return socket.deaf.then(|| Input::Overflowed { socket: to, event: Box::new(event) });
            }
            Output::Acknowledge { request, answer } => match self.waiting.remove(&request) {
                Some(Waiting::Bye(socket)) if answer.ok => self.socket(socket).left = true,
                Some(Waiting::Token(id, grant)) if answer.ok => {
                    let socket = self.socket(id);
                    assert!(socket.is_inside(), "a token is taken of {socket:?}");
                    socket.grant = grant.clone();
                    self.rights.check_token(&self.sockets[&id].user, &grant);
                }
                Some(_) => {}
                None => assert!(self.repeating, "acknowledged twice: {answer:?}"),
            },
            Output::RenewIce { socket } => return Some(Input::Ice { socket, ice: IceServers::default() }),
            Output::HangUp { socket } => self.socket(socket).hang_up(),
            Output::Store(request) => {
                if let StoreRequest::Pin { participants } = &request {
                    self.rights.pin(participants);
                }
                self.knocks.notice(&request);
                self.log.submit(request);
            }
            Output::SetTimer { timer, after } => {
                assert!(after <= LONGEST_MS, "{timer:?} after {after} ms");
                self.timers.insert(timer);
            }
            Output::ClearTimer(timer) => {
                self.timers.remove(&timer);
            }
            Output::Log(Note::Knocked { user, instance }) => self.knocks.enter(&user, &instance, &self.rights),
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
