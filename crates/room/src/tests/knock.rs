//! Knocks: the seat, the signals and their answers, before a socket is open.

use pairvoice_wire::{Knocked, MAX_KNOCK_WAIT_MS, MAX_PARKED_SIGNALS, Refusal};

use super::*;
use crate::{Knock, KnockId, StoreError};

/// What a knock is answered, as far as it is: attempts of the signals, or the code of a refusal.
type Answer = Result<Vec<u32>, Code>;

fn handshake(who: &str, n: u8, signals: Vec<Envelope>) -> Handshake {
    Handshake {
        v: 1,
        token: String::new(),
        session_id: SessionId::parse("s").unwrap(),
        user_id: user(who),
        instance: instance(n),
        since: 0,
        log: None,
        tip: None,
        voice: VoiceStatus { on: true, ..VoiceStatus::default() },
        signals,
        check: false,
    }
}

fn numbered(sequence: u32, envelope: Envelope) -> Envelope {
    Envelope { sequence, ..envelope }
}

fn answer_of(attempt: u32) -> SignalBody {
    SignalBody::Answer { sdp: format!("answer {attempt}") }
}

impl Host {
    fn knock_by(&mut self, knock: u64, handshake: Handshake, grant: Grant, wait_ms: u32) -> Option<Answer> {
        let ice = IceServers { ice_servers: vec![], ice_lifetime: Some(600) };
        self.input(Input::Knock(Box::new(Knock { id: KnockId(knock), handshake, grant, ice, wait_ms })));
        self.answered(knock)
    }

    fn knock(&mut self, knock: u64, who: &str, n: u8, signals: Vec<Envelope>, wait_ms: u32) -> Option<Answer> {
        self.knock_by(knock, handshake(who, n, signals), grant(3_600_000), wait_ms)
    }

    fn knocked(&self, knock: u64) -> Option<Result<Knocked, Refusal>> {
        let mut answers = self.done.iter().filter_map(|output| match output {
            Output::AnswerKnock { knock: id, answer } if id.0 == knock => Some(answer.clone().map(|knocked| *knocked)),
            _ => None,
        });
        let first = answers.next();
        assert_eq!(answers.next(), None, "answered twice");
        first
    }

    fn answered(&self, knock: u64) -> Option<Answer> {
        let attempts = |knocked: Knocked| knocked.signals.iter().map(|signal| signal.attempt).collect();
        self.knocked(knock).map(|answer| answer.map(attempts).map_err(|refusal| refusal.code))
    }

    fn timer(&self, timer: &Timer) -> Option<u64> {
        self.done.iter().find_map(|output| match output {
            Output::SetTimer { timer: set, after } if set == timer => Some(*after),
            _ => None,
        })
    }

    fn cleared(&self, timer: Timer) -> bool {
        self.done.contains(&Output::ClearTimer(timer))
    }

    fn fire(&mut self, timer: Timer) {
        self.input(Input::TimerFired { timer });
    }

    /// A socket that asked for a seat is let in, and what it is told first.
    fn come_in(&mut self, socket: u64) -> Welcome {
        self.input(Input::PageRead { socket: SocketId(socket), page: Ok(read(0)) });
        self.input(Input::Connected { socket: SocketId(socket), ice: IceServers::default() });
        match self.sent(socket).first() {
            Some(ServerEvent::Welcome(welcome)) => (**welcome).clone(),
            other => panic!("{other:?}"),
        }
    }

    fn relayed(&self, socket: u64) -> Vec<u32> {
        let signal =
            |event: ServerEvent| if let ServerEvent::Signal(signal) = event { Some(signal.attempt) } else { None };
        self.sent(socket).into_iter().filter_map(signal).collect()
    }
}

/// A room that knows who may enter, and in which the offerer, "7", has a socket.
fn with_offerer() -> Host {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host
}

