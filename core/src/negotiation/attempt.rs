//! One peer connection, as the offerer numbered it.

use crate::id::InstanceId;
use crate::input::{LinkState, OpId, Path};
use crate::role::Role;
use crate::wire::{Candidate, Envelope, SignalBody};

/// One peer connection and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    pub(crate) id: OpId,
    pub(crate) role: Role,
    pub(super) number: u32,
    /// ICE restarts so far.
    pub(super) generation: u32,
    pub(super) offerer: InstanceId,
    /// The life of the other that this attempt is with; none while an offer waits for anybody.
    pub(super) with: Option<InstanceId>,
    /// Our newest description and its candidates, to be said again after a reconnection, until they have served.
    pub(super) said: Vec<Envelope>,
    /// The newest description has led to a path that works.
    pub(super) served: bool,
    /// The remote description is there (offerer) or was the reason to begin (answerer).
    pub(super) answered: bool,
    pub(super) remote_set: bool,
    pub(super) held: Vec<Candidate>,
    pub(crate) link: LinkState,
    pub(crate) was_connected: bool,
    pub(crate) path: Option<Path>,
    pub(super) channel_open: bool,
    /// The link is up by the browser's word, and nothing has come over it for too long.
    pub(super) silent: bool,
    /// Our host candidates hide their addresses (`.local`), for the microphone was not granted when it began.
    pub(crate) concealed: bool,
    /// Addresses of this host that candidates name, of the newest generation that has any: a host without a link finds none.
    addresses: Vec<String>,
    /// They are of a generation before.
    outdated: bool,
}

impl Attempt {
    pub(super) fn new(id: OpId, role: Role, number: u32, offerer: InstanceId, with: Option<InstanceId>) -> Self {
        Self {
            id,
            role,
            number,
            generation: 0,
            offerer,
            with,
            said: Vec::new(),
            served: false,
            answered: false,
            remote_set: false,
            held: Vec::new(),
            link: LinkState::Connecting,
            was_connected: false,
            path: None,
            channel_open: false,
            silent: false,
            concealed: false,
            addresses: Vec::new(),
            outdated: false,
        }
    }

    /// Whether the other has taken it.
    pub(crate) fn is_taken(&self) -> bool {
        self.with.is_some()
    }

    /// What was said of the former generation is over.
    pub(super) fn renew(&mut self) {
        self.remote_set = false;
        self.served = false;
        self.said.clear();
        self.held.clear();
        self.outdated = true;
    }

    /// Whether an offer is out and unanswered.
    pub(super) fn is_offering(&self) -> bool {
        self.role == Role::Offerer && !self.answered
    }

    pub(super) fn is_alive(&self) -> bool {
        self.link == LinkState::Connected && !self.silent
    }

    /// Whether it was up and its browser has not given it up.
    pub(super) fn may_come_back(&self) -> bool {
        self.was_connected && self.link != LinkState::Failed
    }

    /// Whether no restart is under way: the newest description has led to a path that worked.
    pub(crate) fn is_served(&self) -> bool {
        self.served
    }

    /// Whether the newest description has been answered, so that a path could be there.
    pub(crate) fn is_negotiated(&self) -> bool {
        self.answered && self.remote_set
    }

    /// Its newest description led to a working path: nothing of it needs to be said again.
    pub(super) fn serve(&mut self) {
        if self.is_negotiated() {
            self.served = true;
            // Whether the other got our answer, a path that works does not tell: it may be the one before.
            self.said.retain(|e| matches!(e.body, SignalBody::Answer { .. }));
        }
    }

    /// Takes note of a way to be reached.
    pub(super) fn found(&mut self, candidate: &Candidate) {
        let address = host_address(&candidate.candidate);
        if address.is_some() && std::mem::take(&mut self.outdated) {
            self.addresses.clear();
        }
        match address {
            Some(address) if is_hidden(address) => self.concealed = true,
            Some(address) if !self.addresses.iter().any(|a| a == address) => self.addresses.push(address.to_owned()),
            _ => {}
        }
    }

