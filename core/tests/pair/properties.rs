//! Whatever happens in whatever order: once the network is well again, the two are linked and their chats are equal.

use pairvoice_core::wire::VoiceState;
use pairvoice_core::{Delivery, Input, LinkState, Timer};
use proptest::prelude::*;

use crate::world::World;

#[derive(Debug, Clone)]
enum Step {
    Arrive(usize),
    Repeat(usize),
    Connect,
    Fail,
    Say(usize),
    CutSocket(usize),
    StopServer,
    StartServer,
    CutMedia,
    MendMedia,
    Reload(usize),
    StopVoice(usize),
    StartVoice(usize),
    Retry(usize),
    Fire(usize, Timer),
    Expire,
    Nonsense(usize),
}

fn side() -> impl Strategy<Value = usize> {
    0..2_usize
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => any::<usize>().prop_map(Step::Arrive),
        2 => any::<usize>().prop_map(Step::Repeat),
        4 => Just(Step::Connect),
        1 => Just(Step::Fail),
        4 => side().prop_map(Step::Say),
        1 => side().prop_map(Step::CutSocket),
        1 => Just(Step::StopServer),
        2 => Just(Step::StartServer),
        1 => Just(Step::CutMedia),
        2 => Just(Step::MendMedia),
        1 => side().prop_map(Step::Reload),
        1 => side().prop_map(Step::StopVoice),
        2 => side().prop_map(Step::StartVoice),
        1 => side().prop_map(Step::Retry),
        3 => (side(), proptest::sample::select(&Timer::ALL[..4])).prop_map(|(who, timer)| Step::Fire(who, timer)),
        1 => Just(Step::Expire),
        1 => side().prop_map(Step::Nonsense),
    ]
}

fn perform(world: &mut World, step: Step) {
    match step {
        Step::Arrive(nth) if world.pending() > 0 => {
            let nth = world.first_of_channel(nth);
            world.arrive(nth);
        }
        Step::Arrive(_) => {}
        Step::Repeat(nth) => world.repeat(nth),
        Step::Connect => world.connect_media(),
        Step::Fail => world.fail_media(),
        Step::Say(who) => world.say(who),
        Step::CutSocket(who) => world.cut_socket(who),
        Step::StopServer => world.stop_server(),
        Step::StartServer => world.server_up = true,
        Step::CutMedia => world.media_up = false,
        Step::MendMedia => world.media_up = true,
        Step::Reload(who) => {
            // A reload loses what only this page had; keeping it is the persistent outbox's matter.
            let user = world.sides[who].user.clone();
            let unsent: Vec<_> = world.sides[who]
                .session
                .chat()
                .messages()
                .iter()
                .filter(|m| m.status == Delivery::Sending)
                .map(|m| m.id.clone())
                .collect();
            world.reload(who);
            world.sent.retain(|(sender, id)| *sender != user || !unsent.contains(id));
            world.input(who, Input::StartVoice);
        }
        Step::StopVoice(who) => world.input(who, Input::StopVoice),
        Step::StartVoice(who) => world.input(who, Input::StartVoice),
        Step::Retry(who) => world.input(who, Input::RetryVoice),
        Step::Fire(who, timer) => world.fire(who, timer),
        Step::Expire => world.expire(),
        Step::Nonsense(who) => {
            world.input(who, Input::TimerFired { timer: Timer::Leave, late: 5_000 });
            let id = pairvoice_core::OpId(9_999);
            let event = pairvoice_core::ConnectionEvent::Link(LinkState::Failed);
            world.input(who, Input::Connection { id, event });
            world.input(who, Input::PageShown);
            world.input(who, Input::Online);
        }
    }
}

fn run(names: [&str; 2], steps: Vec<Step>) -> World {
    let mut world = World::new(names[0], names[1]);
    world.start_voice();
    for step in steps {
        perform(&mut world, step);
    }
    world
}

/// The network is well, both want voice, and somebody asks for another try if it was given up.
fn heal(world: &mut World) {
    world.server_up = true;
    world.media_up = true;
    world.start_voice();
    world.settle();
    for _ in 0..6 {
        if (0..2).all(|who| world.voice(who) == VoiceState::Connected) {
            break;
        }
        for who in 0..2 {
            world.fire(who, Timer::Connect);
            if world.voice(who) == VoiceState::Unavailable {
                world.input(who, Input::RetryVoice);
            }
        }
        world.settle();
    }
    world.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_both_are_linked_and_their_chats_are_equal(
        steps in proptest::collection::vec(step(), 0..120),
        swap in any::<bool>(),
    ) {
        let names = if swap { ["9", "7"] } else { ["7", "9"] };
        let mut world = run(names, steps);
        heal(&mut world);
        prop_assert_eq!([world.voice(0), world.voice(1)], [VoiceState::Connected; 2]);
        prop_assert!(world.linked().is_some());
        let texts = |who: usize| -> Vec<_> {
            world.sides[who].session.chat().messages().iter().map(|m| (m.seq, m.id.clone())).collect()
        };
        prop_assert_eq!(texts(0), texts(1));
        // Everything acknowledged or still in a page is there once, each author's in order.
        for side in &world.sides {
            let logged: Vec<_> =
                world.server.log.iter().filter(|m| m.sender == side.user).map(|m| m.id.clone()).collect();
            let mut sorted = logged.clone();
            sorted.sort();
            sorted.dedup();
            prop_assert_eq!(&sorted, &logged, "once and in order");
            for (sender, id) in &world.sent {
                prop_assert!(sender != &side.user || logged.contains(id), "lost: {id}");
            }
        }
        // Nobody but the smaller ID offers.
        let answerer = usize::from(!swap);
        prop_assert_eq!(world.sides[answerer].offers, 0);
    }
}
