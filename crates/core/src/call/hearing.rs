//! How well the two hear each other, and what is done about it.

use super::Call;
use crate::input::{Heartbeat, Path};
use crate::op_id::OpId;
use crate::output::{ConnectionCommand, Event, Output};
use crate::outputs::Outputs;
use crate::quality::Traffic;
use crate::wire::MicrophoneState;

impl Call {
    /// What the other says of how they hear this side, and how long their sound is to be held back.
    pub(super) fn listen(&mut self, id: OpId, heartbeat: &Heartbeat, out: &mut Outputs) {
        let audible = self.is_audible();
        if self.quality.heartbeat(id, heartbeat, self.liveness.round_trip(), audible) {
            self.protect(out);
        }
        if let Some(target) = self.quality.news_of_target(id) {
            out.push(Output::Connection { id, command: ConnectionCommand::Buffer(target) });
        }
        if !audible {
            self.quality.hush();
        }
    }

    /// There is sound that the other could hear.
    fn is_audible(&self) -> bool {
        self.course.sends()
            && self.voice.on
            && !self.voice.muted
            && self.voice.microphone.state() == MicrophoneState::Live
    }

    /// Sends sound over every open connection in the way that is best now.
    pub(super) fn protect(&mut self, out: &mut Outputs) {
        if let Some(carrier) = self.negotiation.carrier().or(self.negotiation.attempt()) {
            self.quality.set_means(carrier.means);
        }
        let step = self.quality.protection();
        for id in self.negotiation.ids() {
            out.push(Output::Connection { id, command: ConnectionCommand::Protect(step) });
        }
    }

    /// Sends a heartbeat, which says now and then how the other is heard, and asks what has come.
    pub(super) fn tell_of_hearing(&mut self, id: OpId, next: u32, out: &mut Outputs) {
        let playing = self.voice.on && !self.voice.playback_blocked && !self.voice.speaker.volume.is_zero();
        let hearing = self.quality.hearing(id, self.pulses, next, playing);
        let target = self.quality.protection().target();
        out.push(Output::Connection { id, command: ConnectionCommand::Pulse { next, target, hearing } });
        if let Some(talk) = self.quality.pulse(self.voice.muted, self.liveness.pulse()) {
            out.push(Output::Event(Event::Speaking { own: talk.own, peer: talk.peer }));
        }
    }

    /// A second has passed.
    pub(super) fn assess(&mut self, id: OpId, path: Option<Path>, traffic: Traffic, out: &mut Outputs) {
        let live = self.is_audible() && self.is_connected();
        if self.quality.is_fed(traffic) {
            self.liveness.fed();
        }
        let before = self.quality.protection();
        let second = self.quality.second(id, path, traffic, self.liveness.round_trip(), live);
        if self.quality.protection() != before {
            self.protect(out);
        }
        let Some((report, stuck)) = second else { return };
        if stuck {
            out.push(Output::Connection { id, command: ConnectionCommand::Renew });
        }
        if self.is_connected() && self.voice.on && self.course.sends() {
            out.push(Output::Event(Event::Quality(Box::new(report))));
        }
    }

    /// Nobody speaks over a connection that is not there; `over` if there will be none.
    pub(super) fn fall_quiet(&mut self, over: bool, out: &mut Outputs) {
        let spoke = if over { self.quality.end() } else { self.quality.rest() };
        if spoke {
            out.push(Output::Event(Event::Speaking { own: false, peer: false }));
        }
    }

    /// This person speaks, muted or not, or has stopped.
    pub(crate) fn speaks(&mut self, speaks: bool) {
        self.quality.speaks(speaks);
    }
}
