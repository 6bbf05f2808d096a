//! What the app is told of a call's quality, once a second.

use serde::{Serialize, Serializer};

use super::figures::Reception;
use super::opinion::mean_opinion;
use super::protection::Protection;
use super::warning::Trouble;
use crate::input::Path;

/// From a microphone to its encoder, and from the decoder to a speaker, in milliseconds: an assumption, since browsers count neither. A
/// buffer of 10 ms on each side.
const DEVICES_MS: u32 = 20;
/// Duration of a frame of Opus, in milliseconds.
const FRAME_MS: u32 = 20;

/// Sound in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// Share of the packets that the network lost.
    #[serde(serialize_with = "share")]
    pub loss: u32,
    /// Share of the sound that was lost and made up.
    #[serde(serialize_with = "share")]
    pub concealed: u32,
    /// Jitter, in milliseconds.
    pub jitter_ms: u32,
    /// How long sound waits in the jitter buffer, in milliseconds.
    pub buffer_ms: u32,
    /// From mouth to ear, in milliseconds: half a round trip, a packet's duration, the jitter buffer, and 20 for the devices.
    pub delay_ms: u32,
    /// Of this connection, chat included, in kbit/s without the headers of IP and UDP.
    pub kbps: u32,
    /// Mean opinion score, from 1 to 4.4 (ITU-T G.107, simplified by Cole and Rosenbluth, 2001).
    #[serde(serialize_with = "hundredths")]
    pub mos: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn share<S: Serializer>(share: &u32, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(f64::from(*share) / 100_000.0)
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn hundredths<S: Serializer>(hundredths: &u32, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(f64::from(*hundredths) / 100.0)
}

impl Stream {
    /// `heard` in about a second, over a link of that round trip, with so many frames in a packet.
    pub(super) fn new(heard: &Reception, round_trip: u32, frames: u8, kbps: u32) -> Self {
        let buffer = heard.buffer();
        let delay = round_trip / 2 + FRAME_MS * u32::from(frames) + buffer + DEVICES_MS;
        Self {
            loss: heard.loss(),
            concealed: heard.concealment(),
            jitter_ms: heard.jitter,
            buffer_ms: buffer,
            delay_ms: delay,
            kbps,
            mos: mean_opinion(heard.concealment(), delay),
        }
    }
}

/// Quality in three steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Nothing disturbs.
    #[default]
    Good,
    /// One notices.
    Fair,
    /// Hard to understand.
    Poor,
}

impl Step {
    /// By the worse of both directions: "some users dissatisfied" begins at 4.03 and "nearly all" at 3.10 (ITU-T G.107 annex B).
    pub(super) fn of(mos: u32) -> Self {
        match mos {
            ..310 => Self::Poor,
            310..380 => Self::Fair,
            _ => Self::Good,
        }
    }
}

/// A call's quality in the last second.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QualityReport {
    /// For people.
    pub step: Step,
    /// What this person hears; none before there is any sound.
    pub incoming: Option<Stream>,
    /// What the other hears, as they report.
    pub outgoing: Option<Stream>,
    /// Of the link, in milliseconds.
    pub round_trip_ms: u32,
    /// How packets travel.
    pub path: Option<Path>,
    /// How this side sends.
    pub sending: Protection,
    /// What is wrong.
    pub warnings: Vec<Trouble>,
}
