//! Sequences of what can happen to a room, made of the fuzzer's bytes.

#![allow(missing_docs, reason = "fields are named as in the types of room and wire that they become")]

use arbitrary::{Arbitrary, Result, Unstructured};
use pairvoice_room::{Grant, StoreError, Timer};
use pairvoice_wire::{
    Candidate, ChatBatch, ClientEvent, Envelope, Handshake, HistoryRequest, InstanceId, MAX_SIGNAL_BYTES,
    MAX_TEXT_CHARS, MessageId, NewMessage, Receipt, RestartWhy, SessionId, SignalBody, TokenRenewal, Typing, UserId,
    VERSION, VoiceReason, VoiceState, VoiceStatus,
};

use crate::host::Host;
use crate::token::Token;

/// More steps than this tell nothing new and take long.
const MAX_STEPS: usize = 512;

/// One thing that happens. Numbers choose among what is there.
#[derive(Debug)]
pub enum Step {
    /// A socket asks for a seat.
    Enter { who: Who, life: u8, since: u8, peer: Option<Who>, signals: Vec<Signal> },
    /// A socket asks for a seat, its page is read, and it comes in, all before the log's writer does anything.
    Join { who: Who, life: u8 },
    /// The same with a token that may name two users, and may be void.
    JoinBy { who: Who, life: u8, token: Token },
    /// A socket asks for a seat with such a token.
    EnterBy { who: Who, life: u8, token: Token },
    /// An admitted socket comes in.
    Connect(u8),
    /// A socket sends an event.
    Event { socket: u8, event: Event },
    /// A socket sends another token; none is one that was refused before a room heard of it.
    Renew { socket: u8, token: Option<Token> },
    /// Tokens are revoked: somebody's, or everybody's.
    Revoke { who: Option<Who>, at: u8 },
    /// A socket breaks.
    Close(u8),
    /// A socket reads no more.
    Deafen(u8),
    /// The log's writer does something.
    Write(Fate),
    /// The log's reader does something.
    Read(u8, Fate),
    /// The writer's answer arrives.
    ReportWritten { twice: bool },
    /// An answer of the reader arrives.
    ReportRead { which: u8, twice: bool },
    /// A timer fires.
    Fire(u8),
    /// A timer fires that does not run.
    FireLate { who: Who, seat: bool },
    /// The timer of somebody's token fires, whether it runs or not.
    FireToken(Who),
    /// A client knocks.
    Knock { who: Who, life: u8, token: Token, wait_ms: u32, deaf: bool, signals: Vec<Signal> },
    /// The client of a knock that waits goes away.
    KnockGone(u8),
    /// The session is forgotten, if everybody has left.
    Forget,
    /// The server is about to restart.
    Restart(u32),
}

/// One of four people.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    Seven,
    Nine,
    Ada,
    Zoe,
}

/// What the log does with a request.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Fate {
    Done,
    Busy,
    Full,
}

/// An event of a client.
#[derive(Debug)]
pub enum Event {
    Signal { who: Who, signal: Signal },
    Voice { on: bool, muted: bool, connected: bool },
    Chat { messages: Vec<Message>, times: u8 },
    Receipt { who: Who, delivered: u64, read: u64 },
    Typing(bool),
    History { before: u64, limit: u32 },
    Probe,
    Token,
    Bye,
}

/// A chat message; a foreign `sender` is refused.
#[derive(Debug, Arbitrary)]
pub struct Message {
    id: u8,
    text: Text,
    sender: Option<Who>,
}

/// A chat text.
#[derive(Debug, Arbitrary)]
pub enum Text {
    Good,
    Any(String),
    TooLong,
}

/// A signal; one under a foreign name is refused.
#[derive(Debug, Arbitrary)]
pub struct Signal {
    life: u8,
    other_session: bool,
    to: Option<u8>,
    attempt: u8,
    generation: u8,
    sequence: u32,
    body: Body,
}

/// What a signal says.
#[derive(Debug, Arbitrary)]
pub enum Body {
    Offer { kibibytes: u8 },
    Answer { kibibytes: u8 },
    Candidate { kibibytes: u8 },
    EndOfCandidates,
    Restart,
    End,
    GiveUp,
}

/// One byte tells what a step is, and what leads into a session is more likely than the rest: so mutations find their way through
/// long sequences.
impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind = u8::arbitrary(u)?;
        if kind >= 192 {
            return Self::of_tokens(kind, u);
        }
        Ok(match kind % 24 {
            0..=4 => Self::Join { who: u.arbitrary()?, life: u.arbitrary()? },
            5..=10 => Self::Event { socket: u.arbitrary()?, event: u.arbitrary()? },
            11 => Self::Enter {
                who: u.arbitrary()?,
                life: u.arbitrary()?,
                since: u.arbitrary()?,
                peer: u.arbitrary()?,
                signals: u.arbitrary()?,
            },
            12 => Self::Connect(u.arbitrary()?),
            13 => Self::Close(u.arbitrary()?),
            14 => Self::Deafen(u.arbitrary()?),
            15 | 16 => Self::Write(u.arbitrary()?),
            17 => Self::Read(u.arbitrary()?, u.arbitrary()?),
            18 | 19 => Self::ReportWritten { twice: u.arbitrary()? },
            20 => Self::ReportRead { which: u.arbitrary()?, twice: u.arbitrary()? },
            21 => Self::Fire(u.arbitrary()?),
            22 => Self::FireLate { who: u.arbitrary()?, seat: u.arbitrary()? },
            _ => Self::Restart(u.arbitrary()?),
        })
    }
}

