//! What is wrong with a call that works: raised and cleared by more than one bad or good second.

use serde::Serialize;

use super::report::Stream;
use crate::sentence::{self, Sentences};

/// Seconds in a row that raise a warning, and that clear it.
const RAISE: u8 = 3;
const CLEAR: u8 = 2;
/// Seconds after connecting in which nothing is raised.
const GRACE: u8 = 5;
/// So much made-up sound disturbs, in hundred thousandths.
const CONCEALED: u32 = 2_000;
/// From mouth to ear people begin to talk into each other's words, in milliseconds (ITU-T G.114).
const DELAY_MS: u32 = 400;
/// A jitter buffer of this makes the delay, and not the way, in milliseconds.
const BUFFER_MS: u32 = 200;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// Sound is lost.
    Loss,
    /// The two hear each other late.
    Delay,
    /// The network has little room.
    Bandwidth,
    /// The other does not hear this person.
    NotHeard,
    /// This person is muted and talks.
    MutedTalking,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// What the other sends.
    Incoming,
    /// What this side sends.
    Outgoing,
    /// Both.
    Both,
    /// The way is long.
    Path,
    /// Packets come so irregularly that they must wait for each other.
    Jitter,
    /// Packets wait in a queue, or more of them bring nothing.
    Congestion,
    /// Nothing arrives at the other.
    NothingArrives,
    /// What arrives there is silence.
    Silence,
    /// Their browser does not play.
    NotPlayed,
    /// This person muted the microphone.
    Muted,
}

/// A warning as the app gets it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Trouble {
    /// The word.
    pub name: Warning,
    /// Why.
    pub cause: Cause,
    /// One sentence for people.
    pub message: &'static str,
    /// What they can do.
    pub hint: &'static str,
}

/// What is judged each second.
#[derive(Debug)]
pub(super) struct Second<'a> {
    pub(super) incoming: Option<&'a Stream>,
    pub(super) outgoing: Option<&'a Stream>,
    /// Bandwidth is short.
    pub(super) short: bool,
    pub(super) unheard: Option<super::Unheard>,
    pub(super) muted_talk: bool,
}

impl Second<'_> {
    fn causes(&self) -> [(Warning, Option<Cause>); 5] {
        let both = [self.incoming, self.outgoing];
        let [lossy_in, lossy_out] = both.map(|s| s.is_some_and(|s| s.concealed >= CONCEALED));
        let loss = match (lossy_in, lossy_out) {
            (true, true) => Some(Cause::Both),
            (true, false) => Some(Cause::Incoming),
            (false, true) => Some(Cause::Outgoing),
            (false, false) => None,
        };
        let late = both.into_iter().flatten().max_by_key(|s| s.delay_ms).filter(|s| s.delay_ms >= DELAY_MS);
        let delay = late.map(|s| if s.buffer_ms >= BUFFER_MS { Cause::Jitter } else { Cause::Path });
        let unheard = self.unheard.map(|unheard| match unheard {
            super::Unheard::NothingArrives => Cause::NothingArrives,
            super::Unheard::Silence => Cause::Silence,
            super::Unheard::NotPlayed => Cause::NotPlayed,
        });
        [
            (Warning::Loss, loss),
            (Warning::Delay, delay),
            (Warning::Bandwidth, self.short.then_some(Cause::Congestion)),
            (Warning::NotHeard, unheard),
            (Warning::MutedTalking, self.muted_talk.then_some(Cause::Muted)),
        ]
    }
}

/// One warning's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Past {
    raised: Option<Cause>,
    /// Seconds in a row that speak against what is so now.
    against: u8,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Warnings {
    seconds: u8,
    past: [Past; 5],
}

impl Warnings {
    /// The call has just begun.
    pub(super) fn are_early(&self) -> bool {
        self.seconds <= GRACE
    }

    /// A second has passed: what is wrong now.
    pub(super) fn judge(&mut self, second: &Second<'_>) -> Vec<Trouble> {
        self.seconds = self.seconds.saturating_add(1);
        let grace = self.are_early();
        let mut troubles = Vec::new();
        for (past, (name, cause)) in self.past.iter_mut().zip(second.causes()) {
            // Whether they are heard or muted was judged over time already.
            let judged = matches!(name, Warning::NotHeard | Warning::MutedTalking);
            if past.raised.is_some() == cause.is_some() {
                past.against = 0;
                past.raised = cause;
            } else {
                past.against += 1;
                let enough = if cause.is_some() { RAISE } else { CLEAR };
                if judged || (past.against >= enough && !(grace && cause.is_some())) {
                    past.raised = cause;
                    past.against = 0;
                }
            }
            if let Some(cause) = past.raised {
                let Sentences { message, hint } = sentence::of_warning(name, cause);
                troubles.push(Trouble { name, cause, message, hint });
            }
        }
        troubles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::figures::Reception;

    fn stream(concealed: u32) -> Stream {
        Stream::new(&Reception { samples: 100, concealed, ..Reception::default() }, 50, 1, 40)
    }

    fn second(concealed: u32, warnings: &mut Warnings) -> Vec<Cause> {
        let stream = stream(concealed);
        let second = Second { incoming: Some(&stream), outgoing: None, short: false, unheard: None, muted_talk: false };
        warnings.judge(&second).iter().map(|trouble| trouble.cause).collect()
    }

    #[test]
    fn three_bad_seconds_raise_and_two_good_ones_clear() {
        let mut warnings = Warnings::default();
        for _ in 0..GRACE {
            assert_eq!(second(9, &mut warnings), [], "just connected");
        }
        assert_eq!(second(9, &mut warnings), [Cause::Incoming]);
        assert_eq!(second(0, &mut warnings), [Cause::Incoming]);
        assert_eq!(second(9, &mut warnings), [Cause::Incoming]);
        assert_eq!([second(0, &mut warnings), second(0, &mut warnings)], [vec![Cause::Incoming], vec![]]);
        assert_eq!([second(9, &mut warnings), second(9, &mut warnings), second(0, &mut warnings)], [[], [], []]);
    }
}
