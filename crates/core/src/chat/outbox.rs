//! The outbox: what is not durable on the server is kept in the browser, and goes up in order, one batch in flight.

use super::Chat;
use super::message::{Delivery, Message};
use crate::input::OutboxEvent;
use crate::op_id::OpId;
use crate::output::{OutboxCommand, Output};
use crate::outputs::Outputs;
use crate::stored_message::StoredMessage;
use crate::timer::Timer;
use crate::wire::{
    Acknowledgement, ChatBatch, ClientEvent, MAX_BATCH, MAX_BATCH_TEXT_BYTES, MessageId, NewMessage, Refusal,
};

/// Wait after a retryable refusal that names none, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// The browser's store of unsent messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Store {
    /// Not read yet: what it holds was written earlier than anything new, so nothing goes up before it.
    Unknown,
    /// It keeps what is unsent.
    Kept,
    /// There is none: a reload loses what is unsent.
    Missing,
}

/// What is on its way, and what the browser keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Outbox {
    store: Store,
    /// Removed since the store was last asked: an answer may still hold them.
    removed: Vec<MessageId>,
    /// The batch in flight and its first message.
    batch: Option<(OpId, MessageId)>,
    paused: bool,
    /// The newest counter given.
    counter: u64,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { store: Store::Unknown, removed: Vec::new(), batch: None, paused: false, counter: 0 }
    }

    /// The next counter: the time, so that it goes on rising after a reload, and always above the last.
    pub(super) fn count(&mut self, at: u64) -> u64 {
        self.counter = at.max(self.counter + 1);
        self.counter
    }

    /// Asks the browser for what it keeps.
    pub(super) fn load(&mut self, out: &mut Outputs) {
        self.removed.clear();
        out.push(Output::Outbox(OutboxCommand::Load));
    }

    pub(super) fn put(&self, message: &Message, out: &mut Outputs) {
        if self.store != Store::Missing {
            let Message { id, text, at, counter, failure, .. } = message.clone();
            out.push(Output::Outbox(OutboxCommand::Put(StoredMessage { id, text, at, counter, failure })));
        }
    }

    pub(super) fn remove(&mut self, id: &MessageId, out: &mut Outputs) {
        self.removed.push(id.clone());
        if self.store != Store::Missing {
            out.push(Output::Outbox(OutboxCommand::Remove(id.clone())));
        }
    }
}

impl Chat {
    /// Unsent messages survive a reload of the page; none while that is not known yet.
    #[must_use]
    pub fn durable(&self) -> Option<bool> {
        match self.outbox.store {
            Store::Unknown => None,
            Store::Kept => Some(true),
            Store::Missing => Some(false),
        }
    }

    /// Asks for what this browser keeps of earlier pages and other tabs of this user.
    pub(crate) fn load_outbox(&mut self, out: &mut Outputs) {
        self.outbox.load(out);
    }

    /// Takes what the browser's store says.
    pub(crate) fn outbox_event(&mut self, event: OutboxEvent, out: &mut Outputs) {
        match event {
            OutboxEvent::Changed => self.outbox.load(out),
            OutboxEvent::Loaded(stored) => self.stored(stored, out),
            OutboxEvent::Missing => {
                self.outbox.store = Store::Missing;
                self.changed();
            }
        }
    }

    fn stored(&mut self, stored: Vec<StoredMessage>, out: &mut Outputs) {
        let before = std::mem::replace(&mut self.outbox.store, Store::Kept);
        let newest = stored.iter().map(|m| m.counter).max().unwrap_or_default();
        let local: Vec<MessageId> = self.unsaved_of(&self.me).map(|m| m.id.clone()).collect();
        if before == Store::Unknown && self.outbox.counter > 0 && newest >= self.outbox.counter {
            // The clock went back since: what was written on this page comes after all that.
            self.outbox.counter = newest;
        }
        let stored_ids: Vec<MessageId> = stored.iter().map(|m| m.id.clone()).collect();
        for message in stored {
            self.take_stored(message, out);
        }
        for id in local {
            self.settle_local(&id, before, newest, stored_ids.contains(&id), out);
        }
        self.outbox.counter = self.outbox.counter.max(newest);
        self.changed();
    }

    /// A message of the store that this page may not know.
    fn take_stored(&mut self, stored: StoredMessage, out: &mut Outputs) {
        match self.list.find(&self.me, &stored.id).and_then(|at| self.list.get(at)) {
            Some(known) if known.seq.is_some() => self.outbox.remove(&stored.id, out),
            Some(_) => {}
            None if self.outbox.removed.contains(&stored.id) => {}
            None => {
                let StoredMessage { id, text, at, counter, failure } = stored;
                let status = if failure.is_some() { Delivery::Failed } else { Delivery::Sending };
                let sender = self.me.clone();
                let message = Message { id, sender, text, at, seq: None, status, failure, counter, copied: false };
                self.list.add_unsaved(message);
            }
        }
    }

