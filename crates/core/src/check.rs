//! The verdict of the check before a call: from what was found to one word and two sentences.

use serde::{Deserialize, Serialize};

use crate::input::ServerAnswer;
use crate::reason::SessionReason;
use crate::sentence::{Sentences, of_microphone, of_session, of_voice, say};
use crate::signalling::judge as unreached;
use crate::wire::{MicrophoneReason, VoiceReason};

/// Lost packets of a hundred from which on sound breaks up now and then.
const LOSSY: u32 = 3;
/// Lost packets of a hundred from which on sound can't be understood.
const USELESS: u32 = 20;
/// A round trip from which on people interrupt each other, in milliseconds: one to the relay is half of one to the other.
const SLOW_MS: u32 = 250;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckFacts {
    /// Why this browser can't do voice.
    #[serde(default)]
    pub incapable: Option<VoiceReason>,
    /// The microphone.
    pub microphone: MicrophoneCheck,
    /// The server.
    pub server: ServerCheck,
    /// What answers by HTTP where it was not reached.
    #[serde(default)]
    pub answer: Option<ServerAnswer>,
    /// A server on the internet saw this host (a server reflexive candidate, RFC 8445 section 4).
    pub reflexive: bool,
    /// The relay.
    pub relay: RelayCheck,
    /// The relay was reached by TCP or TLS, and not by UDP.
    pub slow_transport: bool,
    /// Packets that were sent to oneself through the relay.
    pub sent: u32,
    /// Those that arrived.
    pub received: u32,
    /// From here to the relay and back, in milliseconds.
    #[serde(default)]
    pub round_trip_ms: Option<u32>,
}

/// What became of the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MicrophoneCheck {
    /// It was not asked for.
    Skipped,
    /// It brought sound.
    Live,
    /// It brought silence.
    Silent,
    /// The person did not answer the browser's question.
    Unanswered,
    /// There is none.
    Failed(MicrophoneReason),
}

/// What became of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerCheck {
    /// It answered.
    Reached,
    /// It answered, and knows no checks.
    Older,
    /// It did not answer.
    Unreachable,
    /// The app's `token()` failed.
    TokenFailed,
    /// The app's bundle could not load socket.io-client.
    ModuleFailed,
    /// It does not accept the token.
    Unauthorized,
    /// The token's time is over.
    TokenExpired,
    /// The token is none of its.
    TokenInvalid,
    /// It speaks another version of the protocol.
    VersionMismatch,
    /// It refuses for another reason.
    Refused,
}

/// What became of the relay (TURN, RFC 8656).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayCheck {
    /// Nothing is known of one.
    Unknown,
    /// The server names none.
    None,
    /// It was not reached.
    Unreached,
    /// It was reached, and carried nothing.
    Reached,
    /// It carried packets.
    Carries,
}

/// The word for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A call will work.
    Good,
    /// A call will work with the limits that the reason names.
    Fair,
    /// Voice will not work.
    Bad,
}

/// Why a verdict is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckReason {
    /// See [`VoiceReason::UnsupportedBrowser`].
    UnsupportedBrowser,
    /// See [`VoiceReason::InsecureContext`].
    InsecureContext,
    /// See [`ServerCheck::Unreachable`].
    SignalingUnreachable,
    /// See [`SessionReason::OriginForbidden`].
    OriginForbidden,
    /// See [`SessionReason::ServerError`].
    ServerError,
    /// See [`ServerCheck::TokenFailed`].
    TokenFailed,
    /// See [`ServerCheck::ModuleFailed`].
    ModuleFailed,
    /// See [`ServerCheck::Unauthorized`].
    Unauthorized,
    /// See [`ServerCheck::TokenExpired`].
    TokenExpired,
    /// See [`ServerCheck::TokenInvalid`].
    TokenInvalid,
    /// See [`ServerCheck::VersionMismatch`].
    VersionMismatch,
    /// See [`ServerCheck::Refused`].
    Refused,
    /// Neither the relay nor anybody else on the internet was reached.
    Blocked,
    /// Too many packets are lost for voice.
    Useless,
    /// See [`MicrophoneReason::Denied`].
    MicrophoneDenied,
    /// See [`MicrophoneReason::Missing`].
    MicrophoneMissing,
    /// See [`MicrophoneReason::Busy`].
    MicrophoneBusy,
    /// See [`MicrophoneCheck::Unanswered`].
    MicrophoneUnanswered,
    /// See [`MicrophoneCheck::Silent`].
    MicrophoneSilent,
    /// Some packets are lost.
    Lossy,
    /// Packets take long.
    Slow,
    /// UDP is blocked.
    SlowTransport,
    /// The relay can't be used.
    RelayFailed,
    /// The server names no relay.
    NoRelay,
    /// The server does not tell whether there is a relay.
    RelayUnknown,
}

