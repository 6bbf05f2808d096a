//! The one authority on what to do when something does not work: a fact goes in, a decision comes out.
//!
//! It reads the machines and changes nothing. The rules: what flows is never touched, so a bad socket is mended without a
//! word to the media, and bad media without a word to the socket. Silence is believed when several heartbeats are missing, or
//! when both paths are silent. A path is looked for by an ICE restart (RFC 8445 section 9), which costs nothing that could be
//! heard; a new connection is made only where a restart can't help. The offerer alone offers, the answerer asks. After half
//! a minute without a path the call goes on by text.

use crate::call::{Call, Exchange};
use crate::decision::{Decision, Fact, MediaAction, SocketAction};
use crate::input::LinkState;
use crate::signalling::{Signalling, SocketState};
use crate::wire::{RestartWhy, Role};

/// Decides what to do about a fact. An empty decision is one, too: most facts need nothing.
pub(crate) fn decide(fact: Fact, signalling: &Signalling, call: &Call) -> Decision {
    Situation::of(signalling, call).decide(fact)
}

/// Whether this side wants a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// Nothing.
    Off,
    /// To be linked.
    Wanted,
    /// To be linked, which was given up for now.
    GivenUp,
}

/// The connection to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// There is none, or it was never up.
    New,
    /// Sound or heartbeats arrive.
    Up,
    /// It was up, and nothing arrives.
    Silent,
    /// The browser has given it up.
    Failed,
    /// It has, and goes on when it is given the other's candidates anew.
    Revivable,
}

/// How far the newest offer and answer have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Talks {
    /// There are none, or they are being set.
    Pending,
    /// An offer is out and unanswered, or has come and is not accepted yet.
    Offering,
    /// Both sides have set them.
    Negotiated,
    /// They led to a path that worked.
    Settled,
}

/// The newest connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Newest {
    /// It carries the sound, or carried it last.
    Carrying,
    /// It was never up, or there is none.
    Building,
    /// It was never up, and the browser has given it up.
    Failed,
}

/// How the sound travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Directly, or not at all.
    Fine,
    /// Through a relay.
    Relayed,
    /// Through a relay, and another way was looked for a moment ago.
    Sought,
}

/// What is known when a fact comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Situation {
    role: Option<Role>,
    voice: Voice,
    socket: SocketState,
    link: Link,
    talks: Talks,
    newest: Newest,
    /// What follows if the running try fails; nothing while tries are not counted.
    next_try: Option<MediaAction>,
    /// Less arrives than should: with the socket silent as well, the path is broken.
    doubtful: bool,
    /// Steady sound has just stopped.
    hushed: bool,
    /// The candidates hide this host's addresses, and new ones would not.
    concealed: bool,
    way: Way,
}

impl Situation {
    fn of(signalling: &Signalling, call: &Call) -> Self {
        let negotiation = call.negotiation();
        let attempt = negotiation.attempt();
        let link = match negotiation.carrier() {
            Some(carrier) if carrier.link == LinkState::Failed && carrier.is_revivable() => Link::Revivable,
            Some(carrier) if carrier.link == LinkState::Failed => Link::Failed,
            Some(_) if negotiation.is_silent() => Link::Silent,
            Some(_) => Link::Up,
            None => Link::New,
        };
        let talks = match attempt.map(|a| a.exchange) {
            _ if negotiation.is_offering() => Talks::Offering,
            Some(Exchange::Served) => Talks::Settled,
            Some(Exchange::Negotiated) => Talks::Negotiated,
            _ => Talks::Pending,
        };
        let newest = match attempt {
            _ if !negotiation.is_rebuilding() => Newest::Carrying,
            Some(attempt) if attempt.link == LinkState::Failed => Newest::Failed,
            _ => Newest::Building,
        };
        let voice = match call.given_up() {
            _ if !call.wants_link() => Voice::Off,
            Some(_) => Voice::GivenUp,
            None => Voice::Wanted,
        };
        let way = match (call.is_relayed(), call.may_improve()) {
            (false, _) => Way::Fine,
            (true, true) => Way::Relayed,
            (true, false) => Way::Sought,
        };
        Self {
            role: call.role(),
            voice,
            socket: signalling.state(),
            link,
            talks,
            newest,
            next_try: call.next_try(),
            doubtful: call.is_doubtful(),
            hushed: call.is_hushed(),
            concealed: call.is_concealed(),
            way,
        }
    }

