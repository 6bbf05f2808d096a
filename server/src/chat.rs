//! Chat: written before it is acknowledged, then handed to the other.

use std::sync::{Arc, Mutex};

use pairvoice_core::check_text;
use pairvoice_core::wire::{
    Accepted, Acknowledgement, ChatBatch, ChatDelivery, HistoryRequest, MAX_BATCH, MAX_PAGE, NewMessage, Receipt,
};
use tracing::warn;

use crate::chat_log::{Appended, LogError};
use crate::relay::{Relay, Speaker, fine, lock, not_joined, refusal, refused};

impl Relay {
    /// `chat`: acknowledged once it is durable.
    pub(crate) fn chat(
        self: &Arc<Self>,
        speaker: &Speaker,
        batch: ChatBatch,
        done: impl FnOnce(Acknowledgement) + Send + 'static,
    ) {
        if !self.has_seat(speaker) {
            return done(not_joined());
        }
        let mut messages = batch.messages;
        if messages.len() > MAX_BATCH {
            return done(refused("too-large", "a batch has at most 64 messages", false));
        }
        let foreign = |m: &NewMessage| m.sender.as_ref().is_some_and(|sender| *sender != speaker.user);
        let bad = messages.iter().position(|m| foreign(m) || check_text(&m.text).is_err());
        let rest = messages.split_off(bad.unwrap_or(messages.len()));
        let bad = rest.into_iter().next();
        let error = bad.as_ref().map(|m| {
            if foreign(m) {
                refusal("foreign-sender", "the author of a message is the user of the connection", false)
            } else {
                refusal("bad-text", "a text has 1 to 8,000 characters and no control characters", false)
            }
        });
        let refused_id = bad.map(|m| m.id);
        let (relay, from) = (Arc::clone(self), speaker.clone());
        let report = Arc::new(Mutex::new(Some(done)));
        let late = Arc::clone(&report);
        let submitted = self.chat_log.append(speaker.session.clone(), speaker.user.clone(), messages, move |result| {
            let Some(done) = lock(&late).take() else { return };
            done(match result {
                Ok(mut appended) => {
                    let squatted = appended.squatted.take();
                    let accepted = relay.delivered(&from, appended);
                    let taken = squatted.is_some().then(|| refusal("id-taken", "the ID is another message's", false));
                    let (error, refused_id) = (taken.or(error), squatted.or(refused_id));
                    Acknowledgement { ok: error.is_none(), accepted, error, refused_id, ..fine() }
                }
                Err(error) => not_written(&error),
            });
        });
        if let Err(error) = submitted
            && let Some(done) = lock(&report).take()
        {
            done(not_written(&error));
        }
    }

    /// Hands durable messages to the other; runs on the writer's thread, so in the log's order.
    fn delivered(self: &Arc<Self>, speaker: &Speaker, appended: Appended) -> Vec<Accepted> {
        if !appended.new.is_empty() {
            let delivery = ChatDelivery { messages: appended.new };
            let lost = self.in_room(&speaker.session, |room| {
                let other = room.other(&speaker.user).filter(|other| !other.emit("chat", &delivery))?;
                let who = Speaker { session: speaker.session.clone(), user: other.user.clone(), sid: other.sid };
                Some((who, other.socket.clone()?))
            });
            // What does not fit into the channel would be a hole in the other's list: that socket counts as gone, and
            // the next welcome brings everything.
            if let Some((who, socket)) = lost.flatten() {
                self.depart(&who);
                self.hang_up(socket);
            }
        }
        appended.accepted
    }

    /// `receipt`.
    pub(crate) fn receipt(self: &Arc<Self>, speaker: &Speaker, receipt: &Receipt) -> Acknowledgement {
        if !self.has_seat(speaker) {
            return not_joined();
        }
        let (relay, from) = (Arc::clone(self), speaker.clone());
        let receipt = Receipt { user: speaker.user.clone(), ..*receipt };
        let submitted = self.chat_log.receipt(speaker.session.clone(), receipt, move |result| {
            if let Ok(receipt) = result {
                relay.in_room(&from.session, |room| {
                    if let Some(other) = room.other(&from.user) {
                        other.emit("receipt", &receipt);
                    }
                });
            }
        });
        submitted.map_or_else(|error| not_written(&error), |()| fine())
    }

    /// `history`.
    pub(crate) fn history(&self, speaker: &Speaker, request: &HistoryRequest) -> Acknowledgement {
        if !self.has_seat(speaker) {
            return not_joined();
        }
        match self.chat_log.history(&speaker.session, request.before, request.limit.min(MAX_PAGE)) {
            Ok((messages, more)) => Acknowledgement { messages, more, ..fine() },
            Err(error) => {
                warn!(%error, "history");
                not_written(&error)
            }
        }
    }
}

fn not_written(error: &LogError) -> Acknowledgement {
    match error {
        LogError::Full => refused("storage-full", "the server has no room for messages", true),
        _ => refused("busy", "the chat log is busy", true),
    }
}
