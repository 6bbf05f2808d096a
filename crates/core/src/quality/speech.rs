//! Who speaks.

use super::figures::Reception;

/// Energy of a quarter of a second in which somebody speaks: a hundredth of full scale, -40 dB; millionths.
const LOUD: u32 = 25;
/// Pulses of quiet after which somebody has stopped: what is between words is no end.
const QUIET: u8 = 3;
/// Pulses for which somebody who is muted must speak before they are told.
const MUTED: u8 = 3;
/// Pulses after their last word for which they are told: five seconds.
const TOLD: u8 = 20;

/// Who speaks now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Speech {
    pub(crate) own: bool,
    pub(crate) peer: bool,
    quiet: u8,
    /// Pulses for which the muted person has spoken, and for which they are still told.
    muted: u8,
    told: u8,
}

impl Speech {
    /// Whether a person who is muted speaks all the same.
    pub(crate) fn is_muted_talk(self) -> bool {
        self.told > 0
    }

    /// A pulse's worth of the other's sound.
    pub(crate) fn peer(&mut self, heard: &Reception) {
        if heard.energy >= LOUD {
            self.quiet = 0;
            self.peer = true;
        } else {
            self.quiet = self.quiet.saturating_add(1);
            self.peer &= self.quiet < QUIET;
        }
    }

    /// A pulse, in which this person is muted or not.
    pub(crate) fn pulse(&mut self, muted: bool) {
        if !muted {
            (self.muted, self.told) = (0, 0);
            return;
        }
        self.told = self.told.saturating_sub(1);
        self.muted = if self.own { self.muted.saturating_add(1) } else { 0 };
        if self.muted >= MUTED {
            self.told = TOLD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_gaps_and_speech_ends() {
        let mut speech = Speech::default();
        let energy = |energy| Reception { energy, ..Reception::default() };
        let mut seen = Vec::new();
        for level in [0, 900, 0, 0, 900, 0, 0, 0] {
            speech.peer(&energy(level));
            seen.push(speech.peer);
        }
        assert_eq!(seen, [false, true, true, true, true, true, true, false]);
    }

    #[test]
    fn who_is_muted_and_goes_on_talking_is_told_for_a_while() {
        let mut speech = Speech { own: true, ..Speech::default() };
        speech.pulse(true);
        speech.pulse(true);
        assert!(!speech.is_muted_talk(), "a cough");
        speech.pulse(true);
        assert!(speech.is_muted_talk());
        speech.own = false;
        for _ in 0..TOLD {
            speech.pulse(true);
        }
        assert!(!speech.is_muted_talk());
    }
}
