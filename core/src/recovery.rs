//! The one authority on what to do when something does not work: facts go in, one decision comes out, with its evidence.
//!
//! The rules. What flows is never touched: a bad socket is mended without a word to the media, bad media without a word to
//! the socket. Silence is believed when several heartbeats are missing, or when both paths are silent. A path is looked for by
//! an ICE restart (RFC 8445 section 9), which costs nothing that could be heard; a new connection is made only where a restart
//! can't help. The offerer alone offers, the answerer asks. After half a minute without a path the call goes on by text.

mod budget;

pub(crate) use budget::Budget;

use crate::liveness::{Liveness, Silence};
use crate::role::Role;
use crate::wire::RestartWhy;

/// One thing that tells how the call or the socket is: the evidence of a [`Decision`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fact {
    /// Steady sound stopped, or some heartbeats are missing: too little to call the path broken.
    Pause,
    /// Nothing came for five announced heartbeats and a round trip, or for 300 ms after a hint: the path is broken.
    Silence,
    /// Nothing has come since, for another second.
    StillSilent,
    /// A request over the socket was not acknowledged in time.
    SocketSilent,
    /// The socket was closed, or could not be opened.
    SocketClosed,
    /// The server was not reached in time.
    JoinTooLong,
    /// The server let us in.
    Welcome,
    /// The browser says that the network may have changed: a hint.
    NetworkHint,
    /// The page or the machine slept.
    Woke,
    /// This host has an address that the running connection does not know.
    AddressChanged {
        /// None of those that it knows is left, so that the socket can't live either.
        gone: bool,
    },
    /// The browser gave the connection up, or an operation on it was rejected.
    ConnectionFailed,
    /// A restart was negotiated and brought nothing in its time.
    RestartUseless,
    /// There was no connection in its time.
    ConnectTooLong,
    /// The microphone was granted, and what was gathered before hides this host's addresses.
    MicrophoneGranted,
    /// The person here asks.
    Person,
    /// The answerer asks.
    Asked(RestartWhy),
}

/// What is done about the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaAction {
    /// Look for another path on the same connection.
    RestartIce,
    /// Make a new connection; the old one is kept until then, if it was up.
    Rebuild,
    /// Ask the offerer.
    Ask(RestartWhy),
    /// Go on by text.
    GiveUp,
}

/// What is done about the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SocketAction {
    /// Ask the server for a sign of life.
    Probe,
    /// Leave it without waiting for its close, and connect another one at once.
    Replace,
    /// Connect another one after a while.
    Rejoin,
}

/// What follows from a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decision {
    /// The evidence.
    pub because: Fact,
    /// For the media.
    pub media: Option<MediaAction>,
    /// For the socket.
    pub socket: Option<SocketAction>,
    /// Ask the system for this host's addresses.
    pub look: bool,
}

/// The connection to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// There is none, or it was never up.
    New,
    /// Sound or heartbeats arrive.
    Up,
    /// It was up, and nothing arrives.
    Silent,
    /// The browser has given it up.
    Failed,
}

/// What is known when a fact comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Situation {
    pub(crate) role: Option<Role>,
    /// The server has let us in, and the socket has not failed since.
    pub(crate) joined: bool,
    /// A socket is being connected.
    pub(crate) joining: bool,
    /// The server knew us once, and we may come back.
    pub(crate) may_rejoin: bool,
    pub(crate) link: Link,
    /// Nothing is being negotiated: the newest description led to a path that worked.
    pub(crate) settled: bool,
    /// The newest description has been answered.
    pub(crate) negotiated: bool,
    /// An offer is out and unanswered, or has come and is not accepted yet.
    pub(crate) offering: bool,
    /// The newest connection was never up.
    pub(crate) rebuilding: bool,
    /// And the browser has given it up.
    pub(crate) rebuild_failed: bool,
    /// The candidates hide this host's addresses, and new ones would not.
    pub(crate) concealed: bool,
}

