//! Asking for a microphone, and the ladder when one is lost: the same device again, the system's choice, listening only.

use super::{Ask, Last, Microphone, Rung, STEADY_MS, State, Used, Why};
use crate::device::{Change, Device, Processing, Source};
use crate::output::{Event, Output};
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::MicrophoneReason;

impl Microphone {
    pub(super) fn ask_for_wanted(&mut self, why: Why, out: &mut Outputs) {
        self.rung = if matches!(self.source, Source::Device(_)) { Rung::Device } else { Rung::Default };
        self.ask(self.source.clone(), why, out);
    }

    /// The device in use, opened again.
    pub(super) fn ask_for_used(&mut self, why: Why, out: &mut Outputs) {
        if let Some(device) = self.device().cloned() {
            self.ask(Source::device(device), why, out);
        }
    }

    /// Asks; what a request before it brings is nobody's any more.
    fn ask(&mut self, source: Source, why: Why, out: &mut Outputs) {
        let (id, processing) = (out.next_id(), self.processing);
        out.push(Output::OpenMicrophone { id, source: source.clone(), processing });
        let ask = Ask { id, source, processing, why };
        self.state = match std::mem::replace(&mut self.state, State::Off) {
            State::Live { used, .. } => State::Live { used, ask: Some(ask) },
            State::Silent { used, .. } => State::Silent { used, ask: Some(ask) },
            State::Off | State::Asking(_) | State::Failed(_) => State::Asking(ask),
        };
    }

    /// The track in use ended; tells whether there is none that may be sent.
    pub(super) fn ended(&mut self, out: &mut Outputs) -> bool {
        let app = self.used().is_some_and(|used| used.app);
        if let Some(ask) = self.pending().cloned() {
            // Another one is on its way already.
            self.state = State::Asking(Ask { why: Why::Change(Change::Ended), ..ask });
        } else if app {
            // No device is opened in the place of a track that the app chose.
            self.fail(MicrophoneReason::Ended, Change::Ended, out);
        } else {
            self.lose(Change::Ended, out);
        }
        app
    }

    /// The one in use is lost: climbs one rung.
    pub(super) fn lose(&mut self, why: Change, out: &mut Outputs) {
        out.clear_timer(Timer::MicrophoneSteady);
        if self.pending().is_some() {
            return;
        }
        let Some(used) = self.used().cloned() else { return };
        let again = Source::device(used.device);
        let (rung, source) = match (self.rung, again) {
            (Rung::Ground, again) => (Rung::Device, again),
            (Rung::Device, _) => (Rung::Default, Source::Default),
            (Rung::Default, _) => return self.give_up(why, out),
        };
        self.rung = rung;
        if why == Change::Ended {
            self.state = State::Off;
        }
        self.ask(source, Why::Change(why), out);
    }

    /// No rung is left.
    fn give_up(&mut self, why: Change, out: &mut Outputs) {
        self.state = match std::mem::replace(&mut self.state, State::Off) {
            // It is kept: what mutes or freezes it may pass.
            State::Live { used, .. } | State::Silent { used, .. } if why != Change::Ended => {
                State::Silent { used, ask: None }
            }
            _ => return self.fail(MicrophoneReason::Ended, why, out),
        };
        self.nothing_is_heard(why, out);
    }

