//! What tokens grant: for how long, to whom, and until they are revoked.

use pairvoice_wire::{Refusal, TokenRenewal};

use super::*;
use crate::StoreError;

fn noticed(host: &Host, socket: u64) -> Vec<(Code, Option<u32>)> {
    let notice = |event: &ServerEvent| match event {
        ServerEvent::Notice(notice) => Some((notice.code.clone(), notice.after_ms)),
        _ => None,
    };
    host.sent(socket).iter().filter_map(notice).collect()
}

fn timer(host: &Host) -> Option<u64> {
    let token = |output: &Output| match output {
        Output::SetTimer { timer: Timer::Token(_), after } => Some(*after),
        _ => None,
    };
    host.done.iter().find_map(token)
}

#[test]
fn a_token_that_runs_out_is_asked_for_anew_and_its_owner_let_go_without_another_one() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    assert_eq!(timer(&host), Some(3_540_000));
    host.join(2, "9", 2).unwrap();
    host.input(Input::TimerFired { timer: Timer::Token(user("7")) });
    assert_eq!(noticed(&host, 1), [(Code::TokenExpiring, Some(60_000))]);
    assert_eq!(timer(&host), Some(60_000));
    host.input(Input::TimerFired { timer: Timer::Token(user("7")) });
    assert_eq!(noticed(&host, 1), [(Code::Unauthorized, None)]);
    assert!(host.hung_up(1));
    assert!(matches!(&host.sent(2)[..], [ServerEvent::Peer(peer)] if peer.presence == Presence::Away && !peer.left));
    assert_eq!(host.room.seats(), 2, "the seat runs as for any socket that broke");
    host.input(Input::TimerFired { timer: Timer::Token(user("7")) });
    assert_eq!(host.done, [], "there is no socket any more");
}

#[test]
fn a_token_that_is_renewed_lasts_anew_and_a_refused_one_changes_nothing() {
    let mut host = Host::new();
    host.join(1, "7", 1).unwrap();
    host.input(Input::TimerFired { timer: Timer::Token(user("7")) });
    let renew = |host: &mut Host, grant| {
        host.input(Input::Renewed { socket: SocketId(1), request: RequestId(1), grant });
        host.done.iter().find_map(|o| if let Output::Acknowledge { answer, .. } = o { Some(answer.ok) } else { None })
    };
    assert_eq!(renew(&mut host, Err(Refusal::new(Code::Unauthorized, "expired"))), Some(false));
    assert_eq!((timer(&host), host.hung_up(1)), (None, false));
    assert_eq!(renew(&mut host, Ok(grant(600_000))), Some(true));
    assert_eq!(timer(&host), Some(540_000));
    host.input(Input::TimerFired { timer: Timer::Token(user("7")) });
    assert_eq!(noticed(&host, 1), [(Code::TokenExpiring, Some(60_000))]);
    let unverified = ClientEvent::Token(TokenRenewal { token: String::new() });
    assert_eq!(host.event(1, unverified).error.unwrap().code, Code::BadRequest);
}

fn two(names: [&str; 2]) -> [UserId; 2] {
    names.map(user)
}

fn naming(names: [&str; 2]) -> Grant {
    Grant { participants: Some(two(names)), ..grant(3_600_000) }
}

fn issued(at: u64) -> Grant {
    Grant { issued_at: Some(at), ..grant(3_600_000) }
}

fn pins(host: &Host) -> usize {
    host.done.iter().filter(|o| matches!(o, Output::Store(StoreRequest::Pin { .. }))).count()
}

impl Host {
    fn join_by(&mut self, socket: u64, who: &str, grant: Grant) -> Result<(), Code> {
        self.enter_by(socket, who, u8::try_from(socket).unwrap(), vec![], grant);
        self.let_in(socket, Admission::default())
    }

