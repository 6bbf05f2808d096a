//! The call: what this person wants of voice, the connection to the other, and what is known of both.

mod addresses;
mod aim;
mod attempt;
mod budget;
mod facts;
mod handover;
mod hearing;
mod incoming;
mod link;
mod liveness;
mod microphone;
mod negotiation;
mod outgoing;
mod push_to_talk;
mod quiet;
mod revival;
mod speaker;
mod talk;
mod voice;

use serde::{Deserialize, Serialize};

use crate::decision::{Fact, MediaAction};
use crate::device::Choices;
use crate::identity::Identity;
use crate::input::{ConnectionEvent, LinkState, MicrophoneEvent, Path};
use crate::op_id::OpId;
use crate::output::Output;
use crate::outputs::Outputs;
use crate::quality::Quality;
use crate::timer::Timer;
use crate::wire::{
    IceServer, MicrophoneState, Presence, RestartWhy, Role, SignalBody, UserId, VoiceReason, VoiceState, VoiceStatus,
};

use attempt::Beginning;
pub(crate) use attempt::{Attempt, Exchange};
pub(crate) use voice::Voice;

use aim::{Aim, Course};
use budget::Budget;
use liveness::Liveness;
use negotiation::{Negotiation, Relays};

/// A restart that brought no packet for so long brings none, in milliseconds: Firefox does not survive some.
const RESTART_MS: u32 = 3_000;
/// A call that goes through a relay looks for a direct path at most so often, in milliseconds: browsers hint at changes of the network
/// whenever they estimate its speed anew.
const IMPROVE_MS: u32 = 30_000;
/// Newer credentials for the relay are used so much later, in milliseconds, by when the other has theirs, too.
const ICE_MS: u32 = 1_000;
/// The answerer asks for a restart when the offerer has not begun one by then, in milliseconds.
const ICE_ASK_MS: u32 = 5_000;
/// How packets travel is looked up with every so many heartbeats: once a second.
const PULSES_OF_A_PATH: u32 = 4;
/// What a page that is about to be frozen announces of its next heartbeat, in milliseconds: it can't know.
const FROZEN_MS: u32 = 10_000;

/// What the call must know of the other machines.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// The server has let us in, and the socket has not failed since.
    pub(crate) joined: bool,
    /// The server has answered once, so that ICE servers are known.
    pub(crate) met: bool,
    /// The session is neither left nor suspended.
    pub(crate) staying: bool,
    /// The other.
    pub(crate) peer: Option<UserId>,
    pub(crate) peer_voice: VoiceStatus,
    pub(crate) peer_presence: Presence,
}

/// What there may be before somebody wants voice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ahead {
    /// The ICE servers of this user in this session, where they are known before the server tells them.
    pub ice_servers: Option<Vec<IceServer>>,
    /// A link may stand while nobody talks, if the other side says so, too.
    pub standby: bool,
    /// Offer and answer may be exchanged while the other waits for this side: the browser bears a connection without candidates.
    pub descriptions: bool,
}

/// ICE servers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ice {
    servers: Vec<IceServer>,
    /// They were known before this session asked for them.
    known: bool,
    /// The server has told them.
    told: bool,
    /// They are of a knock of the connect under way: those of its welcome are no others.
    new: bool,
}

/// The call of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    voice: Voice,
    negotiation: Negotiation,
    liveness: Liveness,
    quality: Quality,
    budget: Budget,
    role: Option<Role>,
    ice: Ice,
    /// The newest question for this host's addresses that has no answer.
    looking: Option<OpId>,
    /// The page's own browsing context does not know this host's addresses yet.
    addresses_lag: bool,
    /// A direct path was looked for a moment ago.
    improving: bool,
    course: Course,
    /// The network may be another: what was prepared on the one before is of no use.
    stale: bool,
    /// Heartbeats so far.
    pulses: u32,
    /// What the server knows of our voice.
    told: VoiceStatus,
    /// What the other was told over the data channel, or by a socket that is there.
    told_in_band: Option<VoiceStatus>,
}

impl Call {
    /// `revives`: see [`crate::Config`].
    pub(crate) fn new(
        me: Identity,
        incapable: Option<VoiceReason>,
        choices: Choices,
        selectable: bool,
        ahead: Ahead,
        revives: bool,
    ) -> Self {
        let Ahead { ice_servers, standby, descriptions } = ahead;
        Self {
            voice: Voice::new(incapable, choices, selectable),
            negotiation: Negotiation::new(me, revives),
            liveness: Liveness::default(),
            quality: Quality::default(),
            budget: Budget::default(),
            role: None,
            ice: Ice {
                known: ice_servers.is_some(),
                servers: ice_servers.unwrap_or_default(),
                told: false,
                new: false,
            },
            looking: None,
            addresses_lag: false,
            improving: false,
            course: Course::new(standby, descriptions),
            stale: false,
            pulses: 0,
            told: VoiceStatus::default(),
            told_in_band: Some(VoiceStatus::default()),
        }
    }

