//! The microphone: which one is wanted, which one is in use, and what follows when it is lost.

mod devices;
mod ladder;
mod stillness;
#[cfg(test)]
mod tests;

use crate::device::{Change, Device, Processing, Source};
use crate::input::MicrophoneEvent;
use crate::op_id::OpId;
use crate::output::Output;
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::{MicrophoneReason, MicrophoneState};

use stillness::Stillness;

/// A microphone that the system mutes for longer is given up for another one, in milliseconds.
const MUTED_MS: u32 = 3_000;
/// A microphone that took the place of a lost one and is not lost in this time counts as working, in milliseconds: longer than
/// it takes to find that one is frozen.
const STEADY_MS: u32 = 20_000;

/// The microphone of this side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Microphone {
    /// What the person wants.
    source: Source,
    /// What is to be done to its sound.
    processing: Processing,
    state: State,
    /// The one that was in use last since voice was turned on; its name is nobody's once there was none after it.
    last: Last,
    /// The wanted one is not there.
    absent: bool,
    /// Nobody sees the page.
    hidden: bool,
    /// What the system uses, as it was listed last.
    default: Option<Device>,
    /// What the next loss leads to.
    rung: Rung,
    stillness: Stillness,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    /// Not asked for.
    Off,
    /// Asked for; the browser's prompt may be open.
    Asking(Ask),
    /// Its track is sent; another one may be asked for.
    Live { used: Used, ask: Option<Ask> },
    /// Its track is sent, brings no sound, and there is no better one.
    Silent { used: Used, ask: Option<Ask> },
    /// There is none.
    Failed(MicrophoneReason),
}

/// A request that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ask {
    id: OpId,
    source: Source,
    processing: Processing,
    why: Why,
}

/// Why a microphone is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Why {
    /// Voice was turned on.
    Started,
    /// Other processing is wanted than the browser could change.
    Processing,
    /// It is another one than before.
    Change(Change),
}

impl Why {
    /// The one before does not work any more.
    fn is_loss(self) -> bool {
        matches!(self, Self::Change(Change::Ended | Change::Muted | Change::Frozen))
    }
}

/// A track in use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Used {
    /// The request that brought it.
    request: OpId,
    device: Device,
    processing: Processing,
    /// It is the app's own: neither judged nor replaced by another device.
    app: bool,
    /// The system mutes it.
    muted: bool,
}

/// The microphone that was in use last.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Last {
    /// There was none since voice was turned on.
    Never,
    /// There was none at last.
    Nothing,
    Device(Device),
}

/// How far the ladder was climbed: the same device again, the system's choice, listening only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rung {
    /// Nothing was tried.
    Ground,
    /// A certain device was tried, or the one before again.
    Device,
    /// What the system uses was tried.
    Default,
}

impl Microphone {
    pub(crate) fn new(source: Source, processing: Processing) -> Self {
        Self {
            source,
            processing,
            state: State::Off,
            last: Last::Never,
            absent: false,
            hidden: false,
            default: None,
            rung: Rung::Ground,
            stillness: Stillness::default(),
        }
    }

    // What others read

    pub(crate) fn state(&self) -> MicrophoneState {
        match &self.state {
            State::Off => MicrophoneState::Off,
            State::Asking(_) => MicrophoneState::Asking,
            State::Live { .. } => MicrophoneState::Live,
            State::Silent { .. } | State::Failed(_) => MicrophoneState::Failed,
        }
    }

    pub(crate) fn reason(&self) -> Option<MicrophoneReason> {
        match &self.state {
            State::Failed(reason) => Some(*reason),
            State::Silent { .. } => Some(MicrophoneReason::Silent),
            _ => None,
        }
    }

    /// The device in use.
    pub(crate) fn device(&self) -> Option<&Device> {
        self.used().map(|used| &used.device)
    }

    /// What is done to the sound, or will be.
    pub(crate) fn processing(&self) -> Processing {
        self.used().map_or(self.processing, |used| used.processing)
    }

    /// What is to be done to the sound.
    pub(crate) fn wanted_processing(&self) -> Processing {
        self.processing
    }

    /// What the person wants.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// A track is there, whether it brings sound or not.
    pub(crate) fn is_open(&self) -> bool {
        self.used().is_some()
    }

    fn used(&self) -> Option<&Used> {
        if let State::Live { used, .. } | State::Silent { used, .. } = &self.state { Some(used) } else { None }
    }

    fn used_mut(&mut self) -> Option<&mut Used> {
        if let State::Live { used, .. } | State::Silent { used, .. } = &mut self.state { Some(used) } else { None }
    }

    fn pending(&self) -> Option<&Ask> {
        match &self.state {
            State::Asking(ask) => Some(ask),
            State::Live { ask, .. } | State::Silent { ask, .. } => ask.as_ref(),
            State::Off | State::Failed(_) => None,
        }
    }

    // What the person wants

    /// Voice is turned on, or a microphone that failed is asked for again.
    pub(crate) fn start(&mut self, out: &mut Outputs) {
        match self.state {
            State::Off => self.ask_for_wanted(Why::Started, out),
            State::Silent { .. } | State::Failed(_) => self.ask_for_wanted(Why::Change(Change::Chosen), out),
            State::Asking(_) | State::Live { .. } => {}
        }
    }

