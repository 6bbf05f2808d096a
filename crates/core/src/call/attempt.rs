//! One peer connection, as the offerer numbered it.

use super::addresses::Addresses;
use crate::input::{LinkState, Path};
use crate::op_id::OpId;
use crate::quality::Means;
use crate::wire::{Candidate, Envelope, IceServer, InstanceId, Role, SignalBody};

/// How far the newest offer and answer of an attempt have come (RFC 9429).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Exchange {
    /// Our offer waits for an answer.
    Offered,
    /// Offer and answer are here, and being set.
    Answered,
    /// The remote description is set.
    Negotiated,
    /// They led to a path that works.
    Served,
}

/// What arrives over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Flow {
    /// It was never connected.
    Never,
    /// Packets, as far as is known.
    Flowing,
    /// Nothing, for too long.
    Silent,
}

/// What a new attempt begins with.
#[derive(Debug, Clone)]
pub(super) struct Beginning {
    /// The servers to gather candidates with.
    pub(super) ice_servers: Vec<IceServer>,
    /// See [`crate::ConnectionCommand::Offer`].
    pub(super) own_context: bool,
    /// No candidate is told or used before this side wants a link.
    pub(super) quiet: bool,
}

/// One peer connection and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    pub(crate) id: OpId,
    pub(crate) role: Role,
    pub(super) number: u32,
    /// ICE restarts so far.
    pub(super) generation: u32,
    pub(super) offerer: InstanceId,
    /// The instance of the other that this attempt is with; none while an offer waits for anybody.
    pub(super) with: Option<InstanceId>,
    /// Our newest description and its candidates, to be said again after a reconnection, until they have served.
    pub(super) said: Vec<Envelope>,
    /// Remote candidates that wait for the remote description, or for this side to want a link.
    pub(super) held: Vec<Candidate>,
    /// Local candidates that nobody is told of before this side wants a link; none when it does.
    pub(super) withheld: Option<Vec<Candidate>>,
    /// Remote candidates of the generation in use, for a revival.
    pub(super) remote: Vec<Candidate>,
    /// Its browser goes on with candidates that come after `failed`.
    pub(super) revives: bool,
    /// How often its browser has given it up since something came last.
    pub(super) failures: u32,
    pub(crate) exchange: Exchange,
    /// The browser's word: `Connecting`, `Connected` or `Failed`.
    pub(crate) link: LinkState,
    pub(crate) flow: Flow,
    pub(crate) path: Option<Path>,
    /// What can be done about loss.
    pub(super) means: Means,
    pub(super) channel_open: bool,
    /// All candidates of this generation are known, of this side and of the other (RFC 8838 section 14).
    pub(super) complete: (bool, bool),
    /// This side has any candidate.
    pub(super) found: bool,
    pub(crate) addresses: Addresses,
}

impl Attempt {
    /// An attempt of our own (`with` unknown), or one of the other's that is accepted.
    pub(super) fn new(id: OpId, role: Role, number: u32, offerer: InstanceId, with: Option<InstanceId>) -> Self {
        Self {
            id,
            role,
            number,
            generation: 0,
            offerer,
            with,
            said: Vec::new(),
            held: Vec::new(),
            withheld: None,
            remote: Vec::new(),
            revives: false,
            failures: 0,
            exchange: if role == Role::Offerer { Exchange::Offered } else { Exchange::Answered },
            link: LinkState::Connecting,
            flow: Flow::Never,
            path: None,
            means: Means::default(),
            channel_open: false,
            complete: (false, false),
            found: false,
            addresses: Addresses::default(),
        }
    }

    /// Another generation begins (ICE restart): what was said of the former one is over.
    pub(super) fn renew(&mut self) {
        self.exchange = if self.role == Role::Offerer { Exchange::Offered } else { Exchange::Answered };
        self.said.clear();
        self.held.clear();
        self.complete = (false, false);
        self.addresses.renew();
    }

    /// The remote description is set: gives the candidates that waited for it.
    pub(super) fn remote_description_set(&mut self) -> Vec<Candidate> {
        self.exchange = self.exchange.max(Exchange::Negotiated);
        if self.is_quiet() { Vec::new() } else { self.release() }
    }

    /// The remote candidates that waited, which are to be used now.
    pub(super) fn release(&mut self) -> Vec<Candidate> {
        let held = std::mem::take(&mut self.held);
        for candidate in &held {
            self.keep(candidate);
        }
        held
    }

    /// Only descriptions are exchanged: no address is told, and no packet sent.
    pub(super) fn is_quiet(&self) -> bool {
        self.withheld.is_some()
    }

    /// The newest descriptions led to a working path: nothing of them needs to be said again.
    pub(super) fn serve(&mut self) {
        if self.exchange >= Exchange::Negotiated {
            self.exchange = Exchange::Served;
            // Whether the other got our answer, a path that works does not tell: it may be the one before.
            let answers = self.role == Role::Answerer;
            self.said.retain(|e| answers && matches!(e.body, SignalBody::Answer { .. } | SignalBody::Candidate(_)));
        }
    }

    /// A browser may give up when no pair of the candidates that it knows works, though more are to come; it goes on with those.
    pub(super) fn fails_too_early(&self) -> bool {
        !self.was_connected() && self.complete != (true, true)
    }

    /// This side has gathered, and nothing came of it: there is no pair to be tried (a relay is wanted and there is none, or the browser may
    /// not use UDP).
    pub(super) fn leads_nowhere(&self) -> bool {
        !self.was_connected() && !self.is_quiet() && self.complete.0 && !self.found
    }

    /// Whether the other has taken it.
    pub(crate) fn is_taken(&self) -> bool {
        self.with.is_some()
    }

    /// Whether it was ever connected.
    pub(crate) fn was_connected(&self) -> bool {
        self.flow != Flow::Never
    }

    /// Whether it is connected and brings something.
    pub(super) fn is_alive(&self) -> bool {
        self.link == LinkState::Connected && self.flow == Flow::Flowing
    }

    /// Whether it was connected and its browser has not given it up, or goes on when it is revived.
    pub(crate) fn may_come_back(&self) -> bool {
        self.was_connected() && (self.link != LinkState::Failed || self.is_revivable())
    }
}