impl Step {
    /// Steps that have to do with who may be in the session.
    fn of_tokens(kind: u8, u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match kind % 10 {
            0..=2 => Self::JoinBy { who: u.arbitrary()?, life: u.arbitrary()?, token: u.arbitrary()? },
            3 => Self::EnterBy { who: u.arbitrary()?, life: u.arbitrary()?, token: u.arbitrary()? },
            4 | 5 => Self::Renew { socket: u.arbitrary()?, token: u.arbitrary()? },
            6 => Self::Revoke { who: u.arbitrary()?, at: u.arbitrary()? },
            7 => Self::FireToken(u.arbitrary()?),
            8 => Self::Forget,
            _ if u.arbitrary::<u8>()? >= 224 => Self::KnockGone(u.arbitrary()?),
            _ => Self::Knock {
                who: u.arbitrary()?,
                life: u.arbitrary()?,
                token: u.arbitrary()?,
                wait_ms: u.arbitrary()?,
                deaf: u.arbitrary()?,
                signals: u.arbitrary()?,
            },
        })
    }
}

impl<'a> Arbitrary<'a> for Who {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(*u.choose(&[Self::Seven, Self::Nine, Self::Ada, Self::Zoe])?)
    }
}

impl<'a> Arbitrary<'a> for Event {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind = u8::arbitrary(u)?;
        if kind >= 252 {
            return Ok(Self::Token);
        }
        Ok(match kind % 12 {
            0..=2 => Self::Chat { messages: u.arbitrary()?, times: u.arbitrary()? },
            3..=5 => Self::Signal { who: u.arbitrary()?, signal: u.arbitrary()? },
            6 => Self::Voice { on: u.arbitrary()?, muted: u.arbitrary()?, connected: u.arbitrary()? },
            7 => Self::Receipt { who: u.arbitrary()?, delivered: u.arbitrary()?, read: u.arbitrary()? },
            8 => Self::Typing(u.arbitrary()?),
            9 => Self::History { before: u.arbitrary()?, limit: u.arbitrary()? },
            10 => Self::Probe,
            _ => Self::Bye,
        })
    }
}

/// Lets all of it happen to one room, then lets everybody go.
pub fn check(steps: Vec<Step>) {
    let mut host = Host::new(session("s"));
    for step in steps.into_iter().take(MAX_STEPS) {
        happen(&mut host, step);
    }
    host.finish();
}

fn happen(host: &mut Host, step: Step) {
    match step {
        Step::Enter { who, life, since, peer, signals } => {
            let signals = signals.into_iter().map(|signal| signal.envelope(who)).collect();
            let handshake = Handshake { since: since.into(), signals, ..handshake(who, life) };
            host.enter(handshake, Token::ordinary(peer).grant(&who.user()));
        }
        Step::EnterBy { who, life, token } => host.enter(handshake(who, life), token.grant(&who.user())),
        Step::Join { who, life } => join(host, handshake(who, life), Token::ordinary(None).grant(&who.user())),
        Step::JoinBy { who, life, token } => join(host, handshake(who, life), token.grant(&who.user())),
        Step::Connect(which) => host.connect(which),
        Step::Event { socket, event } => host.event(socket, event.of_client()),
        Step::Renew { socket, token } => host.renew(socket, |user| token.map(|token| token.grant(user))),
        Step::Revoke { who, at } => host.log.revoke(who.map(Who::user), at.into()),
        Step::Close(which) => host.close(which),
        Step::Deafen(which) => host.deafen(which),
        Step::Write(fate) => host.log.write(fate.error()),
        Step::Read(which, fate) => host.log.read(which, fate.error()),
        Step::ReportWritten { twice } => host.report_written(twice),
        Step::ReportRead { which, twice } => host.report_read(which, twice),
        Step::Fire(which) => host.fire(which),
        Step::FireLate { who, seat: true } => host.fire_late(Timer::Seat(who.user())),
        Step::FireLate { who, seat: false } => host.fire_late(Timer::Away(who.user())),
        Step::FireToken(who) => host.fire_late(Timer::Token(who.user())),
        Step::Knock { who, life, token, wait_ms, deaf, signals } => {
            let signals = signals.into_iter().map(|signal| signal.envelope(who)).collect();
            let handshake = Handshake { signals, ..handshake(who, life) };
            host.knock(handshake, token.grant(&who.user()), wait_ms, deaf);
        }
        Step::KnockGone(which) => host.knock_gone(which),
        Step::Forget => host.forget(),
        Step::Restart(after_ms) => host.restart(after_ms),
    }
}

