//! Inputs of a room as JSON.

use std::collections::BTreeMap;

use pairvoice_room::{
    Admission, Appended, Grant, Input, Knock, KnockId, RequestId, SocketId, StoreError, Ticket, Timer,
};
use pairvoice_wire::{
    Accepted, ChatBatch, ChatMessage, ChatPage, ClientEvent, Data, DisplayName, Envelope, Handshake, HistoryRequest,
    IceServers, MessageId, Receipt, Refusal, TokenRenewal, Typing, UserId, VoiceStatus,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// Reads an input; a batch that was written finds its ticket.
pub(crate) fn read(text: &str, tickets: &mut BTreeMap<u64, Ticket>) -> Option<Input> {
    Some(match serde_json::from_str(text).ok()? {
        In::Enter { socket, handshake, grant } => {
            Input::Enter { socket: SocketId(socket), handshake, grant: grant.into() }
        }
        In::Knock { knock, handshake, grant, ice, wait_ms } => Input::Knock(Box::new(Knock {
            id: KnockId(knock),
            handshake: *handshake,
            grant: grant.into(),
            ice,
            wait_ms,
        })),
        In::KnockGone { knock } => Input::KnockGone { knock: KnockId(knock) },
        In::KnockLost { signals } => Input::KnockLost { signals },
        In::AdmissionRead { knock, admission } => {
            Input::AdmissionRead { knock: KnockId(knock), admission: admission.map(Into::into).map_err(Into::into) }
        }
        In::Connected { socket, ice } => Input::Connected { socket: SocketId(socket), ice },
        In::Ice { socket, ice } => Input::Ice { socket: SocketId(socket), ice },
        In::Event { socket, request, event } => {
            Input::Event { socket: SocketId(socket), request: RequestId(request), event: event.into() }
        }
        In::Renewed { socket, request, grant } => {
            Input::Renewed { socket: SocketId(socket), request: RequestId(request), grant: grant.map(Into::into) }
        }
        In::Closed { socket } => Input::Closed { socket: SocketId(socket) },
        In::Overflowed { socket, event } => Input::Overflowed { socket: SocketId(socket), event },
        In::PageRead { socket, page } => Input::PageRead {
            socket: SocketId(socket),
            page: page.map(|(page, admission)| (page, admission.into())).map_err(Into::into),
        },
        In::Pinned { participants } => Input::Pinned { participants: participants.map_err(Into::into) },
        In::Revoke { user, at } => Input::Revoke { user, at },
        In::Appended { request, result } => {
            Input::Appended { ticket: tickets.remove(&request)?, result: result.map(Into::into).map_err(Into::into) }
        }
        In::Raised { request, result } => {
            Input::Raised { request: RequestId(request), result: result.map_err(Into::into) }
        }
        In::HistoryRead { request, result } => {
            Input::HistoryRead { request: RequestId(request), result: result.map_err(Into::into) }
        }
        In::TimerFired { timer } => Input::TimerFired { timer: timer.into() },
        In::Restarting { after_ms } => Input::Restarting { after_ms },
    })
}

/// [`Input`], with numbers for its names. A result is `{ "Ok": … }` or `{ "Err": … }`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum In {
    Enter { socket: u64, handshake: Box<Handshake>, grant: GrantIn },
    Knock { knock: u64, handshake: Box<Handshake>, grant: GrantIn, ice: IceServers, wait_ms: u32 },
    KnockGone { knock: u64 },
    KnockLost { signals: Vec<Envelope> },
    AdmissionRead { knock: u64, admission: Result<AdmissionIn, Failed> },
    Connected { socket: u64, ice: IceServers },
    Ice { socket: u64, ice: IceServers },
    Event { socket: u64, request: u64, event: EventIn },
    Renewed { socket: u64, request: u64, grant: Result<GrantIn, Refusal> },
    Closed { socket: u64 },
    Overflowed { socket: u64, event: Box<pairvoice_wire::ServerEvent> },
    PageRead { socket: u64, page: Result<(ChatPage, AdmissionIn), Failed> },
    Pinned { participants: Result<[UserId; 2], Failed> },
    Revoke { user: Option<UserId>, at: u64 },
    Appended { request: u64, result: Result<AppendedIn, Failed> },
    Raised { request: u64, result: Result<Receipt, Failed> },
    HistoryRead { request: u64, result: Result<(Vec<ChatMessage>, bool), Failed> },
    TimerFired { timer: TimerName },
    Restarting { after_ms: u32 },
}

