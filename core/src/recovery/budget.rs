//! How long and how often something is tried: attempts, probes, joins.

use super::MediaAction;
use crate::liveness::{Liveness, MAX_ROUND_TRIP_MS};
use crate::output::Output;
use crate::queue::Queue;
use crate::reason::VoiceReason;
use crate::role::Role;
use crate::timer::Timer;

/// How long one attempt may take, in milliseconds.
const ATTEMPT_MS: u32 = 10_000;
/// The answerer gives up by itself so much later than the offerer should have said so, in milliseconds.
const GRACE_MS: u32 = 5_000;
/// Tries before the first connection: the attempt and one rebuild.
const FIRST_TRIES: u32 = 2;
/// Tries after an interruption: 30 s without a path.
const RECOVERY_TRIES: u32 = 3;
/// A restart that brought no packet for so long brings none, in milliseconds: Firefox does not survive some.
const RESTART_MS: u32 = 3_000;
/// How long a probe of the socket may take, two round trips apart, in milliseconds.
const PROBE_MS: u32 = 400;
/// The same where nothing else is amiss: a lost packet of TCP or two are no reason to leave a socket, in milliseconds.
const PATIENT_PROBE_MS: u32 = 3_000;
/// A socket that is silent for so long is asked for a sign of life, in milliseconds.
const IDLE_MS: u32 = 4_000;
/// How long an eager join may take, four round trips apart, in milliseconds: time for one lost packet of TCP's handshake.
const JOIN_MS: u32 = 1_800;
/// Longest join, in milliseconds; the Socket.IO client's own limit.
const MAX_JOIN_MS: u32 = 8_000;
/// About 45 s of short joins; after that the network may just be slow.
const SHORT_JOINS: u32 = 20;
/// Waits between joins, in milliseconds.
const REJOIN_MS: [u32; 6] = [0, 300, 1_200, 2_700, 4_800, 7_000];
/// Longest wait between joins while voice is wanted, for the first [`EAGER_TRIES`], in milliseconds.
const EAGER_MS: u32 = 1_000;
/// About two minutes of eager tries.
const EAGER_TRIES: u32 = 120;

/// Budgets and what was given up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Budget {
    tries: u32,
    watching: bool,
    /// The link was up since the two met.
    was_up: bool,
    given_up: Option<VoiceReason>,
    joins: u32,
    /// Of the socket: a request and its acknowledgement, in milliseconds.
    round_trip: u32,
}

impl Budget {
    pub(crate) fn given_up(&self) -> Option<VoiceReason> {
        self.given_up
    }

    pub(crate) fn was_up(&self) -> bool {
        self.was_up
    }

    /// The link is up.
    pub(crate) fn connected(&mut self, queue: &mut Queue) {
        self.was_up = true;
        self.given_up = None;
        self.stop(queue);
    }

    /// From now on a restart has its time to bring packets.
    pub(crate) fn restarted(queue: &mut Queue) {
        queue.push(Output::SetTimer { timer: Timer::Restart, after: RESTART_MS, spread: false });
    }

    /// A probe of the socket is out. `doubted` when something else says that the network is broken.
    pub(crate) fn probing(&self, doubted: bool, queue: &mut Queue) {
        let after = if doubted { PROBE_MS } else { PATIENT_PROBE_MS } + 2 * self.round_trip;
        queue.push(Output::SetTimer { timer: Timer::Probe, after, spread: false });
    }

    /// Looks again in a while whether the socket has been silent.
    pub(crate) fn idle(queue: &mut Queue) {
        queue.push(Output::SetTimer { timer: Timer::Idle, after: IDLE_MS, spread: true });
    }

    /// The server acknowledged something after so many milliseconds.
    pub(crate) fn acknowledged(&mut self, took: u32) {
        let took = took.min(MAX_ROUND_TRIP_MS);
        // Up at once, down slowly.
        self.round_trip = took.max((3 * self.round_trip + took) / 4);
    }

    /// A socket is being connected. `eager` when somebody waits to be heard again.
    pub(crate) fn joining(&self, eager: bool, link: &Liveness, queue: &mut Queue) {
        if eager && self.joins < EAGER_TRIES {
            let slowest = self.round_trip.max(link.round_trip());
            let after = if self.joins < SHORT_JOINS { (JOIN_MS + 4 * slowest).min(MAX_JOIN_MS) } else { MAX_JOIN_MS };
            queue.push(Output::SetTimer { timer: Timer::Join, after, spread: false });
        }
    }

    /// That socket took too long: another one follows at once, for this one's time was wait enough.
    pub(crate) fn join_timed_out(&mut self) {
        self.joins = self.joins.saturating_add(1);
    }

