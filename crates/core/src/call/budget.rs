//! How long and how often a connection is tried before the call goes on by text.

use crate::decision::{Fact, MediaAction};
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::{RestartWhy, Role, VoiceReason};

/// How long one attempt may take, in milliseconds.
const ATTEMPT_MS: u32 = 10_000;
/// The answerer gives up by itself so much later than the offerer should have said so, in milliseconds.
const GRACE_MS: u32 = 5_000;
/// Tries before the first connection: the attempt and one rebuild.
const FIRST_TRIES: u32 = 2;
/// Tries after an interruption: 30 s without a path.
const RECOVERY_TRIES: u32 = 3;

/// What has been tried, and whether it was given up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Budget {
    tries: u32,
    /// [`Timer::Connect`] runs.
    counting: bool,
    /// The two were linked since they met.
    was_up: bool,
    given_up: Option<VoiceReason>,
}

/// What the budget must know of the call when a fact comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) connected: bool,
    /// The newest connection failed, or the answerer's did, and it is one that counts: the first failure after a working
    /// link is where the counting begins.
    pub(super) counts: bool,
    /// The person wants voice.
    pub(super) wanted: bool,
}

impl Budget {
    pub(super) fn given_up(&self) -> Option<VoiceReason> {
        self.given_up
    }

    /// A try is under way.
    pub(super) fn is_counting(&self) -> bool {
        self.counting
    }

    pub(super) fn was_up(&self) -> bool {
        self.was_up
    }

    /// What follows if the running try fails, while tries are counted.
    pub(super) fn next_try(&self, role: Role) -> Option<MediaAction> {
        let more = role == Role::Offerer && self.tries + 1 < self.allowed();
        self.counting.then_some(if more { MediaAction::Rebuild } else { MediaAction::GiveUp })
    }

    /// Changes by what a fact says. This is the only way to spend, renew or end a budget.
    pub(super) fn note(&mut self, fact: Fact, now: Standing, out: &mut Outputs) {
        match fact {
            Fact::LinkUp { .. } | Fact::SoundBack => {
                self.was_up = true;
                self.renew(out);
            }
            // Nobody is to be connected, or somebody else than before.
            Fact::VoiceOff | Fact::PeerVoiceOff | Fact::PeerGone | Fact::PeerReplaced => {
                self.was_up = false;
                self.renew(out);
            }
            // A person asked, a path may be there, or somebody came back.
            Fact::Welcome
            | Fact::PeerReturned
            | Fact::Person
            | Fact::Asked(RestartWhy::Granted | RestartWhy::Network | RestartWhy::Person)
                if !now.connected =>
            {
                self.renew(out);
            }
            Fact::MicrophoneGranted => self.renew(out),
            Fact::Offered | Fact::NetworkHint | Fact::AddressChanged { .. } if self.given_up.is_some() => {
                self.renew(out);
            }
            Fact::ConnectTooLong | Fact::ConnectionFailed | Fact::Asked(RestartWhy::Failed)
                if self.counting && now.counts =>
            {
                self.tries += 1;
            }
            // Given up is what somebody who wants voice does.
            Fact::GaveUp(reason) if now.wanted => {
                self.stop(out);
                self.given_up = Some(reason);
            }
            _ => {}
        }
    }

    fn renew(&mut self, out: &mut Outputs) {
        self.given_up = None;
        self.stop(out);
    }

    fn stop(&mut self, out: &mut Outputs) {
        self.tries = 0;
        if std::mem::take(&mut self.counting) {
            out.clear_timer(Timer::Connect);
        }
    }

    /// Starts or stops counting: `needed` while both want to be linked, both are there, and no link is up. Tells whether it starts.
    pub(super) fn watch(&mut self, needed: bool, role: Role, out: &mut Outputs) -> bool {
        let starts = needed && !self.counting && self.given_up.is_none();
        if starts {
            self.counting = true;
            self.arm(role, out);
        } else if !needed && self.counting {
            self.stop(out);
        }
        starts
    }

    /// A try has its full time from now on, if tries are counted.
    pub(super) fn arm(&self, role: Role, out: &mut Outputs) {
        if self.counting {
            let after = match role {
                Role::Offerer => ATTEMPT_MS,
                Role::Answerer => ATTEMPT_MS * self.allowed() + GRACE_MS,
            };
            out.set_timer(Timer::Connect, after);
        }
    }

    fn allowed(&self) -> u32 {
        if self.was_up { RECOVERY_TRIES } else { FIRST_TRIES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRYING: Standing = Standing { connected: false, counts: true, wanted: true };

    fn failed(budget: &mut Budget, out: &mut Outputs) -> Option<MediaAction> {
        let next = budget.next_try(Role::Offerer);
        budget.note(Fact::ConnectTooLong, TRYING, out);
        next
    }

    #[test]
    fn the_offerer_rebuilds_once_before_the_first_connection_and_twice_after() {
        let (mut budget, mut out) = (Budget::default(), Outputs::default());
        budget.watch(true, Role::Offerer, &mut out);
        assert_eq!(failed(&mut budget, &mut out), Some(MediaAction::Rebuild));
        assert_eq!(failed(&mut budget, &mut out), Some(MediaAction::GiveUp));
        budget.note(Fact::LinkUp { first: true }, TRYING, &mut out);
        budget.watch(true, Role::Offerer, &mut out);
        assert_eq!(failed(&mut budget, &mut out), Some(MediaAction::Rebuild));
        assert_eq!(failed(&mut budget, &mut out), Some(MediaAction::Rebuild));
        assert_eq!(failed(&mut budget, &mut out), Some(MediaAction::GiveUp));
    }

    #[test]
    fn nothing_is_given_up_while_voice_is_off() {
        let (mut budget, mut out) = (Budget::default(), Outputs::default());
        budget.note(Fact::GaveUp(VoiceReason::NoRelay), Standing { wanted: false, ..TRYING }, &mut out);
        assert_eq!(budget.given_up(), None);
        budget.note(Fact::GaveUp(VoiceReason::NoRelay), TRYING, &mut out);
        assert_eq!(budget.given_up(), Some(VoiceReason::NoRelay));
    }
}
