//! How long is waited for the server, and between two joins. Times are in milliseconds.

use crate::outputs::Outputs;
use crate::timer::{MAX_ROUND_TRIP_MS, Timer};

/// How long a probe of the socket may take, two round trips apart.
const PROBE_MS: u32 = 400;
/// The same where nothing else is amiss: a lost packet of TCP or two are no reason to leave a socket.
const PATIENT_PROBE_MS: u32 = 3_000;
/// A socket that is silent for so long is asked for a sign of life.
const IDLE_MS: u32 = 4_000;
/// How long an eager join may take, four round trips apart: time for one lost packet of TCP's handshake.
const JOIN_MS: u32 = 1_800;
/// Longest join; the Socket.IO client's own limit.
const MAX_JOIN_MS: u32 = 8_000;
/// About 45 s of short joins; after that the network may just be slow.
const SHORT_JOINS: u32 = 20;
/// Waits between joins.
const REJOIN_MS: [u32; 6] = [0, 300, 1_200, 2_700, 4_800, 7_000];
/// Longest wait between joins while voice is wanted, for the first [`EAGER_TRIES`].
const EAGER_MS: u32 = 1_000;
/// About two minutes of eager tries.
const EAGER_TRIES: u32 = 120;
/// Longest wait that a server may ask for.
const MAX_ASKED_MS: u32 = 300_000;

/// Joins since the last welcome, and the socket's round trip.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Backoff {
    joins: u32,
    /// A request and its acknowledgement.
    round_trip: u32,
    /// When the server wants us back, if it said so: the next wait is no shorter.
    asked: u32,
}

impl Backoff {
    /// A probe of the socket is out. `pressing` when something else says that the network is broken.
    pub(super) fn probing(&self, pressing: bool, out: &mut Outputs) {
        let patience = if pressing { PROBE_MS } else { PATIENT_PROBE_MS };
        out.set_timer(Timer::Probe, patience + 2 * self.round_trip);
    }

    /// Looks again in a while whether the socket has been silent.
    pub(super) fn idle(out: &mut Outputs) {
        out.set_spread_timer(Timer::Idle, IDLE_MS);
    }

    /// The server acknowledged something after so many milliseconds.
    pub(super) fn acknowledged(&mut self, took: u32) {
        let took = took.min(MAX_ROUND_TRIP_MS);
        // Up at once, down slowly.
        self.round_trip = took.max((3 * self.round_trip + took) / 4);
    }

    /// A socket is being connected, and somebody waits to be heard again.
    pub(super) fn joining(&self, link_round_trip: u32, out: &mut Outputs) {
        if self.joins < EAGER_TRIES {
            let slowest = self.round_trip.max(link_round_trip);
            let after = if self.joins < SHORT_JOINS { (JOIN_MS + 4 * slowest).min(MAX_JOIN_MS) } else { MAX_JOIN_MS };
            out.set_timer(Timer::Join, after);
        }
    }

    /// That socket took too long: another one follows at once, for this one's time was wait enough.
    pub(super) fn join_timed_out(&mut self) {
        self.joins = self.joins.saturating_add(1);
    }

    /// The server wants us back after so many milliseconds.
    pub(super) fn server_said(&mut self, after_ms: u32) {
        self.asked = after_ms.min(MAX_ASKED_MS);
    }

    /// Plans the next join.
    pub(super) fn rejoin(&mut self, voice_wanted: bool, out: &mut Outputs) {
        let step = usize::try_from(self.joins).unwrap_or(usize::MAX);
        let mut after = REJOIN_MS.get(step).or(REJOIN_MS.last()).copied().unwrap_or_default();
        if voice_wanted && self.joins < EAGER_TRIES {
            after = after.min(EAGER_MS);
        }
        self.joins = self.joins.saturating_add(1);
        out.set_spread_timer(Timer::Rejoin, after.max(std::mem::take(&mut self.asked)));
    }

    /// Only a welcome makes the waits short again.
    pub(super) fn welcomed(&mut self, out: &mut Outputs) {
        self.joins = 0;
        self.asked = 0;
        out.clear_timer(Timer::Rejoin);
        out.clear_timer(Timer::Join);
        Self::idle(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Output;

    fn wait(backoff: &mut Backoff, voice_wanted: bool) -> u32 {
        let mut out = Outputs::default();
        backoff.rejoin(voice_wanted, &mut out);
        match out.pop() {
            Some(Output::SetTimer { after, .. }) => after,
            other => panic!("{other:?}"),
        }
    }

    fn waits(voice_wanted: bool, count: usize) -> Vec<u32> {
        let mut backoff = Backoff::default();
        (0..count).map(|_| wait(&mut backoff, voice_wanted)).collect()
    }

    #[test]
    fn joins_are_spaced_and_eager_while_voice_is_wanted() {
        assert_eq!(waits(false, 8), [0, 300, 1_200, 2_700, 4_800, 7_000, 7_000, 7_000]);
        assert_eq!(waits(true, 5), [0, 300, 1_000, 1_000, 1_000]);
        assert_eq!(waits(true, 121).last(), Some(&7_000));
    }

    #[test]
    fn a_server_that_says_when_to_come_back_is_not_asked_sooner() {
        let mut backoff = Backoff::default();
        backoff.server_said(20_000);
        assert_eq!([wait(&mut backoff, true), wait(&mut backoff, true)], [20_000, 300], "its word holds once");
        backoff.server_said(u32::MAX);
        assert_eq!(wait(&mut backoff, false), MAX_ASKED_MS);
    }
}
