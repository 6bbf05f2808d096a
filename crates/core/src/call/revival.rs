//! Revival: a connection whose browser has found no path any more goes on when it is given the other's candidates anew.
//!
//! A browser with libwebrtc keeps its ports, its keys and its channels when it says `failed`, and pings whatever candidates come
//! later for another 15 s. It ignores those that it knows, and equality includes the foundation (RFC 8839 section 5.1). So each
//! `failed` is answered by the same candidates under foundations that were never used before: no timer, no knowledge of the link and
//! no server is needed, and the path is found within a round trip or two of its return.

use super::attempt::Attempt;
use super::negotiation::{Negotiation, Relays};
use crate::output::{ConnectionCommand, Output};
use crate::outputs::Outputs;
use crate::wire::{Candidate, InstanceId, Role};

/// Candidates of the other that are kept.
const MAX_CANDIDATES: usize = 32;
/// A connection is revived so often in a row, 15 s apart: ten minutes without a path, at 2 KB/s of pings.
const MAX_REVIVALS: u32 = 40;
/// Pulses that a successor is given while what it is to replace carries the sound: half a minute in a page that is seen.
const LONG_BESIDE: u32 = 120;

impl Attempt {
    /// Keeps a candidate of the other's for a revival. Over TCP (RFC 6544) nothing is revived.
    pub(super) fn keep(&mut self, candidate: &Candidate) {
        let over_udp = candidate.candidate.split(' ').nth(2).is_some_and(|by| by.eq_ignore_ascii_case("udp"));
        let known = self.remote.iter().any(|kept| kept.candidate == candidate.candidate);
        if over_udp && !known && self.remote.len() < MAX_CANDIDATES {
            self.remote.push(candidate.clone());
        }
    }

    /// Whether it was connected and goes on, should its browser give it up, when it is given candidates.
    pub(crate) fn is_revivable(&self) -> bool {
        self.revives && self.was_connected() && self.failures <= MAX_REVIVALS && !self.remote.is_empty()
    }
}

impl Negotiation {
    /// Gives the connection that carried the sound the other's candidates anew.
    pub(super) fn revive(&mut self, out: &mut Outputs) {
        let mut foundations = self.foundations;
        let Some(attempt) = self.carrier_mut().filter(|a| a.is_revivable()) else { return };
        for candidate in &attempt.remote {
            foundations = foundations.wrapping_add(1);
            let command = ConnectionCommand::AddCandidate(founded(candidate, foundations));
            out.push(Output::Connection { id: attempt.id, command });
        }
        self.foundations = foundations;
    }

    /// What was asked and found of a relay concerns nothing any more.
    pub(super) fn forget_request(&mut self) {
        self.unsent_request = None;
        self.relays = Relays::default();
    }

    /// Nothing is tried any more. A connection that its browser can revive stays: its path may come back.
    pub(super) fn set_aside(&mut self, out: &mut Outputs) {
        if self.revives {
            self.forget_request();
            self.retire(out);
        } else {
            self.close(out);
        }
    }

    /// What was set aside carries the sound again; or what has a successor has carried it for so long that nobody can be building that
    /// any more: it was given up over there, or what was said of it got lost.
    pub(super) fn take_up(&mut self, out: &mut Outputs) {
        let alive = self.former.as_ref().is_some_and(Attempt::is_alive);
        self.beside = if alive { self.beside.saturating_add(1) } else { 0 };
        if !alive || (self.attempt.is_some() && self.beside < LONG_BESIDE) {
            return;
        }
        self.beside = 0;
        let successor = std::mem::replace(&mut self.attempt, self.former.take());
        if let Some(Attempt { id, .. }) = successor {
            return out.push(Output::Connection { id, command: ConnectionCommand::Close });
        }
        let attempts = self.attempts;
        if self.attempt.as_ref().is_some_and(|a| a.role == Role::Offerer && a.number < attempts) {
            // The answerer may be building what this side has given up: a restart of this one tells it otherwise.
            self.restart(out);
        }
    }

    /// The offerer goes on with the connection before the newest: what was being built in its place is over.
    pub(super) fn go_back_to(&mut self, number: u32, offerer: &InstanceId, out: &mut Outputs) {
        if let Some(former) = self.former.take_if(|a| a.number == number && a.offerer == *offerer)
            && let Some(newest) = self.attempt.replace(former)
        {
            out.push(Output::Connection { id: newest.id, command: ConnectionCommand::Close });
        }
    }
}

/// The same candidate under a foundation of this number, which no browser makes by itself.
fn founded(candidate: &Candidate, number: u32) -> Candidate {
    let rest = candidate.candidate.split_once(' ').map_or("", |(_, rest)| rest);
    Candidate { candidate: ["candidate:revival", &number.to_string(), " ", rest].concat(), ..candidate.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op_id::OpId;

    fn candidate(foundation: u32, port: u32, by: &str) -> Candidate {
        Candidate {
            candidate: format!("candidate:{foundation} 1 {by} 1 192.0.2.1 {port} typ host generation 0 ufrag a"),
            sdp_mid: Some("0".into()),
            sdp_m_line_index: Some(0),
            username_fragment: Some("a".into()),
        }
    }

    fn attempt() -> Attempt {
        let offerer = InstanceId::parse(&"0f".repeat(16)).unwrap();
        Attempt::new(OpId(1), Role::Offerer, 1, offerer, None)
    }

    #[test]
    fn the_foundation_alone_is_another() {
        let founded = founded(&candidate(865, 9, "udp"), 7);
        assert_eq!(founded.candidate, "candidate:revival7 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag a");
        assert_eq!(founded.username_fragment.as_deref(), Some("a"));
    }

    #[test]
    fn what_is_kept_is_bounded_and_goes_by_udp() {
        let mut attempt = attempt();
        attempt.keep(&candidate(1, 9, "tcp"));
        attempt.keep(&Candidate::end());
        assert!(attempt.remote.is_empty());
        for port in 0..100 {
            attempt.keep(&candidate(1, port, "UDP"));
            attempt.keep(&candidate(1, port, "UDP"));
        }
        assert_eq!(attempt.remote.len(), MAX_CANDIDATES);
        assert_ne!(attempt.remote.first(), attempt.remote.get(1));
    }
}
