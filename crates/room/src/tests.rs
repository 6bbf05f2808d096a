//! What happens to one session, told in inputs and outputs.

use pairvoice_wire::{
    Acknowledgement, ChatMessage, ChatPage, ClientEvent, Code, DisplayName, Envelope, Handshake, IceServers,
    InstanceId, MAX_SIGNAL_BYTES, MessageId, Outcome, Presence, ServerEvent, SessionId, SignalBody, UserId,
    VoiceStatus, Welcome,
};

use crate::{Admission, Appended, Config, Grant, Input, Note, Output, RequestId, Room, SocketId, StoreRequest, Timer};

mod knock;
mod tokens;

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn instance(n: u8) -> InstanceId {
    InstanceId::parse(&format!("{n:032x}")).unwrap()
}

fn page(last: u64) -> ChatPage {
    ChatPage { log: "a".into(), since: 0, last, receipts: vec![], messages: vec![], more: false }
}

fn read(last: u64) -> (ChatPage, Admission) {
    (page(last), Admission::default())
}

fn message(seq: u64) -> ChatMessage {
    let id = MessageId::parse(&format!("00000000-0000-7000-8000-{seq:012x}")).unwrap();
    ChatMessage { id, sender: user("7"), seq, at: 0, text: "text".into() }
}

fn envelope(who: &str, n: u8, attempt: u32, body: SignalBody) -> Envelope {
    let session = SessionId::parse("s").unwrap();
    Envelope { session, user: user(who), instance: instance(n), to: None, attempt, generation: 0, sequence: 1, body }
}

fn offer(attempt: u32) -> SignalBody {
    SignalBody::Offer { sdp: format!("offer {attempt}") }
}

fn grant(lasts_ms: u64) -> Grant {
    Grant { participants: None, name: DisplayName::default(), issued_at: None, lasts_ms }
}

/// A room and what it asked for since it was last looked at.
struct Host {
    room: Room,
    done: Vec<Output>,
}

impl Host {
    fn new() -> Self {
        let session = SessionId::parse("s").unwrap();
        Self { room: Room::new(Config { session }), done: vec![] }
    }

    fn input(&mut self, input: Input) {
        self.done.clear();
        self.room.handle(input);
        self.done.extend(std::iter::from_fn(|| self.room.poll_output()));
    }

    fn enter(&mut self, socket: u64, who: &str, n: u8, signals: Vec<Envelope>) {
        self.enter_by(socket, who, n, signals, grant(3_600_000));
    }

    fn enter_by(&mut self, socket: u64, who: &str, n: u8, signals: Vec<Envelope>, grant: Grant) {
        let handshake = Handshake {
            v: 1,
            token: String::new(),
            session_id: SessionId::parse("s").unwrap(),
            user_id: user(who),
            instance: instance(n),
            since: 0,
            log: None,
            tip: None,
            voice: VoiceStatus::default(),
            signals,
            check: false,
        };
        self.input(Input::Enter { socket: SocketId(socket), handshake: Box::new(handshake), grant });
    }

    /// Enters and is welcomed, or is refused.
    fn join(&mut self, socket: u64, who: &str, n: u8) -> Result<Welcome, Code> {
        self.enter(socket, who, n, vec![]);
        if let Some(code) = self.refused(socket) {
            return Err(code);
        }
        self.input(Input::PageRead { socket: SocketId(socket), page: Ok(read(0)) });
        assert_eq!(self.done, [Output::Admit { socket: SocketId(socket) }]);
        self.input(Input::Connected { socket: SocketId(socket), ice: IceServers::default() });
        match self.sent(socket).first() {
            Some(ServerEvent::Welcome(welcome)) => Ok((**welcome).clone()),
            other => panic!("{other:?}"),
        }
    }

    fn refused(&self, id: u64) -> Option<Code> {
        self.done.iter().find_map(|output| match output {
            Output::Refuse { socket, refusal } if *socket == SocketId(id) => Some(refusal.code.clone()),
            _ => None,
        })
    }

