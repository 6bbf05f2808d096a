//! What follows when the server does not let this side in.

use super::Signalling;
use super::token::Token;
use crate::output::{Note, Output};
use crate::outputs::Outputs;
use crate::reason::SessionReason;
use crate::wire::{Code, Detail, Refusal};

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
                let refused = lasting(match refusal.detail {
                    Some(Detail::Expired) => SessionReason::TokenExpired,
                    Some(Detail::Invalid) => SessionReason::TokenInvalid,
                    Some(Detail::Revoked | Detail::Other) | None => SessionReason::Unauthorized,
                });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_token_is_told_and_what_follows_is_the_same() {
        for (detail, reason) in [
            (None, SessionReason::Unauthorized),
            (Some(Detail::Other), SessionReason::Unauthorized),
            (Some(Detail::Revoked), SessionReason::Unauthorized),
            (Some(Detail::Expired), SessionReason::TokenExpired),
            (Some(Detail::Invalid), SessionReason::TokenInvalid),
        ] {
            let refusal = Refusal { detail, ..Refusal::new(Code::Unauthorized, "a sentence") };
            let (mut signalling, mut out) = (Signalling::new(true), Outputs::default());
            assert_eq!(signalling.refused(&refusal, &mut out), Refused::Again, "the app is asked once more");
            assert_eq!(signalling.refused(&refusal, &mut out), Refused::End(reason));
            signalling.welcomed(&mut out);
            signalling.refused(&refusal, &mut out);
            assert_eq!(signalling.refused(&refusal, &mut out), Refused::Offline(reason));
            signalling.go_offline(reason);
            assert!(!signalling.may_join(), "{reason:?} waits for a token");
            assert_eq!(signalling.cause(), Some("a sentence"));
            assert!(signalling.new_token() && reason.has_cause());
            let mut text = Signalling::new(false);
            assert_eq!(text.refused(&refusal, &mut out), Refused::End(reason), "there is no other token");
        }
    }
}
