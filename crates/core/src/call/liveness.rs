//! Whether packets of the other arrive: counts silence in pulses, and judges it.
//!
//! Browsers say `disconnected` five to seven seconds after a path broke (RFC 7675 consent runs out later still). What arrives,
//! sound or heartbeats, tells within about a second.

use crate::input::Heartbeat;
use crate::timer::MAX_ROUND_TRIP_MS;

/// Between two pulses of a page that is seen, in milliseconds.
const PULSE_MS: u32 = 250;
/// Between two pulses of a hidden page, whose timers the browser slows down to one a second, in milliseconds.
const HIDDEN_PULSE_MS: u32 = 1_000;
/// Between two pulses of a link over which nobody talks, in milliseconds.
const RESTING_PULSE_MS: u32 = 2_000;
/// So many heartbeats in a row are not lost by chance: 30 % loss does it once in four hundred times.
const HEARTBEATS: u32 = 5;
/// Nothing is concluded for so long after connecting, or until the first heartbeat, in milliseconds: the data channel opens
/// later than the sound.
const GRACE_MS: u32 = 5_000;
/// So many packets a second are sound without DTX, whose pauses mean something.
const STEADY_RATE: u32 = 20;
/// Steady sound that stops for so long is suspicious, in milliseconds.
const SUSPICIOUS_MS: u32 = 500;
/// So much silence confirms the browser's hint that the network changed, in milliseconds.
const HINTED_MS: u32 = 300;
/// What has lasted so long may last for long, in milliseconds.
const LASTING_MS: u32 = 30_000;
/// A hush is looked into at most so often, in milliseconds; the time doubles with each that follows soon, up to the second number.
const HUSH_MS: (u32, u32) = (1_000, 8_000);
/// What round trip is assumed before one was measured, in milliseconds.
const ROUND_TRIP_MS: u32 = 200;

/// What the silence so far means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Packets arrive.
    None,
    /// Too short to mean anything.
    Short,
    /// Worth a look at the socket.
    Suspicious,
    /// The path is broken.
    Long,
}

/// What makes pulses rare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Pace {
    /// Nobody sees the page, whose timers the browser slows down.
    hidden: bool,
    /// Nobody talks.
    resting: bool,
}

/// Silence of the running link. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Liveness {
    pace: Pace,
    /// What is left of the time after connecting in which nothing is concluded.
    grace: u32,
    /// The silence so far.
    silent: u32,
    /// A heartbeat came since the last pulse.
    heard: bool,
    /// Sound came steadily before the silence, by so many pulses: the last one before it is mostly a part of one.
    steady: u8,
    /// The silence was called suspicious.
    suspected: bool,
    hush: Hush,
    /// The browser spoke of a change of the network.
    hinted: bool,
    /// The interval that the other announced.
    interval: u32,
    round_trip: u32,
}

/// Steady sound that has just stopped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Hush {
    /// It is not back.
    on: bool,
    /// For how long none is looked into after one that was, and how long ago that is.
    wait: u32,
    since: u32,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            pace: Pace::default(),
            grace: 0,
            silent: 0,
            heard: false,
            steady: 0,
            suspected: false,
            hush: Hush { on: false, wait: HUSH_MS.0, since: u32::MAX },
            hinted: false,
            interval: PULSE_MS,
            round_trip: ROUND_TRIP_MS,
        }
    }
}

impl Liveness {
    /// Milliseconds from one pulse to the next.
    pub(crate) fn pulse(&self) -> u32 {
        match (self.pace.resting, self.pace.hidden) {
            (true, _) => RESTING_PULSE_MS,
            (false, true) => HIDDEN_PULSE_MS,
            (false, false) => PULSE_MS,
        }
    }

    /// Whether the silence has just become a second longer, or five when it is long.
    pub(crate) fn is_worth_a_look(&self) -> bool {
        let step = if self.silent < LASTING_MS { 1_000 } else { 5_000 };
        self.silent % step < self.pulse()
    }

    /// Of the link, as heartbeats measured it last, in milliseconds.
    pub(crate) fn round_trip(&self) -> u32 {
        self.round_trip
    }

    /// Nobody sees the page.
    pub(super) fn is_hidden(&self) -> bool {
        self.pace.hidden
    }

    /// Browsers slow down the timers of a page that nobody sees.
    pub(crate) fn hide(&mut self, hidden: bool) {
        self.pace.hidden = hidden;
        self.hush.on = false;
    }

