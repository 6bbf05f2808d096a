//! Whatever happens in whatever order: once the network is well again, the two are linked and their chats are equal.

use pairvoice_core::wire::VoiceState;
use pairvoice_core::{Input, LinkState, Timer};
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
    Relocate(usize, &'static str),
    Reload(usize),
    TakeOver(usize),
    SayElsewhere(usize),
    MarkRead(usize),
    LoadEarlier(usize),
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
        3 => Just(Step::Fail),
        4 => side().prop_map(Step::Say),
        1 => side().prop_map(Step::CutSocket),
        1 => Just(Step::StopServer),
        2 => Just(Step::StartServer),
        1 => Just(Step::CutMedia),
        2 => Just(Step::MendMedia),
        1 => (side(), proptest::sample::select(&["192.0.2.1", "192.0.2.2", "192.0.2.3"][..]))
            .prop_map(|(who, address)| Step::Relocate(who, address)),
        1 => side().prop_map(Step::Reload),
        1 => side().prop_map(Step::TakeOver),
        1 => side().prop_map(Step::SayElsewhere),
        1 => side().prop_map(Step::MarkRead),
        1 => side().prop_map(Step::LoadEarlier),
        1 => side().prop_map(Step::StopVoice),
        2 => side().prop_map(Step::StartVoice),
        1 => side().prop_map(Step::Retry),
        6 => (side(), proptest::sample::select(&Timer::ALL[..7])).prop_map(|(who, timer)| Step::Fire(who, timer)),
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
        Step::Relocate(who, address) => world.relocate(who, address),
        Step::Reload(who) => {
            world.reload(who);
            world.input(who, Input::StartVoice);
        }
        Step::TakeOver(who) => {
            world.take_over(who);
            world.input(who, Input::StartVoice);
        }
        Step::SayElsewhere(who) => world.say_elsewhere(who),
        Step::MarkRead(who) => world.input(who, Input::MarkRead),
        Step::LoadEarlier(who) => world.input(who, Input::LoadEarlier),
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
            world.input(who, Input::NetworkChanged);
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
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), ..ProptestConfig::default() })]

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
        for who in 0..2 {
            prop_assert_eq!(world.open(who), 1, "one connection is left");
            prop_assert_eq!(world.sides[who].plays, world.linked().map(|ids| ids[who]), "and it is what is played");
        }
        // Every page is loaded, so that the whole lists can be compared.
        for who in 0..2 {
            while world.sides[who].session.chat().has_more() {
                world.input(who, Input::LoadEarlier);
                world.settle();
            }
        }
        let list = |who: usize| -> Vec<_> {
            world.sides[who].session.chat().messages().iter().map(|m| (m.seq, m.id.clone(), m.text.clone())).collect()
        };
        prop_assert_eq!(list(0), list(1));
        let logged: Vec<_> = world.server.log.iter().map(|m| (Some(m.seq), m.id.clone(), m.text.clone())).collect();
        prop_assert_eq!(list(0), logged, "nothing is shown that is not durable, and nothing durable is hidden");
        // Everything that was ever sent is there once; what one page wrote is in its order.
        for side in &world.sides {
            let mut written = world.server.log.iter().filter(|m| m.sender == side.user).map(|m| &m.id);
            let mut here = world.sent.iter().filter(|s| s.user == side.user && !s.elsewhere).map(|s| &s.id).peekable();
            prop_assert!(side.session.chat().unsent() == 0 && side.store.as_ref().is_some_and(Vec::is_empty));
            for id in written.by_ref() {
                here.next_if_eq(&id);
            }
            prop_assert_eq!(here.next(), None, "lost or out of order");
            let mut once = side.told.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), side.told.len(), "an app was told twice of one message");
        }
        for sent in &world.sent {
            let copies = world.server.log.iter().filter(|m| m.sender == sent.user && m.id == sent.id).count();
            prop_assert_eq!(copies, 1, "{} is there {} times", sent.id, copies);
        }
        // Nobody but the smaller ID offers.
        let answerer = usize::from(!swap);
        prop_assert_eq!(world.sides[answerer].offers, 0);
    }
}