/// One word for all that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Judgement {
    /// The word.
    pub verdict: Verdict,
    /// Why it is not good.
    pub reason: Option<CheckReason>,
    /// A sentence for people.
    pub message: &'static str,
    /// What a person can do.
    pub hint: &'static str,
}

/// Judges by the worst that was found.
#[must_use]
pub fn judge(facts: &CheckFacts) -> Judgement {
    let (verdict, reason) = match (prevents(facts), limits(facts)) {
        (Some(reason), _) => (Verdict::Bad, Some(reason)),
        (None, Some(reason)) => (Verdict::Fair, Some(reason)),
        (None, None) => (Verdict::Good, None),
    };
    let Sentences { message, hint } = reason.map_or(GOOD, sentences);
    Judgement { verdict, reason, message, hint }
}

/// What makes voice impossible.
fn prevents(facts: &CheckFacts) -> Option<CheckReason> {
    match facts.incapable {
        Some(VoiceReason::InsecureContext) => return Some(CheckReason::InsecureContext),
        Some(_) => return Some(CheckReason::UnsupportedBrowser),
        None => {}
    }
    match facts.server {
        ServerCheck::Reached | ServerCheck::Older => {}
        ServerCheck::Unreachable => {
            return Some(match unreached(facts.answer.as_ref()) {
                SessionReason::OriginForbidden => CheckReason::OriginForbidden,
                SessionReason::ServerError => CheckReason::ServerError,
                _ => CheckReason::SignalingUnreachable,
            });
        }
        ServerCheck::TokenFailed => return Some(CheckReason::TokenFailed),
        ServerCheck::ModuleFailed => return Some(CheckReason::ModuleFailed),
        ServerCheck::Unauthorized => return Some(CheckReason::Unauthorized),
        ServerCheck::TokenExpired => return Some(CheckReason::TokenExpired),
        ServerCheck::TokenInvalid => return Some(CheckReason::TokenInvalid),
        ServerCheck::VersionMismatch => return Some(CheckReason::VersionMismatch),
        ServerCheck::Refused => return Some(CheckReason::Refused),
    }
    if facts.relay == RelayCheck::Unreached && !facts.reflexive {
        Some(CheckReason::Blocked)
    } else if lost(facts) >= USELESS {
        Some(CheckReason::Useless)
    } else {
        None
    }
}

/// What makes a call worse.
fn limits(facts: &CheckFacts) -> Option<CheckReason> {
    let microphone = match facts.microphone {
        MicrophoneCheck::Skipped | MicrophoneCheck::Live => None,
        MicrophoneCheck::Silent => Some(CheckReason::MicrophoneSilent),
        MicrophoneCheck::Unanswered => Some(CheckReason::MicrophoneUnanswered),
        MicrophoneCheck::Failed(MicrophoneReason::Denied) => Some(CheckReason::MicrophoneDenied),
        MicrophoneCheck::Failed(MicrophoneReason::Missing) => Some(CheckReason::MicrophoneMissing),
        MicrophoneCheck::Failed(_) => Some(CheckReason::MicrophoneBusy),
    };
    let network = match facts.relay {
        RelayCheck::Unknown => Some(CheckReason::RelayUnknown),
        RelayCheck::None => Some(CheckReason::NoRelay),
        RelayCheck::Unreached | RelayCheck::Reached => Some(CheckReason::RelayFailed),
        RelayCheck::Carries if lost(facts) >= LOSSY => Some(CheckReason::Lossy),
        RelayCheck::Carries if facts.round_trip_ms.is_some_and(|ms| ms >= SLOW_MS) => Some(CheckReason::Slow),
        RelayCheck::Carries if facts.slow_transport => Some(CheckReason::SlowTransport),
        RelayCheck::Carries => None,
    };
    microphone.or(network)
}

