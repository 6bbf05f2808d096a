//! The chat: an outbox that is emptied in order, and a list that ends up equal on both sides.

use serde::Serialize;

use crate::id::{MessageId, UserId};
use crate::input::OpId;
use crate::output::{ClientEvent, Event, Output};
use crate::queue::Queue;
use crate::timer::Timer;
use crate::wire::{
    Acknowledgement, ChatBatch, ChatMessage, ChatPage, HistoryRequest, MAX_BATCH, MAX_BATCH_TEXT_BYTES, MAX_TEXT_CHARS,
    NewMessage, Receipt,
};

/// Most messages kept in memory; older ones are loaded on demand.
pub const WINDOW: usize = 500;
/// Messages of one page of history.
const PAGE: u32 = 100;
/// Wait after a retryable refusal that names none, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// Why a text can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// Nothing but white space.
    Empty,
    /// More than [`MAX_TEXT_CHARS`] Unicode scalar values.
    TooLong,
    /// A control character other than line feed, carriage return and tab.
    ControlCharacter,
}

/// Checks a text before it is sent; client and server use the same rule.
///
/// # Errors
/// [`TextError`] says which rule it breaks.
pub fn check_text(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        Err(TextError::Empty)
    } else if text.chars().count() > MAX_TEXT_CHARS {
        Err(TextError::TooLong)
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Err(TextError::ControlCharacter)
    } else {
        Ok(())
    }
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Not acknowledged by the server.
    Sending,
    /// Durable on the server.
    Sent,
    /// In the other's browser.
    Delivered,
    /// Seen by the other.
    Read,
    /// Refused for good.
    Failed,
}

/// A message of the loaded window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// Its ID.
    pub id: MessageId,
    /// Its author.
    pub sender: UserId,
    /// Its text.
    pub text: String,
    /// When it was sent, and once it is durable when the server wrote it; milliseconds since 1970.
    pub at: u64,
    /// Its place in the log, once it has one.
    pub seq: Option<u64>,
    /// How far it has come.
    pub status: Delivery,
    /// Why it failed: the server's code.
    pub failure: Option<String>,
}

/// The chat of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chat {
    me: UserId,
    /// By sequence number; those without stand last in local order.
    messages: Vec<Message>,
    log: Option<String>,
    /// Everything up to here is known.
    since: u64,
    more: bool,
    mine: Progress,
    theirs: Progress,
    told: Progress,
    batch: Option<OpId>,
    paused: bool,
    history: Option<OpId>,
    revision: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Progress {
    delivered: u64,
    read: u64,
}

impl Progress {
    fn raise(&mut self, delivered: u64, read: u64) {
        self.delivered = self.delivered.max(delivered).max(read);
        self.read = self.read.max(read);
    }
}

impl Chat {
    pub(crate) fn new(me: UserId) -> Self {
        Self {
            me,
            messages: Vec::new(),
            log: None,
            since: 0,
            more: false,
            mine: Progress::default(),
            theirs: Progress::default(),
            told: Progress::default(),
            batch: None,
            paused: false,
            history: None,
            revision: 0,
        }
    }