    /// Nobody is to be connected: the other is gone or one of the two turned voice off.
    pub(crate) fn reset(&mut self, queue: &mut Queue) {
        self.was_up = false;
        self.given_up = None;
        self.stop(queue);
    }

    /// A person asked, a path may be there, or somebody came back: all budgets are new.
    pub(crate) fn refresh(&mut self, queue: &mut Queue) {
        self.given_up = None;
        self.stop(queue);
    }

    fn stop(&mut self, queue: &mut Queue) {
        self.tries = 0;
        if std::mem::take(&mut self.watching) {
            queue.push(Output::ClearTimer(Timer::Connect));
        }
    }

    /// Starts or stops counting: `needed` while both want to be linked, both are there, and no link is up.
    pub(crate) fn watch(&mut self, needed: bool, role: Role, queue: &mut Queue) {
        if needed && !self.watching && self.given_up.is_none() {
            self.watching = true;
            self.arm(role, queue);
        } else if !needed && self.watching {
            self.stop(queue);
        }
    }

    /// A new attempt has its full time.
    pub(crate) fn attempt_began(&self, role: Role, queue: &mut Queue) {
        if self.watching {
            self.arm(role, queue);
        }
    }

    /// Starts the running count anew.
    pub(crate) fn arm(&self, role: Role, queue: &mut Queue) {
        let after = match role {
            Role::Offerer => ATTEMPT_MS,
            Role::Answerer => ATTEMPT_MS * self.budget() + GRACE_MS,
        };
        queue.push(Output::SetTimer { timer: Timer::Connect, after, spread: false });
    }

    fn budget(&self) -> u32 {
        if self.was_up { RECOVERY_TRIES } else { FIRST_TRIES }
    }

    /// The running attempt did not connect in time or failed.
    pub(super) fn attempt_failed(&mut self, role: Role) -> Option<MediaAction> {
        if !self.watching {
            return None;
        }
        self.tries += 1;
        let more = role == Role::Offerer && self.tries < self.budget();
        Some(if more { MediaAction::Rebuild } else { MediaAction::GiveUp })
    }

    /// Goes on by text.
    pub(crate) fn give_up(&mut self, reason: VoiceReason, queue: &mut Queue) {
        self.stop(queue);
        self.given_up = Some(reason);
    }

    /// Plans the next join.
    pub(crate) fn rejoin(&mut self, voice_wanted: bool, queue: &mut Queue) {
        let step = usize::try_from(self.joins).unwrap_or(usize::MAX);
        let mut after = REJOIN_MS.get(step).or(REJOIN_MS.last()).copied().unwrap_or_default();
        if voice_wanted && self.joins < EAGER_TRIES {
            after = after.min(EAGER_MS);
        }
        self.joins = self.joins.saturating_add(1);
        queue.push(Output::SetTimer { timer: Timer::Rejoin, after, spread: true });
    }

    /// Only a welcome makes the waits short again.
    pub(crate) fn welcomed(&mut self, queue: &mut Queue) {
        self.joins = 0;
        queue.push(Output::ClearTimer(Timer::Rejoin));
        queue.push(Output::ClearTimer(Timer::Join));
        Self::idle(queue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(voice_wanted: bool, count: usize) -> Vec<u32> {
        let (mut budget, mut queue) = (Budget::default(), Queue::default());
        (0..count)
            .map(|_| {
                budget.rejoin(voice_wanted, &mut queue);
                match queue.pop() {
                    Some(Output::SetTimer { after, .. }) => after,
                    other => panic!("{other:?}"),
                }
            })
            .collect()
    }

    #[test]
    fn joins_are_spaced_and_eager_while_voice_is_wanted() {
        assert_eq!(waits(false, 8), [0, 300, 1_200, 2_700, 4_800, 7_000, 7_000, 7_000]);
        assert_eq!(waits(true, 5), [0, 300, 1_000, 1_000, 1_000]);
        assert_eq!(waits(true, 121).last(), Some(&7_000));
    }

    #[test]
    fn the_offerer_rebuilds_once_before_the_first_connection_and_twice_after() {
        let (mut budget, mut queue) = (Budget::default(), Queue::default());
        budget.watch(true, Role::Offerer, &mut queue);
        assert_eq!(budget.attempt_failed(Role::Offerer), Some(MediaAction::Rebuild));
        assert_eq!(budget.attempt_failed(Role::Offerer), Some(MediaAction::GiveUp));
        budget.connected(&mut queue);
        budget.watch(true, Role::Offerer, &mut queue);
        assert_eq!(budget.attempt_failed(Role::Offerer), Some(MediaAction::Rebuild));
        assert_eq!(budget.attempt_failed(Role::Offerer), Some(MediaAction::Rebuild));
        assert_eq!(budget.attempt_failed(Role::Offerer), Some(MediaAction::GiveUp));
    }
}