    fn decide(&self, fact: Fact) -> Decision {
        let media = if self.voice == Voice::Off { None } else { self.media(fact) };
        Decision { because: fact, media, socket: self.socket(fact), look: self.look(fact), revive: self.revive(fact) }
    }

    fn media(&self, fact: Fact) -> Option<MediaAction> {
        match fact {
            Fact::Silence => self.mend(),
            // Revival needs no help.
            Fact::SocketSilent if self.doubtful && self.link != Link::Revivable => self.mend(),
            Fact::Welcome => self.after_welcome(),
            Fact::ConnectionFailed => self.replace_failed(),
            Fact::RestartUseless => self.after_useless_restart(),
            Fact::ConnectTooLong => self.after_try(),
            Fact::MicrophoneGranted => self.anew(RestartWhy::Granted),
            Fact::NetworkHint | Fact::AddressChanged { .. } if self.voice == Voice::GivenUp => {
                self.anew(RestartWhy::Network)
            }
            Fact::AddressChanged { .. } if self.doubtful || self.hushed => self.anew(RestartWhy::Moved),
            Fact::NetworkHint | Fact::AddressChanged { .. } if self.way == Way::Relayed => self.improve(),
            // What was begun with other servers has not found a path so far.
            Fact::IceRenewed if self.link == Link::New && self.newest == Newest::Building => self.begin_anew(),
            Fact::IceRenewed => self.improve(),
            Fact::Person if self.talks != Talks::Offering => self.anew(RestartWhy::Person),
            Fact::Asked(why) => self.when_asked(why),
            _ => None,
        }
    }

    fn socket(&self, fact: Fact) -> Option<SocketAction> {
        match fact {
            Fact::Pause | Fact::Silence | Fact::ConnectionFailed => self.probe(),
            Fact::SocketSilent | Fact::JoinTooLong => Some(SocketAction::Replace),
            Fact::SocketClosed => Some(SocketAction::Rejoin),
            Fact::NetworkHint => match self.socket {
                // A connect that was begun on another network ends nowhere.
                SocketState::Waiting | SocketState::Connecting { replaceable: true } => Some(SocketAction::Replace),
                _ => self.probe(),
            },
            Fact::Woke => self.probe().or(self.join_now()),
            Fact::Person => self.join_now(),
            Fact::AddressChanged { gone: true } if (self.doubtful || self.hushed) && self.role.is_some() => {
                (self.socket == SocketState::Joined).then_some(SocketAction::Replace)
            }
            _ => None,
        }
    }

    /// Whether the system is asked for this host's addresses.
    fn look(&self, fact: Fact) -> bool {
        match fact {
            Fact::Hush | Fact::Pause | Fact::Silence | Fact::StillSilent => true,
            Fact::SocketSilent => self.doubtful,
            Fact::Welcome => self.link == Link::Silent,
            Fact::NetworkHint | Fact::Woke => self.link != Link::New,
            _ => false,
        }
    }

    /// Whether the browser is given another reason to look for the path that it has given up.
    fn revive(&self, fact: Fact) -> bool {
        let given_up = match fact {
            Fact::ConnectionFailed => self.newest == Newest::Carrying,
            Fact::FormerFailed => true,
            _ => false,
        };
        given_up && self.link == Link::Revivable && self.voice != Voice::Off
    }

    fn probe(&self) -> Option<SocketAction> {
        (self.socket == SocketState::Joined).then_some(SocketAction::Probe)
    }

    /// Nobody waits for a timer any more.
    fn join_now(&self) -> Option<SocketAction> {
        (self.socket == SocketState::Waiting).then_some(SocketAction::Replace)
    }

    /// A new connection, by whoever makes them.
    fn anew(&self, why: RestartWhy) -> Option<MediaAction> {
        Some(match self.role? {
            Role::Offerer => MediaAction::Rebuild,
            Role::Answerer => MediaAction::Ask(why),
        })
    }

    /// A new connection, by the offerer alone: the answerer takes what comes.
    fn begin_anew(&self) -> Option<MediaAction> {
        (self.role == Some(Role::Offerer)).then_some(MediaAction::Rebuild)
    }

