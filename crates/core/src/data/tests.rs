use proptest::prelude::*;

use super::*;
use crate::outputs::Outputs;

/// Two sides, and what is on its way between them.
struct World {
    sides: [AppData; 2],
    outs: [Outputs; 2],
    /// From each side: what was said by each way, in order.
    air: [Vec<VecDeque<Data>>; 2],
    got: [Vec<String>; 2],
    done: [Vec<(u32, Option<DataFailure>)>; 2],
    ways: [Option<Way>; 2],
}

fn life(n: u8) -> InstanceId {
    InstanceId::parse(&format!("{n:032x}")).unwrap()
}

fn sent(text: &str, size: u32) -> SentData {
    SentData { topic: "t".to_owned(), text: true, size, payload: text.to_owned() }
}

const CHANNEL: Option<Way> = Some(Way::Channel(OpId(1)));
const SERVER: Option<Way> = Some(Way::Server(OpId(2), 1));

impl World {
    fn new(way: Option<Way>) -> Self {
        let mut sides = [AppData::new(life(0)), AppData::new(life(1))];
        let mut outs = [Outputs::default(), Outputs::default()];
        sides[0].meet(Some(&life(1)), &mut outs[0]);
        sides[1].meet(Some(&life(0)), &mut outs[1]);
        let air = [vec![VecDeque::new()], vec![VecDeque::new()]];
        Self { sides, outs, air, got: Default::default(), done: Default::default(), ways: [way; 2] }
    }

    fn send(&mut self, who: usize, id: u32, size: u32) {
        self.sides[who].send(id, sent(&format!("{id}"), size), false, &mut self.outs[who]);
        self.settle(who);
    }

    fn said(&mut self, who: usize, data: Data) {
        self.air[who].last_mut().unwrap().push_back(data);
    }

