//! Push-to-talk: who is muted talks while a key is held. Its sound goes through a delay line, so that what was said just before the press is
//! heard, too.

#[cfg(test)]
mod tests;

use super::Call;
use super::voice::Voice;
use crate::output::{Delay, Output};
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::MicrophoneState;

/// What is said for so long after the release is heard, in milliseconds.
const TAIL_MS: u32 = 100;

/// Where push-to-talk stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct PushToTalk {
    /// Somebody talked in this way once. Nobody else pays for a delay line.
    used: bool,
    key: Key,
    /// The delay line brings sound.
    runs: bool,
    /// What the driver was told last.
    delay: Delay,
}

/// The key, or what else is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
enum Key {
    /// Whether sound goes out is up to the mute button.
    #[default]
    Up,
    /// What is held goes out. `delayed`: through the delay line, which ran when it was pressed.
    Down { delayed: bool },
    /// The last of it is on its way.
    Released { delayed: bool },
}

impl PushToTalk {
    /// It is held, or its last sound is on its way.
    pub(crate) fn is_on(&self) -> bool {
        self.key != Key::Up
    }

    fn wanted(&self, muted: bool) -> Delay {
        match self.key {
            Key::Down { delayed: true } | Key::Released { delayed: true } => Delay::Sent,
            Key::Up if !muted => Delay::Off,
            _ if self.used => Delay::Ready,
            _ => Delay::Off,
        }
    }

    /// The microphone is let go, and the delay line with it. Tells whether somebody talked: what is held then counts no more.
    pub(super) fn stop(&mut self) -> bool {
        let talked = self.is_on();
        (self.key, self.runs, self.delay) = (Key::Up, false, Delay::Off);
        talked
    }
}

impl Voice {
    /// What was muted or is heard from now on; tells whether another track is to be sent.
    fn set_muted(&mut self, muted: bool, out: &mut Outputs) -> bool {
        if matches!(std::mem::take(&mut self.talk.key), Key::Released { .. }) {
            out.clear_timer(Timer::Talk);
        }
        let changed = std::mem::replace(&mut self.muted, muted) != muted;
        self.let_through(changed, false, out)
    }

    /// The key is pressed or released; tells whether another track is to be sent.
    fn hold(&mut self, held: bool, out: &mut Outputs) -> bool {
        self.talk.used = true;
        let muted = self.muted;
        match (self.talk.key, held) {
            (Key::Up, true) if muted => {
                self.talk.key = Key::Down { delayed: self.talk.runs };
                self.muted = false;
            }
            (Key::Released { delayed }, true) => {
                self.talk.key = Key::Down { delayed };
                out.clear_timer(Timer::Talk);
            }
            (Key::Down { delayed }, false) => {
                self.talk.key = Key::Released { delayed };
                out.set_timer(Timer::Talk, TAIL_MS + if delayed { Delay::MS } else { 0 });
            }
            _ => {}
        }
        // A press is a gesture, by which an audio context that was not allowed to run may do so.
        self.let_through(self.muted != muted, !self.talk.runs, out)
    }

    /// The last of it has gone out.
    fn fall_silent(&mut self, out: &mut Outputs) -> bool {
        matches!(self.talk.key, Key::Released { .. }) && self.set_muted(true, out)
    }

    /// The delay line brings sound from now on, or none.
    fn set_delay_runs(&mut self, runs: bool, out: &mut Outputs) -> bool {
        // What is said already goes out undelayed: it would be heard twice.
        self.talk.runs = runs && self.talk.delay != Delay::Off;
        if let Key::Down { delayed } | Key::Released { delayed } = &mut self.talk.key {
            *delayed &= runs;
        }
        if !runs && self.fall_silent(out) {
            return true;
        }
        self.let_through(false, false, out)
    }

    /// Tells the driver what goes out now, where that is news. `changed`: there is other sound to let through. `again`: the delay line is to
    /// be told in any case. Tells whether another track is to be sent.
    pub(super) fn let_through(&mut self, changed: bool, again: bool, out: &mut Outputs) -> bool {
        if self.microphone.state() == MicrophoneState::Off {
            return false;
        }
        let delay = self.talk.wanted(self.muted);
        let before = std::mem::replace(&mut self.talk.delay, delay);
        if before != delay || (again && delay != Delay::Off) {
            out.push(Output::DelayMicrophone(delay));
        }
        self.talk.runs &= delay != Delay::Off;
        let other = (before == Delay::Sent) != (delay == Delay::Sent);
        if changed || other {
            out.push(Output::EnableMicrophone(!self.muted));
        }
        other
    }
}

impl Call {
    /// The person mutes or unmutes: that ends push-to-talk, too.
    pub(crate) fn mute(&mut self, muted: bool, out: &mut Outputs) {
        let other = self.voice.set_muted(muted, out);
        self.send_other(other, out);
    }

    /// Push-to-talk is held or released.
    pub(crate) fn talk(&mut self, held: bool, out: &mut Outputs) {
        let other = self.voice.hold(held, out);
        self.send_other(other, out);
        if !held && self.liveness.is_hidden() {
            // The timer would come late.
            self.talked(out);
        }
    }

    /// What was said before the release has gone out.
    pub(crate) fn talked(&mut self, out: &mut Outputs) {
        let other = self.voice.fall_silent(out);
        self.send_other(other, out);
    }

    /// The delay line brings sound from now on, or none.
    pub(crate) fn delay_runs(&mut self, runs: bool, out: &mut Outputs) {
        let other = self.voice.set_delay_runs(runs, out);
        self.send_other(other, out);
    }

    fn send_other(&self, other: bool, out: &mut Outputs) {
        if other && self.course.sends() {
            self.send_microphone(out);
        }
    }
}
