//! Peer connections: which fit each other, over which path, and what their browsers say of it.

use std::collections::BTreeSet;

use pairvoice_core::{
    ConnectionCommand, ConnectionEvent, Hearing, Heartbeat, Input, LinkState, OpId, Path, Reception, Traffic,
};
use pairvoice_wire::{Candidate, InBand};

use crate::side::Browser;
use crate::watch::Watch;
use crate::world::{Channel, Happening, World};

/// How often the state of all connections is looked at, in milliseconds.
pub(crate) const TICK_MS: u64 = 50;
/// A connected path that brings nothing: `disconnected`, then `failed`, in milliseconds (measured: 5 to 7 s, 15 to 17 s in Chromium, 27 to
/// 30 s in Firefox). Chromium says `failed` again so long after a revival.
const INTERRUPTED_MS: u64 = 5_000;
const FAILED_MS: u64 = 15_000;
const FAILED_FOR_GOOD_MS: u64 = 27_000;
/// A path that is never found, in milliseconds.
const NEVER_MS: u64 = 16_000;
/// A packet of sound every 20 ms.
const PACKET_MS: u64 = 20;

/// An open `RTCPeerConnection`.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "what is known of a browser's connection, each by itself")]
pub(crate) struct Open {
    pub(crate) id: OpId,
    /// The name of its local description, and of the remote one.
    local: String,
    remote: Option<String>,
    /// The name of the remote description in use.
    generation: String,
    /// An ICE restart of ours that is not answered yet.
    restarting: Option<String>,
    state: LinkState,
    /// When it was negotiated, or when its path broke.
    since: u64,
    /// For how long sound has come.
    sounded: u64,
    /// The other's candidates that were added.
    added: BTreeSet<String>,
    /// It failed, and this browser never goes on from there.
    over: bool,
    watch: Watch,
    /// The address that it sends from, and whether its candidates hide it.
    address: &'static str,
    hidden: bool,
    /// It was told a candidate of the other: to be told of by one side is enough for both.
    told: bool,
    /// The microphone's sound goes out by it.
    sends: bool,
}

/// `of` is the description that it belongs to.
fn candidate(address: &str, hidden: bool, of: &str) -> ConnectionEvent {
    let candidate = match address {
        "" => String::new(),
        address if hidden => format!("candidate:1 1 udp 1 {}.local 9 typ host", address.replace('.', "-")),
        address => format!("candidate:1 1 udp 1 {address} 9 typ host"),
    };
    ConnectionEvent::LocalCandidate(Candidate {
        candidate,
        sdp_mid: Some("0".into()),
        sdp_m_line_index: Some(0),
        username_fragment: Some(of.to_owned()),
    })
}

impl Open {
    /// Adds a candidate; tells whether the browser, which had given the connection up, pings it.
    fn add(&mut self, candidate: &Candidate, revives: bool, now: u64) -> bool {
        assert!(self.remote.is_some(), "a candidate was added before its remote description");
        let again = candidate.candidate.starts_with("candidate:revival");
        let fits = candidate.username_fragment.as_ref() == Some(&self.generation);
        assert!(!again || (fits && revives), "a candidate of another generation was added again");
        let new = self.added.insert(candidate.candidate.clone());
        assert!(!again || new, "a foundation was used twice");
        let pinged = new && revives && self.state == LinkState::Failed && !candidate.candidate.is_empty();
        if pinged {
            self.state = LinkState::Interrupted;
            self.since = now;
        }
        pinged
    }
}

