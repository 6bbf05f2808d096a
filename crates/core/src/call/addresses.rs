//! The addresses of this host that a connection's candidates name.

use crate::wire::Candidate;

/// What a connection knows of this host's addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Addresses {
    /// Candidates hide addresses (`.local`, multicast DNS): the microphone was not granted when the connection was made.
    concealed: bool,
    /// Of the newest generation that has any: a host without a link finds none.
    known: Vec<String>,
    /// What is known is of a generation before.
    outdated: bool,
}

/// This host has an address that a connection does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    /// None of those that it knows is left.
    pub(crate) gone: bool,
}

impl Addresses {
    /// Candidates name no address of this host.
    pub(crate) fn are_concealed(&self) -> bool {
        self.concealed
    }

    /// Another generation begins.
    pub(super) fn renew(&mut self) {
        self.outdated = true;
    }

    /// Takes note of a local candidate.
    pub(super) fn found(&mut self, candidate: &Candidate) {
        let Some(address) = host_address(&candidate.candidate) else { return };
        if std::mem::take(&mut self.outdated) {
            self.known.clear();
        }
        if is_hidden(address) {
            self.concealed = true;
        } else if !self.known.iter().any(|known| known == address) {
            self.known.push(address.to_owned());
        }
    }

    /// Compares the addresses that this host has now with those that the connection knows: whether it has a new one, and
    /// whether all that are known are gone. Nothing can be said where addresses are hidden.
    pub(crate) fn compare(&self, now: &[String]) -> Option<Moved> {
        let now = || now.iter().map(|address| bare(address));
        let is_known = |address: &str| self.known.iter().any(|known| known == address);
        let new = now().any(|address| !is_hidden(address) && !is_known(address));
        (new && !self.known.is_empty()).then(|| Moved { gone: !now().any(is_known) })
    }
}

/// An address as candidate lines have it: `RTCIceCandidate.address` puts those of IPv6 in brackets in Chromium.
fn bare(address: &str) -> &str {
    address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address)
}

/// A name that stands for an address (multicast DNS).
fn is_hidden(address: &str) -> bool {
    address.strip_suffix(".local").is_some()
}

/// The address of a host candidate (RFC 8839 section 5.1: foundation, component, transport, priority, address, port, type).
fn host_address(candidate: &str) -> Option<&str> {
    let is_host = candidate_type(candidate) == Some("host");
    candidate.split(' ').nth(4).filter(|_| is_host)
}

/// The type of a candidate: `host`, `srflx`, `prflx` or `relay`.
pub(super) fn candidate_type(candidate: &str) -> Option<&str> {
    candidate.split(' ').nth(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(address: &str) -> Candidate {
        Candidate {
            candidate: format!("candidate:1 1 udp 2122260223 {address} 43756 typ host generation 0"),
            sdp_mid: None,
            sdp_m_line_index: None,
            username_fragment: None,
        }
    }

    fn addresses(known: &[&str]) -> Addresses {
        let mut addresses = Addresses::default();
        for address in known {
            addresses.found(&candidate(address));
        }
        addresses
    }

    fn moved(known: &[&str], now: &[&str]) -> Option<bool> {
        let now: Vec<String> = now.iter().map(|a| (*a).to_owned()).collect();
        addresses(known).compare(&now).map(|moved| moved.gone)
    }

    #[test]
    fn a_new_address_is_told_from_a_missing_one() {
        assert_eq!(moved(&["10.0.0.1"], &["10.0.0.1"]), None);
        assert_eq!(moved(&["10.0.0.1"], &[]), None, "a link that is down");
        assert_eq!(moved(&["10.0.0.1", "10.1.0.1"], &["10.1.0.1"]), None, "ICE has the other one already");
        assert_eq!(moved(&["10.0.0.1"], &["10.0.0.2"]), Some(true));
        assert_eq!(moved(&["10.0.0.1"], &["10.0.0.1", "172.17.0.1"]), Some(false));
        assert_eq!(moved(&["10.0.0.1", "fd00::1"], &["10.0.0.1", "[fd00::1]"]), None, "in brackets it is the same");
        assert_eq!(moved(&["fd00::1"], &["[fd00::2]"]), Some(true));
    }

    #[test]
    fn a_restart_that_found_no_address_does_not_forget_the_former_ones() {
        let mut addresses = addresses(&["10.0.0.1"]);
        addresses.renew();
        assert_eq!(addresses.compare(&["10.0.0.2".into()]), Some(Moved { gone: true }));
        addresses.found(&candidate("10.0.0.2"));
        assert_eq!(addresses.compare(&["10.0.0.2".into()]), None);
        assert_eq!(addresses.compare(&["10.0.0.1".into()]), Some(Moved { gone: true }));
    }

    #[test]
    fn hidden_addresses_say_nothing() {
        let hidden = addresses(&["0e8a.local"]);
        assert!(hidden.are_concealed());
        assert_eq!(hidden.compare(&["10.0.0.2".into()]), None);
        assert_eq!(moved(&["10.0.0.1"], &["0e8a.local"]), None);
    }

    #[test]
    fn only_host_candidates_name_an_address_of_this_host() {
        assert_eq!(host_address("candidate:1 1 udp 9 192.0.2.1 9 typ host"), Some("192.0.2.1"));
        let reflexive = "candidate:1 1 udp 9 192.0.2.1 9 typ srflx raddr 0.0.0.0 rport 0";
        assert_eq!(host_address(reflexive), None);
        assert_eq!(host_address("garbage"), None);
        assert_eq!(host_address(""), None, "the end of candidates");
    }
}
