//! Microphones and speakers as the browser names them (W3C Media Capture and Streams), and what a person chose of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A device as `enumerateDevices` lists it. Ids and labels are empty before a microphone was allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device {
    /// `deviceId`: lasting for one origin, until the person clears the site's data. Chromium's `default` is whatever the system uses.
    pub id: String,
    /// `groupId`: the same for all devices of one piece of hardware.
    pub group: String,
    /// The device's name, for people.
    pub label: String,
}

/// Chromium's id for whatever the system uses.
const DEFAULT_ID: &str = "default";

impl Device {
    /// Its id names no device but what the system uses.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.id.is_empty() || self.id == DEFAULT_ID
    }

    /// The same device under the same name: `default` is another one when the system uses another one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.label == other.label
    }
}

/// Where the sound comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// Whatever the system uses, also when that changes.
    #[default]
    Default,
    /// This device.
    Device(Device),
    /// A track of the app's own, which the driver holds.
    App,
}

impl Source {
    /// A device by its id; the ids that name none are the system's choice.
    #[must_use]
    pub fn device(device: Device) -> Self {
        if device.is_default() { Self::Default } else { Self::Device(device) }
    }
}

/// What the browser does to the microphone's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Processing {
    /// What the speaker plays is taken out.
    pub echo_cancellation: bool,
    /// Steady noise is taken out.
    pub noise_suppression: bool,
    /// Quiet and loud voices are made alike.
    pub auto_gain_control: bool,
}

impl Default for Processing {
    fn default() -> Self {
        Self { echo_cancellation: true, noise_suppression: true, auto_gain_control: true }
    }
}

/// How loud the other is played, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Volume(u16);

impl Volume {
    const FULL: u16 = 1_000;

    /// From 0 to 1; what is beyond counts as the nearer end, and what is no number as full.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // From 0 to 1,000.
    pub fn new(volume: f64) -> Self {
        if volume.is_nan() {
            Self::default()
        } else {
            Self((volume.clamp(0.0, 1.0) * f64::from(Self::FULL)).round() as u16)
        }
    }

    /// Nothing is heard.
    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// From 0 to 1 (`HTMLMediaElement.volume`).
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from(self.0) / f64::from(Self::FULL)
    }
}

impl Default for Volume {
    fn default() -> Self {
        Self(Self::FULL)
    }
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for Volume {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

/// What a person chose, which this browser keeps for the next session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Choices {
    /// The microphone.
    pub microphone: Source,
    /// What is done to its sound.
    pub processing: Processing,
    /// The speaker; none is whatever the system uses.
    pub speaker: Option<Device>,
    /// How loud the other is.
    pub volume: Volume,
}

/// Why another microphone is used than before, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The person chose it, or asked for a microphone again.
    Chosen,
    /// The one before ended: unplugged, handed over, or no longer allowed.
    Ended,
    /// The system muted the one before and did not let it go on.
    Muted,
    /// The one before brought no sound any more, not even silence.
    Frozen,
    /// The system uses another one now.
    DefaultChanged,
    /// It is there again, or can be opened again.
    Returned,
    /// The microphone was allowed in the browser's settings.
    Allowed,
    /// The one that was chosen is not there.
    Missing,
    /// The one that was chosen could not be opened.
    Busy,
    /// The one that was chosen was not allowed.
    Denied,
}