impl World {
    /// Works on a peer connection.
    pub(crate) fn command(&mut self, who: usize, id: OpId, command: ConnectionCommand) {
        let now = self.now;
        let side = &mut self.sides[who];
        let life = side.lives;
        let hidden = !side.microphone && !side.allowed;
        let mut events = Vec::new();
        let sends = command == ConnectionCommand::SendMicrophone;
        match command {
            ConnectionCommand::Offer { own_context, .. } => {
                side.counts.offers += 1;
                self.open(who, id, own_context, format!("{who}:{id:?}:{life}"), None, &mut events);
            }
            ConnectionCommand::Accept { sdp, own_context, .. } => {
                events.push(ConnectionEvent::RemoteDescriptionSet);
                let local = format!("{who}:{id:?}:{life} answers {sdp}");
                self.open(who, id, own_context, local, Some(sdp), &mut events);
            }
            ConnectionCommand::Answer { sdp } => {
                if let Some(open) = side.open.iter_mut().find(|open| open.id == id) {
                    let wanted = open.restarting.take();
                    let fits = sdp.ends_with(&format!("answers {}", wanted.as_ref().unwrap_or(&open.local)));
                    assert!(fits, "an answer to another offer was applied: {sdp}");
                    assert!(wanted.is_some() || open.remote.is_none(), "a second answer was applied");
                    open.generation.clone_from(&sdp);
                    if wanted.is_none() {
                        open.remote = Some(sdp);
                    }
                    open.since = now;
                    events.push(ConnectionEvent::RemoteDescriptionSet);
                }
            }
            ConnectionCommand::Restart => {
                side.counts.restarts += 1;
                let (name, address) = (format!("{who}:{id:?} restart {}", side.counts.restarts), side.believed);
                let open = side.open.iter_mut().find(|open| open.id == id).unwrap();
                assert!(open.remote.is_some(), "nothing to restart");
                open.restarting = Some(name.clone());
                open.address = address;
                events.extend([candidate(address, open.hidden, &name), candidate("", false, &name)]);
                events.insert(0, ConnectionEvent::LocalDescription { sdp: name });
            }
            ConnectionCommand::AcceptRestart { sdp } => {
                let address = side.believed;
                events.push(ConnectionEvent::RemoteDescriptionSet);
                let answer = format!("answers {sdp}");
                events.push(ConnectionEvent::LocalDescription { sdp: answer.clone() });
                events.push(candidate(address, hidden, &answer));
                for open in side.open.iter_mut().filter(|open| open.id == id) {
                    open.generation.clone_from(&sdp);
                    open.address = address;
                    open.since = now;
                }
            }
            ConnectionCommand::Pulse { next, hearing, .. } => self.pulse(who, id, next, hearing),
            ConnectionCommand::InBand(message) => {
                let message = *message;
                let at = now + self.delay();
                let happening = Happening::InBand { from: (who, life, id), message };
                self.send(Channel::InBand(who, life, id), at, happening);
            }
            ConnectionCommand::Close => self.close(who, id),
            ConnectionCommand::AddCandidate(candidate) => {
                side.counts.ends_of_candidates += u32::from(candidate.candidate.is_empty());
                for open in side.open.iter_mut().filter(|open| open.id == id && !candidate.candidate.is_empty()) {
                    if !std::mem::replace(&mut open.told, true) {
                        open.since = now;
                    }
                }
                if let Some(open) = side.open.iter_mut().find(|open| open.id == id) {
                    let revived = open.add(&candidate, side.browser == Browser::Chromium, now);
                    side.counts.revivals += u32::from(revived);
                    events.extend(revived.then_some(ConnectionEvent::Link(LinkState::Interrupted)));
                }
            }
            ConnectionCommand::Watch { on } => {
                for open in side.open.iter_mut().filter(|open| open.id == id) {
                    open.watch = Watch::new(on);
                }
            }
            ConnectionCommand::FindPath => {
                let path = if self.network.relayed { Path::Relay } else { Path::Direct };
                events.push(ConnectionEvent::Figures { path: Some(path), traffic: Traffic::default() });
            }
            ConnectionCommand::Configure { .. } => side.counts.configured += 1,
            ConnectionCommand::SendMicrophone | ConnectionCommand::SendNothing => {
                side.open.iter_mut().filter(|open| open.id == id).for_each(|open| open.sends = sends);
            }
            ConnectionCommand::Measure
            | ConnectionCommand::Protect(_)
            | ConnectionCommand::Renew
            | ConnectionCommand::Buffer(_) => {}
            ConnectionCommand::Play => side.plays = Some(id),
        }
        for event in events {
            self.plan(now, Happening::Connection { who, life, id, event });
        }
    }

    fn open(
        &mut self,
        who: usize,
        id: OpId,
        own_context: bool,
        local: String,
        remote: Option<String>,
        events: &mut Vec<ConnectionEvent>,
    ) {
        let now = self.now;
        let side = &mut self.sides[who];
        side.own_context = own_context;
        side.counts.connections += 1;
        let (address, hidden) = (side.gathered(own_context), !side.microphone && !side.allowed);
        events.push(ConnectionEvent::LocalDescription { sdp: local.clone() });
        events.extend([candidate(address, hidden, &local), candidate("", false, &local)]);
        side.open.push(Open {
            id,
            generation: remote.clone().unwrap_or_default(),
            local,
            remote,
            restarting: None,
            state: LinkState::Connecting,
            since: now,
            sounded: 0,
            added: BTreeSet::new(),
            over: false,
            watch: Watch::default(),
            address,
            hidden,
            told: false,
            sends: true,
        });
    }

