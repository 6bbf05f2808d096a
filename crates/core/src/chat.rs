//! The chat: two paths, one list that ends up equal on both sides, and nothing twice.
//!
//! The server's log gives each message its place (`seq`); a copy over the data channel may come sooner. What has no place
//! yet stands last. An author's messages keep their order on either path.

mod in_band;
mod list;
mod message;
mod outbox;
mod progress;

use crate::decision::Fact;
use crate::op_id::OpId;
use crate::output::{Event, Output};
use crate::outputs::Outputs;
use crate::wire::{
    Acknowledgement, ChatMessage, ChatPage, ClientEvent, HistoryRequest, MAX_PAGE, MessageId, Receipt, UserId,
};

use list::List;
use outbox::Outbox;
use progress::Progress;

pub use message::{Delivery, Message};

/// Most messages of the log kept in memory, beside those that the person asked for.
pub const WINDOW: usize = 500;
/// Messages of one page of history.
const PAGE: u32 = 100;
/// The largest integer that JavaScript knows exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
/// Most pages that are loaded unasked, to find the places of copies.
const MAX_SEARCH: u32 = 10;

/// The chat of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chat {
    me: UserId,
    list: List,
    log: Option<String>,
    /// Everything up to here is known.
    since: u64,
    more: bool,
    /// Messages that the person loaded beyond the window.
    earlier: usize,
    mine: Progress,
    theirs: Progress,
    told: Progress,
    /// How far we have got with the other's copies, by their counter.
    copies: Progress,
    told_copies: Progress,
    /// Refused messages that the other has a copy of.
    withdrawn: Vec<MessageId>,
    outbox: Outbox,
    history: Option<OpId>,
    /// How many pages may still be loaded to find the places of copies, and how far back they may lie.
    search: Option<(u32, u64)>,
    revision: u32,
}

impl Chat {
    pub(crate) fn new(me: UserId) -> Self {
        Self {
            me,
            list: List::default(),
            log: None,
            since: 0,
            more: false,
            earlier: 0,
            mine: Progress::default(),
            theirs: Progress::default(),
            told: Progress::default(),
            copies: Progress::default(),
            told_copies: Progress::default(),
            withdrawn: Vec::new(),
            outbox: Outbox::new(),
            history: None,
            search: None,
            revision: 0,
        }
    }

