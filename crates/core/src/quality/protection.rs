//! The ladder: how sound is sent, from a clean path to one that loses every third packet, or has hardly any room.
//!
//! Copies of earlier frames ride in each packet (RFC 2198). Two losses in a row are the commonest after one, so that copies stand
//! two frames apart. What each step costs and brings was measured: bench/README.md.

use serde::Serialize;

/// Duration of a frame of Opus, in milliseconds.
const FRAME_MS: u32 = 20;
/// What a packet has around the sound: IP, UDP, RTP with its extensions, SRTP's tag and RED's last header, in bytes.
const AROUND: u32 = 20 + 8 + 12 + 8 + 10 + 1;
/// RFC 2198 section 3: the header of each copy, in bytes.
const COPY_HEADER: u32 = 4;
/// What sound has on a clean path, in bit/s.
pub(crate) const FULL_RATE: u32 = 32_000;

/// How the microphone's sound is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Protection {
    /// Which frames ride in each packet again: so many frames earlier each.
    pub copies: &'static [u8],
    /// Bit rate of Opus, in bit/s.
    pub bitrate: u32,
    /// Frames in each packet: more of them need fewer packets, whose headers cost as much as the sound.
    pub frames: u8,
}

/// What copies each level has, from none on.
const LEVELS: [&[u8]; 5] = [&[], &[2], &[1, 3], &[1, 3, 5], &[2, 4, 6]];
/// Bit rates that are tried with each level, best first.
const RATES: [&[u32]; 5] =
    [&[FULL_RATE, 20_000, 16_000], &[20_000, 16_000], &[20_000, 16_000, 12_000], &[16_000, 12_000], &[16_000, 12_000]];
/// Where hardly anything fits.
const SPARSE: [Protection; 3] = [sparse(16_000, 2), sparse(12_000, 2), sparse(8_000, 3)];

const fn sparse(bitrate: u32, frames: u8) -> Protection {
    Protection { copies: &[], bitrate, frames }
}

/// The highest level.
pub(crate) const TOP: usize = LEVELS.len() - 1;

/// What a sender can do about loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Means {
    /// Nothing but another bit rate: plain Opus, whose receiver knows no RED.
    #[default]
    Opus,
    /// The browser's own RED: one copy, of the frame before, always.
    Red,
    /// Copies of this package's choice.
    Copies,
}

impl Protection {
    /// As on a clean path.
    pub const CLEAN: Self = Self { copies: &[], bitrate: FULL_RATE, frames: 1 };

    /// What it takes on the link while somebody speaks, in kbit/s.
    #[must_use]
    pub fn cost(&self) -> u32 {
        let copies = u32::try_from(self.copies.len()).unwrap_or_default();
        // Each of the frames of a packet but one is a copy, too, as far as it is none already.
        let more = u32::from(self.frames).saturating_sub(1);
        let frame = self.bitrate * FRAME_MS / 8_000;
        let packet = AROUND + frame + (copies + more) * (COPY_HEADER + frame);
        packet * 8 / (FRAME_MS * u32::from(self.frames).max(1))
    }

    /// How long the receiver should hold sound back so that copies come in time, in milliseconds; 0 is as its browser sees fit.
    #[must_use]
    pub fn target(&self) -> u32 {
        self.copies.iter().max().map_or(0, |deepest| FRAME_MS * u32::from(*deepest) + FRAME_MS).min(MAX_TARGET_MS)
    }

    /// The best that fits: as many copies as this level has, or fewer, then fewer bits, then fewer packets.
    pub(crate) fn choose(level: usize, ceiling: Option<u32>, means: Means) -> Self {
        let fits = |step: &Self| ceiling.is_none_or(|ceiling| means.cost(step) <= ceiling);
        let top = if means == Means::Copies { level } else { 0 };
        let steps = LEVELS.iter().zip(RATES).take(top + 1).rev();
        let every = steps.flat_map(|(&copies, rates)| rates.iter().map(|&bitrate| Self { copies, bitrate, frames: 1 }));
        let sparse =
            SPARSE.into_iter().map(|step| if means == Means::Copies { step } else { Self { frames: 1, ..step } });
        let last = SPARSE.last().copied().unwrap_or(Self::CLEAN);
        let steps = every.chain(sparse).map(|step| Self { bitrate: step.bitrate.min(means.full_rate()), ..step });
        let smallest = if means == Means::Copies { last } else { Self { frames: 1, ..last } };
        steps.into_iter().find(fits).unwrap_or(smallest)
    }
}

/// No more delay than this is added against loss, in milliseconds.
const MAX_TARGET_MS: u32 = 110;

impl Means {
    /// What sound has on a clean path, in bit/s: the browser's own copy must not cost more than it saves.
    pub(crate) fn full_rate(self) -> u32 {
        if self == Self::Red { 20_000 } else { FULL_RATE }
    }

    pub(crate) fn cost(self, step: &Protection) -> u32 {
        if self == Self::Red { Protection { copies: &[1], ..*step }.cost() } else { step.cost() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(level: usize, ceiling: Option<u32>, means: Means) -> (&'static [u8], u32, u8) {
        let Protection { copies, bitrate, frames } = Protection::choose(level, ceiling, means);
        (copies, bitrate, frames)
    }

    #[test]
    fn a_clean_path_costs_no_more_than_a_peer_and_the_worst_less_than_twice() {
        // Plain WebRTC takes 66 kbit/s on a clean path and 59 at 30 % loss (bench/README.md).
        assert!(Protection::CLEAN.cost() < 66, "{}", Protection::CLEAN.cost());
        for level in 0..=TOP {
            let step = Protection::choose(level, None, Means::Copies);
            assert!(step.cost() <= 100 && step.target() <= 120, "{step:?} {}", step.cost());
            let bytes = step.bitrate / 400 * 4 * 3 / 2 + 20;
            assert!(bytes < 1_000, "browsers send no larger frame of sound");
        }
    }

    #[test]
    fn what_does_not_fit_gives_up_copies_then_bits_then_packets() {
        assert_eq!(chosen(3, None, Means::Copies), ([1, 3, 5].as_slice(), 16_000, 1));
        assert_eq!(chosen(3, Some(82), Means::Copies), ([1, 3, 5].as_slice(), 12_000, 1));
        assert_eq!(chosen(3, Some(75), Means::Copies), ([1, 3].as_slice(), 16_000, 1));
        assert_eq!(chosen(3, Some(41), Means::Copies), ([].as_slice(), 16_000, 1));
        assert_eq!(chosen(3, Some(31), Means::Copies), ([].as_slice(), 16_000, 2));
        assert_eq!(chosen(3, Some(1), Means::Copies), ([].as_slice(), 8_000, 3));
        for ceiling in 20..200 {
            let step = Protection::choose(4, Some(ceiling), Means::Copies);
            assert!(step.cost() <= ceiling, "{step:?} takes {} of {ceiling}", step.cost());
        }
    }

    #[test]
    fn without_copies_there_are_only_bit_rates() {
        assert_eq!(chosen(4, None, Means::Opus), ([].as_slice(), FULL_RATE, 1));
        assert_eq!(chosen(4, None, Means::Red), ([].as_slice(), 20_000, 1));
        assert_eq!(chosen(0, Some(1), Means::Opus), ([].as_slice(), 8_000, 1));
    }
}