    /// Compares the addresses that this host has now with those that the connection knows: whether it has a new one, and
    /// whether all that are known are gone. Nothing can be said where addresses are hidden.
    pub(crate) fn has_moved(&self, now: &[String]) -> Option<Moved> {
        let is_known = |address: &String| self.addresses.contains(address);
        let new = now.iter().any(|a| !is_hidden(a) && !is_known(a));
        (new && !self.addresses.is_empty()).then(|| Moved { gone: !now.iter().any(is_known) })
    }
}

/// This host has an address that a connection does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    /// None of those that it knows is left.
    pub(crate) gone: bool,
}

/// A name that stands for an address (multicast DNS).
fn is_hidden(address: &str) -> bool {
    address.strip_suffix(".local").is_some()
}

/// The address of a host candidate (RFC 8839 section 5.1: foundation, component, transport, priority, address, port, type).
fn host_address(candidate: &str) -> Option<&str> {
    let mut words = candidate.split(' ').skip(4);
    let address = words.next()?;
    (words.nth(2)? == "host").then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(addresses: &[&str]) -> Attempt {
        let offerer = InstanceId::parse(&"0".repeat(32)).unwrap();
        let mut attempt = Attempt::new(OpId(1), Role::Offerer, 1, offerer, None);
        for address in addresses {
            attempt.found(&candidate(address));
        }
        attempt
    }

    fn candidate(address: &str) -> Candidate {
        Candidate {
            candidate: format!("candidate:1 1 udp 2122260223 {address} 43756 typ host generation 0"),
            sdp_mid: None,
            sdp_m_line_index: None,
            username_fragment: None,
        }
    }

    fn moved(known: &[&str], now: &[&str]) -> Option<bool> {
        let now: Vec<String> = now.iter().map(|a| (*a).to_owned()).collect();
        attempt(known).has_moved(&now).map(|moved| moved.gone)
    }

    #[test]
    fn a_new_address_is_told_from_a_missing_one() {
        assert_eq!(moved(&["10.0.0.1"], &["10.0.0.1"]), None);
        assert_eq!(moved(&["10.0.0.1"], &[]), None, "a link that is down");
        assert_eq!(moved(&["10.0.0.1", "10.1.0.1"], &["10.1.0.1"]), None, "ICE has the other one already");
        assert_eq!(moved(&["10.0.0.1"], &["10.0.0.2"]), Some(true));
        assert_eq!(moved(&["10.0.0.1"], &["10.0.0.1", "172.17.0.1"]), Some(false));
    }

    #[test]
    fn a_restart_that_found_no_address_does_not_forget_the_former_ones() {
        let mut attempt = attempt(&["10.0.0.1"]);
        attempt.renew();
        assert_eq!(attempt.has_moved(&["10.0.0.2".into()]), Some(Moved { gone: true }));
        attempt.found(&candidate("10.0.0.2"));
        assert_eq!(attempt.has_moved(&["10.0.0.2".into()]), None);
        assert_eq!(attempt.has_moved(&["10.0.0.1".into()]), Some(Moved { gone: true }));
    }

    #[test]
    fn hidden_addresses_say_nothing() {
        let hidden = attempt(&["0e8a.local"]);
        assert!(hidden.concealed);
        assert_eq!(hidden.has_moved(&["10.0.0.2".into()]), None);
        assert_eq!(moved(&["10.0.0.1"], &["0e8a.local"]), None);
    }

    #[test]
    fn only_host_candidates_name_an_address_of_this_host() {
        assert_eq!(host_address("candidate:1 1 udp 9 192.0.2.1 9 typ host"), Some("192.0.2.1"));
        let reflexive = "candidate:1 1 udp 9 192.0.2.1 9 typ srflx raddr 0.0.0.0 rport 0";
        assert_eq!(host_address(reflexive), None);
        assert_eq!(host_address("garbage"), None);
    }
}
