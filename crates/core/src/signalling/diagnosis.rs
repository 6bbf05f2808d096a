//! Why nobody answers a connect: a WebSocket tells a page neither a refusal of its origin nor a server's error, so the server is
//! asked by HTTP. Whatever it says, joining is tried again by itself.

use super::{Phase, Signalling, Stay};
use crate::input::ServerAnswer;
use crate::op_id::OpId;
use crate::output::{Note, Output};
use crate::outputs::Outputs;
use crate::reason::SessionReason;
use crate::wire::Code;

impl Signalling {
    /// A socket could not be opened: asks why, one question at a time. One that breaks after it was let in asks nothing.
    pub(crate) fn ask_why(&mut self, out: &mut Outputs) {
        if !self.is_joined() && self.stay == Stay::Here && self.asked.is_none() {
            let id = out.next_id();
            self.asked = Some(id);
            out.push(Output::AskServer { id });
        }
    }

    /// Why the server is not reached, as far as it is known: what was found out holds until an answer says something else.
    pub(crate) fn unreachable(&self) -> SessionReason {
        match self.phase {
            Phase::Offline(reason @ (SessionReason::OriginForbidden | SessionReason::ServerError)) => reason,
            _ => SessionReason::SignalingUnreachable,
        }
    }

    /// The answer to a question, which may have come too late to mean anything.
    pub(crate) fn server_answered(&mut self, id: OpId, answer: Option<ServerAnswer>, out: &mut Outputs) {
        let asked = self.asked.take_if(|asked| *asked == id).is_some();
        let before = self.unreachable();
        let waits = matches!(self.phase, Phase::Offline(reason) if reason == before);
        let reason = judge(answer.as_ref());
        if !asked || !waits || reason == before {
            return;
        }
        self.phase = Phase::Offline(reason);
        if let Some(ServerAnswer { message, .. }) = answer.filter(|_| reason != SessionReason::SignalingUnreachable) {
            out.push(Output::Log(Note::NotConnected { reason, cause: message.clone() }));
            self.cause = Some(message);
        }
    }
}

/// What an answer means.
pub(crate) fn judge(answer: Option<&ServerAnswer>) -> SessionReason {
    match answer {
        Some(ServerAnswer { code: Some(Code::OriginForbidden), .. }) => SessionReason::OriginForbidden,
        // An error page of a proxy, which seldom lets pages of other origins read it (0). A server's own refusal, such as
        // `restarting`, is none.
        Some(ServerAnswer { status: 0 | 500..=599, code: None | Some(Code::Other(_)), .. }) => {
            SessionReason::ServerError
        }
        _ => SessionReason::SignalingUnreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signalling::Urgency;

    /// A connect that failed, and the name of the question.
    fn failed(signalling: &mut Signalling) -> Option<OpId> {
        let mut out = Outputs::default();
        signalling.connect(Urgency { voice: false, round_trip: 0 }, false, &mut out);
        signalling.ask_why(&mut out);
        signalling.drop_socket(&mut out);
        signalling.go_offline(signalling.unreachable());
        std::iter::from_fn(|| out.pop()).find_map(|o| if let Output::AskServer { id } = o { Some(id) } else { None })
    }

    fn answer(signalling: &mut Signalling, id: OpId, answer: impl Into<Option<ServerAnswer>>) -> usize {
        let mut out = Outputs::default();
        signalling.server_answered(id, answer.into(), &mut out);
        std::iter::from_fn(|| out.pop()).filter(|o| matches!(o, Output::Log(_))).count()
    }

    fn status(status: u16) -> ServerAnswer {
        ServerAnswer { status, code: None, message: "a sentence".into() }
    }

    fn refused(code: Code) -> ServerAnswer {
        ServerAnswer { code: Some(code), ..status(503) }
    }

    #[test]
    fn what_answers_by_http_tells_why_no_socket_opens() {
        use SessionReason::{OriginForbidden, ServerError, SignalingUnreachable};
        for (given, reason) in [
            (None, SignalingUnreachable),
            (Some(status(200)), SignalingUnreachable),
            (Some(status(404)), SignalingUnreachable),
            (Some(status(403)), SignalingUnreachable),
            (Some(refused(Code::Restarting)), SignalingUnreachable),
            (Some(refused(Code::OriginForbidden)), OriginForbidden),
            (Some(status(500)), ServerError),
            (Some(status(502)), ServerError),
            (Some(status(599)), ServerError),
            (Some(status(0)), ServerError),
            (Some(refused(Code::Other("BAD_GATEWAY".into()))), ServerError),
        ] {
            let mut signalling = Signalling::new(true);
            let id = failed(&mut signalling).unwrap();
            let lines = answer(&mut signalling, id, given.clone());
            assert_eq!(signalling.phase(), Phase::Offline(reason), "{given:?}");
            let cause = Some("a sentence").filter(|_| reason != SignalingUnreachable);
            assert_eq!((signalling.cause(), lines), (cause, usize::from(cause.is_some())), "{given:?}");
            assert!(signalling.may_join(), "it is tried again");
        }
    }

    #[test]
    fn what_was_found_out_holds_until_an_answer_says_something_else_and_is_one_line() {
        let mut signalling = Signalling::new(true);
        let first = failed(&mut signalling).unwrap();
        assert_eq!(failed(&mut signalling), None, "one question at a time");
        assert_eq!(answer(&mut signalling, first, status(500)), 1);
        let second = failed(&mut signalling).unwrap();
        assert_eq!(signalling.phase(), Phase::Offline(SessionReason::ServerError), "it does not flicker");
        assert_eq!(answer(&mut signalling, second, status(500)), 0);
        let third = failed(&mut signalling).unwrap();
        answer(&mut signalling, third, None);
        assert_eq!(signalling.phase(), Phase::Offline(SessionReason::SignalingUnreachable));
    }

    #[test]
    fn a_socket_that_was_in_asks_nothing_and_an_answer_after_a_welcome_means_nothing() {
        let (mut signalling, mut out) = (Signalling::new(true), Outputs::default());
        let id = failed(&mut signalling).unwrap();
        signalling.welcomed(&mut out);
        answer(&mut signalling, id, status(500));
        assert!(signalling.is_joined());
        while out.pop().is_some() {}
        signalling.ask_why(&mut out);
        assert_eq!(out.pop(), None);
        assert!(failed(&mut signalling).is_none(), "still joined");
        // What the app or the server said meanwhile is not overruled.
        let id = failed(&mut signalling).unwrap();
        signalling.go_offline(SessionReason::TokenFailed);
        answer(&mut signalling, id, status(500));
        assert_eq!(signalling.phase(), Phase::Offline(SessionReason::TokenFailed));
    }
}