    /// The loaded window, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Messages of the other that have not been marked as read.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.messages.iter().filter(|m| m.sender != self.me && m.seq.is_some_and(|s| s > self.mine.read)).count()
    }

    /// Own messages that are not durable yet.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.messages.iter().filter(|m| m.status == Delivery::Sending).count()
    }

    /// Older messages can be loaded.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// Rises with every visible change.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.revision
    }

    pub(crate) fn since(&self) -> u64 {
        self.since
    }

    pub(crate) fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }

    fn changed(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    /// A new message of ours.
    pub(crate) fn add(&mut self, id: MessageId, text: String, at: u64) {
        let sender = self.me.clone();
        self.messages.push(Message { id, sender, text, at, seq: None, status: Delivery::Sending, failure: None });
        self.changed();
    }

    /// A failed message is tried again, as the newest.
    pub(crate) fn resend(&mut self, id: &MessageId) {
        if let Some(index) = self.failed(id) {
            let mut message = self.messages.remove(index);
            message.status = Delivery::Sending;
            message.failure = None;
            self.messages.push(message);
            self.changed();
        }
    }

    /// A failed message is forgotten.
    pub(crate) fn discard(&mut self, id: &MessageId) {
        if let Some(index) = self.failed(id) {
            self.messages.remove(index);
            self.changed();
        }
    }

    fn failed(&self, id: &MessageId) -> Option<usize> {
        self.messages.iter().position(|m| m.id == *id && m.status == Delivery::Failed)
    }

    /// Everything that has arrived was seen.
    pub(crate) fn mark_read(&mut self) {
        let last = self.messages.iter().filter_map(|m| m.seq).max().unwrap_or_default();
        if last > self.mine.read {
            self.mine.raise(last, last);
            self.changed();
        }
    }

    /// Takes what the log holds more than we knew.
    pub(crate) fn welcome(&mut self, page: ChatPage, queue: &mut Queue) {
        if self.log.as_ref().is_some_and(|log| *log != page.log) {
            self.start_anew();
        }
        let first = self.log.is_none();
        self.log = Some(page.log);
        self.batch = None;
        self.paused = false;
        self.history = None;
        if first || page.more {
            self.more = page.more;
        }
        if page.more {
            // The page does not reach back to what we have: the window goes on from it, the gap is loaded on demand.
            let from = page.messages.first().map_or(0, |m| m.seq);
            self.messages.retain(|m| m.seq.is_none_or(|seq| seq >= from));
        }
        self.told = Progress::default();
        for receipt in page.receipts {
            if receipt.user == self.me {
                self.told.raise(receipt.delivered, receipt.read);
            }
            self.receipt(&receipt);
        }
        self.merge(page.messages, !first, queue);
        self.since = self.since.max(page.last);
        self.changed();
    }

    /// The log was replaced: sequence numbers mean nothing any more, texts do. Ours that the new log may lack are sent
    /// again under their IDs; the log comes anew with this welcome.
    fn start_anew(&mut self) {
        self.log = None;
        self.since = 0;
        self.mine = Progress::default();
        self.theirs = Progress::default();
        for message in &mut self.messages {
            if message.sender == self.me && message.status != Delivery::Failed {
                message.status = Delivery::Sending;
            }
            message.seq = None;
        }
    }

    /// Takes messages that the server delivers.
    pub(crate) fn deliver(&mut self, messages: Vec<ChatMessage>, queue: &mut Queue) {
        self.merge(messages, true, queue);
    }

    fn merge(&mut self, messages: Vec<ChatMessage>, tell: bool, queue: &mut Queue) {
        if messages.is_empty() {
            return;
        }
        for message in messages {
            let new = self.place(message);
            if let Some((id, true)) = new
                && tell
            {
                queue.push(Output::Event(Event::Message(id)));
            }
        }
        self.sort();
        self.advance();
        // What has no sequence number stands last and is nowhere else.
        let durable = self.messages.iter().filter(|m| m.seq.is_some()).count();
        if durable > WINDOW {
            self.messages.drain(..durable - WINDOW);
            self.more = true;
        }
        self.changed();
    }

    /// Puts one durable message into the list; tells whether it is new and of the other.
    fn place(&mut self, new: ChatMessage) -> Option<(MessageId, bool)> {
        let status = self.status_of(new.seq);
        let own = new.sender == self.me;
        if !own {
            self.mine.raise(new.seq, 0);
        }
        if let Some(known) = self.messages.iter_mut().find(|m| m.id == new.id && m.sender == new.sender) {
            known.seq = Some(new.seq);
            known.at = new.at;
            known.status = status;
            return None;
        }
        let id = new.id.clone();
        let ChatMessage { id: own_id, sender, seq, at, text } = new;
        self.messages.push(Message { id: own_id, sender, text, at, seq: Some(seq), status, failure: None });
        Some((id, !own))
    }

    fn status_of(&self, seq: u64) -> Delivery {
        if seq <= self.theirs.read {
            Delivery::Read
        } else if seq <= self.theirs.delivered {
            Delivery::Delivered
        } else {
            Delivery::Sent
        }
    }

    fn sort(&mut self) {
        // By insertion: nearly everything stands right already, and equal keys keep their local order.
        let key = |message: &Message| message.seq.unwrap_or(u64::MAX);
        for end in 1..self.messages.len() {
            let Some((sorted, [next, ..])) = self.messages.split_at_checked(end) else { return };
            let wanted = key(next);
            let place = sorted.iter().rposition(|m| key(m) <= wanted).map_or(0, |at| at + 1);
            if let Some(part) = self.messages.get_mut(place..=end) {
                part.rotate_right(1);
            }
        }
    }

    /// Raises `since` over what follows without a gap: what a broken socket swallowed comes with the next welcome.
    fn advance(&mut self) {
        for message in &self.messages {
            if message.seq == Some(self.since + 1) {
                self.since += 1;
            }
        }
    }

    /// Takes how far somebody has got.
    pub(crate) fn receipt(&mut self, receipt: &Receipt) {
        if receipt.user == self.me {
            self.mine.raise(receipt.delivered, receipt.read);
        } else {
            self.theirs.raise(receipt.delivered, receipt.read);
        }
        let theirs = self.theirs;
        for message in self.messages.iter_mut().filter(|m| m.sender == self.me) {
            if let Some(seq) = message.seq {
                if seq <= theirs.read {
                    message.status = Delivery::Read;
                } else if seq <= theirs.delivered && message.status == Delivery::Sent {
                    message.status = Delivery::Delivered;
                }
            }
        }
        self.changed();
    }

    /// Asks for older messages.
    pub(crate) fn load_earlier(&mut self, queue: &mut Queue) {
        if !self.more || self.history.is_some() {
            return;
        }
        let before = self.messages.iter().filter_map(|m| m.seq).min().unwrap_or(u64::MAX);
        self.history = Some(queue.emit(ClientEvent::History(HistoryRequest { before, limit: PAGE })));
    }

    /// Sends what waits: one batch in flight, so that an author's order is kept.
    pub(crate) fn flush(&mut self, queue: &mut Queue) {
        self.flush_receipt(queue);
        if self.batch.is_some() || self.paused {
            return;
        }
        let mut bytes = 0;
        let mut batch = Vec::new();
        for message in self.messages.iter().filter(|m| m.status == Delivery::Sending) {
            bytes += message.text.len();
            if batch.len() >= MAX_BATCH || (bytes > MAX_BATCH_TEXT_BYTES && !batch.is_empty()) {
                break;
            }
            batch.push(NewMessage { id: message.id.clone(), text: message.text.clone() });
        }
        if !batch.is_empty() {
            self.batch = Some(queue.emit(ClientEvent::Chat(ChatBatch { messages: batch })));
        }
    }

    fn flush_receipt(&mut self, queue: &mut Queue) {
        if self.log.is_some() && self.mine != self.told {
            self.told = self.mine;
            let Progress { delivered, read } = self.mine;
            let receipt = Receipt { user: self.me.clone(), delivered, read };
            queue.emit(ClientEvent::Receipt(receipt));
        }
    }

    /// The socket is gone: what was in flight is sent again after the next welcome.
    pub(crate) fn disconnected(&mut self) {
        self.batch = None;
        self.history = None;
    }

    /// The outbox may be tried again.
    pub(crate) fn resume(&mut self) {
        self.paused = false;
    }

    /// Takes the answer to a batch or a history request; others are not ours.
    pub(crate) fn acknowledged(&mut self, request: OpId, answer: Option<Acknowledgement>, queue: &mut Queue) {
        if self.history == Some(request) {
            self.history = None;
            if let Some(answer) = answer.filter(|a| a.ok) {
                self.more = answer.more;
                for message in answer.messages {
                    self.place(message);
                }
                self.sort();
                self.changed();
            }
        } else if self.batch == Some(request) {
            self.batch = None;
            match answer {
                Some(answer) => self.batch_answered(answer, queue),
                None => self.pause(RETRY_MS, queue),
            }
        }
    }

    fn batch_answered(&mut self, answer: Acknowledgement, queue: &mut Queue) {
        for accepted in answer.accepted {
            let status = self.status_of(accepted.seq);
            if let Some(message) = self.messages.iter_mut().find(|m| m.id == accepted.id && m.sender == self.me) {
                message.seq = Some(accepted.seq);
                message.at = accepted.at;
                message.status = status;
            }
        }
        self.sort();
        self.advance();
        self.changed();
        let Some(error) = answer.error else { return };
        let refused = answer.refused_id.and_then(|id| self.messages.iter_mut().find(|m| m.id == id));
        match refused {
            Some(message) if !error.retryable => {
                message.status = Delivery::Failed;
                message.failure = Some(error.code);
                self.changed();
            }
            _ => self.pause(error.after_ms.unwrap_or(RETRY_MS), queue),
        }
    }

    fn pause(&mut self, after: u32, queue: &mut Queue) {
        self.paused = true;
        queue.push(Output::SetTimer { timer: Timer::Outbox, after, spread: true });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Accepted, Refusal};

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn id(n: u64) -> MessageId {
        MessageId::parse(&format!("00000000-0000-7000-8000-{n:012x}")).unwrap()
    }

    fn durable(n: u64, sender: &str) -> ChatMessage {
        ChatMessage { id: id(n), sender: user(sender), seq: n, at: n, text: format!("text {n}") }
    }

    fn page(log: &str, messages: Vec<ChatMessage>) -> ChatPage {
        let last = messages.last().map_or(0, |m| m.seq);
        ChatPage { log: log.into(), last, receipts: Vec::new(), messages, more: false }
    }

    fn emitted(queue: &mut Queue) -> Vec<(OpId, ClientEvent)> {
        std::iter::from_fn(|| queue.pop())
            .filter_map(|o| match o {
                Output::Emit { request, event } => Some((request, event)),
                _ => None,
            })
            .collect()
    }

    fn joined() -> (Chat, Queue) {
        let (mut chat, mut queue) = (Chat::new(user("7")), Queue::default());
        chat.welcome(page("a", Vec::new()), &mut queue);
        (chat, queue)
    }

    #[test]
    fn texts_are_checked_by_scalar_values() {
        assert_eq!(check_text(" \n"), Err(TextError::Empty));
        assert_eq!(check_text(&"😀".repeat(MAX_TEXT_CHARS)), Ok(()));
        assert_eq!(check_text(&"a".repeat(MAX_TEXT_CHARS + 1)), Err(TextError::TooLong));
        assert_eq!(check_text("a\u{0}"), Err(TextError::ControlCharacter));
        assert_eq!(check_text("fn main() {\r\n\t}"), Ok(()));
    }

    #[test]
    fn one_batch_is_in_flight_and_the_rest_follows_in_order() {
        let (mut chat, mut queue) = joined();
        chat.add(id(1), "one".into(), 0);
        chat.flush(&mut queue);
        chat.add(id(2), "two".into(), 0);
        chat.flush(&mut queue);
        let first = emitted(&mut queue);
        assert_eq!(first.len(), 1);
        let answer =
            Acknowledgement { ok: true, accepted: vec![Accepted { id: id(1), seq: 1, at: 1 }], ..Default::default() };
        chat.acknowledged(first[0].0, Some(answer), &mut queue);
        chat.flush(&mut queue);
        let second = emitted(&mut queue);
        let ClientEvent::Chat(batch) = &second[0].1 else { panic!("{second:?}") };
        assert_eq!(batch.messages[0].id, id(2));
        assert_eq!(chat.messages()[0].status, Delivery::Sent);
    }

    #[test]
    fn what_was_in_flight_is_sent_again_and_found_in_the_log() {
        let (mut chat, mut queue) = joined();
        chat.add(id(1), "one".into(), 0);
        chat.flush(&mut queue);
        chat.disconnected();
        chat.welcome(page("a", vec![durable(1, "7")]), &mut queue);
        emitted(&mut queue);
        chat.flush(&mut queue);
        assert!(emitted(&mut queue).is_empty(), "the welcome showed that it is durable");
        assert_eq!(chat.messages().len(), 1);
    }

    #[test]
    fn a_final_refusal_fails_one_message_and_goes_on() {
        let (mut chat, mut queue) = joined();
        chat.add(id(1), "bad".into(), 0);
        chat.add(id(2), "good".into(), 0);
        chat.flush(&mut queue);
        let sent = emitted(&mut queue);
        let error = Refusal { code: "bad-text".into(), message: String::new(), retryable: false, after_ms: None };
        let answer = Acknowledgement { error: Some(error), refused_id: Some(id(1)), ..Default::default() };
        chat.acknowledged(sent[0].0, Some(answer), &mut queue);
        chat.flush(&mut queue);
        assert_eq!(chat.messages()[0].status, Delivery::Failed);
        assert_eq!(emitted(&mut queue).len(), 1);
        chat.discard(&id(1));
        assert_eq!(chat.messages().len(), 1);
    }

    #[test]
    fn a_retryable_refusal_waits_as_long_as_it_says() {
        let (mut chat, mut queue) = joined();
        chat.add(id(1), "one".into(), 0);
        chat.flush(&mut queue);
        let sent = emitted(&mut queue);
        let error = Refusal { code: "busy".into(), message: String::new(), retryable: true, after_ms: Some(70) };
        let answer = Acknowledgement { error: Some(error), ..Default::default() };
        chat.acknowledged(sent[0].0, Some(answer), &mut queue);
        assert_eq!(queue.pop(), Some(Output::SetTimer { timer: Timer::Outbox, after: 70, spread: true }));
        chat.flush(&mut queue);
        assert!(emitted(&mut queue).is_empty());
        chat.resume();
        chat.flush(&mut queue);
        assert_eq!(emitted(&mut queue).len(), 1);
    }

    #[test]
    fn receipts_raise_the_status_and_never_lower_it() {
        let (mut chat, mut queue) = joined();
        chat.deliver(vec![durable(1, "7"), durable(2, "7")], &mut queue);
        chat.receipt(&Receipt { user: user("9"), delivered: 2, read: 1 });
        chat.receipt(&Receipt { user: user("9"), delivered: 1, read: 0 });
        let statuses: Vec<Delivery> = chat.messages().iter().map(|m| m.status).collect();
        assert_eq!(statuses, [Delivery::Read, Delivery::Delivered]);
    }

    #[test]
    fn what_arrives_is_unread_until_marked_and_both_are_told() {
        let (mut chat, mut queue) = joined();
        chat.deliver(vec![durable(1, "9")], &mut queue);
        assert_eq!(queue.pop(), Some(Output::Event(Event::Message(id(1)))));
        assert_eq!(chat.unread(), 1);
        chat.flush(&mut queue);
        chat.mark_read();
        chat.flush(&mut queue);
        let told: Vec<ClientEvent> = emitted(&mut queue).into_iter().map(|e| e.1).collect();
        let receipt = |read| ClientEvent::Receipt(Receipt { user: user("7"), delivered: 1, read });
        assert_eq!(told, [receipt(0), receipt(1)]);
        assert_eq!(chat.unread(), 0);
    }

    #[test]
    fn what_was_read_while_offline_is_told_after_the_next_welcome() {
        let (mut chat, mut queue) = joined();
        chat.deliver(vec![durable(1, "9")], &mut queue);
        chat.disconnected();
        chat.mark_read();
        chat.welcome(page("a", Vec::new()), &mut queue);
        emitted(&mut queue);
        chat.flush(&mut queue);
        let told = emitted(&mut queue);
        assert_eq!(told[0].1, ClientEvent::Receipt(Receipt { user: user("7"), delivered: 1, read: 1 }));
    }

    #[test]
    fn unsent_messages_are_never_dropped_from_the_window() {
        let (mut chat, mut queue) = joined();
        for n in 1..=600 {
            chat.add(id(n), "unsent".into(), 0);
        }
        chat.deliver(vec![ChatMessage { id: id(9_999), ..durable(1, "9") }], &mut queue);
        assert_eq!(chat.unsent(), 600);
    }

    #[test]
    fn a_gap_is_asked_for_again() {
        let (mut chat, mut queue) = joined();
        chat.deliver(vec![durable(1, "9"), durable(3, "9")], &mut queue);
        assert_eq!(chat.since(), 1);
        chat.welcome(page("a", vec![durable(2, "9"), durable(3, "9")]), &mut queue);
        assert_eq!(chat.since(), 3);
        assert_eq!(chat.messages().len(), 3);
    }

    #[test]
    fn another_log_keeps_texts_and_sends_ours_again() {
        let (mut chat, mut queue) = joined();
        chat.deliver(vec![durable(1, "7"), durable(2, "9")], &mut queue);
        chat.welcome(page("b", Vec::new()), &mut queue);
        assert_eq!(chat.messages().len(), 2);
        assert_eq!(chat.unsent(), 1);
    }
}
