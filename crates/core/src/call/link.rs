//! What peer connections report, and what is asked of them as time goes by.

use super::Call;
use super::attempt::Attempt;
use super::liveness::Silence;
use super::{FROZEN_MS, PULSES_OF_A_PATH, RESTART_MS};
use crate::decision::Fact;
use crate::input::{ConnectionEvent, LinkState};
use crate::op_id::OpId;
use crate::output::{ConnectionCommand, Output};
use crate::outputs::Outputs;
use crate::timer::Timer;

impl Call {
    /// The system's word on this host's addresses, compared with what the newest connection knows.
    pub(crate) fn addresses(&mut self, id: OpId, addresses: &[String]) -> Option<Fact> {
        self.looking.take_if(|looking| *looking == id)?;
        let known = self.negotiation.attempt().or(self.negotiation.carrier())?;
        let moved = known.addresses.compare(addresses)?;
        // A socket that was replaced after the move is not left again.
        Some(Fact::AddressChanged { gone: moved.gone && !self.addresses_lag })
    }

    /// Takes what a peer connection reports of itself.
    pub(crate) fn connection_event(
        &mut self,
        id: OpId,
        event: &ConnectionEvent,
        joined: bool,
        out: &mut Outputs,
    ) -> Option<Fact> {
        let newest = self.negotiation.attempt().filter(|a| a.id == id);
        let first = newest.is_some_and(|a| !a.was_connected());
        let newest = newest.is_some();
        self.negotiation.connection_event(id, event, joined, out);
        if newest && *event == ConnectionEvent::Link(LinkState::Connected) {
            self.negotiation.take_over(self.liveness.is_steady(), out);
            self.protect(out);
        }
        self.negotiation.hand_over(id, event, out);
        let carrier = self.negotiation.is_carrier(id);
        match event {
            // It waits for what can't come. After a link that worked this side may be offline for a moment.
            ConnectionEvent::LocalCandidate(candidate)
                if newest && candidate.is_end() && self.leads_nowhere() && !self.budget.was_up() =>
            {
                self.connection_event(id, &ConnectionEvent::Broken, joined, out)
            }
            ConnectionEvent::Link(LinkState::Connected) if newest => Some(Fact::LinkUp { first }),
            ConnectionEvent::Link(LinkState::Failed) if newest && self.negotiation.is_trying(id) => None,
            ConnectionEvent::Link(LinkState::Failed) | ConnectionEvent::Broken if newest => {
                Some(Fact::ConnectionFailed)
            }
            ConnectionEvent::Link(LinkState::Failed) if carrier => Some(Fact::FormerFailed),
            ConnectionEvent::Link(LinkState::Interrupted) if carrier => {
                self.liveness.hint();
                None
            }
            ConnectionEvent::Channel { open: true } if carrier => {
                if self.negotiation.is_handing_over() {
                    // It is open on both sides, so that sound has most likely come.
                    self.pulse(out);
                }
                Some(Fact::ChannelOpen)
            }
            ConnectionEvent::RemoteDescriptionSet if carrier => {
                Self::wait_for_restart(out);
                None
            }
            ConnectionEvent::Hushed(hushed) if carrier => self.liveness.hush(*hushed).then_some(Fact::Hush),
            ConnectionEvent::Received(reception) if carrier => {
                let packets = self.quality.received(id, *reception, self.liveness.pulse());
                self.received(packets, out)
            }
            ConnectionEvent::Captured { mark } if carrier => {
                self.voice.microphone.measured(*mark, out);
                None
            }
            ConnectionEvent::Heartbeat(heartbeat) if carrier => {
                self.liveness.heartbeat(*heartbeat);
                self.listen(id, heartbeat, out);
                None
            }
            ConnectionEvent::Figures { path, traffic } if carrier => {
                self.assess(id, *path, *traffic, out);
                None
            }
            ConnectionEvent::Carries(_) => {
                self.protect(out);
                None
            }
            _ => None,
        }
    }