/// What was seen so far, and the budgets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Recovery {
    /// Of the link.
    pub(crate) liveness: Liveness,
    pub(crate) budget: Budget,
}

impl Recovery {
    /// What to do. An empty decision is one, too: most facts need nothing.
    pub(crate) fn decide(&mut self, fact: Fact, now: &Situation) -> Decision {
        let (media, socket, look) = match fact {
            Fact::Pause => (None, probe(now), true),
            Fact::Silence => (mend(now), probe(now), true),
            Fact::StillSilent => (None, None, true),
            Fact::SocketSilent if self.is_doubtful(now) => (mend(now), Some(SocketAction::Replace), true),
            Fact::SocketSilent | Fact::JoinTooLong => (None, Some(SocketAction::Replace), false),
            Fact::SocketClosed => (None, Some(SocketAction::Rejoin), false),
            Fact::Welcome => (after_welcome(now), None, now.link == Link::Silent),
            Fact::NetworkHint => (None, probe(now).or(replace_join(now)), now.link != Link::New),
            Fact::Woke => (None, probe(now).or(replace_join(now).filter(|_| !now.joining)), now.link != Link::New),
            Fact::AddressChanged { gone } => self.after_move(gone, now),
            Fact::ConnectionFailed => (self.replace_failed(now), probe(now), false),
            Fact::RestartUseless => (after_useless_restart(now), None, false),
            Fact::ConnectTooLong => (self.after_try(now), None, false),
            Fact::MicrophoneGranted => (anew(now, RestartWhy::Granted), None, false),
            Fact::Person => {
                let media = if now.offering { None } else { anew(now, RestartWhy::Person) };
                (media, replace_join(now).filter(|_| !now.joining), false)
            }
            Fact::Asked(why) => (self.when_asked(why, now), None, false),
        };
        Decision { because: fact, media, socket, look }
    }

    /// Whether both paths being silent would mean something.
    fn is_doubtful(&self, now: &Situation) -> bool {
        matches!(now.link, Link::Up | Link::Silent) && self.liveness.is_doubtful()
    }

    /// The page's own list of addresses lags, so a restart would wait for it; a new connection in a context of its own does not.
    fn after_move(&self, gone: bool, now: &Situation) -> (Option<MediaAction>, Option<SocketAction>, bool) {
        if !self.is_doubtful(now) {
            return (None, None, false);
        }
        let media = match now.role {
            Some(Role::Offerer) => Some(MediaAction::Rebuild),
            Some(Role::Answerer) => Some(MediaAction::Ask(RestartWhy::Moved)),
            None => None,
        };
        (media, (gone && now.joined).then_some(SocketAction::Replace), false)
    }

    fn replace_failed(&mut self, now: &Situation) -> Option<MediaAction> {
        match now.role? {
            // The first failure after a working link is where the counting begins.
            Role::Offerer if now.link != Link::New && !now.rebuilding => Some(MediaAction::Rebuild),
            Role::Offerer => self.budget.attempt_failed(Role::Offerer),
            Role::Answerer => Some(MediaAction::Ask(RestartWhy::Failed)),
        }
    }

    /// A connection that may yet come back, and nobody who could take an offer of another one: that try is over without one.
    fn after_try(&mut self, now: &Situation) -> Option<MediaAction> {
        let waiting = now.link == Link::Silent && (!now.joined || now.offering);
        self.budget.attempt_failed(now.role?).filter(|action| !waiting || *action == MediaAction::GiveUp)
    }

    /// A wish of the answerer's.
    fn when_asked(&mut self, why: RestartWhy, now: &Situation) -> Option<MediaAction> {
        if now.role != Some(Role::Offerer) {
            return None;
        }
        match why {
            RestartWhy::Granted if now.link == Link::Up => None,
            RestartWhy::Failed => self.replace_failed(now),
            RestartWhy::Silent if matches!(now.link, Link::Up | Link::Silent) => restart(now),
            RestartWhy::Silent => None,
            RestartWhy::Granted | RestartWhy::Person | RestartWhy::Moved => Some(MediaAction::Rebuild),
        }
    }
}

