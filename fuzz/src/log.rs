//! The chat log of one session, in memory: what the server keeps in SQLite. Writer and reader each take their time, as the server's
//! two threads do.

use std::collections::{BTreeMap, VecDeque};

use pairvoice_room::{Admission, Appended, Input, Known, StoreError, StoreRequest};
use pairvoice_wire::{Accepted, ChatMessage, ChatPage, MAX_BATCH, MAX_PAGE, NewMessage, Receipt, UserId, check_text};

/// Messages of one page: few, so that pages matter.
const PAGE: usize = 6;
/// Bytes of text that each person may write.
const ROOM: usize = 256;

/// What the writer is asked for.
#[derive(Debug)]
enum Job {
    /// By the room.
    Request(StoreRequest),
    /// By whoever runs the server.
    Revoke { user: Option<UserId>, at: u64 },
}

/// The log, what it was asked for, and its answers that are on their way to the room.
#[derive(Debug, Default)]
pub(crate) struct Log {
    messages: Vec<ChatMessage>,
    receipts: Vec<Receipt>,
    pin: Option<[UserId; 2]>,
    revoked: BTreeMap<Option<UserId>, u64>,
    to_write: VecDeque<Job>,
    to_read: Vec<StoreRequest>,
    /// Answers of the writer, which come in its order.
    pub(crate) written: VecDeque<Input>,
    /// Answers of the reader, which may overtake one another.
    pub(crate) read: Vec<Input>,
}

impl Log {
    /// Takes a request; only well-formed ones may come from the room.
    pub(crate) fn submit(&mut self, request: StoreRequest) {
        match &request {
            StoreRequest::Append { ticket, messages } => {
                assert!((1..=MAX_BATCH).contains(&messages.len()), "{} messages at once", messages.len());
                for message in messages {
                    assert_eq!(check_text(&message.text), Ok(()));
                    assert!(message.sender.as_ref().is_none_or(|sender| *sender == ticket.user));
                }
                self.to_write.push_back(Job::Request(request));
            }
            StoreRequest::Pin { participants: [one, other] } => {
                assert_ne!(one, other);
                self.to_write.push_back(Job::Request(request));
            }
            StoreRequest::Raise { .. } => self.to_write.push_back(Job::Request(request)),
            StoreRequest::ReadHistory { limit, .. } => {
                assert!(*limit <= MAX_PAGE);
                self.to_read.push(request);
            }
            StoreRequest::ReadPage { .. } | StoreRequest::ReadAdmission { .. } => self.to_read.push(request),
        }
    }

    /// Takes a revocation.
    pub(crate) fn revoke(&mut self, user: Option<UserId>, at: u64) {
        self.to_write.push_back(Job::Revoke { user, at });
    }

    /// Does the oldest thing that the writer was asked for.
    pub(crate) fn write(&mut self, failure: Option<StoreError>) {
        let Some(job) = self.to_write.pop_front() else { return };
        let answer = match job {
            Job::Request(StoreRequest::Append { ticket, messages }) => {
                let result = failure.map_or_else(|| Ok(self.append(&ticket.user, messages)), Err);
                Input::Appended { ticket, result }
            }
            Job::Request(StoreRequest::Raise { request, receipt }) => {
                let result = failure.map_or_else(|| Ok(self.raise(receipt)), Err);
                Input::Raised { request, result }
            }
            Job::Request(StoreRequest::Pin { participants }) => {
                // The first pin stays.
                let pinned = || Ok(self.pin.get_or_insert(participants).clone());
                Input::Pinned { participants: failure.map_or_else(pinned, Err) }
            }
            Job::Request(
                StoreRequest::ReadPage { .. } | StoreRequest::ReadAdmission { .. } | StoreRequest::ReadHistory { .. },
            ) => return,
            Job::Revoke { user, at } => {
                // A room is told of a revocation that could not be written, too.
                if failure.is_none() {
                    let known = self.revoked.entry(user.clone()).or_default();
                    *known = at.max(*known);
                }
                Input::Revoke { user, at }
            }
        };
        self.written.push_back(answer);
    }

    /// Does one of the things that the reader was asked for.
    pub(crate) fn read(&mut self, which: u8, failure: Option<StoreError>) {
        let Some(index) = pick(self.to_read.len(), which) else { return };
        let answer = match self.to_read.swap_remove(index) {
            StoreRequest::ReadAdmission { knock } => {
                let admission = Admission { participants: self.pin.clone(), revoked: self.revoked.clone() };
                Input::AdmissionRead { knock, admission: failure.map_or(Ok(admission), Err) }
            }
            StoreRequest::ReadPage { socket, known } => {
                let admission = || Admission { participants: self.pin.clone(), revoked: self.revoked.clone() };
                Input::PageRead { socket, page: failure.map_or_else(|| Ok((self.page(&known), admission())), Err) }
            }
            StoreRequest::ReadHistory { request, before, limit } => {
                let found: Vec<_> = self.messages.iter().filter(|m| m.seq < before).cloned().collect();
                let result = failure.map_or_else(|| Ok(newest(found, limit as usize)), Err);
                Input::HistoryRead { request, result }
            }
            StoreRequest::Append { .. } | StoreRequest::Raise { .. } | StoreRequest::Pin { .. } => return,
        };
        self.read.push(answer);
    }

    /// Whether the reader has something to do, or answers that nobody has got.
    pub(crate) fn is_asked(&self) -> bool {
        !self.to_read.is_empty() || !self.read.is_empty()
    }

    /// Whether everything was done and every answer was handed over.
    pub(crate) fn is_idle(&self) -> bool {
        self.to_write.is_empty() && self.to_read.is_empty() && self.written.is_empty() && self.read.is_empty()
    }

    fn page(&self, known: &Known) -> ChatPage {
        let last = self.messages.len() as u64;
        let since = if known.since <= last { known.since } else { 0 };
        let (messages, more) = newest(self.messages.iter().filter(|m| m.seq > since).cloned().collect(), PAGE);
        ChatPage { log: "log".into(), since, last, receipts: self.receipts.clone(), messages, more }
    }

    fn append(&mut self, sender: &UserId, messages: Vec<NewMessage>) -> Appended {
        let mut appended = Appended::default();
        let written = |messages: &[ChatMessage]| -> usize {
            messages.iter().filter(|known| known.sender == *sender).map(|known| known.text.len()).sum()
        };
        for NewMessage { id, text, .. } in messages {
            let seq = match self.messages.iter().find(|known| known.id == id) {
                Some(known) if known.sender != *sender => {
                    appended.taken = Some(id);
                    break;
                }
                Some(known) => known.seq,
                None if written(&self.messages) + text.len() > ROOM => {
                    appended.full = Some(id);
                    break;
                }
                None => {
                    let seq = self.messages.len() as u64 + 1;
                    let message = ChatMessage { id: id.clone(), sender: sender.clone(), seq, at: seq, text };
                    appended.new.push(message.clone());
                    self.messages.push(message);
                    seq
                }
            };
            appended.accepted.push(Accepted { id, seq, at: seq });
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

/// One of so many things, if there are any.
pub(crate) fn pick(length: usize, which: u8) -> Option<usize> {
    usize::from(which).checked_rem(length)
}

fn newest(mut messages: Vec<ChatMessage>, limit: usize) -> (Vec<ChatMessage>, bool) {
    let more = messages.len() > limit;
    messages.drain(..messages.len().saturating_sub(limit));
    (messages, more)
}