    fn sent(&self, socket: u64) -> Vec<ServerEvent> {
        let to_socket = |output: &Output| match output {
            Output::Send { to, event } if *to == SocketId(socket) => Some(event.clone()),
            _ => None,
        };
        self.done.iter().filter_map(to_socket).collect()
    }

    fn hung_up(&self, socket: u64) -> bool {
        self.done.contains(&Output::HangUp { socket: SocketId(socket) })
    }

    fn event(&mut self, socket: u64, event: ClientEvent) -> Acknowledgement {
        self.input(Input::Event { socket: SocketId(socket), request: RequestId(1), event });
        let answer = self.done.iter().find_map(|o| match o {
            Output::Acknowledge { answer, .. } => Some(answer.clone()),
            _ => None,
        });
        answer.unwrap_or_default()
    }

    fn signal(&mut self, socket: u64, envelope: Envelope) -> Result<Outcome, Code> {
        let answer = self.event(socket, ClientEvent::Signal(envelope));
        answer.outcome.ok_or_else(|| answer.error.unwrap().code)
    }

    fn notes(&self) -> Vec<&Note> {
        self.done.iter().filter_map(|o| if let Output::Log(note) = o { Some(note) } else { None }).collect()
    }
}

#[test]
fn two_users_have_seats_and_a_third_has_none_until_one_leaves() {
    let mut host = Host::new();
    assert_eq!(host.join(1, "7", 1).unwrap().peer, None);
    assert_eq!(host.join(2, "9", 2).unwrap().peer.unwrap().presence, Presence::Present);
    assert_eq!(host.join(3, "8", 3), Err(Code::SessionFull));
    assert!(host.event(2, ClientEvent::Bye).ok);
    assert!(matches!(&host.sent(1)[..], [ServerEvent::Peer(peer)] if peer.left && peer.presence == Presence::Absent));
    assert!(host.join(3, "8", 3).is_ok());
}

#[test]
fn the_newest_instance_wins_and_the_former_one_stays_out() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host.enter(2, "7", 2, vec![]);
    assert!(matches!(&host.sent(1)[..], [ServerEvent::Notice(notice)] if notice.code == Code::OpenedElsewhere));
    assert!(host.hung_up(1));
    assert_eq!(host.join(3, "7", 1), Err(Code::OpenedElsewhere), "though it connects last");
    assert!(host.join(4, "7", 2).is_ok(), "a socket of the same instance comes back");
    assert!(host.join(5, "7", 3).is_ok());
    assert_eq!(host.join(6, "7", 2), Err(Code::OpenedElsewhere));
}

#[test]
fn a_socket_that_is_let_in_too_late_is_hung_up_on() {
    let mut host = Host::new();
    host.enter(1, "7", 1, vec![]);
    host.input(Input::PageRead { socket: SocketId(1), page: Ok(read(0)) });
    host.enter(2, "7", 1, vec![]);
    assert_eq!(host.refused(1), Some(Code::Busy), "the instance itself may come again");
    host.enter(3, "7", 2, vec![]);
    assert_eq!(host.refused(2), Some(Code::OpenedElsewhere));
    host.input(Input::Connected { socket: SocketId(1), ice: IceServers::default() });
    assert!(host.hung_up(1));
    assert_eq!(host.event(1, ClientEvent::Probe).error.unwrap().code, Code::NotJoined);
}

#[test]
fn a_signal_waits_for_the_other_and_is_given_once() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    assert_eq!(host.signal(1, envelope("7", 1, 1, offer(1))), Ok(Outcome::Parked));
    assert_eq!(host.notes().len(), 2, "who offers, and what became of it; nobody is blamed: {:?}", host.done);
    assert_eq!(host.signal(1, envelope("7", 1, 2, offer(2))), Ok(Outcome::Parked));
    let welcome = host.join(2, "9", 2).unwrap();
    assert_eq!(welcome.signals.iter().map(|e| e.attempt).collect::<Vec<_>>(), [2], "the newer offer replaced it");
    assert_eq!(host.signal(1, envelope("7", 1, 2, SignalBody::End)), Ok(Outcome::Delivered));
    assert_eq!(host.join(3, "9", 2).unwrap().signals, []);
    let foreign = Envelope { user: user("9"), ..envelope("7", 1, 2, SignalBody::End) };
    assert_eq!(host.signal(1, foreign), Err(Code::ForeignSender));
    let other_life = Envelope { to: Some(instance(9)), ..envelope("7", 1, 2, SignalBody::End) };
    assert_eq!(host.signal(1, other_life), Ok(Outcome::Dropped));
}