/// What could not be asked for without a server is asked for now.
fn after_welcome(now: &Situation) -> Option<MediaAction> {
    match (now.link, now.role) {
        (Link::Failed, Some(Role::Answerer)) => Some(MediaAction::Ask(RestartWhy::Failed)),
        (Link::Silent, Some(Role::Answerer)) if now.negotiated && !now.settled => after_useless_restart(now),
        (Link::Silent, _) => mend(now),
        _ => None,
    }
}

fn probe(now: &Situation) -> Option<SocketAction> {
    now.joined.then_some(SocketAction::Probe)
}

/// A connect that was begun on another network ends nowhere.
fn replace_join(now: &Situation) -> Option<SocketAction> {
    (!now.joined && now.may_rejoin).then_some(SocketAction::Replace)
}

/// What this side can do about a silent link.
fn mend(now: &Situation) -> Option<MediaAction> {
    match now.role? {
        Role::Offerer => restart(now),
        Role::Answerer if now.rebuild_failed => Some(MediaAction::Ask(RestartWhy::Failed)),
        Role::Answerer => {
            (now.joined && now.settled && !now.rebuilding).then_some(MediaAction::Ask(RestartWhy::Silent))
        }
    }
}

/// Candidates that hide this host's addresses would be hidden again: only a new connection has better ones.
fn restart(now: &Situation) -> Option<MediaAction> {
    if now.rebuilding || now.link == Link::Failed {
        // One that failed while the old path had come back, and is needed now.
        now.rebuild_failed.then_some(MediaAction::Rebuild)
    } else if now.concealed {
        Some(MediaAction::Rebuild)
    } else {
        now.settled.then_some(MediaAction::RestartIce)
    }
}

fn after_useless_restart(now: &Situation) -> Option<MediaAction> {
    match now.role? {
        _ if now.link != Link::Silent || now.rebuilding => None,
        Role::Offerer => now.negotiated.then_some(MediaAction::Rebuild),
        Role::Answerer => now.joined.then_some(MediaAction::Ask(RestartWhy::Failed)),
    }
}

/// A new connection, by whoever makes them.
fn anew(now: &Situation, why: RestartWhy) -> Option<MediaAction> {
    Some(match now.role? {
        Role::Offerer => MediaAction::Rebuild,
        Role::Answerer => MediaAction::Ask(why),
    })
}

