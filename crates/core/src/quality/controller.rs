//! From what the other reports to how sound is sent: deeper as loss rises, less where room is short, and no change without need.

use std::collections::VecDeque;

use super::bandwidth::Bandwidth;
use super::figures::{Hearing, Reception, share};
use super::protection::{Means, Protection, TOP};

/// What is played in half a second, in samples, less what pulses vary by; and the most half seconds of one report that count.
pub(super) const HALF_SECOND_SAMPLES: u32 = 20_000;
const MOST_PARTS: u32 = 8;
/// Reports that loss is reckoned over: three seconds.
const WINDOW: usize = 6;
/// Reports that the room is reckoned over.
const LATELY: usize = 3;
/// Fewer packets than this tell nothing of loss.
const FEW: u32 = 20;
/// Loss from which each level is for, and below which the one beneath it is enough, in hundred thousandths.
const RISE: [u32; TOP] = [1_000, 3_000, 7_000, 17_000];
const FALL: [u32; TOP] = [200, 1_200, 4_000, 9_000];
/// For how many reports in a row less must have been enough, at first and at most. It grows when less was not enough soon after.
const PATIENCE: (u16, u16) = (1, 40);
/// Reports within which another rise shows that the fall before it was wrong, and after which patience is forgotten.
const SOON: u16 = 40;
const LONG: u16 = 240;
/// Reports after a change that tell of before it as well: a round trip, a queue, and a report's own time.
const SETTLING: u8 = 2;
/// Reports for which packets may wait in a queue that nobody shortens.
const WAITS: u16 = 12;

/// How one side sends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Controller {
    /// Packets that should have come, and those that were lost, by report.
    recent: VecDeque<(u32, u32)>,
    level: usize,
    /// Reports in a row for which less would have been enough.
    enough: u16,
    patience: u16,
    /// Reports since the level fell, and since it changed.
    fell: u16,
    changed: u16,
    /// Reports in a row for which packets have waited.
    waited: u16,
    /// Reports since the step changed.
    stayed: u8,
    bandwidth: Bandwidth,
    means: Means,
    step: Protection,
}

impl Default for Controller {
    fn default() -> Self {
        Self {
            recent: VecDeque::new(),
            level: 0,
            enough: 0,
            patience: PATIENCE.0,
            fell: SOON,
            changed: 0,
            waited: 0,
            stayed: 0,
            bandwidth: Bandwidth::default(),
            means: Means::default(),
            step: Protection::CLEAN,
        }
    }
}

impl Controller {
    /// How sound is sent now.
    pub(crate) fn step(&self) -> Protection {
        self.step
    }

    /// The same with what the browser does by itself.
    pub(crate) fn shown(&self) -> Protection {
        if self.means == Means::Red { Protection { copies: &[1], ..self.step } } else { self.step }
    }

    /// Room is short.
    pub(crate) fn is_short_of_room(&self) -> bool {
        self.bandwidth.is_short()
    }

    /// Another connection can do something else about loss.
    pub(crate) fn set_means(&mut self, means: Means) {
        self.means = means;
        let step = Protection::choose(self.level, self.bandwidth.ceiling(), means);
        if std::mem::replace(&mut self.step, step) != step {
            // What was measured was of another one.
            self.stayed = 0;
            self.recent.clear();
        }
    }

    /// Much is lost on the way here, and the other's reports have stopped.
    pub(crate) fn go_blind(&mut self) {
        self.bandwidth.go_blind();
        (self.level, self.enough, self.stayed) = (0, 0, 0);
        self.recent.clear();
        self.step = Protection::choose(self.level, self.bandwidth.ceiling(), self.means);
    }

    /// Takes what the other reports to have heard since their last report; tells whether another step follows.
    /// `waits` says that packets wait somewhere there and back, as far as this side knows.
    ///
    /// Where much is lost reports are lost as well, and the data channel's congestion control holds the next ones back for seconds: one
    /// of so many half seconds tells as much as so many of one.
    pub(crate) fn report(&mut self, heard: &Reception, hearing: &Hearing, waits: bool) -> bool {
        let before = self.step;
        let parts = (heard.samples / HALF_SECOND_SAMPLES).clamp(1, MOST_PARTS);
        // The remainder is in the last one.
        let part = |whole: u32, n: u32| if n == parts { whole - whole / parts * (parts - 1) } else { whole / parts };
        for n in 1..=parts {
            self.half_second((part(heard.expected(), n), part(heard.lost, n)), hearing, waits, n == 1);
            if self.step != before {
                // What is left was sent as before, and tells nothing of what follows.
                break;
            }
        }
        self.step != before
    }

    /// Half a second of packets that should have come, and of those that were lost.
    fn half_second(&mut self, counted: (u32, u32), hearing: &Hearing, waits: bool, first: bool) {
        let (expected, lost) = counted;
        if expected >= FEW / 2 && expected - lost.min(expected) <= 1 {
            // Nothing passes, whatever is sent.
            return;
        }
        self.recent.push_back(counted);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        self.waited = if waits { self.waited.saturating_add(1) } else { 0 };
        // Later it is a longer way.
        let waits = waits && self.waited <= WAITS;
        // What a queue that is full loses, copies would only make more of.
        if let Some(loss) = self.loss(WINDOW).filter(|_| !waits && !self.bandwidth.is_queued()) {
            self.adapt(loss);
        }
        let settled = self.stayed.saturating_sub(SETTLING);
        let wish = self.means.cost(&Protection::choose(self.level, None, self.means));
        // A report of silence tells nothing of the room.
        if let Some(lately) = self.loss(LATELY)
            && self.bandwidth.report(
                self.means.cost(&self.step),
                [lately, self.loss(usize::from(settled).clamp(2, WINDOW)).unwrap_or(lately)],
                hearing.queue,
                wish,
                first,
                settled > 0,
            )
        {
            self.recent.clear();
            (self.level, self.enough) = (0, 0);
        }
        let step = Protection::choose(self.level, self.bandwidth.ceiling(), self.means);
        self.stayed = if step == self.step { self.stayed.saturating_add(1) } else { 0 };
        self.step = step;
    }

    /// Share of the packets of the newest reports that was lost, in hundred thousandths.
    fn loss(&self, reports: usize) -> Option<u32> {
        let newest = self.recent.iter().rev().take(reports);
        let (expected, lost) = newest.fold((0, 0), |(e, l): (u32, u32), (expected, lost)| {
            (e.saturating_add(*expected), l.saturating_add(*lost))
        });
        (expected >= FEW).then(|| share(lost, expected))
    }

    fn adapt(&mut self, loss: u32) {
        let needed = RISE.iter().filter(|rise| loss >= **rise).count();
        let enough = FALL.iter().filter(|fall| loss >= **fall).count();
        self.fell = self.fell.saturating_add(1);
        self.changed = self.changed.saturating_add(1);
        if needed > self.level {
            if self.fell < SOON {
                self.patience = (self.patience * 2 + 2).min(PATIENCE.1);
            } else if self.changed > LONG {
                self.patience = PATIENCE.0;
            }
            self.level = needed;
            self.enough = 0;
            self.changed = 0;
        } else if enough < self.level {
            self.enough += 1;
            if self.enough >= self.patience {
                self.level = enough;
                self.enough = 0;
                self.fell = 0;
                self.changed = 0;
            }
        } else {
            self.enough = 0;
        }
    }
}

#[cfg(test)]
mod tests;