    fn let_in(&mut self, socket: u64, admission: Admission) -> Result<(), Code> {
        if let Some(code) = self.refused(socket) {
            return Err(code);
        }
        self.input(Input::PageRead { socket: SocketId(socket), page: Ok((page(0), admission)) });
        if let Some(code) = self.refused(socket) {
            return Err(code);
        }
        self.input(Input::Connected { socket: SocketId(socket), ice: IceServers::default() });
        Ok(())
    }
}

#[test]
fn the_first_token_that_names_two_users_pins_the_session_and_whoever_else_is_there_is_let_go() {
    let mut host = Host::new();
    host.join_by(1, "7", grant(3_600_000)).unwrap();
    host.join_by(2, "8", grant(3_600_000)).unwrap();
    host.enter_by(3, "9", 3, vec![], naming(["7", "9"]));
    assert_eq!(pins(&host), 1);
    assert_eq!(noticed(&host, 2), [(Code::Unauthorized, None)]);
    assert!(host.hung_up(2) && !host.hung_up(1));
    assert_eq!(host.let_in(3, Admission::default()), Ok(()), "there is a seat for who is named");
    assert_eq!(host.join_by(4, "8", naming(["7", "8"])), Err(Code::Unauthorized), "whatever the token says");
    assert_eq!(host.join_by(5, "7", naming(["7", "8"])), Ok(()), "one of the two remains one of the two");
}

#[test]
fn a_pin_of_the_store_holds_from_the_first_socket_on_and_is_not_written_again() {
    let mut host = Host::new();
    let pinned = || Admission { participants: Some(two(["7", "9"])), ..Admission::default() };
    host.enter_by(1, "8", 1, vec![], naming(["7", "8"]));
    assert_eq!(host.let_in(1, pinned()), Err(Code::Unauthorized));
    assert!(host.room.is_empty());
    host.enter_by(2, "7", 2, vec![], naming(["7", "8"]));
    host.input(Input::PageRead { socket: SocketId(2), page: Ok((page(0), pinned())) });
    assert_eq!(pins(&host), 0);
    host.input(Input::Connected { socket: SocketId(2), ice: IceServers::default() });
    let [ServerEvent::Welcome(welcome)] = &host.sent(2)[..] else { panic!("{:?}", host.done) };
    assert_eq!(welcome.peer.as_ref().unwrap().user_id, user("9"), "the pin names the other");
}

#[test]
fn a_pin_that_a_former_room_asked_for_puts_out_whoever_it_does_not_name() {
    let mut host = Host::new();
    host.join_by(1, "8", grant(3_600_000)).unwrap();
    host.enter_by(2, "7", 2, vec![], grant(3_600_000));
    let pinned = Admission { participants: Some(two(["7", "9"])), ..Admission::default() };
    host.input(Input::PageRead { socket: SocketId(2), page: Ok((page(0), pinned)) });
    assert_eq!(noticed(&host, 1), [(Code::Unauthorized, None)]);
    assert!(host.hung_up(1) && host.done.contains(&Output::Admit { socket: SocketId(2) }), "{:?}", host.done);
    host.input(Input::Connected { socket: SocketId(2), ice: IceServers::default() });
    assert_eq!(host.join_by(3, "9", grant(3_600_000)), Ok(()), "there is a seat for who is named");
}

#[test]
fn a_pin_that_could_not_be_written_is_written_with_the_next_socket() {
    let mut host = Host::new();
    host.join_by(1, "7", naming(["7", "9"])).unwrap();
    host.input(Input::Pinned { participants: Err(StoreError::Full) });
    host.enter_by(2, "9", 2, vec![], grant(3_600_000));
    assert_eq!(pins(&host), 1);
    host.input(Input::Pinned { participants: Ok(two(["7", "9"])) });
    host.enter_by(3, "9", 2, vec![], grant(3_600_000));
    assert_eq!(pins(&host), 0);
}