    /// The browser said no; tells whether what was sent may be sent no more.
    pub(super) fn refused(&mut self, reason: MicrophoneReason, out: &mut Outputs) -> bool {
        let Some(ask) = self.pending().cloned() else { return false };
        self.absent |= self.is_wanted(&ask.source) && reason == MicrophoneReason::Missing;
        let allowed = matches!(reason, MicrophoneReason::Missing | MicrophoneReason::Busy);
        let because = match reason {
            MicrophoneReason::Missing => Change::Missing,
            MicrophoneReason::Busy => Change::Busy,
            MicrophoneReason::Ended => Change::Ended,
            _ => Change::Denied,
        };
        let keeps = self.used().is_some_and(|used| !used.app || self.source == Source::App);
        if keeps && !ask.why.is_loss() && matches!(self.state, State::Live { .. }) {
            // What is in use goes on, and is judged again.
            self.set_pending(None);
            self.rung = Rung::Ground;
            self.look_again(out);
            if let (Why::Change(_), Some(device)) = (ask.why, self.device()) {
                let label = Some(device.label.clone());
                out.push(Output::Event(Event::MicrophoneChanged { from: label.clone(), to: label, why: because }));
            }
            return false;
        }
        if allowed && self.rung == Rung::Device {
            self.rung = Rung::Default;
            let why = if ask.why.is_loss() { ask.why } else { Why::Change(because) };
            self.set_pending(None);
            self.ask(Source::Default, why, out);
            return false;
        }
        match ask.why {
            // Still there, and without sound.
            Why::Change(why) if keeps && why != Change::Ended => {
                self.set_pending(None);
                self.give_up(why, out);
                false
            }
            why => {
                let app = self.used().is_some_and(|used| used.app);
                let gone = reason == MicrophoneReason::Missing && self.last != Last::Never;
                let reason = if gone { MicrophoneReason::Ended } else { reason };
                self.fail(reason, if why.is_loss() { Change::Ended } else { because }, out);
                app
            }
        }
    }

    /// That device is the one that the person chose.
    fn is_wanted(&self, source: &Source) -> bool {
        matches!((source, &self.source), (Source::Device(one), Source::Device(other)) if one.id == other.id)
    }

    fn set_pending(&mut self, pending: Option<Ask>) {
        if let State::Live { ask, .. } | State::Silent { ask, .. } = &mut self.state {
            *ask = pending;
        }
    }

    /// Another track is there.
    pub(super) fn granted(&mut self, device: Device, processing: Processing, out: &mut Outputs) {
        let Some(ask) = self.pending().cloned() else { return };
        self.forget_timers(out);
        if ask.why.is_loss() {
            out.set_timer(Timer::MicrophoneSteady, STEADY_MS);
        } else {
            self.rung = Rung::Ground;
        }
        let app = ask.source == Source::App;
        let unmet = matches!(self.source, Source::Device(_)) && !self.is_wanted(&ask.source);
        self.absent &= unmet;
        if let Source::Device(wanted) = &mut self.source
            && wanted.id == device.id
        {
            wanted.clone_from(&device);
        }
        if app {
            // It is as the app made it.
        } else if ask.processing != self.processing && processing != self.processing {
            out.push(Output::ApplyProcessing(self.processing));
        }
        let from = match (&self.last, &self.source) {
            (Last::Device(last), _) => (!last.is_same(&device)).then(|| Some(last.label.clone())),
            (Last::Never, Source::Device(wanted)) if unmet => Some(Some(wanted.label.clone())),
            _ => Some(None),
        };
        if let (Some(from), Why::Change(why)) = (from, ask.why) {
            let to = Some(device.label.clone());
            out.push(Output::Event(Event::MicrophoneChanged { from, to, why }));
        }
        self.last = Last::Device(device.clone());
        self.state = State::Live { used: Used { request: ask.id, device, processing, app, muted: false }, ask: None };
        out.push(Output::ListDevices);
    }

    fn fail(&mut self, reason: MicrophoneReason, why: Change, out: &mut Outputs) {
        self.forget_timers(out);
        self.state = State::Failed(reason);
        self.rung = Rung::Ground;
        out.push(Output::CloseMicrophone);
        self.nothing_is_heard(why, out);
    }

    fn nothing_is_heard(&mut self, why: Change, out: &mut Outputs) {
        if let Last::Device(device) = &self.last {
            let from = Some(device.label.clone());
            self.last = Last::Nothing;
            out.push(Output::Event(Event::MicrophoneChanged { from, to: None, why }));
        }
    }
}
