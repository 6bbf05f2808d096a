//! The server: a host of the real room.

use std::collections::{BTreeMap, VecDeque};

use pairvoice_core::{OpId, SocketEvent};
use pairvoice_room::{Config, Input, Knock, KnockId, Output, RequestId, Room, SocketId, Timer};
use pairvoice_wire::{
    Acknowledgement, ClientEvent, Handshake, IceServer, IceServers, Knocked, Refusal, ServerEvent, SessionId, UserId,
    VERSION,
};

use crate::store::Log;
use crate::token;

/// What the server sends to a client.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    /// An event or a refusal.
    Event(SocketEvent),
    /// The answer to an event.
    Acknowledgement(OpId, Acknowledgement),
    /// The end of the connection.
    Close,
}

/// What the server wants to happen.
#[derive(Debug)]
pub(crate) enum Wish {
    /// Send to a client.
    Send(SocketId, Sent),
    /// Answer a knock.
    Knocked(KnockId, Result<Box<Knocked>, Refusal>),
    /// Answer of the log, after the time that a disk takes.
    Stored(Input),
    /// Fire a timer after so many milliseconds, if its number is still the newest.
    Timer(Timer, u64, u64),
}

/// The server process.
#[derive(Debug)]
pub struct Server {
    room: Room,
    /// The chat log, which outlives the process.
    pub log: Log,
    timers: BTreeMap<Timer, u64>,
    /// Requests and their names at the client.
    requests: BTreeMap<RequestId, (SocketId, OpId)>,
    numbers: u64,
    /// For how long credentials for the relay are good, in seconds.
    pub(crate) ice_lifetime: Option<u32>,
    /// Signals that were relayed at once, in the order of the handing over.
    pub(crate) now: u64,
}

fn room() -> Room {
    Room::new(Config { session: SessionId::parse("s").unwrap() })
}

impl Default for Server {
    fn default() -> Self {
        Self {
            room: room(),
            log: Log::default(),
            timers: BTreeMap::new(),
            requests: BTreeMap::new(),
            numbers: 0,
            ice_lifetime: None,
            now: 0,
        }
    }
}

impl Server {
    /// The process ends: everything but the log is gone.
    pub(crate) fn restart(&mut self) {
        self.room = room();
        self.timers.clear();
        self.requests.clear();
    }

    pub(crate) fn connect(&mut self, socket: SocketId, handshake: Handshake) -> Vec<Wish> {
        match token::verify(&handshake.token, self.now) {
            Ok(grant) => self.run(Input::Enter { socket, handshake: Box::new(handshake), grant }),
            Err(refusal) => vec![Wish::Send(socket, Sent::Event(SocketEvent::Refused(refusal)))],
        }
    }

    pub(crate) fn knock(&mut self, id: KnockId, handshake: Handshake, wait_ms: u32) -> Vec<Wish> {
        let grant = match token::verify(&handshake.token, self.now) {
            Ok(grant) => grant,
            Err(refusal) => return vec![Wish::Knocked(id, Err(refusal))],
        };
        let ice = self.ice();
        if handshake.check {
            let IceServers { ice_servers, ice_lifetime } = ice;
            let knocked = Knocked { v: VERSION, peer: None, signals: Vec::new(), ice_servers, ice_lifetime };
            let admitted = self.log.admission.check(&handshake.user_id, &grant);
            return vec![Wish::Knocked(id, admitted.map(|()| Box::new(knocked)))];
        }
        self.run(Input::Knock(Box::new(Knock { id, handshake, grant, ice, wait_ms })))
    }

    pub(crate) fn event(&mut self, socket: SocketId, name: OpId, event: ClientEvent) -> Vec<Wish> {
        self.numbers += 1;
        let request = RequestId(self.numbers);
        self.requests.insert(request, (socket, name));
        let input = match event {
            ClientEvent::Token(renewal) => {
                Input::Renewed { socket, request, grant: token::verify(&renewal.token, self.now) }
            }
            event => Input::Event { socket, request, event },
        };
        self.run(input)
    }

    pub(crate) fn closed(&mut self, socket: SocketId) -> Vec<Wish> {
        self.run(Input::Closed { socket })
    }

    pub(crate) fn stored(&mut self, answer: Input) -> Vec<Wish> {
        self.run(answer)
    }

    pub(crate) fn timer_fired(&mut self, timer: Timer, number: u64) -> Vec<Wish> {
        if self.timers.get(&timer) == Some(&number) {
            self.timers.remove(&timer);
            self.run(Input::TimerFired { timer })
        } else {
            Vec::new()
        }
    }

    pub(crate) fn revoke(&mut self, user: Option<UserId>) -> Vec<Wish> {
        let at = self.now / 1_000;
        self.log.admission.revoked.insert(user.clone(), at);
        self.run(Input::Revoke { user, at })
    }

    pub(crate) fn restarting(&mut self, after_ms: u32) -> Vec<Wish> {
        self.run(Input::Restarting { after_ms })
    }

    fn run(&mut self, input: Input) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.room.handle(input);
            while let Some(output) = self.room.poll_output() {
                inputs.extend(self.perform(output, &mut wishes));
            }
        }
        if self.room.is_empty() {
            // Whoever comes next begins a new room; an answer of the log may still be on its way to the old one.
            self.room = room();
            self.timers.clear();
        }
        wishes
    }

    /// A relay, with other credentials each time.
    fn ice(&mut self) -> IceServers {
        self.numbers += 1;
        let (username, credential) = (Some(self.numbers.to_string()), Some(String::new()));
        let relay = IceServer { urls: vec!["turn:192.0.2.9".into()], username, credential };
        let ice_servers = self.ice_lifetime.map(|_| relay).into_iter().collect();
        IceServers { ice_servers, ice_lifetime: self.ice_lifetime }
    }

    fn perform(&mut self, output: Output, wishes: &mut Vec<Wish>) -> Option<Input> {
        match output {
            Output::Admit { socket } => return Some(Input::Connected { socket, ice: self.ice() }),
            Output::Refuse { socket, refusal } => {
                wishes.push(Wish::Send(socket, Sent::Event(SocketEvent::Refused(refusal))));
            }
            Output::AnswerKnock { knock, answer } => wishes.push(Wish::Knocked(knock, answer)),
            Output::Send { to, event } => wishes.push(Wish::Send(to, Sent::Event(SocketEvent::Server(event)))),
            Output::Acknowledge { request, answer } => {
                if let Some((socket, name)) = self.requests.remove(&request) {
                    wishes.push(Wish::Send(socket, Sent::Acknowledgement(name, answer)));
                }
            }
            Output::RenewIce { socket } => return Some(Input::Ice { socket, ice: self.ice() }),
            Output::HangUp { socket } => wishes.push(Wish::Send(socket, Sent::Close)),
            Output::Store(request) => wishes.push(Wish::Stored(self.log.answer(request, self.now))),
            Output::SetTimer { timer, after } => {
                self.numbers += 1;
                self.timers.insert(timer.clone(), self.numbers);
                wishes.push(Wish::Timer(timer, self.numbers, after));
            }
            Output::ClearTimer(timer) => drop(self.timers.remove(&timer)),
            Output::Log(_) => {}
        }
        None
    }
}

/// Whether it matters that a network repeats this.
pub(crate) fn may_repeat(sent: &Sent) -> bool {
    matches!(sent, Sent::Event(SocketEvent::Server(ServerEvent::Signal(_) | ServerEvent::Chat(_))))
}
