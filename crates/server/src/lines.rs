//! The room's notes as lines of the log, as entries of the diagnostics, and in the metrics. Never a description, a token or a
//! text.
//!
//! A name in a field is given as text: the log's format quotes it. A name in a sentence is [`Quoted`] here.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use engineioxide::socket::Sid;
use pairvoice_room::{Note, SocketId};
use pairvoice_wire::{Code, Detail, Refusal, SessionId, UserId};
use tracing::{info, warn};

use crate::diagnostics::Journal;
use crate::log_limit::LogGate;
use crate::logs::Quoted;
use crate::metrics::{HangUp, Metrics, SignalOutcome, VoiceClock};
use crate::sessions::Seated;

/// Characters of a socket's name in the log.
const NAME: usize = 8;
/// Most characters of an origin in the log: whoever sends it makes it up.
const MAX_ORIGIN: usize = 200;

/// Where notes go.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) journal: Journal,
    pub(crate) limit: LogGate,
    pub(crate) metrics: Arc<Metrics>,
}

impl Watch {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { journal: Journal::default(), limit: LogGate::new(Arc::clone(&metrics)), metrics }
    }
}

impl Watch {
    /// One line for what a client was refused, which names the kind; and it is counted. `what` is a handshake or a token, say.
    pub(crate) fn refused(&self, what: &str, of: Refused<'_>, refusal: &Refusal) {
        let Refused { client, connection, seated } = of;
        let (room, user) = seated.map(|seated| (seated.session.as_str(), seated.user.as_str())).unzip();
        let (code, detail, why) = (refusal.code.as_str(), refusal.detail.map(Detail::as_str), &*refusal.message);
        self.limit.line(self.limit.key(client), |left_out| {
            info!(room, user, connection, code, detail, why, left_out, "refused {what}");
        });
        self.metrics.refused(&refusal.code);
    }

    /// The same for a page of an origin that may not connect.
    pub(crate) fn refused_origin(&self, client: Option<IpAddr>, origin: &str, path: &str) {
        let code = Code::OriginForbidden;
        let origin: String = origin.chars().take(MAX_ORIGIN).collect();
        self.limit.line(self.limit.key(client), |left_out| {
            info!(origin, path, code = code.as_str(), left_out, "refused a page of another origin; see --allow-origin");
        });
        self.metrics.refused(&code);
    }
}

/// Who was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused<'a> {
    pub(crate) client: IpAddr,
    /// The Engine.IO connection, if there is one.
    pub(crate) connection: Option<u64>,
    /// Whom a token named that was good.
    pub(crate) seated: Option<&'a Seated>,
}

/// Writes one note of a session, whose clock measures how long voice takes to connect. `connection` knows the number of the
/// connection that a socket belongs to, and the socket's name, which its client's diagnostics hold, too.
pub(crate) fn write(
    session: &SessionId,
    note: &Note,
    clock: &mut VoiceClock,
    connection: impl Fn(SocketId) -> Option<(u64, Option<Sid>)>,
    watch: &Watch,
) {
    count(note, clock, watch);
    let Some(user) = speaker(note) else { return watch.journal.note(session, note) };
    let (room, peer) = (session.as_str(), watch.limit.key((session, user)));
    let missing = |lines: u64| warn!(room, user = user.as_str(), lines, "lines of this client were left out");
    watch.limit.line(peer, |left_out| {
        if left_out > 0 {
            missing(left_out);
        }
        line(room, note, connection);
    });
    if matches!(note, Note::Away { .. } | Note::Left { .. }) {
        watch.limit.gone(peer, missing);
    }
}

/// Whose line a note is; `None` for what has none.
fn speaker(note: &Note) -> Option<&UserId> {
    match note {
        Note::Joined { user, .. }
        | Note::Knocked { user, .. }
        | Note::Away { user, .. }
        | Note::Left { user, .. }
        | Note::LetGo { user, .. }
        | Note::Voice { user, .. }
        | Note::Roles { offerer: user, .. }
        | Note::WrongOfferer { user }
        | Note::ForeignSender { user }
        | Note::SignalRefused { user, .. } => Some(user),
        Note::Signal { .. } => None,
    }
}

