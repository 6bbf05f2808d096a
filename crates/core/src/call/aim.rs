//! How far the two are to be linked, by what both want: not at all, ready for it, or linked; and what goes over the link.

use super::{Call, Surroundings};
use crate::output::{ConnectionCommand, Output};
use crate::outputs::Outputs;
use crate::wire::{Presence, RestartWhy, Role, SignalBody};

/// How far the two are to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Aim {
    /// This side wants no voice.
    Nothing,
    /// It does not, but the other does: descriptions are exchanged ahead of candidates.
    Ready,
    /// A link: this side wants voice, or both stand by.
    Link,
}

impl Call {
    /// How far the two are to be linked.
    pub(super) fn aim(&self, now: &Surroundings) -> Aim {
        let there = now.peer_presence != Presence::Absent;
        if self.voice.incapable.is_some() || !now.staying || now.peer_voice.unavailable.is_some() {
            Aim::Nothing
        } else if self.voice.on || (self.standby && now.peer_voice.standby && there) {
            Aim::Link
        } else if self.ahead && now.peer_voice.ahead && now.peer_voice.on && there {
            Aim::Ready
        } else {
            Aim::Nothing
        }
    }

    /// Follows what is wanted now: opens what was prepared, gives up what is of no use, lets sound through or not.
    pub(super) fn follow(&mut self, now: &Surroundings, out: &mut Outputs) {
        self.aim = self.aim(now);
        self.stands_by = self.standby && now.peer_voice.standby && self.aim == Aim::Link;
        let stale = std::mem::take(&mut self.stale);
        match self.aim {
            _ if self.negotiation.is_quiet() && (stale || self.negotiation.has_failed()) => {
                self.prepare_anew(now.joined, out);
            }
            Aim::Nothing if self.negotiation.is_quiet() => self.negotiation.close(out),
            Aim::Link => self.negotiation.open_up(now.joined, out),
            Aim::Nothing | Aim::Ready => {}
        }
        self.negotiation.set_audible(self.voice.on, out);
        let wanted = self.voice.on && now.peer_voice.on;
        let sends = wanted || !self.stands_by;
        if std::mem::replace(&mut self.sends, sends) != sends {
            self.send_microphone(out);
        }
        let rests = self.stands_by && !wanted;
        if self.liveness.rest(rests) && !rests {
            // The other is told at once how often heartbeats come from now on.
            self.pulse(out);
        }
    }

    /// The offerer begins again by itself, and the answerer asks for it.
    fn prepare_anew(&mut self, joined: bool, out: &mut Outputs) {
        self.negotiation.close(out);
        if self.role == Some(Role::Answerer) {
            self.negotiation.say(SignalBody::Restart { why: RestartWhy::Network }, joined, out);
        }
    }

    /// The open connections send the microphone's track, or nothing while the two only stand by.
    pub(super) fn send_microphone(&self, out: &mut Outputs) {
        for id in self.negotiation.ids() {
            let command = if self.sends { ConnectionCommand::SendMicrophone } else { ConnectionCommand::SendNothing };
            out.push(Output::Connection { id, command });
        }
    }

    /// A link is wanted, with sound or without.
    pub(crate) fn wants_link(&self) -> bool {
        self.aim == Aim::Link
    }

    /// Both let the link stand while nobody talks.
    pub(crate) fn stands_by(&self) -> bool {
        self.stands_by
    }
}
