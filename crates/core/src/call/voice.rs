//! What this person wants of voice, the microphone and the speaker.

use super::microphone::Microphone;
use super::push_to_talk::PushToTalk;
use super::speaker::Speaker;
use crate::device::{Choices, Device, Processing, Source, Volume};
use crate::input::MicrophoneEvent;
use crate::op_id::OpId;
use crate::output::Output;
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::{MicrophoneState, VoiceReason};

/// Own intent, own microphone and own speaker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Voice {
    pub(crate) on: bool,
    pub(crate) muted: bool,
    pub(crate) talk: PushToTalk,
    /// Why this browser can't do voice at all.
    pub(crate) incapable: Option<VoiceReason>,
    pub(crate) microphone: Microphone,
    pub(crate) speaker: Speaker,
    pub(crate) playback_blocked: bool,
}

impl Voice {
    pub(crate) fn new(incapable: Option<VoiceReason>, choices: Choices, selectable: bool) -> Self {
        let Choices { microphone, processing, speaker, volume } = choices;
        Self {
            on: false,
            muted: false,
            talk: PushToTalk::default(),
            incapable,
            microphone: Microphone::new(microphone, processing),
            speaker: Speaker::new(selectable, speaker, volume),
            playback_blocked: false,
        }
    }

    /// Voice is wanted, and this browser can.
    pub(crate) fn is_wanted(&self) -> bool {
        self.on && self.incapable.is_none()
    }

    /// Turns voice on, or asks again for a microphone that failed.
    pub(crate) fn start(&mut self, out: &mut Outputs) {
        self.on = true;
        if self.incapable.is_none() {
            if self.microphone.state() == MicrophoneState::Off {
                self.speaker.start(out);
            }
            self.microphone.start(out);
        }
    }

    /// Turns voice off; what a pending request brings is stopped by the driver.
    pub(crate) fn stop(&mut self, out: &mut Outputs) {
        self.on = false;
        self.release(out);
    }

    /// Lets go of microphone and speaker; what is wanted stays.
    pub(crate) fn release(&mut self, out: &mut Outputs) {
        self.microphone.stop(out);
        if self.talk.stop() {
            out.clear_timer(Timer::Talk);
            self.muted = true;
        }
        out.push(Output::StopSpeaker);
        self.playback_blocked = false;
    }

    /// Takes the microphone's report; tells whether there is another track now, or none that may be sent.
    pub(crate) fn microphone_event(&mut self, id: OpId, event: MicrophoneEvent, out: &mut Outputs) -> bool {
        let changed = self.microphone.event(id, event, out);
        if changed {
            self.let_through(self.muted, true, out);
        }
        changed
    }

    // Devices

    pub(crate) fn set_microphone(&mut self, source: Source, out: &mut Outputs) {
        self.microphone.choose(source, out);
        self.remember(out);
    }

    pub(crate) fn set_processing(&mut self, processing: Processing, out: &mut Outputs) {
        self.microphone.process(processing, out);
        self.remember(out);
    }

    pub(crate) fn set_speaker(&mut self, speaker: Option<Device>, out: &mut Outputs) {
        self.speaker.choose(speaker);
        self.remember(out);
    }

    pub(crate) fn set_volume(&mut self, volume: Volume, out: &mut Outputs) {
        self.speaker.volume = volume;
        out.push(Output::SetVolume(volume));
        self.remember(out);
    }

    /// The browser keeps what was chosen; a track of the app's is not for another session.
    fn remember(&self, out: &mut Outputs) {
        let source = self.microphone.source().clone();
        out.push(Output::Remember(Choices {
            microphone: if source == Source::App { Source::Default } else { source },
            processing: self.microphone.wanted_processing(),
            speaker: self.speaker.wanted().cloned(),
            volume: self.speaker.volume,
        }));
    }

    /// The browser says that there are other devices.
    pub(crate) fn devices_changed(&mut self, out: &mut Outputs) {
        if self.is_wanted() {
            self.microphone.devices_changed(out);
            out.push(Output::ListDevices);
        }
    }

    pub(crate) fn devices(&mut self, microphones: &[Device], speakers: &[Device], out: &mut Outputs) {
        if !self.is_wanted() {
            return;
        }
        let (source, speaker) = (self.microphone.source().clone(), self.speaker.wanted().cloned());
        self.microphone.listed(microphones, out);
        self.speaker.listed(speakers, out);
        // What was chosen by its id has a name now, or another id under the same name.
        if source != *self.microphone.source() || speaker.as_ref() != self.speaker.wanted() {
            self.remember(out);
        }
    }

    /// The microphone was allowed in the browser's settings.
    pub(crate) fn microphone_allowed(&mut self, out: &mut Outputs) {
        if self.is_wanted() {
            self.microphone.allowed(out);
        }
    }

    /// The page is hidden or seen.
    pub(crate) fn hide(&mut self, hidden: bool, out: &mut Outputs) {
        self.microphone.hide(hidden, out);
        if !hidden && self.is_wanted() {
            out.push(Output::ResumeSpeaker);
        }
    }
}