    /// What comes since the last look; a page that is awake looks closely.
    fn hear(&mut self, who: usize, id: OpId, path: bool) {
        let (now, life) = (self.now, self.sides[who].lives);
        let other = self.path_of(who, id);
        // Nothing is sent before DTLS is through, which is when a connection is connected.
        let up = |open: &Open| open.state != LinkState::Connecting;
        let sends = |other: OpId| self.sides[1 - who].open.iter().any(|o| o.id == other && o.sends && up(o));
        let speaks = self.sides[1 - who].microphone && other.is_some_and(sends);
        let path = path && self.sides[who].open.iter().any(|open| open.id == id && up(open));
        if path && speaks && self.sides[who].plays == Some(id) {
            self.sides[who].hears(now);
        }
        let (sound, awake) = (path && speaks, self.sides[who].asleep_until <= now);
        let Some(open) = self.sides[who].open.iter_mut().find(|open| open.id == id) else { return };
        open.sounded += if sound { TICK_MS } else { 0 };
        let seen = if awake { open.watch.look(now, sound) } else { None };
        if let Some(hushed) = seen {
            self.plan(now, Happening::Connection { who, life, id, event: ConnectionEvent::Hushed(hushed) });
        }
    }

    /// Sound that came since the last pulse, and a heartbeat to the other.
    fn pulse(&mut self, who: usize, id: OpId, next: u32, hearing: Option<Hearing>) {
        let now = self.now;
        let path = self.path_of(who, id);
        let life = self.sides[who].lives;
        let Some(open) = self.sides[who].open.iter_mut().find(|open| open.id == id) else { return };
        let packets = u32::try_from(open.sounded / PACKET_MS).unwrap_or(u32::MAX);
        let event = ConnectionEvent::Received(Reception { packets, ..Reception::default() });
        self.plan(now, Happening::Connection { who, life, id, event });
        if let Some(other) = path.filter(|_| !self.is_lost()) {
            let round_trip = Some(u32::try_from(2 * self.network.delay).unwrap());
            let event = ConnectionEvent::Heartbeat(Heartbeat { next, round_trip, hearing, ..Heartbeat::default() });
            let (life, at) = (self.sides[1 - who].lives, now + self.delay());
            self.plan(at, Happening::Connection { who: 1 - who, life, id: other, event });
        }
    }

    /// A message over the reliable channel arrives, or waits for its path.
    pub(crate) fn in_band(&mut self, from: (usize, u32, OpId), message: InBand) {
        let (who, life, id) = from;
        if self.sides[who].lives != life || !self.sides[who].open.iter().any(|open| open.id == id) {
            // Closed: what was under way is lost, but for a last word that was sent with the close.
            if message == InBand::Bye && self.sides[1 - who].works.link {
                self.last_word(1 - who, message);
            }
            return;
        }
        if let Some(other) = self.path_of(who, id) {
            let event = ConnectionEvent::InBand(Box::new(message.clone()));
            if matches!(message, InBand::Chat(_)) && self.is_repeated() {
                self.input(1 - who, Input::Connection { id: other, event: event.clone() });
            }
            self.input(1 - who, Input::Connection { id: other, event });
        }
    }

    fn last_word(&mut self, who: usize, message: InBand) {
        let connected = self.sides[who].open.iter().find(|open| open.state == LinkState::Connected).map(|open| open.id);
        if let Some(id) = connected.filter(|_| self.media_up) {
            self.input(who, Input::Connection { id, event: ConnectionEvent::InBand(Box::new(message)) });
        }
    }

    /// A connection closes, and its counterpart sees the channel close.
    pub(crate) fn close(&mut self, who: usize, id: OpId) {
        let other = self.path_of(who, id);
        self.sides[who].open.retain(|open| open.id != id);
        if let Some(other) = other {
            let (life, at) = (self.sides[1 - who].lives, self.now + self.delay());
            let event = ConnectionEvent::Channel { open: false };
            self.plan(at, Happening::Connection { who: 1 - who, life, id: other, event });
        }
    }