/// Lost packets of a hundred.
fn lost(facts: &CheckFacts) -> u32 {
    let lost = facts.sent.saturating_sub(facts.received);
    lost.saturating_mul(100).checked_div(facts.sent).unwrap_or_default()
}

const GOOD: Sentences = say("Everything works.", "You can start the call.");
const TELL: &str = "Tell whoever runs it.";
const RELOAD: &str = "Reload the page.";
const DIRECT: &str = "A call works only where you reach each other directly.";

fn sentences(reason: CheckReason) -> Sentences {
    match reason {
        CheckReason::UnsupportedBrowser => of_voice(VoiceReason::UnsupportedBrowser),
        CheckReason::InsecureContext => of_voice(VoiceReason::InsecureContext),
        CheckReason::SignalingUnreachable => {
            let Sentences { message, .. } = of_session(SessionReason::SignalingUnreachable);
            say(message, "Check your internet connection, and check again.")
        }
        CheckReason::OriginForbidden => say(of_session(SessionReason::OriginForbidden).message, TELL),
        CheckReason::ServerError => say(of_session(SessionReason::ServerError).message, "Check again in a moment."),
        CheckReason::TokenFailed => say(of_session(SessionReason::TokenFailed).message, RELOAD),
        CheckReason::ModuleFailed => say(of_session(SessionReason::ModuleFailed).message, RELOAD),
        CheckReason::Unauthorized => of_session(SessionReason::Unauthorized),
        CheckReason::TokenExpired => of_session(SessionReason::TokenExpired),
        CheckReason::TokenInvalid => of_session(SessionReason::TokenInvalid),
        CheckReason::VersionMismatch => of_session(SessionReason::VersionMismatch),
        CheckReason::Refused => of_session(SessionReason::Refused),
        CheckReason::Blocked => say("This network lets no voice through.", "Try another network; the chat works here."),
        CheckReason::Useless => say("Too much gets lost on the way for voice.", "Use a cable, or try another network."),
        CheckReason::MicrophoneDenied => of_microphone(MicrophoneReason::Denied),
        CheckReason::MicrophoneMissing => of_microphone(MicrophoneReason::Missing),
        CheckReason::MicrophoneBusy => of_microphone(MicrophoneReason::Busy),
        CheckReason::MicrophoneUnanswered => {
            say("The browser asks for the microphone.", "Answer its question, and check again.")
        }
        CheckReason::MicrophoneSilent => {
            say("The microphone brings no sound.", "See whether it is switched off, say something, and check again.")
        }
        CheckReason::Lossy => say("A call works, with short gaps.", "Move closer to the Wi-Fi, or use a cable."),
        CheckReason::Slow => say("A call works, with a delay.", "Leave the other some time to answer."),
        CheckReason::SlowTransport => {
            say("A call works, but this network slows voice down.", "If the sound breaks off, try another network.")
        }
        CheckReason::RelayFailed => say(DIRECT, "If it does not connect, try another network."),
        CheckReason::NoRelay => say(DIRECT, "If it does not connect, the chat still works."),
        CheckReason::RelayUnknown => {
            say("A call may work; this server tells no more.", "If it does not connect, the chat still works.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Code;

    fn fine() -> CheckFacts {
        CheckFacts {
            incapable: None,
            microphone: MicrophoneCheck::Live,
            server: ServerCheck::Reached,
            answer: None,
            reflexive: true,
            relay: RelayCheck::Carries,
            slow_transport: false,
            sent: 250,
            received: 250,
            round_trip_ms: Some(40),
        }
    }

    #[test]
    fn the_worst_that_was_found_decides() {
        use CheckReason as R;
        let (good, fair, bad) = (Verdict::Good, Verdict::Fair, Verdict::Bad);
        let denied = MicrophoneCheck::Failed(MicrophoneReason::Denied);
        let away = ServerCheck::Unreachable;
        let failing = Some(ServerAnswer { status: 500, code: None, message: String::new() });
        let foreign = Some(ServerAnswer { status: 403, code: Some(Code::OriginForbidden), message: String::new() });
        let lossy = CheckFacts { received: 240, ..fine() };
        let cases = [
            (fine(), good, None),
            (CheckFacts { microphone: MicrophoneCheck::Skipped, ..fine() }, good, None),
            (CheckFacts { reflexive: false, ..fine() }, good, None),
            (CheckFacts { received: 243, ..fine() }, good, None),
            (lossy.clone(), fair, Some(R::Lossy)),
            (CheckFacts { received: 200, ..fine() }, bad, Some(R::Useless)),
            (CheckFacts { received: 0, relay: RelayCheck::Carries, ..fine() }, bad, Some(R::Useless)),
            (CheckFacts { received: 251, ..fine() }, good, None),
            (CheckFacts { sent: 0, received: 0, ..fine() }, good, None),
            (CheckFacts { round_trip_ms: Some(250), ..fine() }, fair, Some(R::Slow)),
            (CheckFacts { round_trip_ms: None, ..fine() }, good, None),
            (CheckFacts { slow_transport: true, ..fine() }, fair, Some(R::SlowTransport)),
            (CheckFacts { slow_transport: true, ..lossy.clone() }, fair, Some(R::Lossy)),
            (CheckFacts { microphone: denied, ..lossy }, fair, Some(R::MicrophoneDenied)),
            (CheckFacts { microphone: MicrophoneCheck::Silent, ..fine() }, fair, Some(R::MicrophoneSilent)),
            (CheckFacts { microphone: MicrophoneCheck::Unanswered, ..fine() }, fair, Some(R::MicrophoneUnanswered)),
            (CheckFacts { relay: RelayCheck::None, sent: 0, ..fine() }, fair, Some(R::NoRelay)),
            (CheckFacts { relay: RelayCheck::None, reflexive: false, sent: 0, ..fine() }, fair, Some(R::NoRelay)),
            (CheckFacts { relay: RelayCheck::Unreached, sent: 0, ..fine() }, fair, Some(R::RelayFailed)),
            (CheckFacts { relay: RelayCheck::Reached, sent: 0, ..fine() }, fair, Some(R::RelayFailed)),
            (CheckFacts { relay: RelayCheck::Unreached, reflexive: false, sent: 0, ..fine() }, bad, Some(R::Blocked)),
            (
                CheckFacts { server: ServerCheck::Older, relay: RelayCheck::Unknown, ..fine() },
                fair,
                Some(R::RelayUnknown),
            ),
            (
                CheckFacts { server: ServerCheck::Unreachable, microphone: denied, ..fine() },
                bad,
                Some(R::SignalingUnreachable),
            ),
            (CheckFacts { server: away, answer: failing, ..fine() }, bad, Some(R::ServerError)),
            (CheckFacts { server: away, answer: foreign, ..fine() }, bad, Some(R::OriginForbidden)),
            (CheckFacts { server: ServerCheck::TokenFailed, ..fine() }, bad, Some(R::TokenFailed)),
            (CheckFacts { server: ServerCheck::Unauthorized, ..fine() }, bad, Some(R::Unauthorized)),
            (CheckFacts { server: ServerCheck::TokenExpired, ..fine() }, bad, Some(R::TokenExpired)),
            (CheckFacts { server: ServerCheck::TokenInvalid, ..fine() }, bad, Some(R::TokenInvalid)),
            (
                CheckFacts {
                    incapable: Some(VoiceReason::InsecureContext),
                    server: ServerCheck::Unreachable,
                    ..fine()
                },
                bad,
                Some(R::InsecureContext),
            ),
        ];
        for (facts, verdict, reason) in cases {
            let found = judge(&facts);
            assert_eq!((found.verdict, found.reason), (verdict, reason), "{facts:?}");
            assert!(found.message.ends_with('.') && found.hint.ends_with('.'), "{found:?}");
        }
    }
}
