//! One browser: a page with the real core in it, its connections, its microphone, its store.

use std::collections::BTreeMap;

use pairvoice_core::{Ahead, Choices, Config, Identity, OpId, Session, StoredMessage, Timer};
use pairvoice_room::{KnockId, SocketId};
use pairvoice_wire::{InstanceId, MessageId, SessionId, UserId, VoiceReason};

use crate::data::AppData;
use crate::knocks::Answer;
use crate::media::{Open, TICK_MS};
use crate::token::Tokens;

/// One person's browser.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "what is so of a browser, each by itself")]
pub struct Side {
    /// The person.
    pub user: UserId,
    /// The page.
    pub session: Session,
    /// How many pages there were.
    pub(crate) lives: u32,
    /// The socket in use: the session's name and the network's.
    pub(crate) socket: Option<(OpId, SocketId)>,
    pub(crate) open: Vec<Open>,
    /// The timers that run, with their newest number and when they are due.
    pub(crate) timers: BTreeMap<Timer, (u64, u64)>,
    /// The page sleeps until then.
    pub(crate) asleep_until: u64,
    /// What the app's `token()` brings.
    pub tokens: Tokens,
    /// The last token that the app gave to the page.
    pub(crate) token: String,
    /// What works on this host.
    pub works: Works,
    /// The host's address now.
    pub address: &'static str,
    /// What the page's own browsing context believes; it learns of a change two seconds late (Chromium).
    pub(crate) believed: &'static str,
    /// A microphone's track is live.
    pub microphone: bool,
    /// The person allowed the microphone for good, so that candidates name addresses before it is open.
    pub allowed: bool,
    /// Whose ICE agent it has.
    pub browser: Browser,
    /// How long the person takes to allow it, in milliseconds.
    pub prompt_ms: u64,
    /// Unsent messages that outlive the page; none in a browser without a store.
    pub store: Option<Vec<StoredMessage>>,
    /// Messages that the session told the app of.
    pub told: Vec<MessageId>,
    /// The other typed, in the order of the events.
    pub typing: Vec<bool>,
    /// What the apps send each other.
    pub data: AppData,
    /// How many offers, ICE restarts, connections, sockets, prompts and looks for addresses there were.
    pub counts: Counts,
    /// The newest connection was made in a browsing context of its own.
    pub own_context: bool,
    /// The connection that is played.
    pub plays: Option<OpId>,
    /// When sound of the other was played last, and the longest pause of it so far, in milliseconds.
    pub(crate) heard: Option<u64>,
    /// See `heard`; a test sets it to nothing where it begins to count.
    pub pause: u64,
    /// What its page allows before somebody wants voice.
    pub(crate) ahead: Ahead,
    /// The session ended.
    pub ended: bool,
    /// The knocks that the session asked for, by its names.
    pub(crate) knocking: BTreeMap<KnockId, OpId>,
    /// What came of this page's knocks, in the order in which it came.
    pub knocked: Vec<(KnockId, Answer)>,
}

/// What becomes of a connection that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// It goes on with candidates that are new to it.
    Chromium,
    /// It is over.
    Firefox,
}

/// What works on a host.
#[derive(Debug, Clone, Copy)]
pub struct Works {
    /// Its link to the network.
    pub link: bool,
    /// The microphone: the person allows it.
    pub microphone: bool,
    /// The app's `token()`.
    pub token: bool,
}

/// What a browser was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Offers of new connections.
    pub offers: u32,
    /// ICE restarts.
    pub restarts: u32,
    /// Connections made.
    pub connections: u32,
    /// Sockets connected.
    pub sockets: u32,
    /// Prompts for the microphone.
    pub prompts: u32,
    /// Looks for addresses.
    pub looks: u32,
    /// Questions whether the server is there.
    pub probes: u32,
    /// Tokens that the app gave.
    pub tokens: u32,
    /// Other ICE servers given to connections that are open.
    pub configured: u32,
    /// Ends of candidates that were added.
    pub ends_of_candidates: u32,
    /// Failed connections that went on with other candidates.
    pub revivals: u32,
}

impl Side {
    pub(crate) fn new(name: &str, incapable: Option<VoiceReason>, ahead: Ahead, browser: Browser) -> Self {
        let user = UserId::parse(name).unwrap();
        Self {
            session: session(&user, 1, incapable, &ahead, browser),
            user,
            lives: 1,
            socket: None,
            open: Vec::new(),
            timers: BTreeMap::new(),
            asleep_until: 0,
            tokens: Tokens::LASTING,
            token: String::new(),
            works: Works { link: true, microphone: true, token: true },
            address: "192.0.2.1",
            believed: "192.0.2.1",
            microphone: false,
            allowed: false,
            browser,
            prompt_ms: 10,
            store: Some(Vec::new()),
            told: Vec::new(),
            typing: Vec::new(),
            data: AppData::default(),
            counts: Counts::default(),
            own_context: false,
            plays: None,
            heard: None,
            pause: 0,
            ahead,
            ended: false,
            knocking: BTreeMap::new(),
            knocked: Vec::new(),
        }
    }

    /// The page is gone, and another one is there.
    pub(crate) fn new_life(&mut self) {
        self.lives += 1;
        self.session = session(&self.user, self.lives, None, &self.ahead, self.browser);
        self.socket = None;
        self.token.clear();
        self.timers.clear();
        self.knocking.clear();
        self.told.clear();
        self.data.new_life();
        self.microphone = false;
        self.asleep_until = 0;
        self.ended = false;
        self.knocked.clear();
    }

    /// Asks the app for a token.
    pub(crate) fn ask_for_token(&mut self, now: u64) -> Option<String> {
        if !self.works.token {
            return None;
        }
        self.counts.tokens += 1;
        self.token = self.tokens.issue(now);
        Some(self.token.clone())
    }

    /// The host's address that a new connection, or a restarted one, gathers.
    pub(crate) fn gathered(&self, own_context: bool) -> &'static str {
        if own_context { self.address } else { self.believed }
    }

    /// Sound of the other is played now.
    pub(crate) fn hears(&mut self, now: u64) {
        let pause = self.heard.replace(now).map_or(0, |before| (now - before).saturating_sub(TICK_MS));
        self.pause = self.pause.max(pause);
    }

    /// Whether a timer of this name runs.
    #[must_use]
    pub fn waits_for(&self, timer: Timer) -> bool {
        self.timers.contains_key(&timer)
    }

    /// Whether that connection is open.
    #[must_use]
    pub fn is_open(&self, id: OpId) -> bool {
        self.open.iter().any(|open| open.id == id)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

/// Who a page of a user is.
pub(crate) fn identity(user: &UserId, life: u32) -> Identity {
    let tag = u32::from(user.as_str().as_bytes()[0]);
    Identity {
        session: SessionId::parse("s").unwrap(),
        user: user.clone(),
        instance: InstanceId::parse(&format!("{tag:016x}{life:016x}")).unwrap(),
    }
}

fn session(user: &UserId, life: u32, incapable: Option<VoiceReason>, ahead: &Ahead, browser: Browser) -> Session {
    Session::new(Config {
        me: identity(user, life),
        peer: None,
        incapable,
        choices: Choices::default(),
        speaker_selectable: true,
        token_renews: true,
        ahead: Ahead { descriptions: ahead.descriptions && browser == Browser::Chromium, ..ahead.clone() },
        revives: browser == Browser::Chromium,
    })
}

/// The connection that was opened last.
pub(crate) fn newest_connection(side: &Side) -> Option<OpId> {
    side.open.last().map(|open| open.id)
}