    /// The connection of the other that fits this one.
    pub(crate) fn pair_of(&self, who: usize, id: OpId) -> Option<OpId> {
        let own = self.sides[who].open.iter().find(|open| open.id == id)?;
        let fits = |other: &&Open| {
            own.remote.as_ref() == Some(&other.local) && other.remote.as_ref().is_some_and(|r| *r == own.local)
        };
        self.sides[1 - who].open.iter().find(fits).map(|other| other.id)
    }

    /// The same, if packets pass between the two.
    pub(crate) fn path_of(&self, who: usize, id: OpId) -> Option<OpId> {
        let other = self.pair_of(who, id)?;
        let one = |who: usize, id| self.sides[who].open.iter().find(|open| open.id == id);
        let (own, theirs) = (one(who, id)?, one(1 - who, other)?);
        let reaches = |who: usize, open: &Open| {
            self.sides[who].works.link && open.address == self.sides[who].address && !open.over
        };
        let named = !own.hidden || !theirs.hidden || self.network.multicast;
        let told = own.told || theirs.told;
        (self.media_up && named && told && reaches(who, own) && reaches(1 - who, theirs)).then_some(other)
    }

    /// Whether a side's newest connection was told a candidate of the other.
    #[must_use]
    pub fn is_told(&self, who: usize) -> bool {
        self.sides[who].open.last().is_some_and(|open| open.told)
    }

    /// Whether this connection of the first side is connected.
    #[must_use]
    pub fn is_linked(&self, id: OpId) -> bool {
        self.sides[0].open.iter().any(|open| open.id == id && open.state == LinkState::Connected)
    }

    /// How many of a side's connections send the microphone's sound to somebody.
    #[must_use]
    pub fn sending(&self, who: usize) -> usize {
        let sends = |open: &&Open| open.sends && self.path_of(who, open.id).is_some();
        if self.sides[who].microphone { self.sides[who].open.iter().filter(sends).count() } else { 0 }
    }

    /// The newest pair of connections that fit each other.
    #[must_use]
    pub fn linked(&self) -> Option<[OpId; 2]> {
        self.sides[0].open.iter().rev().find_map(|open| Some([open.id, self.pair_of(0, open.id)?]))
    }

    /// What browsers conclude as time goes on.
    pub(crate) fn tick_media(&mut self) {
        let now = self.now;
        let setup = 4 * self.network.delay + TICK_MS;
        for who in 0..2 {
            let ids: Vec<OpId> = self.sides[who].open.iter().map(|open| open.id).collect();
            for id in ids {
                let path = self.path_of(who, id);
                self.hear(who, id, path.is_some());
                // What one side pings, the other answers, though it has given up.
                let pinged = path.is_some_and(|other| {
                    self.sides[1 - who].open.iter().any(|o| o.id == other && o.state == LinkState::Interrupted)
                });
                let path = path.is_some();
                let revives = self.sides[who].browser == Browser::Chromium;
                let Some(open) = self.sides[who].open.iter_mut().find(|open| open.id == id) else { continue };
                let lasted = now - open.since;
                let patience = if revives { FAILED_MS } else { FAILED_FOR_GOOD_MS };
                let next = match open.state {
                    LinkState::Connected if path => {
                        open.since = now;
                        continue;
                    }
                    // A restart that found a path rescues what had failed (Chromium).
                    LinkState::Connecting | LinkState::Failed if path && lasted >= setup && lasted < NEVER_MS => {
                        LinkState::Connected
                    }
                    LinkState::Failed if pinged => LinkState::Connected,
                    LinkState::Interrupted if path => LinkState::Connected,
                    LinkState::Connected if lasted >= INTERRUPTED_MS => LinkState::Interrupted,
                    LinkState::Interrupted if lasted >= patience => LinkState::Failed,
                    LinkState::Connecting if open.told && open.remote.is_some() && lasted >= NEVER_MS => {
                        LinkState::Failed
                    }
                    _ => continue,
                };
                let first = open.state == LinkState::Connecting;
                open.state = next;
                match next {
                    LinkState::Connected => open.since = now,
                    LinkState::Failed => {
                        open.since = 0;
                        open.over = !revives && !first;
                    }
                    _ => {}
                }
                let life = self.sides[who].lives;
                self.plan(now, Happening::Connection { who, life, id, event: ConnectionEvent::Link(next) });
                if next == LinkState::Connected && first {
                    let (at, event) = (now + 2 * self.network.delay, ConnectionEvent::Channel { open: true });
                    self.plan(at, Happening::Connection { who, life, id, event });
                }
            }
        }
    }
}
