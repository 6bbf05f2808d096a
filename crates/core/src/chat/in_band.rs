//! The second path: copies over the reliable data channel, which arrive at once and before they are durable.

use super::message::{Delivery, Message};
use super::{Chat, Progress};
use crate::output::{Event, Output};
use crate::outputs::Outputs;
use crate::wire::{ChatCopy, CopyReceipt, InBand, MAX_BATCH, MAX_BATCH_TEXT_BYTES, MessageId, UserId, check_text};

/// Most copies kept of the other: more than an honest person writes while the server is away.
const MAX_UNSAVED: usize = 2_000;

impl Chat {
    /// A data channel opened: nothing has gone over it.
    pub(super) fn channel_opened(&mut self) {
        for message in self.list.iter_mut() {
            message.copied = false;
        }
        self.told_copies = Progress::default();
    }

    /// What was said of copies concerned a life of the other that is over.
    pub(super) fn forget_copies(&mut self) {
        self.copies = Progress::default();
        self.told_copies = Progress::default();
    }

    /// What is to go over the data channel now.
    pub(crate) fn copies(&mut self) -> Vec<InBand> {
        let mut messages: Vec<InBand> =
            std::mem::take(&mut self.withdrawn).into_iter().map(InBand::ChatWithdrawn).collect();
        let mut bytes = 0;
        let mut batch = Vec::new();
        for message in self.list.iter_mut() {
            if message.seq.is_some()
                || message.sender != self.me
                || message.copied
                || message.status == Delivery::Failed
            {
                continue;
            }
            message.copied = true;
            bytes += message.text.len();
            if batch.len() >= MAX_BATCH || (bytes > MAX_BATCH_TEXT_BYTES && !batch.is_empty()) {
                messages.push(InBand::Chat(std::mem::take(&mut batch)));
                bytes = message.text.len();
            }
            let Message { id, text, at, counter, .. } = message;
            batch.push(ChatCopy { id: id.clone(), text: text.clone(), at: *at, counter: *counter });
        }
        if !batch.is_empty() {
            messages.push(InBand::Chat(batch));
        }
        if self.copies != self.told_copies {
            self.told_copies = self.copies;
            let Progress { delivered, read } = self.copies;
            messages.push(InBand::ChatReceipt(CopyReceipt { delivered, read }));
        }
        messages
    }

    /// Takes copies of the other's messages.
    pub(crate) fn take_copies(&mut self, from: &UserId, copies: Vec<ChatCopy>, out: &mut Outputs) {
        let mut room = MAX_UNSAVED.saturating_sub(self.unsaved_of(from).count());
        for copy in copies.into_iter().take(MAX_BATCH) {
            if check_text(&copy.text).is_err() || room == 0 {
                continue;
            }
            self.copies.raise(copy.counter, 0);
            if self.list.find(from, &copy.id).is_none() {
                room -= 1;
                let ChatCopy { id, text, at, counter } = copy;
                let (sender, status) = (from.clone(), Delivery::Delivered);
                out.push(Output::Event(Event::Message(id.clone())));
                self.list.add_unsaved(Message {
                    id,
                    sender,
                    text,
                    at,
                    seq: None,
                    status,
                    failure: None,
                    counter,
                    copied: false,
                });
            }
        }
        self.changed();
    }

    /// How far the other has got with our copies.
    pub(crate) fn copies_received(&mut self, receipt: CopyReceipt) {
        for message in self.list.iter_mut().filter(|m| m.sender == self.me && m.counter > 0) {
            if message.counter <= receipt.read {
                message.raise(Delivery::Read);
            } else if message.counter <= receipt.delivered {
                message.raise(Delivery::Delivered);
            }
        }
        self.changed();
    }

    /// The server refused the other a message that we have a copy of.
    pub(crate) fn copy_withdrawn(&mut self, from: &UserId, id: &MessageId) {
        if let Some(index) = self.list.find(from, id)
            && self.list.get(index).is_some_and(|m| m.seq.is_none())
        {
            self.list.remove(index);
            self.changed();
        }
    }
}
