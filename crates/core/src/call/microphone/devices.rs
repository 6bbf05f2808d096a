//! What follows when there are other devices than before, or the microphone is allowed at last.

use super::{Microphone, State, Why};
use crate::device::{Change, Device, Source};
use crate::outputs::Outputs;
use crate::wire::MicrophoneReason;

impl Microphone {
    /// There are other devices than before: who only listens for want of one tries again.
    pub(crate) fn devices_changed(&mut self, out: &mut Outputs) {
        let retry = [MicrophoneReason::Missing, MicrophoneReason::Ended, MicrophoneReason::Busy];
        // The app's own track comes back by the app alone.
        if matches!(self.state, State::Failed(reason) if retry.contains(&reason)) && self.source != Source::App {
            self.ask_for_wanted(Why::Change(Change::Returned), out);
        }
    }

    /// The devices that there are.
    pub(crate) fn listed(&mut self, microphones: &[Device], out: &mut Outputs) {
        let first = microphones.iter().find(|device| device.is_default() && !device.id.is_empty());
        // Where no entry stands for the system's choice, it is the first.
        let default = first.or(microphones.first()).filter(|device| !device.label.is_empty()).cloned();
        let before = self.default.clone();
        if default.is_some() {
            self.default.clone_from(&default);
        }
        if !matches!(self.state, State::Live { ask: None, .. } | State::Silent { ask: None, .. }) {
            return;
        }
        if self.wanted_returned(microphones) {
            self.ask_for_wanted(Why::Change(Change::Returned), out);
        } else if let (Source::Default, Some(before), Some(now)) = (&self.source, before, default)
            && (before.group != now.group || before.label != now.label)
            && self.follows(&before)
        {
            self.ask_for_wanted(Why::Change(Change::DefaultChanged), out);
        }
    }

    /// Whether the wanted device was away and is there again, perhaps under another id: some browsers give new ones to each page.
    fn wanted_returned(&mut self, microphones: &[Device]) -> bool {
        let Source::Device(wanted) = &mut self.source else { return false };
        let by_id = microphones.iter().find(|device| device.id == wanted.id);
        let by_name = || microphones.iter().find(|device| !wanted.label.is_empty() && device.label == wanted.label);
        let found = by_id.or_else(by_name);
        if let Some(found) = found {
            wanted.clone_from(found);
        }
        let returned = std::mem::replace(&mut self.absent, found.is_none()) && found.is_some();
        let id = found.map(|device| device.id.clone());
        returned && self.device().is_some_and(|used| Some(&used.id) != id.as_ref())
    }

    /// The device in use is the one that the system used.
    fn follows(&self, before: &Device) -> bool {
        let same = |used: &Device| {
            used.id == before.id || (!used.group.is_empty() && used.group == before.group) || used.label == before.label
        };
        self.device().is_some_and(same)
    }

    /// The microphone was allowed in the browser's settings.
    pub(crate) fn allowed(&mut self, out: &mut Outputs) {
        let refused = [MicrophoneReason::Denied, MicrophoneReason::Dismissed, MicrophoneReason::Blocked];
        if matches!(self.state, State::Failed(reason) if refused.contains(&reason)) {
            self.ask_for_wanted(Why::Change(Change::Allowed), out);
        }
    }
}