#[test]
fn a_knock_brings_what_waited_and_its_answer_leaves_before_a_socket_is_there() {
    let mut host = with_offerer();
    host.signal(1, envelope("7", 1, 1, offer(1))).unwrap();
    let answer = envelope("9", 2, 1, answer_of(1));
    assert_eq!(host.knock(1, "9", 2, vec![], 0), Some(Ok(vec![1])));
    let Some(Ok(knocked)) = host.knocked(1) else { panic!("{:?}", host.done) };
    assert_eq!((knocked.v, knocked.ice_lifetime), (1, Some(600)));
    assert_eq!(knocked.peer.map(|peer| (peer.user_id, peer.presence)), Some((user("7"), Presence::Present)));
    let [ServerEvent::Peer(peer)] = &host.sent(1)[..] else { panic!("{:?}", host.done) };
    assert_eq!((peer.presence, peer.instance.clone(), peer.welcomes), (Presence::Present, Some(instance(2)), 0));
    assert!(peer.voice.on, "what the knock says of voice is taken over");
    assert_eq!(host.timer(&Timer::Away(user("9"))), Some(8_000));
    assert!(host.notes().iter().any(|note| matches!(note, Note::Knocked { .. })), "{:?}", host.done);
    assert_eq!(host.knock(2, "9", 2, vec![answer], 0), Some(Ok(vec![])), "what was handed out is not kept");
    assert_eq!(host.relayed(1), [1]);
    host.enter(2, "9", 2, vec![]);
    let welcome = host.come_in(2);
    assert_eq!(welcome.signals, []);
    let peers: Vec<_> = host.sent(1).into_iter().filter(|event| matches!(event, ServerEvent::Peer(_))).collect();
    assert!(
        matches!(&peers[..], [ServerEvent::Peer(peer)] if peer.welcomes == 1),
        "only a socket is welcomed: {peers:?}"
    );
}

#[test]
fn what_one_instance_was_handed_no_other_gets() {
    let mut host = with_offerer();
    host.signal(1, envelope("7", 1, 1, offer(1))).unwrap();
    assert_eq!(host.knock(1, "9", 2, vec![], 0), Some(Ok(vec![1])));
    assert_eq!(host.knock(2, "9", 3, vec![], 0), Some(Err(Code::Busy)));
    host.enter(2, "9", 3, vec![]);
    assert_eq!(host.come_in(2).signals, []);
}

#[test]
fn what_knock_and_handshake_both_bring_is_parked_once() {
    let mut host = with_offerer();
    host.input(Input::Closed { socket: SocketId(1) });
    let signals: Vec<_> = (1..=3).map(|n| numbered(n, envelope("7", 1, 1, offer(1)))).collect();
    assert_eq!(host.knock(1, "7", 1, signals.clone(), 0), Some(Ok(vec![])));
    host.enter(2, "7", 1, signals.clone());
    host.come_in(2);
    for _ in 0..MAX_PARKED_SIGNALS {
        assert_eq!(host.signal(2, signals[0].clone()), Ok(Outcome::Parked), "a copy takes no room");
    }
    assert_eq!(host.knock(3, "9", 2, vec![], 0), Some(Ok(vec![1, 1, 1])));
}

#[test]
fn a_knock_waits_for_the_first_signal_and_takes_those_of_the_same_step() {
    let mut host = with_offerer();
    assert_eq!(host.knock(1, "9", 2, vec![], 9_000), None);
    assert_eq!(host.timer(&Timer::Knock(user("9"))), Some(MAX_KNOCK_WAIT_MS.into()), "as long as it may");
    assert_eq!(host.signal(1, envelope("7", 1, 1, offer(1))), Ok(Outcome::Delivered));
    assert_eq!(host.answered(1), Some(Ok(vec![1])));
    assert!(host.cleared(Timer::Knock(user("9"))));
    assert_eq!(host.signal(1, numbered(2, envelope("7", 1, 1, SignalBody::End))), Ok(Outcome::Parked), "nobody waits");
    assert_eq!(
        host.knock(2, "9", 2, vec![], 0),
        Some(Ok(vec![1])),
        "it follows by the next knock, and the offer doesn't"
    );
    assert_eq!(host.knock(3, "9", 2, vec![], 100), None);
    host.input(Input::Closed { socket: SocketId(1) });
    let signals = (3..6).map(|n| numbered(n, envelope("7", 1, n, offer(n)))).collect();
    assert_eq!(host.knock(4, "7", 1, signals, 0), Some(Ok(vec![])), "both knock");
    assert_eq!(host.answered(3), Some(Ok(vec![3, 4, 5])));
}