fn join(host: &mut Host, handshake: Handshake, grant: Grant) {
    host.enter(handshake, grant);
    host.read_everything();
    host.connect_newest();
}

impl Who {
    pub(crate) fn user(self) -> UserId {
        let name = match self {
            Self::Seven => "7",
            Self::Nine => "9",
            Self::Ada => "ada",
            Self::Zoe => "Zoë \"Z\"",
        };
        UserId::parse(name).expect("a user ID")
    }
}

impl Fate {
    fn error(self) -> Option<StoreError> {
        match self {
            Self::Done => None,
            Self::Busy => Some(StoreError::Busy),
            Self::Full => Some(StoreError::Full),
        }
    }
}

impl Event {
    fn of_client(self) -> ClientEvent {
        match self {
            Self::Signal { who, signal } => ClientEvent::Signal(signal.envelope(who)),
            Self::Voice { on, muted, connected } => {
                let state = if connected { VoiceState::Connected } else { VoiceState::Off };
                ClientEvent::Voice(VoiceStatus { on, muted, state, ..VoiceStatus::default() })
            }
            Self::Chat { messages, times } => {
                let messages: Vec<_> = messages.into_iter().map(Message::of_client).collect();
                // Up to 70 of them: more than a batch may have.
                let length = messages.len().max(usize::from(times % 71)).min(messages.len() * 71);
                ClientEvent::Chat(ChatBatch { messages: messages.into_iter().cycle().take(length).collect() })
            }
            Self::Receipt { who, delivered, read } => {
                ClientEvent::Receipt(Receipt { user: who.user(), delivered, read })
            }
            Self::Typing(on) => ClientEvent::Typing(Typing { on }),
            Self::History { before, limit } => ClientEvent::History(HistoryRequest { before, limit }),
            Self::Probe => ClientEvent::Probe,
            Self::Token => ClientEvent::Token(TokenRenewal { token: String::new() }),
            Self::Bye => ClientEvent::Bye,
        }
    }
}

impl Message {
    fn of_client(self) -> NewMessage {
        let text = match self.text {
            Text::Good => "text".into(),
            Text::Any(text) => text,
            Text::TooLong => "x".repeat(MAX_TEXT_CHARS + 1),
        };
        let id = MessageId::parse(&format!("00000000-0000-7000-8000-{:012x}", self.id)).expect("a message ID");
        NewMessage { id, text, sender: self.sender.map(Who::user) }
    }
}

impl Signal {
    fn envelope(self, who: Who) -> Envelope {
        Envelope {
            session: session(if self.other_session { "t" } else { "s" }),
            user: who.user(),
            instance: instance(self.life),
            to: self.to.map(instance),
            attempt: self.attempt.into(),
            generation: self.generation.into(),
            sequence: self.sequence,
            body: self.body.of_signal(),
        }
    }
}

impl Body {
    fn of_signal(self) -> SignalBody {
        match self {
            Self::Offer { kibibytes } => SignalBody::Offer { sdp: long(kibibytes) },
            Self::Answer { kibibytes } => SignalBody::Answer { sdp: long(kibibytes) },
            Self::Candidate { kibibytes } => {
                let candidate = long(kibibytes);
                SignalBody::Candidate(Candidate { candidate, sdp_mid: Some("0".into()), ..Candidate::end() })
            }
            Self::EndOfCandidates => SignalBody::Candidate(Candidate::end()),
            Self::Restart => SignalBody::Restart { why: RestartWhy::Silent },
            Self::End => SignalBody::End,
            Self::GiveUp => SignalBody::GiveUp { reason: VoiceReason::NoRelay },
        }
    }
}

fn handshake(who: Who, life: u8) -> Handshake {
    Handshake {
        v: VERSION,
        token: String::new(),
        session_id: session("s"),
        user_id: who.user(),
        instance: instance(life),
        since: 0,
        log: Some("log".into()),
        tip: None,
        voice: VoiceStatus::default(),
        signals: Vec::new(),
        check: false,
    }
}

/// A text of so many kibibytes, at most a little more than a signal may have; mostly a short one, which takes less time.
fn long(kibibytes: u8) -> String {
    let most = MAX_SIGNAL_BYTES / 1024 + 1;
    let unit = if kibibytes >= 192 { 1024 } else { 1 };
    "x".repeat(usize::from(kibibytes) % (most + 1) * unit)
}

fn session(name: &str) -> SessionId {
    SessionId::parse(name).expect("a session ID")
}

/// One of four lives of a client: few, so that they come back.
fn instance(life: u8) -> InstanceId {
    InstanceId::parse(&format!("{:032x}", life % 4)).expect("an instance ID")
}
