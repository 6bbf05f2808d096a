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

/// A description that names no address: candidates are told by themselves, and the default ones (RFC 8839 section 4.2.1.2) are as in a
/// description that was made before any was found.
pub(super) fn without_candidates(sdp: &str) -> String {
    let mut quiet = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        if line.starts_with("c=IN ") {
            quiet.push_str("c=IN IP4 0.0.0.0\r\n");
        } else if line.starts_with("a=rtcp:") {
            quiet.push_str("a=rtcp:9 IN IP4 0.0.0.0\r\n");
        } else if let Some((kind, rest)) = line.strip_prefix("m=").and_then(|line| line.split_once(' ')) {
            let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
            quiet.extend(["m=", kind, " 9 ", rest]);
        } else if !line.starts_with("a=candidate:") {
            quiet.push_str(line);
        }
    }
    quiet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_loses_its_addresses_and_nothing_else() {
        let named = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 43756 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 192.0.2.1\r\n\
            a=rtcp:9 IN IP4 192.0.2.1\r\na=candidate:1 1 udp 9 192.0.2.1 9 typ host\r\na=ice-ufrag:x\r\n";
        let quiet = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n\
            a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:x\r\n";
        assert_eq!(without_candidates(named), quiet);
        assert_eq!(without_candidates(quiet), quiet);
    }
}