#[test]
fn signals_of_a_handshake_have_the_same_limits_as_events() {
    let mut host = Host::new();
    host.join(1, "9", 1).unwrap();
    let large = SignalBody::Offer { sdp: "x".repeat(MAX_SIGNAL_BYTES) };
    let foreign = Envelope { user: user("9"), ..envelope("7", 2, 1, SignalBody::End) };
    let mut signals = vec![envelope("7", 2, 1, large.clone()), foreign];
    signals.extend((0..100).map(|n| Envelope { sequence: n, ..envelope("7", 2, 1, SignalBody::End) }));
    host.enter(2, "7", 2, signals);
    host.input(Input::PageRead { socket: SocketId(2), page: Ok(read(0)) });
    host.input(Input::Connected { socket: SocketId(2), ice: IceServers::default() });
    let relayed = host.sent(1).iter().filter(|e| matches!(e, ServerEvent::Signal(_))).count();
    assert_eq!(relayed, 62, "the first 64, but for the one that is too large and the one under another name");
    assert_eq!(host.signal(2, envelope("7", 2, 1, large)), Err(Code::TooLarge));
}

#[test]
fn what_becomes_durable_between_page_and_welcome_is_neither_lost_nor_doubled() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host.enter(2, "9", 2, vec![]);
    let append = |host: &mut Host, seq| {
        let messages = vec![pairvoice_wire::NewMessage { id: message(seq).id, text: "text".into(), sender: None }];
        host.event(1, ClientEvent::Chat(pairvoice_wire::ChatBatch { messages }));
        let Some(Output::Store(StoreRequest::Append { ticket, .. })) = host.done.pop() else { panic!() };
        let result = Ok(Appended { accepted: vec![], new: vec![message(seq)], ..Appended::default() });
        host.input(Input::Appended { ticket, result });
    };
    append(&mut host, 1);
    append(&mut host, 2);
    host.input(Input::PageRead { socket: SocketId(2), page: Ok(read(1)) });
    append(&mut host, 3);
    host.input(Input::Connected { socket: SocketId(2), ice: IceServers::default() });
    let [ServerEvent::Welcome(_), ServerEvent::Chat(delivery)] = &host.sent(2)[..] else { panic!("{:?}", host.done) };
    assert_eq!(delivery.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [2, 3]);
    append(&mut host, 3);
    assert_eq!(host.sent(2), [], "what came with the welcome, and whose commit is reported late");
    append(&mut host, 4);
    assert_eq!(host.sent(2).len(), 1);
}

#[test]
fn a_broken_socket_is_away_then_absent_and_its_seat_is_free_in_the_end() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host.join(2, "9", 2).unwrap();
    let told = |host: &Host| match &host.sent(1)[..] {
        [ServerEvent::Peer(peer)] => Some(peer.presence),
        _ => None,
    };
    host.input(Input::Closed { socket: SocketId(2) });
    assert_eq!(told(&host), Some(Presence::Away));
    assert_eq!(host.signal(1, envelope("7", 1, 1, offer(1))), Ok(Outcome::Parked));
    host.input(Input::TimerFired { timer: Timer::Away(user("9")) });
    assert_eq!(told(&host), Some(Presence::Absent));
    host.input(Input::TimerFired { timer: Timer::Seat(user("9")) });
    assert_eq!(host.room.seats(), 1);
    assert!(host.join(3, "8", 3).is_ok());
    host.input(Input::TimerFired { timer: Timer::Seat(user("8")) });
    assert_eq!(host.room.seats(), 2, "a timer that comes too late changes nothing");
}

