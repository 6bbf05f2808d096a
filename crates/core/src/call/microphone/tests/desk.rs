//! A browser with some devices.

use super::super::*;
use crate::output::Event;

pub(super) fn device(id: &str) -> Device {
    Device { id: id.into(), group: format!("group of {id}"), label: format!("the {id}") }
}

/// A browser with some devices, and a microphone that it is asked for.
pub(super) struct Desk {
    pub(super) microphone: Microphone,
    pub(super) out: Outputs,
    /// What is plugged in; the first is the system's choice.
    pub(super) devices: Vec<Device>,
    /// The browser names the system's choice by an entry of its own (Chromium), or does not (Firefox).
    pub(super) names_default: bool,
    /// What opening one brings instead of a track.
    pub(super) errors: Vec<(String, MicrophoneReason)>,
    pub(super) request: Option<OpId>,
    pub(super) events: Vec<(Option<String>, Option<String>, Change)>,
    pub(super) timers: Vec<Timer>,
    pub(super) opened: Vec<String>,
    pub(super) applied: Vec<Processing>,
    pub(super) closed: u32,
}

impl Desk {
    pub(super) fn new(source: Source, devices: &[&str]) -> Self {
        Self {
            microphone: Microphone::new(source, Processing::default()),
            out: Outputs::default(),
            devices: devices.iter().map(|id| device(id)).collect(),
            names_default: false,
            errors: Vec::new(),
            request: None,
            events: Vec::new(),
            timers: Vec::new(),
            opened: Vec::new(),
            applied: Vec::new(),
            closed: 0,
        }
    }

    pub(super) fn started(source: Source, devices: &[&str]) -> Self {
        let mut desk = Self::new(source, devices);
        desk.does(Microphone::start);
        desk
    }

    pub(super) fn list(&self) -> Vec<Device> {
        let mut list = self.devices.clone();
        if let Some(first) = list.first().filter(|_| self.names_default).cloned() {
            let label = format!("Default - {}", first.label);
            list.insert(0, Device { id: "default".into(), group: first.group, label });
        }
        list
    }

    pub(super) fn does(&mut self, work: impl FnOnce(&mut Microphone, &mut Outputs)) {
        work(&mut self.microphone, &mut self.out);
        while let Some(output) = self.out.pop() {
            match output {
                Output::OpenMicrophone { id, source, processing } => self.open(id, &source, processing),
                Output::CloseMicrophone => {
                    self.closed += 1;
                    self.request = None;
                }
                Output::ListDevices => {
                    let list = self.list();
                    self.microphone.listed(&list, &mut self.out);
                }
                Output::ApplyProcessing(processing) => self.applied.push(processing),
                Output::SetTimer { timer, .. } => self.timers.push(timer),
                Output::ClearTimer(timer) => self.timers.retain(|other| *other != timer),
                Output::Event(Event::MicrophoneChanged { from, to, why }) => self.events.push((from, to, why)),
                _ => {}
            }
        }
    }

    pub(super) fn open(&mut self, id: OpId, source: &Source, processing: Processing) {
        let list = self.list();
        let found = match source {
            Source::Default => list.first().cloned(),
            Source::Device(wanted) => list.iter().find(|device| device.id == wanted.id).cloned(),
            Source::App => Some(device("app")),
        };
        let name = found.as_ref().map_or("nothing", |device| device.id.as_str()).to_owned();
        let error = self.errors.iter().find(|(id, _)| *id == name).map(|(_, reason)| *reason);
        self.opened.push(name);
        let event = match (found, error) {
            (_, Some(reason)) => MicrophoneEvent::Failed(reason),
            (Some(device), None) => {
                self.request = Some(id);
                MicrophoneEvent::Granted { device, processing }
            }
            (None, None) => MicrophoneEvent::Failed(MicrophoneReason::Missing),
        };
        self.microphone.event(id, event, &mut self.out);
    }

    pub(super) fn says(&mut self, event: MicrophoneEvent) {
        let request = self.request.unwrap();
        self.does(|microphone, out| {
            microphone.event(request, event, out);
        });
    }

    pub(super) fn unplug(&mut self, id: &str) {
        self.devices.retain(|device| device.id != id);
        if self.microphone.device().is_some_and(|used| used.id == id || used.is_default()) {
            self.says(MicrophoneEvent::Ended);
        }
        self.devices_changed();
    }

    pub(super) fn plug(&mut self, id: &str) {
        self.devices.push(device(id));
        self.devices_changed();
    }

    pub(super) fn devices_changed(&mut self) {
        self.does(Microphone::devices_changed);
        let list = self.list();
        self.does(|microphone, out| microphone.listed(&list, out));
    }

    pub(super) fn mute_for_long(&mut self) {
        self.says(MicrophoneEvent::Muted(true));
        assert!(self.timers.contains(&Timer::MicrophoneMuted));
        self.does(Microphone::muted_for_long);
    }

    pub(super) fn used(&self) -> &str {
        self.microphone.device().map_or("none", |device| &device.id)
    }

    pub(super) fn told(&mut self) -> Vec<(Option<String>, Option<String>, Change)> {
        std::mem::take(&mut self.events)
    }
}
