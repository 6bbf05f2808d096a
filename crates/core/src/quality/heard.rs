//! Whether the other hears this person: what they report to play, compared with whether this person speaks.

use serde::Serialize;

use super::figures::{Hearing, Reception};

/// Energy of half a second in which somebody speaks: a thousandth of full scale, -60 dB, lasting so long; millionths.
pub(crate) const AUDIBLE: u32 = 1;
/// Reports in a row for which somebody spoke and nothing was heard: two seconds.
const REPORTS: u8 = 4;
/// From one report to the next, in milliseconds.
const REPORT_MS: u32 = 500;

/// Why the other does not hear this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unheard {
    /// Nothing arrives there.
    NothingArrives,
    /// What arrives is silence.
    Silence,
    /// Their browser does not play: it waits for a gesture, or they turned the sound down to nothing.
    NotPlayed,
}

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Heard {
    verdict: Option<Result<(), Unheard>>,
    /// Half seconds that were said in vain, and why the last of them was.
    in_vain: u8,
    cause: Option<Unheard>,
}

impl Heard {
    /// They can hear, they can't and why, or it is not known.
    pub(crate) fn verdict(&self) -> Option<Result<(), Unheard>> {
        self.verdict
    }

    /// Nothing is sent that could be heard. What was said in vain before that counts on: whoever holds a key to talk says little at a time.
    pub(crate) fn hush(&mut self) {
        self.verdict = None;
    }

    /// The other reports what they heard since their last report, while this person spoke or did not. `delay` is how old that is, in
    /// milliseconds: what was just said can't be in it. The report counts as `halves` half seconds.
    pub(crate) fn report(&mut self, heard: &Reception, hearing: &Hearing, speaks: bool, delay: u32, halves: u8) {
        let delayed = u8::try_from(delay / REPORT_MS).unwrap_or(u8::MAX);
        let is_mended = match self.cause {
            Some(Unheard::NotPlayed) => hearing.playing,
            Some(Unheard::NothingArrives) => heard.packets > 0,
            Some(Unheard::Silence) | None => false,
        };
        if is_mended {
            // Whether they hear is seen once somebody speaks; what they did hear stands.
            let verdict = self.verdict.filter(Result::is_ok);
            *self = Self { verdict, ..Self::default() };
        }
        if hearing.playing && heard.energy >= AUDIBLE {
            *self = Self { verdict: Some(Ok(())), ..Self::default() };
        } else if !hearing.playing && self.verdict == Some(Ok(())) {
            // They did hear, and would not now.
            self.verdict = None;
        } else if speaks {
            self.in_vain = self.in_vain.saturating_add(halves);
            let cause = match hearing.playing {
                false => Unheard::NotPlayed,
                true if heard.packets == 0 => Unheard::NothingArrives,
                true => Unheard::Silence,
            };
            self.cause = Some(cause);
            if self.in_vain >= REPORTS.saturating_add(delayed) {
                self.verdict = Some(Err(cause));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(reports: &[(u32, u32, bool, bool)]) -> Option<Result<(), Unheard>> {
        let mut heard = Heard::default();
        for &(packets, energy, playing, speaks) in reports {
            let reception = Reception { packets, energy, ..Reception::default() };
            heard.report(&reception, &Hearing { reception, playing, ..Hearing::default() }, speaks, 100, 1);
        }
        heard.verdict()
    }

    #[test]
    fn who_speaks_and_is_played_is_heard() {
        assert_eq!(after(&[(25, 0, true, false); 9]), None, "nothing was said");
        assert_eq!(after(&[(25, 900, true, true)]), Some(Ok(())));
    }

    #[test]
    fn who_speaks_in_vain_for_two_seconds_is_told_why() {
        assert_eq!(after(&[(0, 0, true, true); 3]), None);
        assert_eq!(after(&[(0, 0, true, true); 4]), Some(Err(Unheard::NothingArrives)));
        assert_eq!(after(&[(25, 0, true, true); 4]), Some(Err(Unheard::Silence)));
        assert_eq!(after(&[(25, 900, false, true); 4]), Some(Err(Unheard::NotPlayed)));
        assert_eq!(after(&[(25, 900, true, true), (25, 0, true, false)]), Some(Ok(())), "a pause is no fault");
    }

    #[test]
    fn what_is_mended_is_no_longer_said_before_somebody_speaks() {
        let not_played = [(25, 900, false, true); 4];
        assert_eq!(after(&[&not_played[..], &[(25, 0, false, false)]].concat()), Some(Err(Unheard::NotPlayed)));
        assert_eq!(after(&[&not_played[..], &[(25, 0, true, false)]].concat()), None);
        let nothing = [(0, 0, true, true); 4];
        assert_eq!(after(&[&nothing[..], &[(25, 0, true, false)]].concat()), None);
        assert_eq!(after(&[&nothing[..], &[(25, 0, true, true); 3]].concat()), None, "silence is found anew");
        // Also while nobody says anything of it, as between two words of push-to-talk.
        let reception = Reception { packets: 25, ..Reception::default() };
        let hearing = |playing| Hearing { reception, playing, ..Hearing::default() };
        let mut heard = Heard::default();
        (0..REPORTS).for_each(|_| heard.report(&reception, &hearing(false), true, 0, 1));
        heard.hush();
        heard.report(&reception, &hearing(true), false, 0, 1);
        heard.report(&reception, &hearing(true), true, 0, 1);
        assert_eq!(heard.verdict(), None);
    }

    #[test]
    fn a_long_way_and_words_apart_take_longer() {
        let reception = Reception { packets: 25, ..Reception::default() };
        let hearing = Hearing { reception, playing: true, ..Hearing::default() };
        let mut heard = Heard::default();
        for _ in 0..REPORTS + 3 {
            heard.report(&reception, &hearing, true, 2_100, 1);
        }
        assert_eq!(heard.verdict(), None);
        let mut heard = Heard::default();
        for said in [true, true, false, false, true, true] {
            heard.report(&reception, &hearing, said, 0, 1);
            if !said {
                heard.hush();
            }
        }
        assert_eq!(heard.verdict(), Some(Err(Unheard::Silence)));
    }
}
