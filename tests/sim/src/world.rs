//! The clock and the queue of what will happen.

use std::collections::{BTreeMap, VecDeque};

use pairvoice_core::{Ahead, ConnectionEvent, Input, MicrophoneEvent, OpId, SessionState, Timer};
use pairvoice_room::{KnockId, SocketId};
use pairvoice_wire::{ClientEvent, Handshake, InBand, MessageId, UserId, VoiceReason, VoiceState};

use crate::chance::Chance;
use crate::knocks::{Answer, Knocks};
use crate::media::TICK_MS;
use crate::network::Network;
use crate::server::{Sent, Server};
use crate::side::{Browser, Side};

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The transport of a socket opens at its client.
    Open { who: usize, socket: SocketId, tries: u64 },
    /// A handshake reaches the server.
    Handshake { who: usize, socket: SocketId, handshake: Box<Handshake> },
    /// A knock reaches the server.
    Knock { knock: KnockId, handshake: Box<Handshake>, wait_ms: u32 },
    /// The answer to a knock reaches its page.
    Knocked { knock: KnockId, answer: Answer },
    /// An event reaches the server.
    Emit { who: usize, socket: SocketId, name: OpId, event: ClientEvent },
    /// The end of a connection reaches the server.
    HangUp { who: usize, socket: SocketId },
    /// Something of the server reaches a client.
    Deliver { socket: SocketId, sent: Sent },
    /// An answer of the log reaches the room, if the server is still the same process.
    Stored { process: u32, answer: pairvoice_room::Input },
    /// A timer of the room, if the server is still the same process.
    ServerTimer { process: u32, timer: pairvoice_room::Timer, number: u64 },
    /// A peer connection reports.
    Connection { who: usize, life: u32, id: OpId, event: ConnectionEvent },
    /// A message over the reliable data channel.
    InBand { from: (usize, u32, OpId), message: InBand },
    /// A browser answers its page.
    Browser { who: usize, life: u32, input: Input },
    /// A timer of a page.
    Timer { who: usize, life: u32, timer: Timer, number: u64 },
    /// The page's own browsing context learns of the host's address.
    Believe { who: usize },
    /// Socket.IO looks whether something came.
    Ping { who: usize, socket: SocketId, missed: u64 },
    /// The next thing of an ordered channel arrives.
    Next(Channel),
    /// Browsers look at their connections.
    Tick,
}

/// What keeps the order in which things were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// From a client to the server.
    Up(usize, SocketId),
    /// From the server to a client.
    Down(SocketId),
    /// From one client to the other: side, life, connection.
    InBand(usize, u32, OpId),
    /// From the log to the room.
    Disk,
}

/// A message that somebody wrote.
#[derive(Debug)]
pub struct Written {
    /// Who.
    pub user: UserId,
    /// Which.
    pub id: MessageId,
    /// In a tab that can't reach the server.
    pub elsewhere: bool,
}

/// Everything.
#[derive(Debug)]
pub struct World {
    /// Virtual time in milliseconds.
    pub now: u64,
    /// The two browsers.
    pub sides: [Side; 2],
    /// The server.
    pub server: Server,
    /// It runs.
    pub server_up: bool,
    /// Hosts reach each other.
    pub media_up: bool,
    /// How things travel.
    pub network: Network,
    /// What was written.
    pub written: Vec<Written>,
    /// Prints what happens.
    pub trace: bool,
    pub(crate) chance: Chance,
    queue: BTreeMap<(u64, u64), Happening>,
    /// The newest number given to a happening, a socket or a timer.
    pub(crate) order: u64,
    /// What is on its way over ordered channels.
    channels: BTreeMap<Channel, VecDeque<Happening>>,
    /// Sockets of hosts that have another address now: nothing passes any more.
    pub(crate) deaf: Vec<SocketId>,
    pub(crate) knocks: Knocks,
    /// How often the server was started.
    pub(crate) process: u32,
}

impl World {
    /// Two pages that begin to join, on a calm network.
    #[must_use]
    pub fn new(first: &str, second: &str) -> Self {
        Self::seeded(0, [first, second], Network::default())
    }