    /// Whether a connection of this name is open.
    pub(crate) fn knows(&self, id: OpId) -> bool {
        self.negotiation.ids().contains(&id)
    }

    fn received(&mut self, packets: u32, out: &mut Outputs) -> Option<Fact> {
        let was_silent = self.negotiation.is_silent();
        match self.liveness.received(packets) {
            // They came before the hush.
            Silence::None if was_silent && self.liveness.is_hushed() => None,
            Silence::None => {
                self.liveness.proved();
                out.clear_timer(Timer::Restart);
                self.negotiation.flows(out);
                let back = was_silent || self.given_up().is_some();
                (back && self.is_connected()).then_some(Fact::SoundBack)
            }
            Silence::Short => None,
            Silence::Suspicious => Some(Fact::Pause),
            Silence::Long if was_silent => self.liveness.is_worth_a_look().then_some(Fact::StillSilent),
            Silence::Long => {
                self.negotiation.fell_silent();
                Some(Fact::Silence)
            }
        }
    }

    pub(super) fn find_path(&mut self, out: &mut Outputs) {
        if let Some(attempt) = self.negotiation.carrier() {
            out.push(Output::Connection { id: attempt.id, command: ConnectionCommand::FindPath });
        }
    }

    /// Whether somebody sees the page, whose timers are quick then.
    pub(super) fn watch(&mut self, out: &mut Outputs) {
        if let Some(id) = self.negotiation.carrier().map(|a| a.id) {
            let on = self.liveness.is_watchful();
            out.push(Output::Connection { id, command: ConnectionCommand::Watch { on } });
        }
    }

    pub(super) fn set_pulse(&mut self, out: &mut Outputs) -> u32 {
        let after = self.liveness.pulse();
        out.set_timer(Timer::Pulse, after);
        after
    }

    /// Sends a heartbeat and asks what has come.
    pub(crate) fn pulse(&mut self, out: &mut Outputs) {
        if let Some(id) = self.negotiation.carrier().map(|a| a.id) {
            let next = self.set_pulse(out);
            self.tell_of_hearing(id, next, out);
            let silent = self.voice.muted || !self.is_connected();
            if self.voice.microphone.is_to_be_measured(next, silent) {
                out.push(Output::Connection { id, command: ConnectionCommand::Measure });
            }
            // A restart may have moved the sound to another path, of which browsers say nothing.
            self.pulses = self.pulses.wrapping_add(1);
            if next >= 1_000 || self.pulses.is_multiple_of(PULSES_OF_A_PATH) {
                self.find_path(out);
            }
        }
    }

    /// Hidden or seen: the other is told at once how often heartbeats come now, before the browser slows the timers down.
    pub(crate) fn hide(&mut self, hidden: bool, out: &mut Outputs) {
        if hidden {
            // Its timer would come late.
            self.talked(out);
        }
        self.liveness.hide(hidden);
        self.voice.hide(hidden, out);
        self.watch(out);
        self.pulse(out);
    }

    /// Nothing runs in this page from now on, until it is thawed.
    pub(crate) fn freeze(&mut self, out: &mut Outputs) {
        if let Some(id) = self.negotiation.carrier().map(|a| a.id) {
            self.tell_of_hearing(id, FROZEN_MS, out);
        }
    }

    /// A connection takes long to take over from another.
    pub(crate) fn hurry_handover(&mut self, out: &mut Outputs) {
        self.negotiation.hurry_handover(out);
    }

    /// The running try has its full time anew.
    pub(crate) fn try_again(&mut self, out: &mut Outputs) {
        self.role.into_iter().for_each(|role| self.budget.arm(role, out));
    }

    /// The newest connection has no candidate, and gets none.
    pub(super) fn leads_nowhere(&self) -> bool {
        self.negotiation.attempt().is_some_and(Attempt::leads_nowhere)
    }

    /// The running restart has its full time anew.
    pub(crate) fn wait_for_restart(out: &mut Outputs) {
        out.set_timer(Timer::Restart, RESTART_MS);
    }
}
