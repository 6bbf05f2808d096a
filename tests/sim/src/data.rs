//! What the apps of the two pages send each other.

use std::collections::BTreeMap;

use pairvoice_core::{DataFailure, Input, SentData};

use crate::world::World;

/// A side's share in it.
#[derive(Debug, Default)]
pub struct AppData {
    /// How many pieces its pages have sent.
    sent: u32,
    /// Pieces of the present page whose fate it was not told, by number.
    pub waits: Vec<u32>,
    /// The newest piece that the present page got from each page of the other.
    got: BTreeMap<u32, u32>,
    /// Pieces that the other's pages got.
    arrived: Vec<u32>,
}

impl AppData {
    /// The page is gone, and what it knew.
    pub(crate) fn new_life(&mut self) {
        self.waits.clear();
        self.got.clear();
    }
}

impl World {
    /// A page sends a piece of data.
    pub fn send_data(&mut self, who: usize) {
        let side = &mut self.sides[who];
        side.data.sent += 1;
        let (number, life) = (side.data.sent, side.lives);
        side.data.waits.push(number);
        let data = SentData {
            topic: "t".into(),
            text: true,
            size: 1_000 * (number % 60),
            payload: format!("{life} {number}"),
        };
        self.input(who, Input::SendData { id: number, data });
    }

    /// A piece arrived.
    ///
    /// # Panics
    /// When it came before, or before an earlier one of the same page.
    pub(crate) fn got_data(&mut self, who: usize, payload: &str) {
        let (life, number) = payload.split_once(' ').unwrap();
        let (life, number): (u32, u32) = (life.parse().unwrap(), number.parse().unwrap());
        let before = self.sides[who].data.got.insert(life, number);
        assert!(before < Some(number), "{who} got {number} of life {life} after {before:?}; {}", self.summary());
        self.sides[1 - who].data.arrived.push(number);
    }

    /// A page is told what became of a piece.
    ///
    /// # Panics
    /// When it is told that one arrived which did not, or of one that it does not wait for.
    pub(crate) fn data_done(&mut self, who: usize, number: u32, failure: Option<DataFailure>) {
        let data = &mut self.sides[who].data;
        let place = data.waits.iter().position(|waiting| *waiting == number).unwrap();
        data.waits.remove(place);
        assert!(failure.is_some() || data.arrived.contains(&number), "{number} of {who} did not arrive");
    }
}
