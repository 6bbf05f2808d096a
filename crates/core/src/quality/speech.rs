//! Who speaks.

use super::figures::Reception;

/// Energy of a second in which somebody speaks: a hundredth of full scale, -40 dB; millionths.
const LOUD: u32 = 100;
/// Time of quiet after which somebody has stopped, in milliseconds: what is between words is no end.
const QUIET_MS: u32 = 750;
/// For how long somebody who is muted must speak before they are told, in milliseconds.
const MUTED_MS: u32 = 750;
/// For how long after their last word they are told, in milliseconds.
const TOLD_MS: u32 = 5_000;

/// Who speaks now. Pulses are rare in a page that nobody sees, so that time counts and not they.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Speech {
    pub(crate) own: bool,
    pub(crate) peer: bool,
    quiet: u32,
    /// For how long the muted person has spoken, and for how long they are still told.
    muted: u32,
    told: u32,
}

impl Speech {
    /// Whether a person who is muted speaks all the same.
    pub(crate) fn is_muted_talk(self) -> bool {
        self.told > 0
    }

    /// There is no connection: what this person says is as it was.
    pub(super) fn rest(self) -> Self {
        Self { own: self.own, ..Self::default() }
    }

    /// What came of the other's sound in so many milliseconds.
    pub(crate) fn peer(&mut self, heard: &Reception, ms: u32) {
        if heard.energy > 0 && heard.energy.saturating_mul(1_000) >= LOUD.saturating_mul(ms) {
            self.quiet = 0;
            self.peer = true;
        } else {
            self.quiet = self.quiet.saturating_add(ms);
            self.peer &= self.quiet < QUIET_MS;
        }
    }

    /// So many milliseconds have passed, in which this person is muted or not.
    pub(crate) fn pulse(&mut self, muted: bool, ms: u32) {
        if !muted {
            (self.muted, self.told) = (0, 0);
            return;
        }
        self.told = self.told.saturating_sub(ms);
        self.muted = if self.own { self.muted.saturating_add(ms) } else { 0 };
        if self.muted >= MUTED_MS {
            self.told = TOLD_MS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between two pulses of a page that is seen.
    const PULSE_MS: u32 = 250;

    #[test]
    fn words_have_gaps_and_speech_ends() {
        let mut speech = Speech::default();
        let energy = |energy| Reception { energy, ..Reception::default() };
        let mut seen = Vec::new();
        for level in [0, 900, 0, 0, 900, 0, 0, 0] {
            speech.peer(&energy(level), PULSE_MS);
            seen.push(speech.peer);
        }
        assert_eq!(seen, [false, true, true, true, true, true, true, false]);
    }

    #[test]
    fn who_is_muted_and_goes_on_talking_is_told_for_five_seconds_in_a_hidden_page_too() {
        for (pulse, cough) in [(PULSE_MS, 2), (1_000, 0)] {
            let mut speech = Speech { own: true, ..Speech::default() };
            (0..cough).for_each(|_| speech.pulse(true, pulse));
            assert!(!speech.is_muted_talk(), "a cough");
            speech.pulse(true, pulse);
            assert!(speech.is_muted_talk());
            speech.own = false;
            for _ in 1..TOLD_MS / pulse {
                speech.pulse(true, pulse);
            }
            assert!(speech.is_muted_talk());
            speech.pulse(true, pulse);
            assert!(!speech.is_muted_talk());
        }
    }

    #[test]
    fn a_second_is_as_loud_as_its_quarters() {
        let energy = |energy| Reception { energy, ..Reception::default() };
        for (level, ms, speaks) in
            [(25, 250, true), (24, 250, false), (100, 1_000, true), (30, 1_000, false), (0, 0, false)]
        {
            let mut speech = Speech::default();
            speech.peer(&energy(level), ms);
            assert_eq!(speech.peer, speaks, "{level} in {ms} ms");
        }
    }
}
