//! What this person wants of voice, and the microphone.

use crate::input::MicrophoneEvent;
use crate::op_id::OpId;
use crate::output::Output;
use crate::outputs::Outputs;
use crate::wire::{MicrophoneReason, MicrophoneState, VoiceReason};

/// Own intent and own microphone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Voice {
    pub(crate) on: bool,
    pub(crate) muted: bool,
    /// Why this browser can't do voice at all.
    pub(crate) incapable: Option<VoiceReason>,
    pub(crate) microphone: Microphone,
    pub(crate) playback_blocked: bool,
}

/// The microphone, as far as this side knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Microphone {
    /// Not asked for.
    Off,
    /// Asked for; the browser's prompt may be open.
    Asking(OpId),
    /// Its track is sent.
    Live {
        /// The request that brought it.
        request: OpId,
        /// The device's name.
        label: String,
    },
    /// There is none.
    Failed(MicrophoneReason),
}

impl Microphone {
    pub(crate) fn state(&self) -> MicrophoneState {
        match self {
            Self::Off => MicrophoneState::Off,
            Self::Asking(_) => MicrophoneState::Asking,
            Self::Live { .. } => MicrophoneState::Live,
            Self::Failed(_) => MicrophoneState::Failed,
        }
    }

    pub(crate) fn reason(&self) -> Option<MicrophoneReason> {
        if let Self::Failed(reason) = self { Some(*reason) } else { None }
    }

    pub(crate) fn label(&self) -> &str {
        if let Self::Live { label, .. } = self { label } else { "" }
    }

    fn request(&self) -> Option<OpId> {
        match self {
            Self::Asking(request) | Self::Live { request, .. } => Some(*request),
            Self::Off | Self::Failed(_) => None,
        }
    }
}

impl Voice {
    pub(crate) fn new(incapable: Option<VoiceReason>) -> Self {
        Self { on: false, muted: false, incapable, microphone: Microphone::Off, playback_blocked: false }
    }

    /// Voice is wanted, and this browser can.
    pub(crate) fn is_wanted(&self) -> bool {
        self.on && self.incapable.is_none()
    }

    /// Turns voice on, or asks again for a microphone that failed.
    pub(crate) fn start(&mut self, out: &mut Outputs) {
        self.on = true;
        if self.incapable.is_none() && matches!(self.microphone, Microphone::Off | Microphone::Failed(_)) {
            let id = out.next_id();
            self.microphone = Microphone::Asking(id);
            out.push(Output::OpenMicrophone { id });
        }
    }

    /// Turns voice off; what a pending request brings is stopped by the driver.
    pub(crate) fn stop(&mut self, out: &mut Outputs) {
        self.on = false;
        self.release(out);
    }

    /// Lets go of microphone and speaker; what is wanted stays.
    pub(crate) fn release(&mut self, out: &mut Outputs) {
        if self.microphone != Microphone::Off {
            out.push(Output::CloseMicrophone);
        }
        self.microphone = Microphone::Off;
        out.push(Output::StopSpeaker);
        self.playback_blocked = false;
    }

    pub(crate) fn mute(&mut self, muted: bool, out: &mut Outputs) {
        if self.muted != muted {
            self.muted = muted;
            if matches!(self.microphone, Microphone::Live { .. }) {
                out.push(Output::EnableMicrophone(!muted));
            }
        }
    }

    /// Takes the microphone's report; tells whether it has just been granted.
    pub(crate) fn microphone_event(&mut self, id: OpId, event: MicrophoneEvent, out: &mut Outputs) -> bool {
        if self.microphone.request() != Some(id) {
            return false;
        }
        match event {
            MicrophoneEvent::Granted { label } => {
                self.microphone = Microphone::Live { request: id, label };
                if self.muted {
                    out.push(Output::EnableMicrophone(false));
                }
                true
            }
            MicrophoneEvent::Failed(reason) => {
                self.microphone = Microphone::Failed(reason);
                out.push(Output::CloseMicrophone);
                false
            }
        }
    }
}
