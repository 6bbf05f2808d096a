//! The token: the one that the server took last is used until it runs out or is refused.

use super::{Phase, Signalling, Socket, Stay};
use crate::output::Output;
use crate::outputs::Outputs;
use crate::reason::SessionReason;
use crate::wire::{ClientEvent, TokenRenewal};

/// What is known of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Token {
    /// The app is asked for one.
    Wanted,
    /// The app is asked for one, after the server refused the one before.
    Refused,
    /// The server took it last: it is used again until it is refused.
    Taken,
}

impl Signalling {
    /// The server says that the token runs out. A token that is a text is all that there is.
    pub(crate) fn token_expires(&self, out: &mut Outputs) {
        if let Some(Socket { id, .. }) = self.socket.as_ref().filter(|_| self.token_renews) {
            out.push(Output::RenewToken { id: *id });
        }
    }

    /// The app gave another token for the open socket.
    pub(crate) fn renew(&mut self, token: String, out: &mut Outputs) {
        if let Some(socket) = &mut self.socket {
            socket.renewal = Some(out.emit(ClientEvent::Token(TokenRenewal { token })));
        }
    }

    /// The server does not accept the token any more, and hangs up: the next handshake has another one, not before so many
    /// milliseconds.
    pub(crate) fn token_void(&mut self, after_ms: u32) {
        self.token = Token::Refused;
        self.backoff.server_said(after_ms);
    }

    /// The app has another token; tells whether a session that was refused may join again.
    pub(crate) fn new_token(&mut self) -> bool {
        self.token = Token::Wanted;
        let refused = [SessionReason::TokenFailed, SessionReason::Refused];
        let waits = matches!(self.phase, Phase::Offline(reason) if reason.is_of_token() || refused.contains(&reason));
        waits && self.stay != Stay::Suspended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signalling::Urgency;

    #[test]
    fn another_token_is_asked_for_where_there_may_be_one() {
        for renews in [true, false] {
            let (mut signalling, mut out) = (Signalling::new(renews), Outputs::default());
            signalling.connect(Urgency { voice: false, round_trip: 0 }, false, &mut out);
            signalling.welcomed(&mut out);
            signalling.token_expires(&mut out);
            let asked = std::iter::from_fn(|| out.pop()).any(|o| matches!(o, Output::RenewToken { .. }));
            assert_eq!(asked, renews);
        }
    }
}
