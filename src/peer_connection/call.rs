//! What is asked of a connection while a call runs over it: heartbeats, figures, and how its sound is sent.

use pairvoice_core::{ConnectionEvent, Hearing, Protection};

use super::PeerConnection;
use crate::inbox::Report;
use crate::sound;
use crate::statistics::{captured, figures, reception};
use crate::watch::Watch;

impl PeerConnection {
    /// Sends a heartbeat and reports what has come of the other's sound.
    pub(crate) fn pulse(&self, next: u32, target: u32, hearing: Option<Hearing>) {
        self.heartbeats.send(next, target, hearing);
        let speaks = self.sound.speaks();
        self.inbox.report(Report::Pulse { connection: self.connection.clone(), speaks });
        let Some(receiver) = self.receiver() else { return };
        // Without statistics there are still the heartbeats.
        self.then(receiver.get_stats(), |this, report| {
            let reception = report.map_or(this.received.get(), |report| reception(&report));
            this.received.set(reception);
            this.report(ConnectionEvent::Received(reception));
        });
    }

    /// Sends sound in this way from now on.
    pub(crate) fn protect(&self, protection: Protection) {
        self.sound.protect(protection);
    }

    /// Another worker writes the packets of sound.
    pub(crate) fn renew(&self) {
        self.sound.renew();
    }

    /// Holds the other's sound back for so long, in milliseconds.
    pub(crate) fn buffer(&self, target: u32) {
        if let Some(receiver) = self.receiver() {
            sound::buffer(&receiver, target);
        }
    }

    /// Looks closely whether steady sound goes on.
    pub(crate) fn watch(&self, on: bool) {
        let receiver = self.receiver().filter(|_| on);
        let this = self.this.clone();
        let report = move |hushed| {
            if let Some(this) = this.upgrade() {
                this.report(ConnectionEvent::Hushed(hushed));
            }
        };
        *self.watch.borrow_mut() = receiver.map(|receiver| Watch::new(receiver, report));
    }

    /// Reports whether the microphone brings anything.
    pub(crate) fn measure(&self) {
        if let Some(sender) = self.sound.sender() {
            self.then(sender.get_stats(), |this, report| {
                if let Some(mark) = report.ok().and_then(|report| captured(&report)) {
                    this.report(ConnectionEvent::Captured { mark });
                }
            });
        }
    }

    /// Looks up and reports whether packets go directly or through a relay.
    pub(crate) fn find_path(&self) {
        self.then(self.connection.get_stats(), |this, report| {
            if let Ok((path, traffic)) = report.map(|report| figures(&report)) {
                this.report(ConnectionEvent::Figures { path, traffic });
            }
        });
    }
}
