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
    /// A link: this side wants voice.
    Link,
    /// A link, whether anybody wants voice or not: both stand by.
    Standing,
}

/// What both sides let happen, and what follows for the link.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Course {
    pub(super) aim: Aim,
    /// This side lets the link stand while nobody talks, if the other does, too.
    pub(super) standby: bool,
    /// This browser bears descriptions ahead of candidates.
    pub(super) ahead: bool,
    /// The microphone's sound goes over the link.
    sends: bool,
}

impl Course {
    pub(super) fn new(standby: bool, ahead: bool) -> Self {
        Self { aim: Aim::Nothing, standby, ahead, sends: true }
    }

    /// The microphone's sound goes out.
    pub(super) fn sends(&self) -> bool {
        self.sends
    }
}

impl Call {
    /// How far the two are to be linked.
    pub(super) fn aim(&self, now: &Surroundings) -> Aim {
        let there = now.peer_presence != Presence::Absent;
        if self.voice.incapable.is_some() || !now.staying || now.peer_voice.unavailable.is_some() {
            Aim::Nothing
        } else if self.course.standby && now.peer_voice.standby && there {
            Aim::Standing
        } else if self.voice.on {
            Aim::Link
        } else if self.course.ahead && now.peer_voice.ahead && now.peer_voice.on && there {
            Aim::Ready
        } else {
            Aim::Nothing
        }
    }

    /// Follows what is wanted now: opens what was prepared, gives up what is of no use, lets sound through or not.
    pub(super) fn follow(&mut self, now: &Surroundings, out: &mut Outputs) {
        self.course.aim = self.aim(now);
        let stale = std::mem::take(&mut self.stale);
        match self.course.aim {
            _ if self.negotiation.is_quiet() && (stale || self.negotiation.has_failed()) => {
                self.prepare_anew(now.joined, out);
            }
            Aim::Nothing if self.negotiation.is_quiet() => self.negotiation.close(out),
            Aim::Link | Aim::Standing => self.negotiation.open_up(now.joined, out),
            Aim::Nothing | Aim::Ready => {}
        }
        self.negotiation.set_audible(self.voice.on, out);
        let wanted = self.voice.on && now.peer_voice.on;
        let sends = wanted || !self.stands_by();
        if std::mem::replace(&mut self.course.sends, sends) != sends {
            self.send_microphone(out);
        }
        let rests = self.stands_by() && !wanted;
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
            let command =
                if self.course.sends { ConnectionCommand::SendMicrophone } else { ConnectionCommand::SendNothing };
            out.push(Output::Connection { id, command });
        }
    }

    /// A link is wanted, with sound or without.
    pub(crate) fn wants_link(&self) -> bool {
        matches!(self.course.aim, Aim::Link | Aim::Standing)
    }

    /// Both let the link stand while nobody talks.
    pub(crate) fn stands_by(&self) -> bool {
        self.course.aim == Aim::Standing
    }

    /// A connection that is new sends what the others do.
    pub(super) fn begun(&self, out: &mut Outputs) {
        if !self.course.sends {
            self.send_microphone(out);
        }
    }
}
