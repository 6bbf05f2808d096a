//! What follows when the server does not let this side in.

use super::Signalling;
use super::token::Token;
use crate::output::{Note, Output};
use crate::outputs::Outputs;
use crate::reason::SessionReason;
use crate::wire::{Code, Refusal};

/// What becomes of a session that the server did not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// At once, with another token.
    Again,
    /// After a while.
    Later(SessionReason),
    /// Not by itself: the call and the chat over the data channel go on.
    Offline(SessionReason),
    /// The session is over.
    End(SessionReason),
}

impl Signalling {
    /// The server did not let us in: tells what becomes of the session.
    pub(crate) fn refused(&mut self, refusal: &Refusal, out: &mut Outputs) -> Refused {
        out.push(Output::Log(Note::Refused { code: refusal.code.to_string(), message: refusal.message.clone() }));
        let before = std::mem::replace(&mut self.token, Token::Wanted);
        let lasting = |reason| if self.admitted { Refused::Offline(reason) } else { Refused::End(reason) };
        match refusal.code {
            Code::Unauthorized if self.token_renews && before != Token::Refused => {
                self.token = Token::Refused;
                Refused::Again
            }
            Code::Unauthorized => {
                // What is wrong with a token is the app's business: expired, for another session, or signed by another secret.
                let refused = lasting(SessionReason::Unauthorized);
                self.cause = Some(refusal.message.clone());
                refused
            }
            Code::SessionFull => Refused::End(SessionReason::SessionFull),
            Code::OpenedElsewhere => Refused::End(SessionReason::OpenedElsewhere),
            Code::VersionMismatch => Refused::End(SessionReason::VersionMismatch),
            _ if !refusal.retryable => {
                let refused = lasting(SessionReason::Refused);
                self.cause = Some(refusal.message.clone());
                refused
            }
            _ => {
                if let Some(after_ms) = refusal.after_ms {
                    self.backoff.server_said(after_ms);
                }
                Refused::Later(SessionReason::SignalingUnreachable)
            }
        }
    }
}
