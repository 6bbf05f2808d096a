//! How much there may be, and what nobody expects.

use proptest::prelude::*;

use super::*;

#[test]
fn quotas_are_for_each_user_each_address_and_all() {
    let mut world = World::with(Limits { of_user: 2, of_address: 3, allocations: 4, ..Limits::default() });
    let codes: Vec<u16> = (0..3).map(|port| world.try_allocate(&client(port, "s", "7"))).collect();
    assert_eq!(codes, [0, 0, 486]);
    assert_eq!([world.try_allocate(&client(4, "s", "9")), world.try_allocate(&client(5, "t", "9"))], [0, 508]);
    let elsewhere = |port| {
        let path = Path { client: SocketAddr::new([192, 0, 2, 8].into(), port), transport: Transport::Udp };
        Client { path, ..client(port, "u", "9") }
    };
    assert_eq!([world.try_allocate(&elsewhere(1)), world.try_allocate(&elsewhere(2))], [0, 508]);
    assert_eq!(
        [world.count(Counter::UserQuota), world.count(Counter::AddressQuota), world.count(Counter::Full)],
        [1, 1, 1]
    );
    world.relay.closed(client(0, "s", "7").path);
    assert_eq!(world.try_allocate(&elsewhere(2)), 0, "a place that is free is given again");
}

#[test]
fn an_allocation_sends_no_more_than_it_may_and_strangers_get_no_more_answers_than_they_may() {
    let mut world = World::with(Limits { bytes_a_second: 1_000, burst_bytes: 10_000, ..Limits::default() });
    let [(low, _), (high, at_high)] = world.pair();
    let sent = (0..100).filter(|_| world.say(&low, at_high, &[0; 500]) == Some(high.path)).count();
    assert!((15..20).contains(&sent), "{sent}");
    let mut question = Vec::new();
    Writer::new(&mut question, Class::Request, Method::Allocate, &TRANSACTION).fingerprint();
    let stranger = client(99, "s", "7");
    let answered = (0..10_000).filter(|_| world.send(&stranger, &question).is_some()).count();
    assert!(answered <= 400, "{answered}");
}

#[test]
fn what_a_user_left_behind_makes_room_and_what_is_in_use_does_not() {
    let mut world = World::with(Limits { of_user: 2, ..Limits::default() });
    let [(low, at_low), (high, at_high)] = world.pair();
    world.allocate(&client(11, "s", "7"));
    world.later(10);
    assert_eq!(world.say(&low, at_high, b"x"), Some(high.path));
    assert_eq!(world.try_allocate(&client(12, "s", "7")), 0);
    assert!(world.relay.serves(low.path) && !world.relay.serves(client(11, "s", "7").path));
    assert_eq!(world.try_allocate(&client(13, "s", "7")), 486);
    assert_eq!(world.say(&high, at_low, b"x"), Some(low.path));
}

#[test]
fn made_up_senders_of_datagrams_take_nothing_from_streams() {
    let mut world = World::new();
    let mut question = Vec::new();
    Writer::new(&mut question, Class::Request, Method::Allocate, &TRANSACTION).fingerprint();
    let stranger = client(99, "s", "7");
    while world.send(&stranger, &question).is_some() {}
    let stream = Client { path: Path { transport: Transport::Stream(1), ..stranger.path }, ..stranger };
    assert_eq!(world.try_allocate(&stream), 0);
}

#[test]
fn what_was_revoked_ends() {
    let mut world = World::new();
    let [(low, _), (high, _)] = world.pair();
    world.allocate(&client(5, "t", "7"));
    world.relay.revoke(&low.credentials.username, false);
    assert_eq!(
        [world.try_allocate(&low), world.try_allocate(&client(6, "s", "9"))],
        [401, 0],
        "void for one of the two"
    );
    let later = Client { credentials: secret().credentials("s", "7", NOW_S + 3_601), ..client(7, "s", "7") };
    assert_eq!(world.try_allocate(&later), 0, "by a newer token");
    world.relay.closed(later.path);
    assert!(!world.relay.serves(low.path) && world.relay.serves(high.path));
    world.relay.revoke(&low.credentials.username, true);
    assert_eq!(world.relay.allocations(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_it_panic_and_an_answer_is_a_message(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..10),
        kinds in prop::collection::vec((0_u16..0x120, prop::collection::vec((0_u16..0x30, prop::collection::vec(any::<u8>(), 0..24)), 0..6)), 0..10),
    ) {
        let mut world = World::new();
        let [(low, _), _] = world.pair();
        for datagram in &datagrams {
            world.send(&low, datagram);
        }
        for (kind, attributes) in &kinds {
            let mut bytes = Vec::new();
            let mut writer = Writer::new(&mut bytes, Class::Request, Method::Allocate, &TRANSACTION);
            for (kind, value) in attributes {
                writer.add(*kind, value);
            }
            writer.fingerprint();
            bytes[..2].copy_from_slice(&kind.to_be_bytes());
            let sent = world.send(&low, &bytes);
            prop_assert!(sent.is_none() || Message::read(&world.out).is_some());
        }
        prop_assert_eq!(world.relay.allocations(), 2);
    }
}