#[test]
fn who_comes_before_the_store_has_answered_harms_nobody() {
    let mut host = Host::new();
    host.enter_by(1, "7", 1, vec![], issued(101));
    host.enter_by(2, "7", 2, vec![], issued(99));
    assert_eq!(host.done, [], "a token that may be void takes no seat over");
    host.enter_by(3, "9", 3, vec![], issued(101));
    host.input(Input::Closed { socket: SocketId(3) });
    let revoked = Admission { revoked: [(Some(user("7")), 100)].into(), ..Admission::default() };
    host.input(Input::PageRead { socket: SocketId(1), page: Ok((page(0), revoked)) });
    assert!(host.done.contains(&Output::Admit { socket: SocketId(1) }));
    assert_eq!(host.refused(2), Some(Code::Unauthorized));
    assert_eq!(host.room.seats(), 1, "a socket that is gone asks for nothing");
}

#[test]
fn a_store_that_does_not_answer_keeps_nobody_waiting() {
    for times_out in [false, true] {
        let mut host = Host::new();
        host.enter_by(1, "7", 1, vec![], grant(3_600_000));
        host.enter_by(2, "9", 2, vec![], grant(3_600_000));
        if times_out {
            host.input(Input::TimerFired { timer: Timer::Seat(user("7")) });
        } else {
            host.input(Input::PageRead { socket: SocketId(1), page: Err(StoreError::Busy) });
        }
        assert_eq!([host.refused(1), host.refused(2)], [Some(Code::Busy), Some(Code::Busy)]);
    }
}

#[test]
fn revoked_tokens_end_at_once_and_later_ones_are_good() {
    let mut host = Host::new();
    host.join_by(1, "7", issued(90)).unwrap();
    host.join_by(2, "9", issued(90)).unwrap();
    host.input(Input::Revoke { user: Some(user("9")), at: 100 });
    assert_eq!(noticed(&host, 2), [(Code::Unauthorized, Some(2_000))]);
    assert!(host.hung_up(2) && !host.hung_up(1));
    assert!(matches!(&host.sent(1)[..], [ServerEvent::Peer(peer)] if peer.left));
    assert_eq!(host.room.seats(), 1);
    for old in [issued(90), issued(100), grant(3_600_000)] {
        assert_eq!(host.join_by(3, "9", old), Err(Code::Unauthorized));
    }
    assert_eq!(host.join_by(4, "9", issued(101)), Ok(()));
    let request = RequestId(1);
    host.input(Input::Renewed { socket: SocketId(4), request, grant: Ok(issued(100)) });
    assert!(matches!(&host.done[..], [Output::Acknowledge { answer, .. }] if !answer.ok), "{:?}", host.done);
    host.input(Input::Revoke { user: None, at: 200 });
    assert!(host.hung_up(1) && host.hung_up(4) && host.room.is_empty());
    assert_eq!(host.join_by(5, "7", issued(200)), Err(Code::Unauthorized));
    assert_eq!(host.join_by(6, "7", issued(201)), Ok(()));
}

#[test]
fn the_other_is_told_what_the_newest_token_calls_somebody() {
    let mut host = Host::new();
    let called = |name: &str| Grant { name: DisplayName::new(name), ..grant(3_600_000) };
    host.join_by(1, "7", called("Ada")).unwrap();
    host.join_by(2, "9", grant(3_600_000)).unwrap();
    let [ServerEvent::Welcome(welcome)] = &host.sent(2)[..] else { panic!("{:?}", host.done) };
    assert_eq!(welcome.peer.as_ref().unwrap().name.get(), Some("Ada"));
    let told = |host: &Host, socket| {
        let peers = host.sent(socket).into_iter().filter_map(|event| match event {
            ServerEvent::Peer(peer) => Some(peer.name.get().map(str::to_owned)),
            _ => None,
        });
        peers.collect::<Vec<_>>()
    };
    assert_eq!(told(&host, 1), [None], "whose token has no name has none");
    for (name, expected) in [("Grace", vec![Some("Grace".to_owned())]), ("Grace", vec![]), ("", vec![None])] {
        host.input(Input::Renewed { socket: SocketId(1), request: RequestId(1), grant: Ok(called(name)) });
        assert_eq!(told(&host, 2), expected, "{name:?}");
    }
}