    /// An unsent message that this page wrote before the store was read.
    fn settle_local(&mut self, id: &MessageId, before: Store, newest: u64, stored: bool, out: &mut Outputs) {
        let Some(index) = self.list.find(&self.me, id) else { return };
        let early = before == Store::Unknown && self.list.get(index).is_some_and(|m| m.counter <= newest);
        if early {
            let mut message = self.list.remove(index);
            message.counter = self.outbox.count(message.at);
            self.outbox.put(&message, out);
            self.list.add_unsaved(message);
        } else if !stored && let Some(message) = self.list.get(index) {
            // It was written while there seemed to be no store.
            self.outbox.put(message, out);
        }
    }

    /// A new message of ours.
    pub(crate) fn add(&mut self, id: MessageId, text: String, at: u64, out: &mut Outputs) {
        let (sender, counter) = (self.me.clone(), self.outbox.count(at));
        let status = Delivery::Sending;
        let message = Message { id, sender, text, at, seq: None, status, failure: None, counter, copied: false };
        self.outbox.put(&message, out);
        self.list.add_unsaved(message);
        self.changed();
    }

    /// A failed message is tried again, as the newest.
    pub(crate) fn resend(&mut self, id: &MessageId, out: &mut Outputs) {
        if let Some(index) = self.failed(id) {
            let mut message = self.list.remove(index);
            message.status = Delivery::Sending;
            message.failure = None;
            message.copied = false;
            message.counter = self.outbox.count(message.at);
            self.outbox.put(&message, out);
            self.list.add_unsaved(message);
            self.changed();
        }
    }

    /// A failed message is forgotten.
    pub(crate) fn discard(&mut self, id: &MessageId, out: &mut Outputs) {
        if let Some(index) = self.failed(id) {
            self.list.remove(index);
            self.outbox.remove(id, out);
            self.changed();
        }
    }

    fn failed(&self, id: &MessageId) -> Option<usize> {
        let index = self.list.find(&self.me, id)?;
        self.list.get(index).is_some_and(|m| m.status == Delivery::Failed).then_some(index)
    }

    /// Sends what waits: one batch in flight, so that an author's order is kept.
    pub(super) fn flush_outbox(&mut self, out: &mut Outputs) {
        let outbox = &self.outbox;
        if outbox.batch.is_some() || outbox.paused || outbox.store == Store::Unknown {
            return;
        }
        let mut bytes = 0;
        let mut messages = Vec::new();
        for Message { id, text, .. } in self.unsaved_of(&self.me).filter(|m| m.status != Delivery::Failed) {
            bytes += text.len();
            if messages.len() >= MAX_BATCH || (bytes > MAX_BATCH_TEXT_BYTES && !messages.is_empty()) {
                break;
            }
            messages.push(NewMessage { id: id.clone(), text: text.clone(), sender: None });
        }
        if let Some(first) = messages.first().map(|m| m.id.clone()) {
            let request = out.emit(ClientEvent::Chat(ChatBatch { messages }));
            self.outbox.batch = Some((request, first));
        }
    }

    /// The socket is gone or new: what was in flight is sent again.
    pub(super) fn forget_batch(&mut self) {
        self.outbox.batch = None;
        self.outbox.paused = false;
    }

    /// The outbox may be tried again.
    pub(crate) fn resume(&mut self) {
        self.outbox.paused = false;
    }

    /// Takes the answer to the batch in flight; tells whether it was that.
    pub(super) fn batch_acknowledged(
        &mut self,
        request: OpId,
        answer: Option<&Acknowledgement>,
        out: &mut Outputs,
    ) -> bool {
        let Some((_, first)) = self.outbox.batch.take_if(|(wanted, _)| *wanted == request) else { return false };
        let Some(answer) = answer else {
            self.pause(RETRY_MS, out);
            return true;
        };
        for accepted in &answer.accepted {
            if let Some(index) = self.list.find(&self.me, &accepted.id) {
                self.save(index, accepted.seq, accepted.at, out);
            }
        }
        self.arranged(out);
        match (&answer.error, &answer.refused_id) {
            (None, _) => {}
            (Some(error), _) if error.retryable => self.pause(error.after_ms.unwrap_or(RETRY_MS), out),
            // Nothing comes of asking again; a refusal of the whole batch is charged to its first message.
            (Some(error), Some(id)) => self.refused(id, error, out),
            (Some(error), None) => self.refused(&first, error, out),
        }
        true
    }

    fn refused(&mut self, id: &MessageId, error: &Refusal, out: &mut Outputs) {
        let Some(index) = self.list.find(&self.me, id) else { return };
        let Some(message) = self.list.get_mut(index).filter(|m| m.seq.is_none()) else { return };
        message.status = Delivery::Failed;
        message.failure = Some(error.code.clone());
        if std::mem::take(&mut message.copied) {
            self.withdrawn.push(id.clone());
        }
        let message = message.clone();
        self.outbox.put(&message, out);
        self.changed();
    }

    fn pause(&mut self, after: u32, out: &mut Outputs) {
        self.outbox.paused = true;
        out.set_spread_timer(Timer::Outbox, after);
    }

    /// Own messages that are not durable go through the store again: the log that had them is another one now.
    pub(super) fn upload_again(&mut self, out: &mut Outputs) {
        for message in self.list.iter_mut().filter(|m| m.sender == self.me && m.status != Delivery::Failed) {
            message.status = Delivery::Sending;
            message.copied = false;
            message.counter = self.outbox.count(message.at);
            self.outbox.put(message, out);
        }
    }
}