    /// The same with chance and a network.
    #[must_use]
    pub fn seeded(seed: u64, names: [&str; 2], network: Network) -> Self {
        let ahead = Ahead { descriptions: true, ..Ahead::default() };
        Self::prepared(seed, names, network, [ahead.clone(), ahead])
    }

    /// The same with what each page allows before somebody wants voice.
    #[must_use]
    pub fn prepared(seed: u64, names: [&str; 2], network: Network, ahead: [Ahead; 2]) -> Self {
        Self::of_browsers(seed, names, network, ahead, [Browser::Chromium; 2])
    }

    /// The same in these browsers.
    #[must_use]
    pub fn of_browsers(
        seed: u64,
        names: [&str; 2],
        network: Network,
        ahead: [Ahead; 2],
        browsers: [Browser; 2],
    ) -> Self {
        let ([first, second], [one, other]) = (names, ahead);
        let sides = [Side::new(first, None, one, browsers[0]), Side::new(second, None, other, browsers[1])];
        Self::with(seed, sides, network)
    }

    /// The same where the second browser can't do voice.
    #[must_use]
    pub fn with_incapable(names: [&str; 2], reason: VoiceReason) -> Self {
        let side = |name: &str, reason| Side::new(name, reason, Ahead::default(), Browser::Chromium);
        Self::with(0, [side(names[0], None), side(names[1], Some(reason))], Network::default())
    }

    fn with(seed: u64, sides: [Side; 2], network: Network) -> Self {
        let mut world = Self {
            now: 0,
            sides,
            server: Server::default(),
            server_up: true,
            media_up: true,
            network,
            written: Vec::new(),
            trace: std::env::var_os("PAIRVOICE_TRACE").is_some(),
            chance: Chance::new(seed),
            queue: BTreeMap::new(),
            order: 0,
            channels: BTreeMap::new(),
            deaf: Vec::new(),
            knocks: Knocks::new(),
            process: 0,
        };
        world.server.ice_lifetime = network.ice_lifetime;
        world.plan(0, Happening::Tick);
        world.drain(0);
        world.drain(1);
        world
    }

    // Time

    pub(crate) fn plan(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.queue.insert((at, self.order), happening);
    }

    /// Sends something after everything that went over the same channel before; it arrives at this time or later.
    pub(crate) fn send(&mut self, channel: Channel, at: u64, happening: Happening) {
        self.channels.entry(channel).or_default().push_back(happening);
        self.plan(at, Happening::Next(channel));
    }