#[test]
fn what_is_meant_for_another_life_does_not_answer_a_knock() {
    let mut host = with_offerer();
    assert_eq!(host.knock(1, "9", 2, vec![], 100), None);
    let other = Envelope { to: Some(instance(3)), ..envelope("7", 1, 1, offer(1)) };
    assert_eq!(host.signal(1, other), Ok(Outcome::Dropped));
    assert_eq!(host.answered(1), None);
}

#[test]
fn a_knock_that_nothing_comes_for_is_answered_empty_in_the_end() {
    let mut host = with_offerer();
    assert_eq!(host.knock(1, "9", 2, vec![], 100), None);
    host.fire(Timer::Knock(user("9")));
    assert_eq!(host.answered(1), Some(Ok(vec![])));
    assert_eq!(host.knock(2, "9", 2, vec![], 100), None);
    assert_eq!(host.knock(3, "9", 2, vec![], 100), None);
    assert_eq!(host.answered(2), Some(Ok(vec![])), "a newer one takes its place");
    host.enter(2, "9", 2, vec![]);
    assert_eq!(host.answered(3), None, "a socket on its way in does not answer it");
    host.come_in(2);
    assert_eq!(host.answered(3), Some(Ok(vec![])), "the socket brings what comes");
    host.fire(Timer::Knock(user("9")));
    assert_eq!(host.done, [], "a timer that comes too late changes nothing");
}

#[test]
fn nothing_is_lost_into_an_answer_that_nobody_waits_for() {
    let mut host = with_offerer();
    assert_eq!(host.knock(1, "9", 2, vec![], 100), None);
    host.input(Input::KnockGone { knock: KnockId(1) });
    assert!(host.cleared(Timer::Knock(user("9"))));
    assert_eq!(host.signal(1, envelope("7", 1, 1, offer(1))), Ok(Outcome::Parked));
    // The host finds nobody when it is to be answered.
    assert_eq!(host.knock(2, "9", 2, vec![], 100), Some(Ok(vec![1])));
    host.input(Input::KnockLost { signals: vec![envelope("7", 1, 1, offer(1))] });
    host.input(Input::KnockLost { signals: vec![envelope("7", 9, 7, offer(7))] });
    assert_eq!(host.knock(3, "9", 2, vec![], 100), Some(Ok(vec![1])), "but for another life's");
    host.enter(2, "9", 2, vec![]);
    host.come_in(2);
    host.input(Input::KnockLost { signals: vec![envelope("7", 1, 1, offer(1))] });
    assert_eq!(host.relayed(2), [1], "who is there by now gets it at once");
}

#[test]
fn a_knock_that_no_socket_follows_runs_out_like_a_socket_that_broke() {
    let mut host = with_offerer();
    assert_eq!(host.knock(1, "9", 2, vec![], 0), Some(Ok(vec![])));
    host.fire(Timer::Away(user("9")));
    assert!(matches!(&host.sent(1)[..], [ServerEvent::Peer(peer)] if peer.presence == Presence::Absent && !peer.left));
    assert_eq!(host.timer(&Timer::Seat(user("9"))), Some(52_000));
    assert_eq!(host.knock(2, "9", 2, vec![], 0), Some(Ok(vec![])));
    assert!(host.cleared(Timer::Seat(user("9"))));
    host.fire(Timer::Away(user("9")));
    host.fire(Timer::Seat(user("9")));
    assert_eq!(host.room.seats(), 1);
}