    /// Somebody talks or nobody does; tells whether that is news. What was silent at another pulse means nothing.
    pub(crate) fn rest(&mut self, resting: bool) -> bool {
        let news = std::mem::replace(&mut self.pace.resting, resting) != resting;
        if news {
            self.forget();
        }
        news
    }

    /// Its timers are quick.
    pub(crate) fn is_watchful(&self) -> bool {
        self.pulse() == PULSE_MS
    }

    /// Steady sound stops for a moment, or goes on; tells whether that is worth a look. Pauses that come one after the other are
    /// looked into ever more rarely: what is no such pause becomes suspicious soon.
    pub(crate) fn hush(&mut self, hushed: bool) -> bool {
        let Hush { wait, since, .. } = self.hush;
        self.hush.on = hushed;
        let worth = hushed && since >= wait;
        if worth {
            let soon = since < 2 * HUSH_MS.1;
            self.hush.wait = if soon { (2 * wait).min(HUSH_MS.1) } else { HUSH_MS.0 };
            self.hush.since = 0;
        }
        worth
    }

    pub(crate) fn is_hushed(&self) -> bool {
        self.hush.on
    }

    /// A link has come up.
    pub(crate) fn begin(&mut self) {
        let Self { pace, round_trip, .. } = *self;
        *self = Self { pace, grace: GRACE_MS, round_trip, ..Self::default() };
    }

    /// This side did not look for a while: what it did not see means nothing.
    pub(crate) fn forget(&mut self) {
        self.silent = 0;
        self.suspected = false;
    }

    /// The browser says that the network may have changed.
    pub(crate) fn hint(&mut self) {
        self.hinted = true;
    }

    /// A heartbeat of the other came.
    pub(crate) fn heartbeat(&mut self, heartbeat: Heartbeat) {
        self.heard = true;
        // The channel is open on both sides: from now on silence means something.
        self.grace = 0;
        self.interval = heartbeat.next.clamp(PULSE_MS, 10_000);
        if let Some(round_trip) = heartbeat.round_trip {
            self.round_trip = round_trip.min(MAX_ROUND_TRIP_MS);
        }
    }

    /// Data came, as the browser counts: a sign of life of somebody whose sound does not come steadily. The sound of others tells sooner.
    pub(crate) fn fed(&mut self) {
        self.heard |= self.steady == 0;
    }

    /// So many packets of sound came since the pulse before: what the silence so far means.
    pub(crate) fn received(&mut self, packets: u32) -> Silence {
        let pulse = self.pulse();
        self.hush.since = self.hush.since.saturating_add(pulse);
        self.grace = self.grace.saturating_sub(pulse);
        if std::mem::take(&mut self.heard) || packets > 0 {
            // Packets of before the hush may be among these; after a silent pulse they are new.
            self.hush.on &= self.silent == 0;
            let steady = packets.saturating_mul(1_000) >= STEADY_RATE * pulse;
            self.steady = if steady { 2 } else { self.steady.saturating_sub(1) };
            self.silent = 0;
            self.suspected = false;
            return Silence::None;
        }
        self.silent = self.silent.saturating_add(pulse);
        match self.judge() {
            // Once is enough: it starts questions that are answered by themselves.
            Silence::Suspicious if std::mem::replace(&mut self.suspected, true) => Silence::Short,
            judged => judged,
        }
    }

    /// What the silence so far means.
    pub(crate) fn judge(&self) -> Silence {
        let own = 2 * self.pulse();
        let long = (HEARTBEATS * self.interval).max(own) + self.round_trip;
        if self.grace > 0 {
            Silence::Short
        } else if self.silent >= long || (self.hinted && self.silent >= HINTED_MS) {
            Silence::Long
        } else if self.silent >= own.max(SUSPICIOUS_MS)
            && (self.steady > 0 || self.silent >= self.interval * HEARTBEATS / 2)
        {
            Silence::Suspicious
        } else {
            Silence::Short
        }
    }

    /// Whether what comes had not stopped when it was looked for last.
    pub(crate) fn is_steady(&self) -> bool {
        self.silent == 0 && !self.hush.on
    }

    /// Whether anything is amiss.
    pub(crate) fn is_doubtful(&self) -> bool {
        matches!(self.judge(), Silence::Suspicious | Silence::Long)
    }

