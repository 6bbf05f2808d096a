//! The chat log of the simulation, in memory: what `pairvoice-server` keeps in SQLite.

use pairvoice_room::{Admission, Appended, Input, Known, StoreRequest};
use pairvoice_wire::{Accepted, ChatMessage, ChatPage, NewMessage, Receipt, UserId};

/// Messages of one page: few, so that pages matter.
const PAGE: usize = 6;

/// The log of one session.
#[derive(Debug, Default)]
pub struct Log {
    /// All messages, by rising sequence number from 1.
    pub messages: Vec<ChatMessage>,
    receipts: Vec<Receipt>,
    /// Who may enter.
    pub(crate) admission: Admission,
    /// How often the file was replaced by another.
    replaced: u32,
}

impl Log {
    /// Another log takes the place of this one, as when a file was lost.
    pub fn replace(&mut self) {
        *self = Self { replaced: self.replaced + 1, ..Self::default() };
    }

    /// Does what the room asks for.
    pub(crate) fn answer(&mut self, request: StoreRequest, now: u64) -> Input {
        match request {
            StoreRequest::ReadPage { socket, known } => {
                Input::PageRead { socket, page: Ok((self.page(&known), self.admission.clone())) }
            }
            StoreRequest::ReadAdmission { knock } => {
                Input::AdmissionRead { knock, admission: Ok(self.admission.clone()) }
            }
            StoreRequest::Pin { participants } => {
                let participants = self.admission.participants.get_or_insert(participants).clone();
                Input::Pinned { participants: Ok(participants) }
            }
            StoreRequest::Append { ticket, messages } => {
                let result = Ok(self.append(&ticket.user, messages, now));
                Input::Appended { ticket, result }
            }
            StoreRequest::Raise { request, receipt } => Input::Raised { request, result: Ok(self.raise(receipt)) },
            StoreRequest::ReadHistory { request, before, .. } => {
                let messages: Vec<_> = self.messages.iter().filter(|m| m.seq < before).cloned().collect();
                Input::HistoryRead { request, result: Ok(newest(messages)) }
            }
        }
    }

    fn page(&self, known: &Known) -> ChatPage {
        let log = format!("log {}", self.replaced);
        let last = self.messages.len() as u64;
        let is_tip = |m: &ChatMessage| m.seq == known.since && known.tip.as_ref().is_none_or(|tip| *tip == m.id);
        let stands = known.since == 0 || self.messages.iter().any(is_tip);
        let since = if known.log.as_ref() == Some(&log) && stands { known.since } else { 0 };
        let (messages, more) = newest(self.messages.iter().filter(|m| m.seq > since).cloned().collect());
        ChatPage { log, since, last, receipts: self.receipts.clone(), messages, more }
    }

    fn append(&mut self, sender: &UserId, messages: Vec<NewMessage>, at: u64) -> Appended {
        let mut appended = Appended::default();
        for NewMessage { id, text, .. } in messages {
            if let Some(known) = self.messages.iter().find(|m| m.id == id) {
                appended.accepted.push(Accepted { id, seq: known.seq, at: known.at });
                continue;
            }
            let seq = self.messages.len() as u64 + 1;
            let message = ChatMessage { id: id.clone(), sender: sender.clone(), seq, at, text };
            appended.accepted.push(Accepted { id, seq, at });
            appended.new.push(message.clone());
            self.messages.push(message);
        }
        appended
    }

    fn raise(&mut self, receipt: Receipt) -> Receipt {
        let before = self.receipts.iter().position(|r| r.user == receipt.user).map(|at| self.receipts.remove(at));
        let (delivered, read) = before.map_or((0, 0), |r| (r.delivered, r.read));
        let receipt = Receipt { delivered: receipt.delivered.max(delivered), read: receipt.read.max(read), ..receipt };
        self.receipts.push(receipt.clone());
        receipt
    }
}

fn newest(mut messages: Vec<ChatMessage>) -> (Vec<ChatMessage>, bool) {
    let more = messages.len() > PAGE;
    messages.drain(..messages.len().saturating_sub(PAGE));
    (messages, more)
}
