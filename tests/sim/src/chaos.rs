//! Whatever happens, at whatever moment: drawn from a seed.

use pairvoice_core::{Ahead, ConnectionEvent, Input, LinkState, OpId, SessionState, SocketEvent, Timer};

use crate::chance::Chance;
use crate::network::Network;
use crate::side::Browser;
use crate::token::Tokens;
use crate::world::World;
use crate::{invariants, side};

/// Addresses that a host may get.
const ADDRESSES: [&str; 3] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];

/// Runs a seed: so many steps at random moments, then the network heals and everything is checked.
///
/// # Panics
/// When an invariant does not hold.
pub fn run(seed: u64) {
    let mut chance = Chance::new(seed ^ 0x5eed);
    let network = Network {
        delay: chance.below(150),
        jitter: chance.below(80),
        loss: [0, 0, 50, 300][usize::try_from(chance.below(4)).unwrap()],
        repeats: [0, 0, 20][usize::try_from(chance.below(3)).unwrap()],
        multicast: chance.per_mille(500),
        relayed: chance.per_mille(300),
        knocks: chance.per_mille(700),
        ice_lifetime: [None, Some(20)][usize::from(chance.per_mille(300))],
    };
    let names = if chance.per_mille(500) { ["7", "9"] } else { ["9", "7"] };
    let ahead = [(); 2].map(|()| ahead(&mut chance));
    let browsers = [(); 2].map(|()| if chance.per_mille(700) { Browser::Chromium } else { Browser::Firefox });
    let mut world = World::of_browsers(seed, names, network, ahead, browsers);
    for side in &mut world.sides {
        let short = [20_000, 100_000].map(Tokens::Good);
        side.allowed = chance.per_mille(500);
        side.tokens = *short.get(usize::try_from(chance.below(4)).unwrap()).unwrap_or(&Tokens::LASTING);
    }
    world.start_voice();
    for _ in 0..chance.below(60) {
        // Most things happen close to each other, some after a quiet while.
        let pause = if chance.per_mille(150) { 40_000 } else { 1_500 };
        world.run(chance.below(pause));
        step(&mut world, &mut chance);
    }
    invariants::heal(&mut world);
    invariants::check(&mut world);
}

/// What a page allows, and what it knows already.
fn ahead(chance: &mut Chance) -> Ahead {
    Ahead {
        ice_servers: chance.per_mille(300).then(Vec::new),
        standby: chance.per_mille(400),
        descriptions: chance.per_mille(700),
    }
}

fn step(world: &mut World, chance: &mut Chance) {
    let who = chance.side();
    match chance.below(100) {
        0..13 => world.say(who),
        13..20 => world.send_data(who),
        20..26 => world.cut_socket(who),
        26..30 => world.stop_server(),
        30..37 => world.start_server(),
        37..43 => world.media_up = false,
        43..52 => world.media_up = true,
        52..56 => world.sides[who].works.link = false,
        56..62 => world.sides[who].works.link = true,
        62..66 => world.relocate(who, ADDRESSES[usize::try_from(chance.below(3)).unwrap()]),
        66..69 => {
            world.reload(who);
            world.input(who, Input::StartVoice);
        }
        69..71 => {
            world.take_over(who);
            world.input(who, Input::StartVoice);
        }
        71..73 => world.say_elsewhere(who),
        73..75 => world.input(who, Input::MarkRead),
        75..77 => world.input(who, Input::LoadEarlier),
        77..80 => world.input(who, Input::StopVoice),
        80..84 => world.input(who, Input::StartVoice),
        84..86 => world.input(who, Input::RetryVoice),
        86..89 => world.input(who, Input::NetworkChanged),
        89..91 => world.deafen(who),
        91..92 => world.sleep(who, 1 + chance.below(60_000)),
        92..93 => world.input(who, Input::Hidden(chance.per_mille(500))),
        93..94 => world.input(who, Input::SetTyping(true)),
        94..95 => world.sides[who].works.microphone = chance.per_mille(500),
        95..96 => world.sides[who].works.token = chance.per_mille(500),
        96..97 if chance.per_mille(500) => revoke(world, chance.per_mille(500).then_some(who)),
        96..97 => world.input(who, Input::NewToken),
        97..98 => {
            world.input(who, Input::PageHidden);
            world.run(chance.below(10_000));
            world.input(who, Input::PageShown);
        }
        _ => nonsense(world, who),
    }
}

/// A token of the second of a revocation is void, and a page that never got in would end by it.
fn revoke(world: &mut World, whose: Option<usize>) {
    if world.server_up && (0..2).all(|who| world.session_state(who) == SessionState::Joined) {
        world.revoke(whose);
        world.run(1_000);
    }
}

/// Inputs of things that never were.
fn nonsense(world: &mut World, who: usize) {
    let id = OpId(9_999_999);
    world.input(who, Input::TimerFired { timer: Timer::Leave, late: 5_000 });
    world.input(who, Input::Connection { id, event: ConnectionEvent::Link(LinkState::Failed) });
    world.input(who, Input::Socket { id, event: SocketEvent::Closed });
    world.input(who, Input::Clock { id, at: 0 });
    if let Some(id) = side::newest_connection(&world.sides[who]) {
        world.input(who, Input::Connection { id, event: ConnectionEvent::Unreadable });
    }
}