#[test]
fn a_newer_instance_takes_a_seat_over_that_nobody_sits_on_and_a_former_one_stays_out() {
    let mut host = with_offerer();
    assert_eq!(host.knock(1, "7", 2, vec![], 100), Some(Err(Code::Busy)), "it may be a late word of an older page");
    assert!(host.sent(1).is_empty() && !host.hung_up(1));
    host.room.handle(Input::Closed { socket: SocketId(1) });
    assert_eq!(host.knock(2, "7", 2, vec![], 100), None);
    assert_eq!(host.knock(3, "7", 1, vec![], 100), Some(Err(Code::OpenedElsewhere)));
    assert_eq!(host.knock(4, "7", 3, vec![], 100), Some(Err(Code::Busy)), "whose socket is on its way");
    assert_eq!(host.answered(2), None, "which harms the one that waits in nothing");
    host.enter(2, "7", 4, vec![]);
    assert_eq!(host.answered(2), Some(Err(Code::OpenedElsewhere)), "a handshake takes over");
    assert_eq!(host.knock(5, "9", 1, vec![], 0), Some(Ok(vec![])));
    assert_eq!(host.knock(6, "8", 1, vec![], 0), Some(Err(Code::SessionFull)));
}

#[test]
fn a_socket_of_the_same_instance_is_left_alone() {
    let mut host = with_offerer();
    host.join(2, "9", 2).unwrap();
    host.signal(2, envelope("9", 2, 1, SignalBody::End)).unwrap();
    let late = vec![envelope("9", 2, 1, SignalBody::End)];
    assert_eq!(host.knock(1, "9", 2, late, 100), None);
    assert_eq!((host.hung_up(2), host.relayed(1)), (false, vec![1]));
    let peer = |event: &ServerEvent| matches!(event, ServerEvent::Peer(_));
    assert!(!host.sent(1).iter().any(peer), "and nothing has changed: {:?}", host.done);
    assert_eq!(host.timer(&Timer::Away(user("9"))), None);
    assert_eq!(host.signal(1, envelope("7", 1, 1, offer(1))), Ok(Outcome::Delivered));
    assert_eq!((host.relayed(2), host.answered(1)), (vec![1], Some(Ok(vec![1]))), "it may be dead: both get it");
    host.input(Input::Closed { socket: SocketId(2) });
    host.enter(3, "9", 2, vec![]);
    assert_eq!(host.knock(2, "9", 2, vec![], 0), Some(Ok(vec![])));
    assert_eq!((host.refused(3), host.hung_up(3)), (None, false));
    assert!(matches!(&host.sent(1)[..], [ServerEvent::Peer(peer)] if peer.presence == Presence::Present));
    host.come_in(3);
}

#[test]
fn a_knock_waits_at_the_door_until_the_store_has_said_who_may_enter() {
    let asks = |host: &Host| {
        let asked = |output: &Output| matches!(output, Output::Store(StoreRequest::ReadAdmission { .. }));
        host.done.iter().filter(|output| asked(output)).count()
    };
    let mut host = Host::new();
    let issued = |at| Grant { issued_at: Some(at), ..grant(3_600_000) };
    assert_eq!(host.knock_by(1, handshake("7", 1, vec![]), issued(99), 0), None);
    assert_eq!((asks(&host), host.room.is_empty()), (1, false));
    assert_eq!(host.knock_by(2, handshake("9", 2, vec![]), issued(99), 0), None);
    assert_eq!(asks(&host), 0, "once");
    assert_eq!(host.knock(3, "8", 3, vec![], 0), None);
    assert_eq!(host.room.seats(), 0);
    host.input(Input::KnockGone { knock: KnockId(3) });
    let revoked = Admission { revoked: [(Some(user("7")), 100)].into(), ..Admission::default() };
    host.input(Input::AdmissionRead { knock: KnockId(9), admission: Ok(revoked.clone()) });
    assert_eq!(host.done, [], "what a former room asked for says nothing");
    host.input(Input::AdmissionRead { knock: KnockId(1), admission: Ok(revoked) });
    assert_eq!([host.answered(1), host.answered(2)], [Some(Err(Code::Unauthorized)), Some(Ok(vec![]))]);
    assert_eq!((host.answered(3), host.room.seats()), (None, 1));
    assert_eq!(host.knock_by(4, handshake("7", 1, vec![]), issued(101), 0), Some(Ok(vec![])));
}

