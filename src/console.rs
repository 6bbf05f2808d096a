//! Lines for the console: one per attempt, one per change of voice. Never a token, an address or a text.

use js_sys::Function;
use pairvoice_core::wire::{Role, UserId};
use pairvoice_core::{Decision, Fact, MediaAction, Note, SessionReason, SocketAction};
use wasm_bindgen::{JsCast, JsValue};

use crate::convert::{describe, property};

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Silent,
    Info,
    Debug,
}

pub(crate) fn write(method: &str, line: &str) {
    let console = property(&js_sys::global(), "console");
    if let Ok(method) = property(&console, method).dyn_into::<Function>() {
        let _ = method.call1(&console, &JsValue::from_str(line));
    }
}

/// Writes what the core notes.
pub(crate) fn note(level: Level, me: &UserId, note: &Note) {
    match note {
        Note::Roles { role, peer, .. } if level >= Level::Info => {
            let (offerer, answerer) = match role {
                Role::Offerer => (me, peer),
                Role::Answerer => (peer, me),
            };
            let line = ["pairvoice: user ", offerer.as_str(), " offers, user ", answerer.as_str(), " answers"];
            write("info", &line.concat());
        }
        Note::Voice(state) if level >= Level::Info => write("info", &["pairvoice: voice ", state.as_str()].concat()),
        Note::Dropped { kind, count } if level >= Level::Debug => {
            write("debug", &["pairvoice: dropped a late or foreign ", kind, &so_far(*count)].concat());
        }
        Note::Unreadable { event, count } if level >= Level::Info => {
            write("warn", &["pairvoice: unreadable: ", event, &so_far(*count)].concat());
        }
        Note::Refused { code, message } if level >= Level::Info => {
            write("warn", &["pairvoice: the server refused: ", code, ": ", message].concat());
        }
        Note::NotConnected { reason, cause } if level >= Level::Info => {
            let why = if *reason == SessionReason::OriginForbidden {
                "the server does not let this page's origin in: "
            } else {
                "the server answers with an error: "
            };
            write("warn", &["pairvoice: ", why, cause].concat());
        }
        Note::AppFailed { cause } if level >= Level::Info => {
            write("error", &["pairvoice: the app failed: ", cause].concat());
        }
        Note::Recovery(decision) if level >= Level::Debug => write("debug", &recovery(*decision)),
        _ => {}
    }
}

/// How many there were.
fn so_far(count: u32) -> String {
    [" (", &describe(&count.into()), ")"].concat()
}

/// The evidence, and what is done.
fn recovery(decision: Decision) -> String {
    let because = match decision.because {
        Fact::Hush => "the sound stopped for a moment, looking at this host's addresses",
        Fact::Pause => "the sound stopped",
        Fact::Silence | Fact::StillSilent => "nothing arrives",
        Fact::SocketSilent => "the server does not answer",
        Fact::SocketClosed => "the socket closed",
        Fact::JoinTooLong => "the server was not reached in time",
        Fact::Welcome => "the server is there again",
        Fact::NetworkHint => "the network may have changed",
        Fact::Woke => "the page slept",
        Fact::AddressChanged { .. } => "this host has another address",
        Fact::ConnectionFailed | Fact::FormerFailed => "the connection failed",
        Fact::RestartUseless => "the ICE restart brought nothing",
        Fact::ConnectTooLong => "no connection in time",
        Fact::MicrophoneGranted => "the microphone was granted",
        Fact::Person => "a person asked",
        Fact::IceRenewed => "there are other credentials for the relay",
        Fact::Asked(_) => "the other asked",
        // Nothing is ever decided about these.
        Fact::SoundBack
        | Fact::LinkUp { .. }
        | Fact::ChannelOpen
        | Fact::VoiceOff
        | Fact::PeerVoiceOff
        | Fact::PeerGone
        | Fact::PeerReplaced
        | Fact::PeerReturned
        | Fact::Offered
        | Fact::GaveUp(_) => "",
    };
    let media = match decision.media {
        Some(MediaAction::RestartIce) => ", restarting ICE",
        Some(MediaAction::Rebuild) => ", making a new connection",
        Some(MediaAction::Ask(_)) => ", asking the other for another path",
        Some(MediaAction::GiveUp) => ", going on by text",
        None => "",
    };
    let socket = match decision.socket {
        Some(SocketAction::Probe) => ", asking the server",
        Some(SocketAction::Replace) => ", connecting another socket",
        Some(SocketAction::Rejoin) => ", joining again",
        None => "",
    };
    let revive = if decision.revive { ", reviving it" } else { "" };
    ["pairvoice: ", because, revive, media, socket].concat()
}