fn count(note: &Note, clock: &mut VoiceClock, watch: &Watch) {
    let metrics = &watch.metrics;
    match note {
        Note::Joined { .. } => metrics.joined(),
        Note::Voice { user, state, reason, .. } => {
            metrics.voice(*state, *reason);
            if let Some(seconds) = clock.hear(user, *state, watch.limit.now()) {
                metrics.time_to_connect(seconds);
            }
        }
        Note::Signal { kind, outcome, .. } => metrics.signal(kind, SignalOutcome::from(*outcome)),
        Note::SignalRefused { kind, .. } => metrics.signal(kind, SignalOutcome::Refused),
        Note::LetGo { why, .. } => {
            metrics.hung_up(if why.contains("revoked") { HangUp::Revoked } else { HangUp::Token });
        }
        Note::Knocked { .. }
        | Note::Away { .. }
        | Note::Left { .. }
        | Note::Roles { .. }
        | Note::WrongOfferer { .. }
        | Note::ForeignSender { .. } => {}
    }
}

fn line(room: &str, note: &Note, connection: impl Fn(SocketId) -> Option<(u64, Option<Sid>)>) {
    let seated = |user: &UserId, socket: SocketId, words: fmt::Arguments<'_>| {
        let connection = connection(socket).map(|(number, _)| number);
        info!(room, user = user.as_str(), socket = socket.0, connection, "{words}");
    };
    match note {
        Note::Joined { user, instance, socket } => {
            let (number, name) = connection(*socket).unzip();
            let (instance, name) = (instance.short(), name.flatten());
            // Enough to find it by, and nothing that could be used.
            let name = name.as_ref().and_then(|name| name.as_str().get(..NAME));
            info!(room, user = user.as_str(), instance, socket = socket.0, name, connection = number, "joined");
        }
        Note::Knocked { user, instance } => info!(room, user = user.as_str(), instance = instance.short(), "knocked"),
        Note::Away { user, socket } => seated(user, *socket, format_args!("away")),
        Note::Left { user, socket } => seated(user, *socket, format_args!("left")),
        Note::LetGo { user, socket, why } => seated(user, *socket, format_args!("let go: {why}")),
        Note::Voice { user, socket, state, .. } => seated(user, *socket, format_args!("voice {}", state.as_str())),
        Note::Roles { offerer, answerer, sockets: (own, other), attempt } => {
            let answerer =
                answerer.as_ref().map_or_else(|| "(not here yet)".to_owned(), |user| Quoted(user.as_str()).to_string());
            info!(
                room,
                attempt,
                socket = own.map(|socket| socket.0),
                other = other.map(|socket| socket.0),
                connection = own.and_then(&connection).map(|(number, _)| number),
                "user {} offers, user {answerer} answers",
                Quoted(offerer.as_str())
            );
        }
        Note::WrongOfferer { user } => warn!(room, user = user.as_str(), "the answerer offers"),
        Note::ForeignSender { user } => warn!(room, user = user.as_str(), "refused a signal under another name"),
        Note::SignalRefused { user, kind } => {
            warn!(room, user = user.as_str(), kind, "refused a signal of a handshake or a knock");
        }
        Note::Signal { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use pairvoice_wire::{InstanceId, VoiceReason, VoiceState};

    use super::*;
    use crate::logs::LogFormat;
    use crate::logs::tests::written;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn joined(name: &str, socket: u64) -> Note {
        let instance = InstanceId::parse(&"0f".repeat(16)).unwrap();
        Note::Joined { user: user(name), instance, socket: SocketId(socket) }
    }

    /// What notes of a session are as text, without time and module.
    fn lines(watch: &Watch, session: &str, notes: &[Note]) -> Vec<String> {
        let (session, mut clock) = (SessionId::parse(session).unwrap(), VoiceClock::default());
        let text = written(LogFormat::Text, "info", || {
            for note in notes {
                write(&session, note, &mut clock, |socket| Some((socket.0 + 100, None)), watch);
            }
        });
        text.lines().map(|line| line.split_once("lines: ").unwrap().1.to_owned()).collect()
    }

    fn watch() -> Watch {
        Watch::new(Arc::new(Metrics::new()))
    }

    #[test]
    fn notes_are_lines_with_quoted_names() {
        let notes = [
            joined("7", 3),
            Note::Roles { offerer: user("7"), answerer: None, sockets: (Some(SocketId(3)), None), attempt: 1 },
            Note::Knocked { user: user("9"), instance: InstanceId::parse(&"0e".repeat(16)).unwrap() },
            Note::Roles {
                offerer: user("7"),
                answerer: Some(user("x\u{202e} answers")),
                sockets: (Some(SocketId(3)), Some(SocketId(4))),
                attempt: 2,
            },
        ];
        assert_eq!(
            lines(&watch(), "s user=admin", &notes),
            [
                r#"joined room="s user=admin" user="7" instance="0f0f0f0f" socket=3 connection=103"#,
                r#"user "7" offers, user (not here yet) answers room="s user=admin" attempt=1 socket=3 connection=103"#,
                r#"knocked room="s user=admin" user="9" instance="0e0e0e0e""#,
                r#"user "7" offers, user "x\u{202e} answers" answers room="s user=admin" attempt=2 socket=3 other=4 connection=103"#,
            ]
        );
    }

    #[test]
    fn whoever_repeats_offers_in_handshakes_fills_no_log() {
        let watch = watch();
        let sockets = (Some(SocketId(3)), None);
        let roles = Note::Roles { offerer: user("7"), answerer: None, sockets, attempt: 1 };
        let mut notes = vec![roles; 10_000];
        notes.push(Note::Left { user: user("7"), socket: SocketId(3) });
        let text = lines(&watch, "s", &notes);
        // Two a second more, however long this takes, and none is missing without a word.
        assert!(text.len() < 1_000, "{}", text.len());
        let left_out = |line: &String| line.split_once("left out")?.1.split_once("lines=")?.1.parse::<usize>().ok();
        let told = text.iter().map(|line| left_out(line).unwrap_or(1)).sum::<usize>();
        assert_eq!(told, notes.len());
        let kept = lines(&watch, "s", &[joined("9", 4)]);
        assert_eq!(kept, [r#"joined room="s" user="9" instance="0f0f0f0f" socket=4 connection=104"#]);
    }

    #[test]
    fn notes_are_counted_even_when_no_line_is_written() {
        let watch = watch();
        let voice = |state, reason| Note::Voice { user: user("7"), socket: SocketId(3), state, reason };
        let mut notes = vec![joined("7", 3); 100];
        notes.push(Note::SignalRefused { user: user("7"), kind: "offer" });
        notes.push(voice(VoiceState::Connecting, None));
        notes.push(voice(VoiceState::Connected, None));
        notes.push(voice(VoiceState::Unavailable, Some(VoiceReason::InsecureContext)));
        lines(&watch, "s", &notes);
        let text = watch.metrics.encode().unwrap();
        for sample in [
            "pairvoice_joins_total 100\n",
            "pairvoice_signals_total{kind=\"offer\",outcome=\"refused\"} 1\n",
            "pairvoice_voice_connect_seconds_count 1\n",
            "pairvoice_voice_states_total{state=\"connected\",reason=\"\"} 1\n",
            "pairvoice_voice_states_total{state=\"unavailable\",reason=\"insecure-context\"} 1\n",
        ] {
            assert!(text.contains(sample), "{sample}\n{text}");
        }
    }
}
