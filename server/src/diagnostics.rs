//! What happened lately, for whoever runs the server: kinds, sizes and outcomes, never contents.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use pairvoice_core::wire::{Envelope, Outcome};
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
    /// Its size; 0 for one that was parked before.
    pub bytes: usize,
    /// What became of it.
    pub outcome: Outcome,
}

/// The last signals, newest last.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<VecDeque<Entry>>);

impl Journal {
    pub(crate) fn note(&self, envelope: &Envelope, outcome: Outcome, bytes: usize) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let entry = Entry {
            at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            room: envelope.session.to_string(),
            from: envelope.user.to_string(),
            instance: envelope.instance.short().to_owned(),
            kind: envelope.body.kind(),
            attempt: envelope.attempt,
            sequence: envelope.sequence,
            bytes,
            outcome,
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