    /// The first thing of a channel arrives, unless something holds the channel up.
    fn next(&mut self, channel: Channel) {
        if let Some(at) = self.held_until(channel) {
            return self.plan(at, Happening::Next(channel));
        }
        if let Some(happening) = self.channels.get_mut(&channel).and_then(VecDeque::pop_front) {
            self.happen(happening);
        }
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), happening) = entry.remove_entry();
            self.now = at;
            self.server.now = at;
            self.happen(happening);
        }
        self.now = end;
    }

    /// Lets time pass until something holds, and gives back how long that took.
    ///
    /// # Panics
    /// After so many milliseconds, with what was waited for.
    pub fn until(&mut self, what: &str, limit: u64, holds: impl Fn(&Self) -> bool) -> u64 {
        let began = self.now;
        while !holds(self) {
            let waited = self.now - began;
            assert!(waited < limit, "waited {waited} ms for {what}; {}", self.summary());
            self.run(5);
        }
        self.now - began
    }

    /// Both voices, sessions and connections in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let side = |who: usize| {
            let view = self.sides[who].session.view();
            let open = self.sides[who].open.len();
            format!("{:?} {:?} {:?} {open} open", view.session.state, view.voice.state, view.voice.reason)
        };
        format!("at {} ms: {} | {}", self.now, side(0), side(1))
    }

    fn happen(&mut self, happening: Happening) {
        if self.trace && !matches!(happening, Happening::Tick | Happening::Next(_)) {
            println!("{:>8} {happening:?}", self.now);
        }
        match happening {
            Happening::Open { who, socket, tries } => self.open_socket(who, socket, tries),
            Happening::Handshake { who, socket, handshake } => {
                // A page that is gone sends nothing any more.
                if self.reaches(who, socket) && self.who_has(socket).is_some() {
                    let wishes = self.server.connect(socket, *handshake);
                    self.fulfil(wishes);
                }
            }
            Happening::Knock { knock, handshake, wait_ms } => self.knock_arrives(knock, *handshake, wait_ms),
            Happening::Knocked { knock, answer } => self.knock_answered(knock, answer),
            Happening::Emit { who, socket, name, event } => {
                if self.reaches(who, socket) {
                    let wishes = self.server.event(socket, name, event);
                    self.fulfil(wishes);
                }
            }
            Happening::HangUp { who, socket } => {
                if self.reaches(who, socket) {
                    let wishes = self.server.closed(socket);
                    self.fulfil(wishes);
                }
            }
            Happening::Deliver { socket, sent } => self.deliver(socket, sent),
            Happening::Stored { process, answer } if process == self.process => {
                let wishes = self.server.stored(answer);
                self.fulfil(wishes);
            }
            Happening::ServerTimer { process, timer, number } if process == self.process => {
                let wishes = self.server.timer_fired(timer, number);
                self.fulfil(wishes);
            }
            Happening::Stored { .. } | Happening::ServerTimer { .. } => {}
            Happening::Connection { who, life, id, event } => {
                if self.is_awake(who, life, || Happening::Connection { who, life, id, event: event.clone() })
                    && self.sides[who].open.iter().any(|open| open.id == id)
                {
                    self.input(who, Input::Connection { id, event });
                }
            }
            Happening::InBand { from, message } => self.in_band(from, message),
            Happening::Browser { who, life, input } => {
                if self.is_awake(who, life, || Happening::Browser { who, life, input: input.clone() }) {
                    if matches!(input, Input::Microphone { event: MicrophoneEvent::Granted { .. }, .. }) {
                        self.sides[who].microphone = true;
                    }
                    self.input(who, input);
                }
            }
            Happening::Timer { who, life, timer, number } => self.fire(who, life, timer, number),
            Happening::Believe { who } => self.sides[who].believed = self.sides[who].address,
            Happening::Ping { who, socket, missed } => self.ping(who, socket, missed),
            Happening::Next(channel) => self.next(channel),
            Happening::Tick => {
                self.tick_media();
                self.plan(self.now + TICK_MS, Happening::Tick);
            }
        }
    }

    /// Whether a page is there and awake; what comes while it sleeps waits.
    pub(crate) fn is_awake(&mut self, who: usize, life: u32, again: impl FnOnce() -> Happening) -> bool {
        let side = &self.sides[who];
        let awake = side.asleep_until <= self.now;
        if !awake && side.lives == life {
            let at = side.asleep_until;
            self.plan(at, again());
        }
        awake && side_is(&self.sides[who], life)
    }

    fn fire(&mut self, who: usize, life: u32, timer: Timer, number: u64) {
        if !self.is_awake(who, life, || Happening::Timer { who, life, timer, number }) {
            return;
        }
        if let Some((newest, due)) = self.sides[who].timers.get(&timer).copied()
            && newest == number
        {
            self.sides[who].timers.remove(&timer);
            let late = u32::try_from(self.now - due).unwrap_or(u32::MAX);
            self.input(who, Input::TimerFired { timer, late });
        }
    }

    // What is seen

    /// The word for a side's voice.
    #[must_use]
    pub fn voice(&self, who: usize) -> VoiceState {
        self.sides[who].session.view().voice.state
    }

    /// The words for both voices.
    #[must_use]
    pub fn voices(&self) -> [VoiceState; 2] {
        [self.voice(0), self.voice(1)]
    }

    /// Both voices are connected.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.voices() == [VoiceState::Connected; 2]
    }

    /// The word for a side's session.
    #[must_use]
    pub fn session_state(&self, who: usize) -> SessionState {
        self.sides[who].session.view().session.state
    }
}

fn side_is(side: &Side, life: u32) -> bool {
    side.lives == life
}
