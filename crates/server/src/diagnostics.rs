//! What happened lately, for whoever runs the server: kinds, sizes and outcomes, never contents.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use pairvoice_room::Note;
use pairvoice_wire::{Outcome, SessionId};
use serde::Serialize;

/// Signals that are remembered.
const LENGTH: usize = 500;

/// One signal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The session.
    pub room: String,
    /// The sender.
    pub from: String,
    /// The first characters of the sender's instance.
    pub instance: String,
    /// Offer, answer, candidate, restart, end, give-up.
    pub kind: &'static str,
    /// The attempt.
    pub attempt: u32,
    /// The sender's counter.
    pub sequence: u32,
    /// Its size in bytes.
    pub bytes: usize,
    /// What became of it.
    pub outcome: Outcome,
}

/// The last signals, newest last.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<VecDeque<Entry>>);

impl Journal {
    /// Remembers a signal; other notes are lines of the log.
    pub(crate) fn note(&self, session: &SessionId, note: &Note) {
        let Note::Signal { from, instance, kind, attempt, sequence, bytes, outcome } = note else { return };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let entry = Entry {
            at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            room: session.to_string(),
            from: from.to_string(),
            instance: instance.short().to_owned(),
            kind,
            attempt: *attempt,
            sequence: *sequence,
            bytes: *bytes,
            outcome: *outcome,
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= LENGTH {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