    /// Voice is turned off; what a pending request brings is stopped by the driver.
    pub(crate) fn stop(&mut self, out: &mut Outputs) {
        if self.state != State::Off {
            out.push(Output::CloseMicrophone);
        }
        self.forget_timers(out);
        self.state = State::Off;
        self.last = Last::Never;
        self.rung = Rung::Ground;
    }

    /// The person chooses another one.
    pub(crate) fn choose(&mut self, source: Source, out: &mut Outputs) {
        self.source = source;
        self.absent = false;
        let same = match (&self.state, &self.source) {
            (State::Live { used, ask: None }, Source::Device(wanted)) => used.device.id == wanted.id,
            _ => false,
        };
        if self.state != State::Off && !same {
            self.ask_for_wanted(Why::Change(Change::Chosen), out);
        }
    }

    /// The person chooses what is done to the sound.
    pub(crate) fn process(&mut self, processing: Processing, out: &mut Outputs) {
        self.processing = processing;
        if self.used().is_some_and(|used| !used.app && used.processing != processing) {
            out.push(Output::ApplyProcessing(processing));
        }
    }

    // What the browser reports

    /// Takes a report; tells whether there is another track now, or none that may be sent.
    pub(crate) fn event(&mut self, id: OpId, event: MicrophoneEvent, out: &mut Outputs) -> bool {
        if self.pending().is_some_and(|ask| ask.id == id) {
            return match event {
                MicrophoneEvent::Granted { device, processing } => {
                    self.granted(device, processing, out);
                    true
                }
                MicrophoneEvent::Failed(reason) => self.refused(reason, out),
                MicrophoneEvent::Ended | MicrophoneEvent::Muted(_) | MicrophoneEvent::Applied(_) => false,
            };
        }
        if self.used().is_none_or(|used| used.request != id) {
            return false;
        }
        match event {
            MicrophoneEvent::Ended | MicrophoneEvent::Failed(_) => return self.ended(out),
            MicrophoneEvent::Muted(muted) => self.muted(muted, out),
            MicrophoneEvent::Applied(processing) => self.applied(processing, out),
            MicrophoneEvent::Granted { .. } => {}
        }
        false
    }

    fn applied(&mut self, processing: Processing, out: &mut Outputs) {
        let wanted = self.processing;
        let Some(used) = self.used_mut() else { return };
        used.processing = processing;
        if processing != wanted && self.pending().is_none() {
            // Chromium decides when it opens a device.
            self.ask_for_used(Why::Processing, out);
        }
    }

    fn muted(&mut self, muted: bool, out: &mut Outputs) {
        if let Some(used) = self.used_mut() {
            used.muted = muted;
        }
        if muted {
            out.set_timer(Timer::MicrophoneMuted, MUTED_MS);
        } else {
            out.clear_timer(Timer::MicrophoneMuted);
            self.sounds();
            // What mutes a microphone, as a phone call does, mostly pauses what is played.
            out.push(Output::ResumeSpeaker);
        }
    }

    /// What was silent brings sound again.
    fn sounds(&mut self) {
        self.stillness = Stillness::default();
        self.state = match std::mem::replace(&mut self.state, State::Off) {
            State::Silent { used, ask } => State::Live { used, ask },
            other => other,
        };
    }

    // Time

    /// The system has muted it for long. A page that nobody sees judges later: systems mute the microphones of such pages.
    pub(crate) fn muted_for_long(&mut self, out: &mut Outputs) {
        if self.used().is_some_and(|used| used.muted && !used.app) && !self.hidden {
            self.lose(Change::Muted, out);
        }
    }

    /// The page is hidden or seen.
    pub(crate) fn hide(&mut self, hidden: bool, out: &mut Outputs) {
        self.hidden = hidden;
        if !hidden {
            self.look_again(out);
        }
    }

    /// The page is seen again, or slept: from now on the time counts anew.
    pub(crate) fn look_again(&mut self, out: &mut Outputs) {
        self.stillness = Stillness::default();
        if matches!(&self.state, State::Live { used, .. } if used.muted) {
            out.set_timer(Timer::MicrophoneMuted, MUTED_MS);
        }
    }

    /// It has worked for long enough: the next loss begins at the foot of the ladder.
    pub(crate) fn proved(&mut self) {
        self.rung = Rung::Ground;
    }

    /// So many milliseconds have passed in a call: tells whether it is to be measured. `listening`: nothing of it is wanted now.
    pub(crate) fn is_to_be_measured(&mut self, passed: u32, listening: bool) -> bool {
        let judged = self.used().is_some_and(|used| !used.app && !used.muted) && !listening;
        self.stillness.is_due(passed, judged)
    }

    /// A mark of what it brought.
    pub(crate) fn measured(&mut self, mark: u64, out: &mut Outputs) {
        let frozen = self.stillness.is_frozen(mark);
        match &self.state {
            State::Live { ask: None, .. } if frozen => self.lose(Change::Frozen, out),
            State::Silent { used, .. } if !used.muted && self.stillness.moves() => self.sounds(),
            _ => {}
        }
    }

    fn forget_timers(&mut self, out: &mut Outputs) {
        self.stillness = Stillness::default();
        out.clear_timer(Timer::MicrophoneMuted);
        out.clear_timer(Timer::MicrophoneSteady);
    }
}
