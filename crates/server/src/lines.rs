//! The room's notes as lines of the log, and as entries of the diagnostics. Never a description, a token or a text.

use pairvoice_room::Note;
use pairvoice_wire::SessionId;
use tracing::{info, warn};

use crate::diagnostics::Journal;

/// Writes one note.
pub(crate) fn write(session: &SessionId, note: &Note, journal: &Journal) {
    match note {
        Note::Joined { user, socket } => info!(room = %session, %user, socket = socket.0, "joined"),
        Note::Away { user, socket } => info!(room = %session, %user, socket = socket.0, "away"),
        Note::Left { user, socket } => info!(room = %session, %user, socket = socket.0, "left"),
        Note::LetGo { user, socket, why } => info!(room = %session, %user, socket = socket.0, "let go: {why}"),
        Note::Voice { user, socket, state } => {
            info!(room = %session, %user, socket = socket.0, "voice {}", state.as_str());
        }
        Note::Roles { offerer, answerer, sockets: (own, other), attempt } => {
            let answerer = answerer.as_ref().map_or("(not here yet)", |user| user.as_str());
            let other = other.map_or_else(|| "-".to_owned(), |socket| socket.0.to_string());
            info!(
                room = %session, attempt, sockets = %format_args!("{} {other}", own.0),
                "user {offerer} offers, user {answerer} answers"
            );
        }
        Note::WrongOfferer { user } => warn!(room = %session, %user, "the answerer offers"),
        Note::ForeignSender { user } => warn!(room = %session, %user, "refused a signal under another name"),
        Note::SignalRefused { user, kind } => warn!(room = %session, %user, kind, "refused a signal of a handshake"),
        Note::Signal { .. } => journal.note(session, note),
    }
}