#[test]
fn a_knock_learns_by_the_page_of_a_socket_too() {
    let mut host = Host::new();
    host.enter(1, "7", 1, vec![]);
    assert_eq!(host.knock(1, "7", 1, vec![], 100), None);
    assert_eq!(host.knock(2, "9", 2, vec![], 0), None);
    assert_eq!(host.done, [], "the page is on its way");
    let welcome = host.come_in(1);
    assert_eq!(welcome.peer.map(|peer| peer.user_id), Some(user("9")));
    assert_eq!(host.answered(1), Some(Ok(vec![])));
}

#[test]
fn a_store_that_fails_keeps_no_knock_waiting() {
    let mut host = Host::new();
    assert_eq!(host.knock(1, "7", 1, vec![], 100), None);
    host.enter(1, "7", 1, vec![]);
    host.enter(2, "9", 2, vec![]);
    host.input(Input::AdmissionRead { knock: KnockId(1), admission: Err(StoreError::Busy) });
    assert_eq!((host.answered(1), host.refused(1), host.refused(2)), (Some(Err(Code::Busy)), None, None));
    assert_eq!(host.knock(2, "9", 2, vec![], 100), None);
    host.input(Input::PageRead { socket: SocketId(1), page: Err(StoreError::Busy) });
    assert_eq!((host.answered(2), host.refused(2)), (Some(Err(Code::Busy)), Some(Code::Busy)));
}

#[test]
fn whoever_has_no_right_to_be_there_is_told_so_by_the_knock_that_waits() {
    let mut host = with_offerer();
    assert_eq!(host.knock(1, "9", 2, vec![], 100), None);
    host.input(Input::Revoke { user: Some(user("9")), at: 100 });
    assert!(
        matches!(host.knocked(1), Some(Err(refusal)) if refusal.code == Code::Unauthorized && refusal.after_ms.is_some())
    );
    assert_eq!(host.room.seats(), 1);
    let naming = Grant { participants: Some([user("7"), user("9")]), ..grant(3_600_000) };
    assert_eq!(host.knock(2, "8", 3, vec![], 100), None);
    let pinning = Grant { issued_at: Some(101), ..naming };
    assert_eq!(host.knock_by(3, handshake("9", 2, vec![]), pinning, 100), None);
    assert_eq!(host.answered(2), Some(Err(Code::Unauthorized)), "the session is for two others");
    host.input(Input::Restarting { after_ms: 300 });
    assert!(
        matches!(host.knocked(3), Some(Err(refusal)) if refusal.code == Code::Restarting && refusal.after_ms == Some(300))
    );
}

#[test]
fn signals_of_a_knock_have_the_limits_of_a_handshake() {
    let mut host = with_offerer();
    let large = SignalBody::Offer { sdp: "x".repeat(MAX_SIGNAL_BYTES) };
    let mut signals = vec![envelope("9", 2, 1, large), envelope("9", 3, 1, SignalBody::End)];
    signals.extend((0..100).map(|n| numbered(n, envelope("9", 2, 1, SignalBody::End))));
    assert_eq!(host.knock(1, "9", 2, signals, 0), Some(Ok(vec![])));
    assert_eq!(host.relayed(1).len(), 62);
    let refused = host.notes().into_iter().filter(|note| matches!(note, Note::SignalRefused { .. })).count();
    assert_eq!(refused, 40);
}
