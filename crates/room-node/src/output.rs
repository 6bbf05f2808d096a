//! Outputs of a room as JSON.

use std::collections::BTreeMap;

use pairvoice_room::{KnockId, Note, Output, RequestId, SocketId, StoreRequest, Ticket};
use pairvoice_wire::{
    Acknowledgement, InstanceId, Knocked, MessageId, NewMessage, Receipt, Refusal, ServerEvent, UserId, VoiceReason,
    VoiceState,
};
use serde::Serialize;

use crate::input::TimerName;

/// [`Output`], with numbers for its names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Out {
    Admit {
        socket: u64,
    },
    Refuse {
        socket: u64,
        refusal: Refusal,
    },
    AnswerKnock {
        knock: u64,
        answer: Result<Box<Knocked>, Refusal>,
    },
    Send {
        to: u64,
        event: ServerEvent,
    },
    Acknowledge {
        request: u64,
        answer: Box<Acknowledgement>,
    },
    HangUp {
        socket: u64,
    },
    RenewIce {
        socket: u64,
    },
    Store(StoreOut),
    SetTimer {
        timer: TimerName,
        after: u64,
    },
    ClearTimer {
        timer: TimerName,
    },
    Log(NoteOut),
    /// Nothing is to be done.
    Nothing,
}

/// [`StoreRequest`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum StoreOut {
    Page { socket: u64, log: Option<String>, since: u64, tip: Option<MessageId> },
    Admission { knock: u64 },
    Pin { participants: [UserId; 2] },
    Append { request: u64, user: UserId, messages: Vec<NewMessage> },
    Raise { request: u64, receipt: Receipt },
    History { request: u64, before: u64, limit: u32 },
}

/// What an app may want to know of [`Note`]; what became of signals is left out.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum NoteOut {
    Joined { user: UserId, instance: InstanceId },
    Knocked { user: UserId, instance: InstanceId },
    Away { user: UserId },
    Left { user: UserId },
    LetGo { user: UserId, why: &'static str },
    Voice { user: UserId, state: VoiceState, reason: Option<VoiceReason> },
    ForeignSender { user: UserId },
    WrongOfferer { user: UserId },
}

/// Converts an output; the ticket of a batch stays here under the number of its request.
pub(crate) fn convert(output: Output, tickets: &mut BTreeMap<u64, Ticket>) -> Out {
    match output {
        Output::Admit { socket: SocketId(socket) } => Out::Admit { socket },
        Output::Refuse { socket: SocketId(socket), refusal } => Out::Refuse { socket, refusal },
        Output::AnswerKnock { knock: KnockId(knock), answer } => Out::AnswerKnock { knock, answer },
        Output::Send { to: SocketId(to), event } => Out::Send { to, event },
        Output::Acknowledge { request: RequestId(request), answer } => {
            Out::Acknowledge { request, answer: Box::new(answer) }
        }
        Output::HangUp { socket: SocketId(socket) } => Out::HangUp { socket },
        Output::RenewIce { socket: SocketId(socket) } => Out::RenewIce { socket },
        Output::Store(request) => Out::Store(store(request, tickets)),
        Output::SetTimer { timer, after } => Out::SetTimer { timer: timer.into(), after },
        Output::ClearTimer(timer) => Out::ClearTimer { timer: timer.into() },
        Output::Log(note) => note_of(note).map_or(Out::Nothing, Out::Log),
    }
}

fn store(request: StoreRequest, tickets: &mut BTreeMap<u64, Ticket>) -> StoreOut {
    match request {
        StoreRequest::ReadPage { socket: SocketId(socket), known } => {
            StoreOut::Page { socket, log: known.log, since: known.since, tip: known.tip }
        }
        StoreRequest::ReadAdmission { knock: KnockId(knock) } => StoreOut::Admission { knock },
        StoreRequest::Pin { participants } => StoreOut::Pin { participants },
        StoreRequest::Append { ticket, messages } => {
            let (RequestId(request), user) = (ticket.request, ticket.user.clone());
            tickets.insert(request, ticket);
            StoreOut::Append { request, user, messages }
        }
        StoreRequest::Raise { request: RequestId(request), receipt } => StoreOut::Raise { request, receipt },
        StoreRequest::ReadHistory { request: RequestId(request), before, limit } => {
            StoreOut::History { request, before, limit }
        }
    }
}

fn note_of(note: Note) -> Option<NoteOut> {
    Some(match note {
        Note::Joined { user, instance, .. } => NoteOut::Joined { user, instance },
        Note::Knocked { user, instance } => NoteOut::Knocked { user, instance },
        Note::Away { user, .. } => NoteOut::Away { user },
        Note::Left { user, .. } => NoteOut::Left { user },
        Note::LetGo { user, why, .. } => NoteOut::LetGo { user, why },
        Note::Voice { user, state, reason, .. } => NoteOut::Voice { user, state, reason },
        Note::ForeignSender { user } => NoteOut::ForeignSender { user },
        Note::WrongOfferer { user } => NoteOut::WrongOfferer { user },
        Note::Roles { .. } | Note::Signal { .. } | Note::SignalRefused { .. } => return None,
    })
}
