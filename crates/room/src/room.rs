//! One session: who has a seat, who comes, goes and takes over.

use std::collections::{BTreeMap, VecDeque};

use pairvoice_wire::{
    Acknowledgement, ChatDelivery, ClientEvent, Code, Handshake, IceServers, InstanceId, Notice, Outcome, Presence,
    Refusal, ServerEvent, SessionId, UserId, VERSION, VoiceStatus, Welcome,
};

use crate::door::Door;
use crate::grant::Grant;
use crate::input::{Input, RequestId, SocketId};
use crate::output::{Note, Output, Timer};
use crate::seat::{Entering, Seat, Socket};
use crate::store::{Known, StoreRequest};

/// People of a session.
const SEATS: usize = 2;
/// Users of whom former instances are remembered, and former instances of one user.
pub(crate) const REMEMBERED: usize = 64;
/// A person whose socket broke without a goodbye counts as away for so long, then as absent, in milliseconds.
pub(crate) const AWAY_MS: u64 = 8_000;
/// The seat of an absent person is kept for so much longer, in milliseconds: a minute together.
const SEAT_MS: u64 = 52_000;

/// What a room is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Config {
    /// The session.
    pub session: SessionId,
}

/// The state machine of one session; see the crate's documentation for the contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Room {
    pub(crate) config: Config,
    pub(crate) seats: Vec<Seat>,
    pub(crate) door: Door,
    /// Instances that a newer one of the same user took over from, while anybody is in the session.
    pub(crate) superseded: BTreeMap<UserId, VecDeque<InstanceId>>,
    /// Instances whose seat was freed: they may come back, unless a newer one came meanwhile.
    departed: BTreeMap<UserId, InstanceId>,
    outputs: VecDeque<Output>,
}

impl Room {
    /// A session that nobody is in.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            seats: Vec::new(),
            door: Door::default(),
            superseded: BTreeMap::new(),
            departed: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one thing that happened.
    pub fn handle(&mut self, input: Input) {
        match input {
            Input::Enter { socket, handshake, grant } => self.enter(socket, *handshake, grant),
            Input::Knock(knock) => self.knock(knock),
            Input::KnockGone { knock } => self.knock_gone(knock),
            Input::KnockLost { signals } => self.knock_lost(&signals),
            Input::AdmissionRead { knock, admission } => self.admission_read(knock, admission),
            Input::PageRead { socket, page } => self.page_read(socket, page),
            Input::Connected { socket, ice } => self.connected(socket, ice),
            Input::Ice { socket, ice } => self.renew_ice(socket, ice),
            Input::Event { socket, request, event } => self.event(socket, request, event),
            Input::Renewed { socket, request, grant } => self.renewed(socket, request, grant),
            Input::Closed { socket } => self.closed(socket),
            Input::Overflowed { socket, event } => self.overflowed(socket, *event),
            Input::Appended { ticket, result } => self.appended(ticket, result),
            Input::Raised { request, result } => self.raised(request, result),
            Input::HistoryRead { request, result } => self.history_read(request, result),
            Input::Pinned { participants } => self.pinned(participants),
            Input::Revoke { user, at } => self.revoke(user.as_ref(), at),
            Input::TimerFired { timer } => self.timer_fired(timer),
            Input::Restarting { after_ms } => self.restarting(after_ms),
        }
        self.answer_the_held();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        let next = self.outputs.pop_front();
        if next.is_none() {
            // A room at rest, as most are most of the time, holds no memory for what it said.
            self.outputs = VecDeque::new();
        }
        next
    }

