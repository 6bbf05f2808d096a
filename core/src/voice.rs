//! What this person wants of voice, and the microphone.

use crate::input::{MicrophoneEvent, OpId};
use crate::output::Output;
use crate::queue::Queue;
use crate::reason::{MicrophoneReason, VoiceReason};
use crate::wire::MicrophoneState;

/// Own intent and own microphone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Voice {
    pub(crate) on: bool,
    pub(crate) muted: bool,
    /// The browser can't do voice at all.
    pub(crate) incapable: Option<VoiceReason>,
    pub(crate) microphone: MicrophoneState,
    pub(crate) microphone_reason: Option<MicrophoneReason>,
    pub(crate) label: String,
    pub(crate) playback_blocked: bool,
    request: Option<OpId>,
}

impl Voice {
    pub(crate) fn new(incapable: Option<VoiceReason>) -> Self {
        Self {
            on: false,
            muted: false,
            incapable,
            microphone: MicrophoneState::Off,
            microphone_reason: None,
            label: String::new(),
            playback_blocked: false,
            request: None,
        }
    }

    /// Voice is wanted, and this browser can.
    pub(crate) fn is_wanted(&self) -> bool {
        self.on && self.incapable.is_none()
    }

    /// Turns voice on, or asks again for a microphone that was refused.
    pub(crate) fn start(&mut self, queue: &mut Queue) {
        self.on = true;
        if self.incapable.is_none() && matches!(self.microphone, MicrophoneState::Off | MicrophoneState::Failed) {
            let id = queue.next_id();
            self.request = Some(id);
            self.microphone = MicrophoneState::Asking;
            self.microphone_reason = None;
            queue.push(Output::OpenMicrophone { id });
        }
    }

    /// Turns voice off; what a pending request brings is stopped by the driver.
    pub(crate) fn stop(&mut self, queue: &mut Queue) {
        self.on = false;
        self.close_microphone(queue);
        queue.push(Output::StopSpeaker);
        self.playback_blocked = false;
    }

    fn close_microphone(&mut self, queue: &mut Queue) {
        if self.microphone != MicrophoneState::Off {
            queue.push(Output::CloseMicrophone);
        }
        self.request = None;
        self.microphone = MicrophoneState::Off;
        self.microphone_reason = None;
        self.label.clear();
    }

    pub(crate) fn mute(&mut self, muted: bool, queue: &mut Queue) {
        if self.muted != muted {
            self.muted = muted;
            if self.microphone == MicrophoneState::Live {
                queue.push(Output::EnableMicrophone(!muted));
            }
        }
    }

    /// Takes the microphone's word; tells whether it has just been granted.
    pub(crate) fn microphone_event(&mut self, id: OpId, event: MicrophoneEvent, queue: &mut Queue) -> bool {
        if self.request != Some(id) {
            return false;
        }
        match event {
            MicrophoneEvent::Granted { label } => {
                self.microphone = MicrophoneState::Live;
                self.label = label;
                if self.muted {
                    queue.push(Output::EnableMicrophone(false));
                }
                true
            }
            MicrophoneEvent::Failed(reason) => {
                self.microphone = MicrophoneState::Failed;
                self.microphone_reason = Some(reason);
                self.label.clear();
                queue.push(Output::CloseMicrophone);
                false
            }
        }
    }
}
