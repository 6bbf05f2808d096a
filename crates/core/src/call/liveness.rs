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

/// Silence of the running link. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Liveness {
    /// Nobody sees the page, whose timers the browser slows down.
    hidden: bool,
    /// Nobody talks.
    resting: bool,
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
    /// The browser spoke of a change of the network.
    hinted: bool,
    /// The interval that the other announced.
    interval: u32,
    round_trip: u32,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            hidden: false,
            resting: false,
            grace: 0,
            silent: 0,
            heard: false,
            steady: 0,
            suspected: false,
            hinted: false,
            interval: PULSE_MS,
            round_trip: ROUND_TRIP_MS,
        }
    }
}

impl Liveness {
    /// Milliseconds from one pulse to the next.
    pub(crate) fn pulse(&self) -> u32 {
        match (self.resting, self.hidden) {
            (true, _) => RESTING_PULSE_MS,
            (false, true) => HIDDEN_PULSE_MS,
            (false, false) => PULSE_MS,
        }
    }

    /// Whether the silence has just become a second longer.
    pub(crate) fn is_whole_second(&self) -> bool {
        self.silent % 1_000 < self.pulse()
    }

    /// Of the link, as heartbeats measured it last, in milliseconds.
    pub(crate) fn round_trip(&self) -> u32 {
        self.round_trip
    }

    /// Browsers slow down the timers of a page that nobody sees.
    pub(crate) fn hide(&mut self, hidden: bool) {
        self.hidden = hidden;
    }

    /// Somebody talks or nobody does; tells whether that is news. What was silent at another pulse means nothing.
    pub(crate) fn rest(&mut self, resting: bool) -> bool {
        let news = std::mem::replace(&mut self.resting, resting) != resting;
        if news {
            self.forget();
        }
        news
    }

    /// A link has come up.
    pub(crate) fn begin(&mut self) {
        let Self { hidden, resting, round_trip, .. } = *self;
        *self = Self { hidden, resting, grace: GRACE_MS, round_trip, ..Self::default() };
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

    /// So many packets of sound came since the pulse before: what the silence so far means.
    pub(crate) fn received(&mut self, packets: u32) -> Silence {
        let pulse = self.pulse();
        self.grace = self.grace.saturating_sub(pulse);
        if std::mem::take(&mut self.heard) || packets > 0 {
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
            liveness.heartbeat(Heartbeat { next: PULSE_MS, round_trip: Some(50) });
            assert_eq!(liveness.received(rare(pulse)), Silence::None);
        }
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
            liveness.heartbeat(Heartbeat { next: 1_000, round_trip: Some(90) });
            assert_eq!(liveness.received(0), Silence::None);
        }
        let (_, long) = verdicts(&mut liveness, |_| 0);
        assert_eq!(long, Some(5_250));
    }
}