    /// What the switchboard does after each input; a receipt by the server is not waited for.
    fn settle(&mut self, who: usize) {
        for message in self.sides[who].flush(self.ways[who], &mut self.outs[who]) {
            if let InBand::Data(data) = message {
                self.said(who, data);
            }
        }
        self.sides[who].receipt_time(&mut self.outs[who]);
        while let Some(output) = self.outs[who].pop() {
            match output {
                Output::Event(Event::Data { payload, .. }) => self.got[who].push(payload),
                Output::Event(Event::DataDone { id, failure }) => self.done[who].push((id, failure)),
                Output::Emit { event: ClientEvent::Data(data), .. } => self.said(who, data),
                Output::SetTimer { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The first thing that is under way by one of the ways so far arrives.
    fn arrive(&mut self, from: usize, by: usize) -> bool {
        let by = by % self.air[from].len();
        let Some(data) = self.air[from][by].pop_front() else { return false };
        self.sides[1 - from].take(data, &mut self.outs[1 - from]);
        self.settle(1 - from);
        true
    }

    fn run(&mut self) {
        while (0..2).any(|from| (0..self.air[from].len()).any(|by| self.arrive(from, by))) {}
    }

    /// A side goes another way; what it said by the one before may still come.
    fn change(&mut self, who: usize, way: Option<Way>) {
        self.ways[who] = way;
        self.air[who].push(VecDeque::new());
        self.settle(who);
    }
}

#[test]
fn data_arrives_in_order_and_its_sender_is_told() {
    for way in [CHANNEL, SERVER] {
        let mut world = World::new(way);
        for id in 1..=3 {
            world.send(0, id, 10);
        }
        world.send(1, 9, 10);
        world.run();
        assert_eq!(world.got, [vec!["9"], vec!["1", "2", "3"]]);
        assert_eq!(world.done, [vec![(1, None), (2, None), (3, None)], vec![(9, None)]]);
    }
}

#[test]
fn only_so_much_is_on_its_way_and_the_rest_follows() {
    let mut world = World::new(CHANNEL);
    for id in 1..=5 {
        world.send(0, id, 60_000);
    }
    assert_eq!(world.air[0][0].len(), 2);
    world.run();
    assert_eq!(world.done[0].len(), 5);
    world.change(0, None);
    let before = world.done[0].len();
    for id in 0..200 {
        world.send(0, 100 + id, 60_000);
    }
    let refused: Vec<_> = world.done[0].iter().skip(before).collect();
    assert_eq!(refused.len(), 200 - 139, "8 MiB wait");
    assert!(refused.iter().all(|(_, failure)| *failure == Some(DataFailure::DataQueueFull)));
    let mut narrow = World::new(SERVER);
    for id in 0..100 {
        narrow.send(0, id, 0);
    }
    assert_eq!(narrow.air[0][0].len(), 16, "the server counts events");
    narrow.run();
    assert_eq!(narrow.done[0].len(), 100);
}

#[test]
fn nobody_takes_it_and_another_life_is_another_beginning() {
    let mut world = World::new(None);
    world.sides[0].send(1, sent("left", 4), true, &mut world.outs[0]);
    world.send(0, 2, 4);
    world.sides[0].meet(Some(&life(7)), &mut world.outs[0]);
    world.settle(0);
    let expected = [(1, Some(DataFailure::PeerAbsent)), (2, Some(DataFailure::PeerGone))];
    assert_eq!(world.done[0], expected);
    let mut alone = AppData::new(life(0));
    let mut out = Outputs::default();
    alone.send(3, sent("x", 1), false, &mut out);
    assert_eq!(out.pop(), Some(Output::Event(Event::DataDone { id: 3, failure: Some(DataFailure::PeerAbsent) })));
}

#[test]
fn what_another_life_says_or_is_told_does_not_count() {
    let mut world = World::new(CHANNEL);
    world.send(0, 1, 4);
    let Some(Data::Parcel(parcel)) = world.air[0][0].pop_front() else { panic!() };
    let strange = [
        Data::Parcel(Parcel { instance: life(7), ..parcel.clone() }),
        Data::Parcel(Parcel { to: life(7), ..parcel.clone() }),
        Data::Parcel(Parcel { number: 2, ..parcel.clone() }),
        Data::Parcel(Parcel { topic: "t".repeat(129), ..parcel }),
    ];
    for data in strange {
        world.sides[1].take(data, &mut world.outs[1]);
        world.settle(1);
    }
    assert!(world.got[1].is_empty());
    world.sides[1].meet(Some(&life(7)), &mut world.outs[1]);
    world.sides[1].meet(Some(&life(0)), &mut world.outs[1]);
    world.send(1, 5, 1);
    assert_eq!(world.done[1], [(5, Some(DataFailure::PeerAbsent))], "a life that comes back");
}

#[test]
fn a_receipt_that_is_refused_or_lost_is_said_again() {
    let mut world = World::new(SERVER);
    world.settle(1);
    world.send(0, 1, 4);
    let Some(data) = world.air[0][0].pop_front() else { panic!() };
    world.sides[1].take(data, &mut world.outs[1]);
    world.sides[1].receipt_time(&mut world.outs[1]);
    let emitted = std::iter::from_fn(|| world.outs[1].pop());
    let Some(Output::Emit { request, .. }) = emitted.filter(|o| matches!(o, Output::Emit { .. })).last() else {
        panic!()
    };
    let refusal = crate::wire::Refusal::new(crate::wire::Code::RateLimited, "slower");
    world.sides[1].acknowledged(request, Some(&refusal.into()), &mut world.outs[1]);
    assert_eq!(world.outs[1].pop(), Some(Output::SetTimer { timer: Timer::DataReceipt, after: 1_000, spread: true }));
    world.settle(1);
    world.air[1][0].clear();
    world.change(1, CHANNEL);
    world.run();
    assert_eq!(world.done[0], [(1, None)]);
}

#[test]
fn a_server_that_wants_a_moment_is_asked_again() {
    let mut world = World::new(SERVER);
    world.sides[0].send(1, sent("1", 4), false, &mut world.outs[0]);
    assert_eq!(world.sides[0].flush(SERVER, &mut world.outs[0]), []);
    let Some(Output::Emit { request, .. }) = world.outs[0].pop() else { panic!() };
    let refusal = crate::wire::Refusal::new(crate::wire::Code::RateLimited, "slower");
    let refusal = crate::wire::Refusal { after_ms: Some(300), ..refusal };
    world.sides[0].acknowledged(request, Some(&refusal.into()), &mut world.outs[0]);
    assert_eq!(world.outs[0].pop(), Some(Output::SetTimer { timer: Timer::Data, after: 300, spread: true }));
    world.settle(0);
    assert!(world.air[0][0].is_empty());
    world.sides[0].resume();
    world.settle(0);
    world.run();
    assert_eq!(world.got[1], ["1"]);
}

proptest! {
    #[test]
    fn whatever_ways_break_everything_arrives_once_and_in_order(
        steps in proptest::collection::vec((0..7_u8, 0..2_usize, 0..50_usize), 0..150),
    ) {
        let mut world = World::new(CHANNEL);
        let mut ids = [0, 0];
        let mut ways = 10;
        for (step, who, by) in steps {
            ways += 1;
            match step {
                0 | 1 => {
                    ids[who] += 1;
                    world.send(who, ids[who], 30_000);
                }
                2 | 3 => {
                    world.arrive(who, by);
                }
                // What is on its way is lost with it, or comes late, behind what is said by later ways.
                4 => {
                    world.air[who].last_mut().unwrap().truncate(by % 3);
                    world.change(who, Some(Way::Channel(OpId(ways))));
                }
                5 => world.change(who, Some(Way::Server(OpId(ways), 1))),
                _ => world.change(who, None),
            }
        }
        for who in 0..2 {
            if world.ways[who].is_none() {
                world.change(who, Some(Way::Server(OpId(9_999), 1)));
            }
        }
        world.run();
        for (who, last) in ids.into_iter().enumerate() {
            let wanted: Vec<String> = (1..=last).map(|id: u32| id.to_string()).collect();
            prop_assert_eq!(&world.got[1 - who], &wanted);
            prop_assert_eq!(world.done[who].len(), wanted.len());
        }
    }
}
