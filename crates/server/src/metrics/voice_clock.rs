//! How long voice takes to connect, by what clients report.

use pairvoice_wire::{UserId, VoiceState};

/// People of one session that are remembered: its two seats, and two who lost theirs.
const PEOPLE: usize = 4;

/// The times at which the people of one session began to connect.
#[derive(Debug, Default)]
pub struct VoiceClock(Vec<(UserId, u64)>);

impl VoiceClock {
    /// Takes a state that a person reported at a time in milliseconds, and returns how many seconds the way from
    /// `connecting` to `connected` took when it ends by this state. A call that is mended (`reconnecting`) is not measured.
    pub fn hear(&mut self, user: &UserId, state: VoiceState, at: u64) -> Option<f64> {
        let known = self.0.iter().position(|(name, _)| name == user);
        let Some(known) = known else {
            if state == VoiceState::Connecting {
                if self.0.len() >= PEOPLE {
                    self.0.remove(0);
                }
                self.0.push((user.clone(), at));
            }
            return None;
        };
        if state == VoiceState::Connecting {
            return None;
        }
        let (_, since) = self.0.remove(known);
        let milliseconds = u32::try_from(at.saturating_sub(since)).unwrap_or(u32::MAX);
        (state == VoiceState::Connected).then(|| f64::from(milliseconds) / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[test]
    fn the_way_from_connecting_to_connected_is_measured_for_each_person() {
        let mut clock = VoiceClock::default();
        assert_eq!(clock.hear(&user("7"), VoiceState::Connecting, 1_000), None);
        assert_eq!(clock.hear(&user("9"), VoiceState::Connecting, 1_200), None);
        assert_eq!(clock.hear(&user("7"), VoiceState::Connecting, 1_400), None);
        assert_eq!(clock.hear(&user("7"), VoiceState::Connected, 1_500), Some(0.5));
        assert_eq!(clock.hear(&user("9"), VoiceState::Connected, 3_200), Some(2.0));
        assert_eq!(clock.hear(&user("7"), VoiceState::Connected, 4_000), None);
    }

    #[test]
    fn what_was_given_up_or_mended_is_not_measured() {
        let mut clock = VoiceClock::default();
        clock.hear(&user("7"), VoiceState::Connecting, 0);
        assert_eq!(clock.hear(&user("7"), VoiceState::Unavailable, 10_000), None);
        assert_eq!(clock.hear(&user("7"), VoiceState::Reconnecting, 11_000), None);
        assert_eq!(clock.hear(&user("7"), VoiceState::Connected, 12_000), None);
    }

    #[test]
    fn it_remembers_few_people_and_survives_a_clock_that_goes_back() {
        let mut clock = VoiceClock::default();
        for name in ["1", "2", "3", "4", "5"] {
            clock.hear(&user(name), VoiceState::Connecting, 100);
        }
        assert_eq!(clock.hear(&user("1"), VoiceState::Connected, 200), None);
        assert_eq!(clock.hear(&user("5"), VoiceState::Connected, 50), Some(0.0));
    }
}