    /// What this side can do about a silent link.
    fn mend(&self) -> Option<MediaAction> {
        match self.role? {
            Role::Offerer => self.restart(),
            Role::Answerer if self.newest == Newest::Failed => Some(MediaAction::Ask(RestartWhy::Failed)),
            Role::Answerer => {
                let sound = self.talks == Talks::Settled && self.newest == Newest::Carrying;
                (self.socket == SocketState::Joined && sound).then_some(MediaAction::Ask(RestartWhy::Silent))
            }
        }
    }

    /// Candidates that hide this host's addresses would be hidden again: only a new connection has better ones.
    fn restart(&self) -> Option<MediaAction> {
        if self.newest != Newest::Carrying || matches!(self.link, Link::Failed | Link::Revivable) {
            // A successor that failed while the old path had come back, and is needed now.
            (self.newest == Newest::Failed).then_some(MediaAction::Rebuild)
        } else if self.concealed {
            Some(MediaAction::Rebuild)
        } else {
            (self.talks == Talks::Settled).then_some(MediaAction::RestartIce)
        }
    }

    /// A call that goes through a relay is offered another path, a direct one if there is one, while it goes on over this one. Newer
    /// credentials are used by the same: those of the present path end.
    fn improve(&self) -> Option<MediaAction> {
        match self.role? {
            _ if self.way == Way::Fine => None,
            Role::Offerer => self.restart_beside(),
            Role::Answerer => Some(MediaAction::Ask(RestartWhy::Path)),
        }
    }

    /// An ICE restart beside a path that works.
    fn restart_beside(&self) -> Option<MediaAction> {
        let settled = self.link == Link::Up && self.talks == Talks::Settled && self.newest == Newest::Carrying;
        settled.then_some(MediaAction::RestartIce)
    }

    /// What could not be asked for without a server is asked for now.
    fn after_welcome(&self) -> Option<MediaAction> {
        match (self.link, self.role) {
            (Link::Failed | Link::Revivable, Some(Role::Answerer)) => Some(MediaAction::Ask(RestartWhy::Failed)),
            (Link::Revivable, Some(Role::Offerer)) => (self.newest == Newest::Carrying).then_some(MediaAction::Rebuild),
            (Link::Silent, Some(Role::Answerer)) if self.talks == Talks::Negotiated => self.after_useless_restart(),
            (Link::Silent, _) => self.mend(),
            _ => None,
        }
    }

    fn after_useless_restart(&self) -> Option<MediaAction> {
        match self.role? {
            _ if self.link != Link::Silent || self.newest != Newest::Carrying => None,
            Role::Offerer => matches!(self.talks, Talks::Negotiated | Talks::Settled).then_some(MediaAction::Rebuild),
            Role::Answerer => (self.socket == SocketState::Joined).then_some(MediaAction::Ask(RestartWhy::Failed)),
        }
    }

    fn replace_failed(&self) -> Option<MediaAction> {
        match self.role? {
            // It is revived, which needs nobody; a new connection is for when somebody can be told of it.
            _ if self.link == Link::Revivable
                && self.newest == Newest::Carrying
                && self.socket != SocketState::Joined =>
            {
                None
            }
            // The first failure after a working link is where the counting begins.
            Role::Offerer if self.link != Link::New && self.newest == Newest::Carrying => Some(MediaAction::Rebuild),
            Role::Offerer => self.next_try,
            Role::Answerer => Some(MediaAction::Ask(RestartWhy::Failed)),
        }
    }

    /// A connection that may yet come back, and nobody who could take an offer of another one: that try is over without one.
    fn after_try(&self) -> Option<MediaAction> {
        let unheard = self.socket != SocketState::Joined || self.talks == Talks::Offering;
        let waiting = matches!(self.link, Link::Silent | Link::Revivable) && unheard;
        self.next_try.filter(|action| !waiting || *action == MediaAction::GiveUp)
    }

    /// A request of the answerer's.
    fn when_asked(&self, why: RestartWhy) -> Option<MediaAction> {
        if self.role != Some(Role::Offerer) {
            return None;
        }
        match why {
            RestartWhy::Granted if self.link == Link::Up => None,
            RestartWhy::Failed => self.replace_failed(),
            RestartWhy::Silent if matches!(self.link, Link::Up | Link::Silent) => self.restart(),
            RestartWhy::Silent => None,
            RestartWhy::Path => self.restart_beside(),
            RestartWhy::Granted | RestartWhy::Network | RestartWhy::Person | RestartWhy::Moved => {
                Some(MediaAction::Rebuild)
            }
        }
    }
}

#[cfg(test)]
mod tests;
