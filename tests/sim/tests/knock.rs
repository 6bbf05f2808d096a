//! Knocks: what a page asks the server by HTTP, beside its socket.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test ends where it is wrong")]

use pairvoice_room::KnockId;
use pairvoice_sim::{Network, World};
use pairvoice_wire::{Code, Envelope, Handshake, Knocked, Presence, SignalBody, UserId};

fn slow() -> World {
    World::seeded(0, ["7", "9"], Network { delay: 100, ..Network::default() })
}

/// What a knock was answered.
fn answer(world: &World, who: usize, knock: KnockId) -> Option<Result<Knocked, Code>> {
    let answer = world.sides[who].knocked.iter().find(|(id, _)| *id == knock)?.1.clone();
    Some(answer.unwrap().map(|knocked| *knocked).map_err(|refusal| refusal.code))
}

/// A first word that brings an offer.
fn offering(world: &World) -> Handshake {
    let said = world.sides[0].first_word(world.now);
    let offer = Envelope {
        session: said.session_id.clone(),
        user: said.user_id.clone(),
        instance: said.instance.clone(),
        to: None,
        attempt: 1,
        generation: 0,
        sequence: 1,
        body: SignalBody::Offer { sdp: "offer".into() },
    };
    Handshake { signals: vec![offer], ..said }
}

#[test]
fn an_offer_waits_and_comes_with_the_answer_in_one_round_trip() {
    let mut world = slow();
    let knock = world.knock(0, offering(&world), 0);
    world.run(205);
    assert_eq!(answer(&world, 0, knock).unwrap().unwrap().peer, None);
    let said = world.sides[1].first_word(world.now);
    let knock = world.knock(1, said, 0);
    world.run(200);
    let knocked = answer(&world, 1, knock).unwrap().unwrap();
    assert_eq!(knocked.peer.map(|peer| peer.presence), Some(Presence::Present), "whose socket is not there yet");
    assert_eq!(knocked.signals.len(), 1);
}

#[test]
fn a_knock_waits_for_an_offer_and_no_longer_than_it_says() {
    let mut world = slow();
    let said = world.sides[1].first_word(world.now);
    let knock = world.knock(1, said, 5_000);
    world.run(150);
    world.knock(0, offering(&world), 0);
    world.run(200);
    assert_eq!(answer(&world, 1, knock).unwrap().unwrap().signals.len(), 1);
    let (mut world, other) = (slow(), UserId::parse("8").unwrap());
    let waiting = |world: &World| Handshake { user_id: other.clone(), ..world.sides[0].first_word(world.now) };
    let knock = world.knock(0, waiting(&world), 100);
    world.run(300);
    assert_eq!(answer(&world, 0, knock), None);
    world.run(5);
    assert_eq!(answer(&world, 0, knock).unwrap().unwrap().signals, []);
}

#[test]
fn a_third_user_is_refused_and_a_call_is_not_disturbed() {
    let mut world = World::call();
    let said = world.sides[0].first_word(world.now);
    let third = Handshake { user_id: UserId::parse("8").unwrap(), ..said.clone() };
    let refused = world.knock(0, third, 0);
    let late = world.knock(0, said, 0);
    let checking = Handshake { check: true, ..world.sides[1].first_word(world.now) };
    let check = world.knock(1, checking, 0);
    world.run(100);
    assert_eq!(answer(&world, 0, refused), Some(Err(Code::SessionFull)));
    assert_eq!(answer(&world, 0, late).unwrap().unwrap().peer.unwrap().welcomes, 1);
    assert_eq!(answer(&world, 1, check).unwrap().unwrap().peer, None);
    world.run(10_000);
    assert!(world.is_up());
    world.sides[0].works.link = false;
    let said = world.sides[0].first_word(world.now);
    let lost = world.knock(0, said, 0);
    world.run(100);
    assert_eq!(world.sides[0].knocked.last().unwrap(), &(lost, None));
}