    // What others read

    pub(crate) fn voice(&self) -> &Voice {
        &self.voice
    }

    pub(crate) fn negotiation(&self) -> &Negotiation {
        &self.negotiation
    }

    pub(crate) fn quality(&self) -> &Quality {
        &self.quality
    }

    pub(crate) fn role(&self) -> Option<Role> {
        self.role
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.negotiation.is_connected()
    }

    pub(crate) fn given_up(&self) -> Option<VoiceReason> {
        self.budget.given_up()
    }

    /// The two were linked since they met.
    pub(crate) fn was_up(&self) -> bool {
        self.budget.was_up()
    }

    /// What follows if the running try fails; nothing while tries are not counted.
    pub(crate) fn next_try(&self) -> Option<MediaAction> {
        self.budget.next_try(self.role?)
    }

    /// Less arrives over the link than should: with the socket silent as well, the path is broken.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.negotiation.carrier().is_some_and(Attempt::may_come_back) && self.liveness.is_doubtful()
    }

    /// Steady sound has just stopped: too short for a doubt, and enough to believe in another address.
    pub(crate) fn is_hushed(&self) -> bool {
        self.is_connected() && self.liveness.is_hushed()
    }

    /// The newest connection carries the sound and hides this host's addresses, and a new one would not.
    pub(crate) fn is_concealed(&self) -> bool {
        let newest = self.negotiation.attempt().filter(|a| self.negotiation.is_carrier(a.id));
        newest.is_some_and(|a| a.addresses.are_concealed()) && self.voice.microphone.state() == MicrophoneState::Live
    }

    /// What carries the sound goes through a relay, and works.
    pub(crate) fn is_relayed(&self) -> bool {
        self.is_connected() && self.negotiation.carrier().is_some_and(|a| a.path == Some(Path::Relay))
    }

    /// A direct path has not been looked for a moment ago.
    pub(crate) fn may_improve(&self) -> bool {
        !self.improving
    }

    pub(crate) fn may_improve_again(&mut self) {
        self.improving = false;
    }

    /// Of the link, in milliseconds.
    pub(crate) fn round_trip(&self) -> u32 {
        self.liveness.round_trip()
    }

    /// Why voice was given up, as this side would say it: without the server there is no telling whether a relay would help.
    pub(crate) fn reason_to_give_up(&self, joined: bool) -> VoiceReason {
        let relay = self.ice.servers.iter().any(IceServer::is_relay);
        let Relays { here, there, busy } = self.negotiation.relays;
        match (here, there) {
            _ if !joined => VoiceReason::ConnectionFailed,
            _ if !relay => VoiceReason::NoRelay,
            (false, _) if busy => VoiceReason::RelayBusy,
            (false, _) => VoiceReason::RelayUnreachable,
            (true, false) if self.negotiation.is_negotiated() => VoiceReason::PeerUnreachable,
            (true, _) => VoiceReason::ConnectionFailed,
        }
    }

    /// What the other shall know of this side's voice.
    pub(crate) fn status(&self, state: VoiceState) -> VoiceStatus {
        VoiceStatus {
            on: self.voice.is_wanted(),
            muted: self.voice.muted,
            microphone: self.voice.microphone.state(),
            microphone_reason: self.voice.microphone.reason(),
            state,
            unavailable: self.voice.incapable.filter(|_| self.voice.on),
            standby: self.course.standby && self.voice.incapable.is_none(),
            ahead: self.course.ahead && self.voice.incapable.is_none(),
        }
    }

    // What the person wants

    /// The parts of voice that need nothing of the call.
    pub(crate) fn voice_mut(&mut self) -> &mut Voice {
        &mut self.voice
    }

    pub(crate) fn start(&mut self, out: &mut Outputs) {
        self.voice.start(out);
    }

    /// Voice is not wanted any more; the other is told. A link that both let stand is left alone.
    pub(crate) fn stop(&mut self, joined: bool, out: &mut Outputs) {
        if self.stands_by() {
            return self.voice.stop(out);
        }
        if self.negotiation.attempt().is_some() || self.negotiation.carrier().is_some() {
            self.negotiation.say(SignalBody::End, joined, out);
        }
        self.shut(out);
    }

    /// Voice is not wanted any more, without a word to the other.
    pub(crate) fn shut(&mut self, out: &mut Outputs) {
        self.negotiation.close(out);
        self.fall_quiet(true, out);
        self.voice.stop(out);
    }

    /// Nothing of the call stays open, without a word to the other; what is wanted stays.
    pub(crate) fn release(&mut self, out: &mut Outputs) {
        self.negotiation.close(out);
        self.fall_quiet(true, out);
        self.voice.release(out);
    }

    pub(crate) fn playback(&mut self, blocked: bool) {
        self.voice.playback_blocked = blocked;
    }

    pub(crate) fn microphone_event(&mut self, id: OpId, event: MicrophoneEvent, out: &mut Outputs) -> Option<Fact> {
        let was_live = self.voice.microphone.state() == MicrophoneState::Live;
        if !self.voice.microphone_event(id, event, out) {
            return None;
        }
        self.send_microphone(out);
        // Candidates made before the grant hide this host's addresses for good: begin again with better ones.
        let attempt = self.negotiation.attempt();
        let pathless = attempt.is_some_and(|a| {
            a.addresses.are_concealed() && (a.link != LinkState::Connected || a.path == Some(Path::Relay))
        });
        let granted = !was_live && self.voice.microphone.is_open();
        (granted && (pathless || self.given_up().is_some())).then_some(Fact::MicrophoneGranted)
    }

    // Decisions

    /// Looks for another path on the same connection.
    pub(crate) fn restart_ice(&mut self, out: &mut Outputs) {
        if self.negotiation.restart(out) {
            out.clear_timer(Timer::Ice);
        }
    }

    /// Gives the browser another reason to look for the path that it has given up.
    pub(crate) fn revive(&mut self, out: &mut Outputs) {
        self.negotiation.revive(out);
    }

    /// Makes room for a new connection, which [`Call::pursue`] makes.
    pub(crate) fn rebuild(&mut self, out: &mut Outputs) {
        self.negotiation.retire(out);
    }

    /// Asks the offerer, who alone makes offers.
    pub(crate) fn ask(&mut self, why: RestartWhy, joined: bool, out: &mut Outputs) {
        self.negotiation.say(SignalBody::Restart { why }, joined, out);
        if why == RestartWhy::Silent {
            Self::wait_for_restart(out);
        }
    }

    /// Goes on by text; the offerer tells the other.
    pub(crate) fn give_up(&mut self, reason: VoiceReason, joined: bool, out: &mut Outputs) {
        if self.role == Some(Role::Offerer) {
            self.negotiation.say(SignalBody::GiveUp { reason }, joined, out);
        }
        self.negotiation.set_aside(out);
    }

    /// Asks for this host's addresses, where a new one could help.
    pub(crate) fn look(&mut self, out: &mut Outputs) {
        if self.negotiation.carrier().is_some() {
            let id = out.next_id();
            self.looking = Some(id);
            out.push(Output::FindAddresses { id });
        }
    }

    /// Offers, answers and counts as far as that is called for. Tells that what was made before that has no candidate.
    pub(crate) fn pursue(&mut self, now: &Surroundings, out: &mut Outputs) -> Option<Fact> {
        self.follow(now, out);
        if self.negotiation.carrier().is_none() {
            self.fall_quiet(false, out);
        }
        let (role, peer) = (self.role?, now.peer.as_ref()?);
        let possible = self.course.aim != Aim::Nothing && (now.met || self.ice.known) && self.given_up().is_none();
        let there = now.peer_presence != Presence::Absent;
        if possible && role == Role::Offerer && self.negotiation.attempt().is_none() {
            self.negotiation.offer(peer, self.beginning(), out);
            self.begun(out);
            self.budget.arm(role, out);
        }
        if possible && role == Role::Answerer && self.negotiation.has_offer() {
            // Whoever wants voice last has candidates of the other then, and can begin.
            let passive = !now.peer_voice.on && !self.stands_by();
            self.negotiation.accept(peer, self.beginning(), passive, out);
            self.begun(out);
        }
        let both = self.stands_by() || (self.voice.on && now.peer_voice.on);
        let needed = possible && self.wants_link() && both && there && !self.is_connected();
        let begins = self.budget.watch(needed, role, out);
        let nowhere = begins && self.leads_nowhere() && !self.budget.was_up();
        let id = self.negotiation.attempt().filter(|_| nowhere)?.id;
        self.connection_event(id, &ConnectionEvent::Broken, now.joined, out)
    }

    fn beginning(&self) -> Beginning {
        let quiet = self.course.aim == Aim::Ready;
        Beginning { ice_servers: self.ice.servers.clone(), own_context: self.addresses_lag, quiet }
    }
}