    /// The path proved itself: an old hint is spent.
    pub(crate) fn proved(&mut self) {
        self.hinted = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected() -> Liveness {
        let mut liveness = Liveness::default();
        liveness.begin();
        for _ in 0..GRACE_MS / PULSE_MS {
            assert_eq!(liveness.received(12), Silence::None);
        }
        liveness
    }

    /// Milliseconds of silence until each verdict.
    fn verdicts(liveness: &mut Liveness, packets: impl Fn(u32) -> u32) -> (Option<u32>, Option<u32>) {
        let (mut suspicious, mut long) = (None, None);
        for pulse in 1..=40 {
            let at = pulse * liveness.pulse();
            match liveness.received(packets(pulse)) {
                Silence::Suspicious => suspicious = suspicious.or(Some(at)),
                Silence::Long => long = long.or(Some(at)),
                _ => {}
            }
        }
        (suspicious, long)
    }

    #[test]
    fn steady_sound_that_stops_is_noticed_at_once_and_believed_after_a_second() {
        assert_eq!(verdicts(&mut connected(), |_| 0), (Some(500), Some(1_500)));
    }

    #[test]
    fn a_hint_needs_little_silence_and_none_without_it() {
        let mut hinted = connected();
        hinted.hint();
        assert_eq!(verdicts(&mut hinted, |_| 0), (None, Some(500)));
        hinted.proved();
        assert_eq!(verdicts(&mut hinted, |_| 1), (None, None));
    }

    #[test]
    fn a_pulse_that_was_cut_short_is_no_pause_of_speech() {
        let mut liveness = connected();
        assert_eq!(liveness.received(1), Silence::None);
        assert_eq!(verdicts(&mut liveness, |_| 0), (Some(500), Some(1_500)));
        let mut quiet = connected();
        assert_eq!([quiet.received(1), quiet.received(1)], [Silence::None; 2]);
        assert_eq!(verdicts(&mut quiet, |_| 0), (Some(750), Some(1_500)));
    }

    #[test]
    fn pauses_of_discontinuous_transmission_are_nothing() {
        let rare = |pulse: u32| u32::from(pulse % 3 == 1);
        assert_eq!(verdicts(&mut connected(), rare).1, None, "though no heartbeat comes");
        let mut liveness = connected();
        for pulse in 0..40 {
            liveness.heartbeat(Heartbeat { next: PULSE_MS, round_trip: Some(50), ..Heartbeat::default() });
            assert_eq!(liveness.received(rare(pulse)), Silence::None);
        }
    }

    #[test]
    fn hushes_in_a_row_are_looked_into_ever_more_rarely() {
        let mut liveness = connected();
        let mut looks = Vec::new();
        // A pause each second for ten minutes.
        for second in 0..600 {
            if liveness.hush(true) {
                looks.push(second);
            }
            assert!(!liveness.hush(false));
            for _ in 0..4 {
                assert_eq!(liveness.received(9), Silence::None);
            }
        }
        assert_eq!(looks.iter().take(5).copied().collect::<Vec<_>>(), [0, 1, 3, 7, 15]);
        assert!(looks.len() < 80, "{}", looks.len());
        for _ in 0..4 * 16 {
            assert_eq!(liveness.received(12), Silence::None);
        }
        assert!(liveness.hush(true) && liveness.is_hushed());
        assert_eq!(liveness.received(3), Silence::None, "of before the hush");
        assert!(liveness.is_hushed());
        assert_eq!([liveness.received(0), liveness.received(5)], [Silence::Short, Silence::None]);
        assert!(!liveness.is_hushed(), "the sound is back");
    }

    #[test]
    fn data_that_holds_heartbeats_back_is_a_sign_of_life_where_no_sound_is() {
        let mut listens = Liveness::default();
        listens.begin();
        listens.heartbeat(Heartbeat { next: PULSE_MS, round_trip: Some(90), ..Heartbeat::default() });
        for pulse in 0..40 {
            if pulse % 4 == 0 {
                listens.fed();
            }
            assert_ne!(listens.received(0), Silence::Long);
        }
        let mut talks = connected();
        assert_eq!(talks.received(0), Silence::Short);
        talks.fed();
        assert_eq!(talks.received(0), Silence::Suspicious);
    }

    #[test]
    fn nothing_is_concluded_just_after_connecting() {
        let mut liveness = Liveness::default();
        liveness.begin();
        assert_eq!(verdicts(&mut liveness, |_| 0), (None, Some(5_000)));
    }

    #[test]
    fn heartbeats_alone_are_enough_and_a_hidden_page_is_given_its_time() {
        let mut liveness = connected();
        for _ in 0..40 {
            liveness.heartbeat(Heartbeat { next: 1_000, round_trip: Some(90), ..Heartbeat::default() });
            assert_eq!(liveness.received(0), Silence::None);
        }
        let (_, long) = verdicts(&mut liveness, |_| 0);
        assert_eq!(long, Some(5_250));
    }
}