    /// The loaded window, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        self.list.as_slice()
    }

    /// Messages of the other that have not been marked as read.
    #[must_use]
    pub fn unread(&self) -> usize {
        let beyond = |m: &Message| m.seq.is_none_or(|seq| seq > self.mine.read);
        self.list.iter().filter(|m| m.sender != self.me && m.status != Delivery::Read && beyond(m)).count()
    }

    /// Own messages that are not durable yet.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.unsaved_of(&self.me).filter(|m| m.status != Delivery::Failed).count()
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

    /// The message at [`Chat::since`], by which the server sees whether its log is still the one that we know.
    pub(crate) fn tip(&self) -> Option<MessageId> {
        self.list.iter().rev().find(|m| m.seq == Some(self.since)).map(|m| m.id.clone())
    }

    pub(crate) fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }

    /// Changes by a fact: what went over a data channel that is not the open one may not have arrived.
    pub(crate) fn note(&mut self, fact: Fact) {
        match fact {
            Fact::LinkUp { first: true } | Fact::ChannelOpen => self.channel_opened(),
            // Another life, perhaps on another device, counts its messages by another clock.
            Fact::PeerReplaced => self.forget_copies(),
            _ => {}
        }
    }

    fn changed(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    fn unsaved_of(&self, user: &UserId) -> impl Iterator<Item = &Message> {
        self.list.iter().filter(move |m| m.seq.is_none() && m.sender == *user)
    }

    /// Everything that has arrived was seen.
    pub(crate) fn mark_read(&mut self) {
        let unread = self.unread() > 0;
        let newest = self.list.newest();
        let mut copies = 0;
        for message in self.list.iter_mut().filter(|m| m.sender != self.me) {
            message.raise(Delivery::Read);
            if message.seq.is_none() {
                copies = copies.max(message.counter);
            }
        }
        self.mine.raise(newest, newest);
        self.copies.raise(copies, copies);
        if unread {
            self.changed();
        }
    }

    /// Takes what the log holds more than we knew.
    pub(crate) fn welcome(&mut self, page: ChatPage, out: &mut Outputs) {
        let other_log = self.log.as_ref().is_some_and(|log| *log != page.log);
        if other_log || page.since < self.since {
            self.start_anew(out);
        }
        let first = self.log.is_none();
        let known = self.since;
        self.log = Some(page.log);
        self.history = None;
        self.forget_batch();
        if first || page.more {
            self.more = page.more;
        }
        if page.more {
            // The page does not reach back to what we have: the window goes on from it, the gap is loaded on demand.
            self.list.raise_floor(page.messages.first().map_or(page.last + 1, |m| m.seq));
            self.earlier = 0;
        }
        self.told = Progress::default();
        for receipt in page.receipts {
            if receipt.user == self.me {
                self.told.raise(receipt.delivered, receipt.read);
            }
            self.receipt(&receipt);
        }
        // Of a first page, what another page of this person had is no news.
        let known_elsewhere = if first { self.told.delivered } else { 0 };
        self.merge(page.messages, known_elsewhere, out);
        self.since = self.since.max(page.last);
        self.search = self.more.then_some((MAX_SEARCH, known + 1));
        self.search_for_copies(out);
        self.outbox.load(out);
        self.changed();
    }

    /// The log was replaced or set back: places mean nothing any more, texts do. Ours that the new log may lack are sent
    /// again under their IDs; the log comes anew with this welcome.
    fn start_anew(&mut self, out: &mut Outputs) {
        self.log = None;
        self.since = 0;
        self.mine = Progress::default();
        self.theirs = Progress::default();
        self.list.forget_places();
        self.upload_again(out);
    }

    /// Takes messages that the server delivers.
    pub(crate) fn deliver(&mut self, messages: Vec<ChatMessage>, out: &mut Outputs) {
        self.merge(messages, 0, out);
    }

    /// Takes messages; the app is told of those of the other after this place that are new.
    fn merge(&mut self, messages: Vec<ChatMessage>, after: u64, out: &mut Outputs) {
        for message in messages {
            let (id, is_news) = (message.id.clone(), message.seq > after);
            if self.place(message, out) && is_news {
                out.push(Output::Event(Event::Message(id)));
            }
        }
        self.arranged(out);
        // A page of history on its way ends where the list begins now.
        if self.history.is_none() && self.list.trim(WINDOW + self.earlier) {
            self.more = true;
        }
    }

    /// Puts one durable message into the list; tells whether it is new and of the other.
    fn place(&mut self, new: ChatMessage, out: &mut Outputs) -> bool {
        let own = new.sender == self.me;
        if !own {
            self.mine.raise(new.seq, 0);
        }
        if let Some(index) = self.list.find(&new.sender, &new.id) {
            self.save(index, new.seq, new.at, out);
            return false;
        }
        if new.seq < self.list.floor() {
            return false;
        }
        let ChatMessage { id, sender, seq, at, text } = new;
        let status = self.status_of(own, seq);
        let seq = Some(seq);
        self.list.add_saved(Message { id, sender, text, at, seq, status, failure: None, counter: 0, copied: false });
        !own
    }

    /// A message that is here has its place in the log now.
    fn save(&mut self, index: usize, seq: u64, at: u64, out: &mut Outputs) {
        let Some(message) = self.list.get_mut(index) else { return };
        let own = message.sender == self.me;
        if own && message.seq.is_none() {
            self.outbox.remove(&message.id, out);
        }
        message.seq = Some(seq);
        message.at = at;
        message.failure = None;
        if message.status == Delivery::Failed {
            message.status = Delivery::Sent;
        }
        let status = if own { self.theirs.status(seq) } else { Delivery::Delivered };
        message.raise(status);
        if seq < self.list.floor() {
            // It belongs to what is loaded on demand.
            self.list.remove(index);
            self.more = true;
        }
    }

    fn status_of(&self, own: bool, seq: u64) -> Delivery {
        if own {
            self.theirs.status(seq)
        } else if seq <= self.mine.read {
            Delivery::Read
        } else {
            Delivery::Delivered
        }
    }

    /// Messages got their places.
    fn arranged(&mut self, out: &mut Outputs) {
        self.list.sort();
        let mut seen = self.mine.read;
        for message in self.list.iter() {
            // What follows without a gap is known: what a broken socket swallowed comes with the next welcome.
            if message.seq == Some(self.since + 1) {
                self.since += 1;
            }
            // A copy that was seen stays seen when it gets its place.
            let own = message.sender == self.me;
            if message.seq == Some(seen + 1) && (own || message.status == Delivery::Read) {
                seen += 1;
                if !own {
                    self.mine.raise(seen, seen);
                }
            }
        }
        self.search_for_copies(out);
        self.changed();
    }

    /// Takes how far somebody has got.
    pub(crate) fn receipt(&mut self, receipt: &Receipt) {
        if receipt.user == self.me {
            self.mine.raise(receipt.delivered, receipt.read);
        } else {
            self.theirs.raise(receipt.delivered, receipt.read);
        }
        let (mine, theirs) = (self.mine, self.theirs);
        for message in self.list.iter_mut() {
            match message.seq {
                Some(seq) if message.sender == self.me => message.raise(theirs.status(seq)),
                Some(seq) if seq <= mine.read => message.raise(Delivery::Read),
                _ => {}
            }
        }
        self.changed();
    }

    /// Asks for older messages.
    pub(crate) fn load_earlier(&mut self, out: &mut Outputs) {
        if self.more && self.history.is_none() {
            self.ask_for_history(PAGE, out);
        }
    }

    fn ask_for_history(&mut self, limit: u32, out: &mut Outputs) {
        let first = self.list.iter().find_map(|m| m.seq).unwrap_or(self.list.floor());
        let before = if first == 0 { MAX_SAFE_INTEGER } else { first };
        self.history = Some(out.emit(ClientEvent::History(HistoryRequest { before, limit })));
    }

    /// Copies whose place lies in a gap that was not loaded would stay at the end for ever: the gap is searched.
    fn search_for_copies(&mut self, out: &mut Outputs) {
        let Some((pages, back_to)) = self.search.filter(|_| self.history.is_none()) else { return };
        let wanted = self.list.iter().any(|m| m.seq.is_none() && m.sender != self.me);
        if wanted && self.more && pages > 0 && self.list.floor() > back_to {
            self.search = Some((pages - 1, back_to));
            self.ask_for_history(MAX_PAGE, out);
        } else {
            self.search = None;
        }
    }

    /// Sends what waits for the server.
    pub(crate) fn flush(&mut self, out: &mut Outputs) {
        if self.log.is_some() && self.mine != self.told {
            self.told = self.mine;
            let Progress { delivered, read } = self.mine;
            out.emit(ClientEvent::Receipt(Receipt { user: self.me.clone(), delivered, read }));
        }
        self.flush_outbox(out);
    }

    /// The socket is gone.
    pub(crate) fn disconnected(&mut self) {
        self.forget_batch();
        self.history = None;
        self.search = None;
    }

    /// Takes the answer to a batch or a history request; others are not ours.
    pub(crate) fn acknowledged(&mut self, request: OpId, answer: Option<Acknowledgement>, out: &mut Outputs) {
        if self.history.take_if(|wanted| *wanted == request).is_some() {
            match answer.filter(|a| a.ok) {
                Some(answer) => self.history_page(answer, out),
                None => self.search = None,
            }
        } else {
            self.batch_acknowledged(request, answer.as_ref(), out);
        }
    }

    fn history_page(&mut self, answer: Acknowledgement, out: &mut Outputs) {
        self.more = answer.more;
        self.earlier += answer.messages.len();
        // Without older ones, everything there is belongs to the window.
        let first = answer.messages.first().map_or(0, |m| m.seq);
        self.list.lower_floor(if answer.more { first } else { 0 });
        for message in answer.messages {
            self.place(message, out);
        }
        self.arranged(out);
    }
}

#[cfg(test)]
mod tests;