    /// Whether nobody has a seat, so that the room can be forgotten.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.door.is_clear()
    }

    /// How many people have a seat.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.seats.len()
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn log(&mut self, note: Note) {
        self.push(Output::Log(note));
    }

    pub(crate) fn acknowledge(&mut self, request: RequestId, answer: impl Into<Acknowledgement>) {
        self.push(Output::Acknowledge { request, answer: answer.into() });
    }

    /// The seat that this socket holds.
    pub(crate) fn seat_of(&mut self, socket: SocketId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.open() == Some(socket))
    }

    /// The user whose seat this socket holds.
    pub(crate) fn user_of(&mut self, socket: SocketId) -> Option<UserId> {
        self.seat_of(socket).map(|seat| seat.user.clone())
    }

    pub(crate) fn seat(&mut self, user: &UserId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.user == *user)
    }

    pub(crate) fn remove(&mut self, user: &UserId) -> Option<Seat> {
        let index = self.seats.iter().position(|seat| seat.user == *user)?;
        let seat = self.seats.remove(index);
        if self.departed.len() >= REMEMBERED {
            self.departed.clear();
        }
        self.departed.insert(seat.user.clone(), seat.instance.clone());
        Some(seat)
    }

    pub(crate) fn seats_mut(&mut self) -> impl Iterator<Item = &mut Seat> {
        self.seats.iter_mut()
    }

    pub(crate) fn other(&mut self, user: &UserId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.user != *user)
    }

    /// Sends to the other, if somebody is connected there.
    pub(crate) fn send_to_other(&mut self, user: &UserId, event: ServerEvent) {
        if let Some(to) = self.other(user).and_then(|seat| seat.open()) {
            self.push(Output::Send { to, event });
        }
    }

    pub(crate) fn tell_other(&mut self, user: &UserId) {
        if let Some(info) = self.seat(user).map(|seat| seat.info()) {
            self.send_to_other(user, ServerEvent::Peer(info));
        }
    }

    // Coming

    pub(crate) fn enter(&mut self, socket: SocketId, handshake: Handshake, grant: Grant) {
        let Some((handshake, grant)) = self.at_the_door(socket, handshake, grant) else { return };
        let (user, instance) = (handshake.user_id.clone(), handshake.instance.clone());
        if let Err(refusal) = self.find_seat(&user, &instance) {
            return self.push(Output::Refuse { socket, refusal });
        }
        self.make_way(&user, &instance);
        let known = Known { log: handshake.log.clone(), since: handshake.since, tip: handshake.tip.clone() };
        if let Some(seat) = self.seat(&user) {
            seat.voice = handshake.voice;
            seat.name = grant.name.clone();
            seat.socket = Socket::Entering(Box::new(Entering::new(socket, handshake, grant)));
        }
        // A seat whose owner then never appears runs out like any other.
        self.push(Output::ClearTimer(Timer::Seat(user.clone())));
        self.push(Output::SetTimer { timer: Timer::Away(user), after: AWAY_MS });
        self.push(Output::Store(StoreRequest::ReadPage { socket, known }));
    }

    pub(crate) fn refuse(&mut self, socket: SocketId, code: Code, message: &str) {
        self.push(Output::Refuse { socket, refusal: Refusal::new(code, message) });
    }

    /// There is a seat for the user, which may still be a former instance's.
    ///
    /// # Errors
    /// A refusal when the instance was superseded, or when two others have the seats.
    pub(crate) fn find_seat(&mut self, user: &UserId, instance: &InstanceId) -> Result<(), Refusal> {
        if self.superseded.get(user).is_some_and(|former| former.contains(instance)) {
            return Err(Refusal::new(Code::OpenedElsewhere, "a newer instance of this user took over"));
        }
        if self.seat(user).is_none() {
            if self.seats.len() >= SEATS {
                return Err(Refusal::new(Code::SessionFull, "two other users are in this session"));
            }
            self.seats.push(Seat::new(user.clone(), instance.clone()));
            if let Some(former) = self.departed.remove(user).filter(|former| former != instance) {
                self.supersede(user, former);
            }
        }
        Ok(())
    }

    /// The socket is in: it is welcomed and the other is told.
    fn connected(&mut self, socket: SocketId, ice: IceServers) {
        let seat = self.seats.iter_mut().find(|seat| seat.any_socket() == Some(socket));
        let taken = seat.and_then(|seat| match std::mem::replace(&mut seat.socket, Socket::None) {
            Socket::Entering(entering) if entering.page.is_some() => Some((seat.user.clone(), *entering)),
            before => {
                seat.socket = before;
                None
            }
        });
        let Some((user, mut entering)) = taken else {
            // Another connection of this user took the seat meanwhile; if it is a newer instance's, the next handshake says so.
            return self.push(Output::HangUp { socket });
        };
        let Some(mut chat) = entering.page.take() else { return };
        self.release(&user);
        let missed = entering.missed(chat.last);
        entering.bring_up_to_date(&mut chat.receipts);
        let seen = missed.last().map_or(chat.last, |message| message.seq);
        let Some(seat) = self.seat(&user) else { return };
        seat.socket = Socket::Open { id: socket, seen };
        seat.presence = Presence::Present;
        seat.welcomes += 1;
        let instance = seat.instance.clone();
        let signals = self.other(&user).map(|other| other.parked.hand_out(&instance)).unwrap_or_default();
        for envelope in &signals {
            self.note_signal(envelope, Outcome::Delivered);
        }
        let peer = self.peer_of(&user);
        let IceServers { ice_servers, ice_lifetime } = ice;
        let welcome = Welcome { v: VERSION, peer, signals, chat, ice_servers, ice_lifetime };
        for timer in [Timer::Away(user.clone()), Timer::Seat(user.clone())] {
            self.push(Output::ClearTimer(timer));
        }
        self.push(Output::Send { to: socket, event: ServerEvent::Welcome(Box::new(welcome)) });
        self.lend(&user, entering.grant.lasts_ms);
        self.await_renewal(&user, ice_lifetime);
        if !missed.is_empty() {
            self.push(Output::Send { to: socket, event: ServerEvent::Chat(ChatDelivery { messages: missed }) });
        }
        self.tell_other(&user);
        self.log(Note::Joined { user: user.clone(), instance, socket });
        self.note_voice(&user, socket, VoiceStatus::default(), entering.handshake.voice);
        self.handshake_signals(&user, entering.handshake.signals);
    }

    // Going

    /// What was not sent would be a hole: the socket counts as gone, and the next welcome brings everything, a signal too.
    fn overflowed(&mut self, socket: SocketId, event: ServerEvent) {
        if let ServerEvent::Signal(envelope) = event
            && let Some(author) = self.seat(&envelope.user)
        {
            author.parked.keep(envelope);
        }
        self.closed(socket);
        self.push(Output::HangUp { socket });
    }

    pub(crate) fn closed(&mut self, socket: SocketId) {
        self.door.forget(socket);
        let Some(seat) = self.seats.iter_mut().find(|seat| seat.any_socket() == Some(socket)) else { return };
        let was_open = seat.open().is_some();
        seat.socket = Socket::None;
        let user = seat.user.clone();
        if was_open {
            seat.presence = Presence::Away;
            self.push(Output::SetTimer { timer: Timer::Away(user.clone()), after: AWAY_MS });
            self.tell_other(&user);
            self.log(Note::Away { user, socket });
        }
    }

    /// The seat is free at once.
    pub(crate) fn bye(&mut self, socket: SocketId) {
        let Some(user) = self.user_of(socket) else { return };
        self.vacate(&user);
        self.log(Note::Left { user, socket });
    }

    /// Away becomes absent, and absent becomes a free seat, unless a socket was welcomed.
    fn timer_fired(&mut self, timer: Timer) {
        match timer {
            Timer::Away(user) => {
                let Some(seat) = self.seat(&user).filter(|seat| seat.open().is_none()) else { return };
                let before = std::mem::replace(&mut seat.presence, Presence::Absent);
                self.push(Output::SetTimer { timer: Timer::Seat(user.clone()), after: SEAT_MS });
                if before != Presence::Absent {
                    self.tell_other(&user);
                }
            }
            Timer::Token(user) => self.token_timer(&user),
            Timer::Ice(user) => self.ice_timer(&user),
            Timer::Knock(user) => self.release(&user),
            Timer::Seat(user) => {
                if self.seat(&user).is_none_or(|seat| seat.open().is_some()) {
                    return;
                }
                self.release(&user);
                for timer in [Timer::Token(user.clone()), Timer::Ice(user.clone())] {
                    self.push(Output::ClearTimer(timer));
                }
                if let Some(socket) = self.remove(&user).and_then(|seat| seat.any_socket()) {
                    self.refuse(socket, Code::Busy, "the chat log could not be read in time");
                    self.answer_the_door();
                }
            }
        }
    }

    fn restarting(&mut self, after_ms: u32) {
        let notice = Notice { code: Code::Restarting, after_ms: Some(after_ms) };
        let open: Vec<SocketId> = self.seats.iter().filter_map(Seat::open).collect();
        for to in open {
            self.push(Output::Send { to, event: ServerEvent::Notice(notice.clone()) });
        }
        self.turn_everybody_away(after_ms);
    }

    // Events

    fn event(&mut self, socket: SocketId, request: RequestId, event: ClientEvent) {
        let Some(seat) = self.seat_of(socket) else {
            return self.acknowledge(request, Refusal::new(Code::NotJoined, "this socket has no seat"));
        };
        let user = seat.user.clone();
        match event {
            ClientEvent::Signal(envelope) => self.signal(socket, request, &envelope),
            ClientEvent::Voice(voice) => self.voice(&user, socket, request, voice),
            ClientEvent::Chat(batch) => self.chat(user, request, batch),
            ClientEvent::Receipt(receipt) => self.receipt(user, request, &receipt),
            ClientEvent::Typing(typing) => {
                self.send_to_other(&user, ServerEvent::Typing(typing));
                self.acknowledge(request, Acknowledgement::ok());
            }
            ClientEvent::Data(data) => self.data(socket, request, data),
            ClientEvent::History(asked) => self.history(request, &asked),
            ClientEvent::Probe => self.acknowledge(request, Acknowledgement::ok()),
            // A room can't tell a good token from a bad one: its host does, by `Input::Renewed`.
            ClientEvent::Token(_) => {
                self.acknowledge(request, Refusal::new(Code::BadRequest, "the token was not verified"));
            }
            ClientEvent::Bye => {
                self.bye(socket);
                self.acknowledge(request, Acknowledgement::ok());
                self.push(Output::HangUp { socket });
            }
        }
    }

    fn voice(&mut self, user: &UserId, socket: SocketId, request: RequestId, voice: VoiceStatus) {
        let Some(seat) = self.seat(user) else { return };
        let before = std::mem::replace(&mut seat.voice, voice);
        self.note_voice(user, socket, before, voice);
        // The state is for the log; the other side derives its own.
        if (VoiceStatus { state: voice.state, ..before }) != voice {
            self.tell_other(user);
        }
        self.acknowledge(request, Acknowledgement::ok());
    }

    fn note_voice(&mut self, user: &UserId, socket: SocketId, before: VoiceStatus, now: VoiceStatus) {
        if before.state != now.state {
            self.log(Note::Voice { user: user.clone(), socket, state: now.state, reason: now.unavailable });
        }
    }
}