/// What the time without a packet says.
pub(crate) fn silence(silence: Silence, was_silent: bool, whole_second: bool) -> Option<Fact> {
    match silence {
        Silence::None | Silence::Short => None,
        Silence::Suspicious => Some(Fact::Pause),
        Silence::Long if was_silent => whole_second.then_some(Fact::StillSilent),
        Silence::Long => Some(Fact::Silence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call that runs, seen by one side.
    fn call(role: Role) -> Situation {
        Situation {
            role: Some(role),
            joined: true,
            joining: true,
            may_rejoin: true,
            link: Link::Up,
            settled: true,
            negotiated: true,
            offering: false,
            rebuilding: false,
            rebuild_failed: false,
            concealed: false,
        }
    }

    fn silent(role: Role) -> Situation {
        Situation { link: Link::Silent, ..call(role) }
    }

    /// The decision of one to whom nothing has come for so many milliseconds.
    fn after(ms: u32, fact: Fact, now: &Situation) -> Decision {
        let mut recovery = Recovery::default();
        recovery.liveness.begin();
        recovery.liveness.heartbeat(crate::Heartbeat { next: 250, round_trip: Some(50) });
        recovery.liveness.received(12);
        for _ in 0..ms / recovery.liveness.pulse() {
            recovery.liveness.received(0);
        }
        recovery.decide(fact, now)
    }

    fn media(fact: Fact, now: &Situation) -> Option<MediaAction> {
        after(2_000, fact, now).media
    }

    fn every_fact() -> Vec<Fact> {
        let asked =
            [RestartWhy::Failed, RestartWhy::Silent, RestartWhy::Moved, RestartWhy::Granted, RestartWhy::Person];
        let mut facts: Vec<Fact> = asked.into_iter().map(Fact::Asked).collect();
        facts.extend([
            Fact::Pause,
            Fact::Silence,
            Fact::StillSilent,
            Fact::SocketSilent,
            Fact::SocketClosed,
            Fact::JoinTooLong,
            Fact::Welcome,
            Fact::NetworkHint,
            Fact::Woke,
            Fact::AddressChanged { gone: false },
            Fact::AddressChanged { gone: true },
            Fact::ConnectionFailed,
            Fact::RestartUseless,
            Fact::ConnectTooLong,
            Fact::MicrophoneGranted,
            Fact::Person,
        ]);
        facts
    }

    #[test]
    fn the_answerer_never_makes_an_offer_and_the_offerer_never_asks() {
        for fact in every_fact() {
            for link in [Link::New, Link::Up, Link::Silent, Link::Failed] {
                let of = |role| media(fact, &Situation { link, ..call(role) });
                assert!(
                    !matches!(of(Role::Answerer), Some(MediaAction::RestartIce | MediaAction::Rebuild)),
                    "{fact:?}"
                );
                assert!(!matches!(of(Role::Offerer), Some(MediaAction::Ask(_))), "{fact:?}");
            }
        }
    }

    #[test]
    fn sound_that_flows_is_not_touched_whatever_happens_to_the_socket() {
        let facts =
            [Fact::SocketSilent, Fact::SocketClosed, Fact::JoinTooLong, Fact::Welcome, Fact::NetworkHint, Fact::Woke];
        for fact in facts.into_iter().chain([Fact::Pause, Fact::AddressChanged { gone: true }, Fact::RestartUseless]) {
            for role in [Role::Offerer, Role::Answerer] {
                assert_eq!(after(0, fact, &call(role)).media, None, "{fact:?}");
            }
        }
    }

    #[test]
    fn a_broken_path_is_no_reason_to_leave_a_socket_that_answers() {
        for fact in every_fact() {
            let socket = after(2_000, fact, &silent(Role::Offerer)).socket;
            let says_so = [Fact::SocketSilent, Fact::JoinTooLong, Fact::AddressChanged { gone: true }].contains(&fact);
            assert_eq!(socket == Some(SocketAction::Replace), says_so, "{fact:?}");
        }
    }

    #[test]
    fn both_silent_is_a_broken_path_before_the_heartbeats_say_so() {
        assert_eq!(after(500, Fact::SocketSilent, &call(Role::Offerer)).media, Some(MediaAction::RestartIce));
        assert_eq!(after(0, Fact::SocketSilent, &call(Role::Offerer)).media, None);
    }

    #[test]
    fn one_restart_at_a_time_and_none_where_a_restart_can_not_help() {
        let offerer = silent(Role::Offerer);
        assert_eq!(media(Fact::Silence, &offerer), Some(MediaAction::RestartIce));
        assert_eq!(media(Fact::Silence, &Situation { settled: false, ..offerer }), None);
        assert_eq!(media(Fact::Silence, &Situation { rebuilding: true, ..offerer }), None);
        let failed = Situation { rebuilding: true, rebuild_failed: true, ..offerer };
        assert_eq!(media(Fact::Silence, &failed), Some(MediaAction::Rebuild));
        assert_eq!(media(Fact::Silence, &Situation { concealed: true, ..offerer }), Some(MediaAction::Rebuild));
        assert_eq!(media(Fact::AddressChanged { gone: true }, &offerer), Some(MediaAction::Rebuild));
        assert_eq!(
            media(Fact::ConnectionFailed, &Situation { link: Link::Failed, ..offerer }),
            Some(MediaAction::Rebuild)
        );
        assert_eq!(media(Fact::RestartUseless, &offerer), Some(MediaAction::Rebuild));
        assert_eq!(media(Fact::RestartUseless, &Situation { negotiated: false, ..offerer }), None);
    }
}