/// [`ClientEvent`]: one property, named as the event, with its body.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventIn {
    Signal(Envelope),
    Voice(VoiceStatus),
    Chat(ChatBatch),
    Receipt(Receipt),
    Typing(Typing),
    Data(Data),
    History(HistoryRequest),
    Token(TokenRenewal),
    Probe(IgnoredAny),
    Bye(IgnoredAny),
}

impl From<EventIn> for ClientEvent {
    fn from(event: EventIn) -> Self {
        match event {
            EventIn::Signal(envelope) => Self::Signal(envelope),
            EventIn::Voice(voice) => Self::Voice(voice),
            EventIn::Chat(batch) => Self::Chat(batch),
            EventIn::Receipt(receipt) => Self::Receipt(receipt),
            EventIn::Typing(typing) => Self::Typing(typing),
            EventIn::Data(data) => Self::Data(data),
            EventIn::History(asked) => Self::History(asked),
            EventIn::Token(renewal) => Self::Token(renewal),
            EventIn::Probe(_) => Self::Probe,
            EventIn::Bye(_) => Self::Bye,
        }
    }
}

/// [`Grant`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GrantIn {
    #[serde(default)]
    participants: Option<[UserId; 2]>,
    #[serde(default)]
    name: DisplayName,
    /// In seconds since 1970.
    #[serde(default)]
    issued_at: Option<u64>,
    lasts_ms: u64,
}

impl From<GrantIn> for Grant {
    fn from(GrantIn { participants, name, issued_at, lasts_ms }: GrantIn) -> Self {
        Self { participants, name, issued_at, lasts_ms }
    }
}

/// [`Admission`]; everybody's moment stands under an empty name.
#[derive(Deserialize)]
pub(crate) struct AdmissionIn {
    #[serde(default)]
    participants: Option<[UserId; 2]>,
    #[serde(default)]
    revoked: BTreeMap<String, u64>,
}

impl From<AdmissionIn> for Admission {
    fn from(AdmissionIn { participants, revoked }: AdmissionIn) -> Self {
        let named = revoked
            .into_iter()
            .filter_map(|(user, at)| Some((if user.is_empty() { None } else { Some(UserId::parse(&user).ok()?) }, at)));
        Self { participants, revoked: named.collect() }
    }
}

/// [`Appended`].
#[derive(Deserialize)]
pub(crate) struct AppendedIn {
    accepted: Vec<Accepted>,
    new: Vec<ChatMessage>,
    #[serde(default)]
    taken: Option<MessageId>,
    #[serde(default)]
    full: Option<MessageId>,
}

impl From<AppendedIn> for Appended {
    fn from(AppendedIn { accepted, new, taken, full }: AppendedIn) -> Self {
        Self { accepted, new, taken, full }
    }
}

/// [`StoreError`].
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Failed {
    Busy,
    Full,
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Busy => Self::Busy,
            Failed::Full => Self::Full,
        }
    }
}

/// [`Timer`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TimerName {
    Away(UserId),
    Seat(UserId),
    Token(UserId),
    Ice(UserId),
    Knock(UserId),
}

impl From<TimerName> for Timer {
    fn from(timer: TimerName) -> Self {
        match timer {
            TimerName::Away(user) => Self::Away(user),
            TimerName::Seat(user) => Self::Seat(user),
            TimerName::Token(user) => Self::Token(user),
            TimerName::Ice(user) => Self::Ice(user),
            TimerName::Knock(user) => Self::Knock(user),
        }
    }
}

impl From<Timer> for TimerName {
    fn from(timer: Timer) -> Self {
        match timer {
            Timer::Away(user) => Self::Away(user),
            Timer::Seat(user) => Self::Seat(user),
            Timer::Token(user) => Self::Token(user),
            Timer::Ice(user) => Self::Ice(user),
            Timer::Knock(user) => Self::Knock(user),
        }
    }
}
