//! Chat: written before it is acknowledged, then handed to the other.

use pairvoice_wire::{
    Acknowledgement, ChatBatch, ChatDelivery, ChatMessage, Code, HistoryRequest, MAX_BATCH, MAX_PAGE, NewMessage,
    Receipt, Refusal, ServerEvent, UserId, check_text,
};

use crate::input::{Input, RequestId};
use crate::output::Output;
use crate::room::Room;
use crate::seat::Socket;
use crate::store::{Appended, StoreError, StoreRequest, Ticket};

impl Room {
    /// A `chat` event: what may be written goes to the log up to the first message that may not.
    pub(crate) fn chat(&mut self, user: UserId, request: RequestId, batch: ChatBatch) {
        let mut messages = batch.messages;
        if messages.len() > MAX_BATCH {
            return self.acknowledge(request, Refusal::new(Code::TooLarge, "a batch has at most 64 messages"));
        }
        let bad = messages.iter().position(|message| check(message, &user).is_err()).unwrap_or(messages.len());
        let cut = messages.split_off(bad).into_iter().next();
        let cut = cut.and_then(|message| check(&message, &user).err().map(|refusal| (message.id, refusal)));
        let ticket = Ticket { user, request, cut };
        if messages.is_empty() {
            self.appended(ticket, Ok(Appended::default()));
        } else {
            self.push(Output::Store(StoreRequest::Append { ticket, messages }));
        }
    }

    /// A batch is durable, or could not be written.
    pub(crate) fn appended(&mut self, ticket: Ticket, result: Result<Appended, StoreError>) {
        let Ticket { user, request, cut } = ticket;
        match result {
            Ok(Appended { accepted, new, taken, full }) => {
                self.deliver(&user, &new);
                let taken = taken.map(|id| (id, Refusal::new(Code::IdTaken, "the ID is another message's")));
                let full =
                    full.map(|id| (id, Refusal::new(Code::StorageFull, "you have no room for more in this session")));
                let (refused_id, error) = taken.or(full).or(cut).unzip();
                let answer =
                    Acknowledgement { ok: error.is_none(), accepted, error, refused_id, ..Acknowledgement::ok() };
                self.acknowledge(request, answer);
            }
            Err(error) => self.acknowledge(request, not_stored(error)),
        }
    }

    /// Hands durable messages to the other. Whoever is entering, on either seat, finds them behind the welcome.
    fn deliver(&mut self, author: &UserId, messages: &[ChatMessage]) {
        if messages.is_empty() {
            return;
        }
        let mut overflowing = Vec::new();
        for seat in self.seats_mut() {
            if let Socket::Entering(entering) = &mut seat.socket
                && !entering.keep(messages)
            {
                overflowing.push(entering.id);
            }
        }
        for socket in overflowing {
            self.handle(Input::PageRead { socket, page: Err(StoreError::Busy) });
        }
        // The author may have left, and somebody else may have the seat: then both others are told.
        let others = self.seats_mut().filter(|seat| seat.user != *author);
        let open = others.filter_map(|seat| match &seat.socket {
            Socket::Open { id, seen } => Some((*id, *seen)),
            Socket::None | Socket::Entering(_) => None,
        });
        for (to, seen) in open.collect::<Vec<_>>() {
            let messages: Vec<ChatMessage> = messages.iter().filter(|message| message.seq > seen).cloned().collect();
            if !messages.is_empty() {
                self.push(Output::Send { to, event: ServerEvent::Chat(ChatDelivery { messages }) });
            }
        }
    }

    /// A `receipt` event.
    pub(crate) fn receipt(&mut self, user: UserId, request: RequestId, receipt: &Receipt) {
        let receipt = Receipt { user, ..*receipt };
        self.push(Output::Store(StoreRequest::Raise { request, receipt }));
    }

    /// How far somebody has got is written.
    pub(crate) fn raised(&mut self, request: RequestId, result: Result<Receipt, StoreError>) {
        match result {
            Ok(receipt) => {
                let user = receipt.user.clone();
                for seat in self.seats_mut() {
                    if let Socket::Entering(entering) = &mut seat.socket {
                        entering.keep_receipt(receipt.clone());
                    }
                }
                // As above: who raised it may have left.
                let others: Vec<_> =
                    self.seats_mut().filter(|seat| seat.user != user).filter_map(|seat| seat.open()).collect();
                for to in others {
                    self.push(Output::Send { to, event: ServerEvent::Receipt(receipt.clone()) });
                }
                self.acknowledge(request, Acknowledgement::ok());
            }
            Err(error) => self.acknowledge(request, not_stored(error)),
        }
    }

    /// A `history` event.
    pub(crate) fn history(&mut self, request: RequestId, asked: &HistoryRequest) {
        let limit = asked.limit.min(MAX_PAGE);
        self.push(Output::Store(StoreRequest::ReadHistory { request, before: asked.before, limit }));
    }

    /// A page of history is read.
    pub(crate) fn history_read(&mut self, request: RequestId, result: Result<(Vec<ChatMessage>, bool), StoreError>) {
        match result {
            Ok((messages, more)) => {
                self.acknowledge(request, Acknowledgement { messages, more, ..Acknowledgement::ok() });
            }
            Err(error) => self.acknowledge(request, not_stored(error)),
        }
    }
}

/// Whether this user may write this message.
///
/// # Errors
/// [`Code::ForeignSender`] or [`Code::BadText`].
fn check(message: &NewMessage, user: &UserId) -> Result<(), Refusal> {
    if message.sender.as_ref().is_some_and(|sender| sender != user) {
        return Err(Refusal::new(Code::ForeignSender, "the author of a message is the user of the connection"));
    }
    let refusal = |_| Refusal::new(Code::BadText, "a text has 1 to 8,000 characters and no control characters");
    check_text(&message.text).map_err(refusal)
}

fn not_stored(error: StoreError) -> Refusal {
    match error {
        StoreError::Busy => Refusal::new(Code::Busy, "the chat log is busy"),
        StoreError::Full => Refusal::new(Code::StorageFull, "the server has no room for messages"),
    }
}
