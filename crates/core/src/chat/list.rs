//! The loaded window: what is in the log by its place there, then what is not, in local order.

use super::message::Message;
use crate::wire::{MessageId, UserId};

/// Messages in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct List {
    messages: Vec<Message>,
    /// Of the log, everything from this place on is here, and nothing before it: a hole would never be filled.
    floor: u64,
}

impl List {
    pub(super) fn as_slice(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Message> {
        self.messages.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Message> {
        self.messages.iter_mut()
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// From the end: what is looked for is mostly new.
    pub(super) fn find(&self, sender: &UserId, id: &MessageId) -> Option<usize> {
        self.messages.iter().rposition(|m| m.id == *id && m.sender == *sender)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Message> {
        self.messages.get_mut(index)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Message> {
        self.messages.get(index)
    }

    pub(super) fn remove(&mut self, index: usize) -> Message {
        self.messages.remove(index)
    }

    /// Adds one without a place in the log: last, but before what its author wrote later.
    pub(super) fn add_unsaved(&mut self, message: Message) {
        let later = |m: &Message| m.seq.is_none() && m.sender == message.sender && m.counter > message.counter;
        let place = self.messages.iter().position(later).unwrap_or(self.messages.len());
        self.messages.insert(place, message);
    }

    /// Adds one of the log; [`List::sort`] brings it to its place.
    pub(super) fn add_saved(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Brings everything to its place; equal ones keep their local order.
    pub(super) fn sort(&mut self) {
        // By insertion: nearly everything stands right already, and a general stable sort would be five kilobytes.
        let key = |message: &Message| message.seq.unwrap_or(u64::MAX);
        for end in 1..self.messages.len() {
            let Some((sorted, [next, ..])) = self.messages.split_at_checked(end) else { return };
            let wanted = key(next);
            let place = sorted.iter().rposition(|m| key(m) <= wanted).map_or(0, |at| at + 1);
            if place < end
                && let Some(part) = self.messages.get_mut(place..=end)
            {
                part.rotate_right(1);
            }
        }
    }

    /// The newest place in the log that is known.
    pub(super) fn newest(&self) -> u64 {
        self.messages.iter().filter_map(|m| m.seq).max().unwrap_or_default()
    }

    /// Drops what stands before this place in the log.
    pub(super) fn raise_floor(&mut self, floor: u64) {
        self.floor = floor;
        self.messages.retain(|m| m.seq.is_none_or(|seq| seq >= floor));
    }

    /// Older ones were loaded.
    pub(super) fn lower_floor(&mut self, floor: u64) {
        self.floor = self.floor.min(floor);
    }

    /// Keeps the newest `limit` of the log; tells whether older ones went.
    pub(super) fn trim(&mut self, limit: usize) -> bool {
        let saved = self.messages.iter().filter(|m| m.seq.is_some()).count();
        let Some(first) = saved.checked_sub(limit).filter(|over| *over > 0).and_then(|over| self.messages.get(over))
        else {
            return false;
        };
        if let Some(floor) = first.seq {
            self.raise_floor(floor);
        }
        true
    }

    /// The log is another one: places mean nothing any more.
    pub(super) fn forget_places(&mut self) {
        self.floor = 0;
        for message in &mut self.messages {
            message.seq = None;
        }
    }
}
