//! Where and how loud the other is played.

use crate::device::{Device, Volume};
use crate::output::Output;
use crate::outputs::Outputs;

/// The speaker of this side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Speaker {
    /// The browser lets a page choose (`setSinkId`).
    pub(crate) selectable: bool,
    pub(crate) volume: Volume,
    /// What the person chose; none is whatever the system uses.
    wanted: Option<Device>,
    /// That one is there, and is used.
    present: bool,
}

impl Speaker {
    pub(crate) fn new(selectable: bool, wanted: Option<Device>, volume: Volume) -> Self {
        Self { selectable, volume, present: wanted.is_some() && selectable, wanted: wanted.filter(|_| selectable) }
    }

    /// What the person chose.
    pub(crate) fn wanted(&self) -> Option<&Device> {
        self.wanted.as_ref()
    }

    /// The device in use; none is whatever the system uses.
    pub(crate) fn device(&self) -> Option<&Device> {
        self.wanted.as_ref().filter(|_| self.present)
    }

    /// Something will be played.
    pub(crate) fn start(&self, out: &mut Outputs) {
        if let Some(device) = self.device() {
            out.push(Output::UseSpeaker { id: device.id.clone() });
        }
        out.push(Output::SetVolume(self.volume));
    }

    /// The person chose, and it plays there.
    pub(crate) fn choose(&mut self, device: Option<Device>) {
        self.present = device.is_some();
        self.wanted = device;
    }

    /// The chosen one could not be used.
    pub(crate) fn missing(&mut self) {
        self.present = false;
    }

    /// The speakers that there are: one that goes away is taken again when it is back.
    pub(crate) fn listed(&mut self, speakers: &[Device], out: &mut Outputs) {
        let Some(wanted) = &mut self.wanted else { return };
        let found = speakers.iter().find(|device| device.id == wanted.id);
        if let Some(found) = found {
            wanted.clone_from(found);
        }
        if std::mem::replace(&mut self.present, found.is_some()) != found.is_some() {
            let id = found.map(|device| device.id.clone()).unwrap_or_default();
            out.push(Output::UseSpeaker { id });
        }
    }
}