#[test]
fn a_socket_that_reads_nothing_is_hung_up_on_and_its_owner_is_away() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host.join(2, "9", 2).unwrap();
    let event = Box::new(ServerEvent::Signal(envelope("7", 1, 1, offer(1))));
    host.input(Input::Overflowed { socket: SocketId(2), event });
    assert!(host.hung_up(2));
    assert!(matches!(&host.sent(1)[..], [ServerEvent::Peer(peer)] if peer.presence == Presence::Away));
    assert_eq!(host.join(3, "9", 2).unwrap().signals.len(), 1, "the signal that did not fit is not lost");
}

#[test]
fn how_far_somebody_got_while_another_was_let_in_is_in_the_welcome() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host.enter(2, "9", 2, vec![]);
    host.input(Input::PageRead { socket: SocketId(2), page: Ok(read(3)) });
    let receipt = pairvoice_wire::Receipt { user: user("7"), delivered: 3, read: 2 };
    host.input(Input::Raised { request: RequestId(1), result: Ok(receipt.clone()) });
    host.input(Input::Connected { socket: SocketId(2), ice: IceServers::default() });
    let [ServerEvent::Welcome(welcome)] = &host.sent(2)[..] else { panic!("{:?}", host.done) };
    assert_eq!(welcome.chat.receipts, [receipt]);
}

#[test]
fn a_seat_that_waits_too_long_for_the_log_is_refused_and_free() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host.enter(2, "9", 2, vec![]);
    host.input(Input::TimerFired { timer: Timer::Away(user("9")) });
    host.input(Input::TimerFired { timer: Timer::Seat(user("9")) });
    assert_eq!(host.refused(2), Some(Code::Busy));
    assert_eq!(host.room.seats(), 1);
}

#[test]
fn whoever_offers_against_the_order_of_ids_is_noted_once_the_other_is_known() {
    let mut host = Host::new();
    host.join(1, "9", 1).unwrap();
    host.signal(1, envelope("9", 1, 1, offer(1))).unwrap();
    let blamed = |host: &Host| host.notes().iter().any(|n| matches!(n, Note::WrongOfferer { .. }));
    assert!(!blamed(&host), "nobody else is known yet");
    host.join(2, "7", 2).unwrap();
    host.signal(1, envelope("9", 1, 2, offer(2))).unwrap();
    assert!(blamed(&host));
}

#[test]
fn whoever_stays_gets_other_credentials_for_ice_servers_before_theirs_run_out() {
    let mut host = Host::new();
    let ice = |lifetime| IceServers { ice_servers: vec![], ice_lifetime: lifetime };
    host.enter(1, "7", 1, vec![]);
    host.input(Input::PageRead { socket: SocketId(1), page: Ok((page(0), Admission::default())) });
    host.input(Input::Connected { socket: SocketId(1), ice: ice(Some(100)) });
    let timer = Timer::Ice(user("7"));
    assert!(host.done.contains(&Output::SetTimer { timer: timer.clone(), after: 75_000 }));
    host.input(Input::TimerFired { timer: timer.clone() });
    assert_eq!(host.done, [Output::RenewIce { socket: SocketId(1) }]);
    host.input(Input::Ice { socket: SocketId(1), ice: ice(Some(200)) });
    let sent = Output::Send { to: SocketId(1), event: ServerEvent::Ice(ice(Some(200))) };
    assert_eq!(host.done, [Output::SetTimer { timer: timer.clone(), after: 150_000 }, sent]);
    host.input(Input::Closed { socket: SocketId(1) });
    host.input(Input::TimerFired { timer });
    assert_eq!(host.done, [], "nobody is there, and the next welcome brings them");
    host.input(Input::Ice { socket: SocketId(1), ice: ice(None) });
    assert_eq!(host.done, [], "it came too late");
}
