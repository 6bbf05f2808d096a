//! Descriptions ahead of candidates: while the other waits for this side, the two exchange offer and answer, so that a round trip less
//! is left when this side wants voice. Neither learns an address of a side that does not, and not a packet is sent.

use super::negotiation::Negotiation;
use crate::input::LinkState;
use crate::output::{ConnectionCommand, Output};
use crate::outputs::Outputs;
use crate::wire::SignalBody;

use super::attempt::Exchange;

impl Negotiation {
    /// Whether the newest attempt has descriptions only.
    pub(super) fn is_quiet(&self) -> bool {
        self.attempt().is_some_and(super::Attempt::is_quiet)
    }

    /// The other offered once, and nothing is left of it.
    pub(super) fn lacks_an_offer(&self) -> bool {
        self.attempt().is_none() && !self.has_offer() && self.newest_offer.is_some()
    }

    /// The browser has given the newest attempt up.
    pub(super) fn has_failed(&self) -> bool {
        self.attempt().is_some_and(|a| a.link == LinkState::Failed)
    }

    /// This side wants a link: candidates are told and used from now on.
    pub(super) fn open_up(&mut self, joined: bool, out: &mut Outputs) {
        let Some(attempt) = self.attempt.as_mut().filter(|a| a.is_quiet()) else { return };
        let withheld = attempt.withheld.take().unwrap_or_default();
        if attempt.exchange >= Exchange::Negotiated {
            for candidate in attempt.release() {
                out.push(Output::Connection { id: attempt.id, command: ConnectionCommand::AddCandidate(candidate) });
            }
        }
        for candidate in withheld {
            self.say_of_attempt(SignalBody::Candidate(candidate), joined, out);
        }
    }
}

/// A description without what candidates stand in it already (RFC 8839 section 5.1): they are told by themselves, too.
pub(super) fn without_candidates(sdp: &str) -> String {
    sdp.split_inclusive('\n').filter(|line| !line.starts_with("a=candidate:")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_loses_its_candidates_and_nothing_else() {
        let sdp = "v=0\r\na=candidate:1 1 udp 9 192.0.2.1 9 typ host\r\na=ice-ufrag:x\r\n";
        assert_eq!(without_candidates(sdp), "v=0\r\na=ice-ufrag:x\r\n");
    }
}
