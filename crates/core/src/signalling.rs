//! The way to the server: is the session joined, is there a socket, does it live, when is the next one connected.

mod backoff;
mod diagnosis;
mod knock;
mod refusal;
mod token;

use crate::decision::Fact;
use crate::input::AppFault;
use crate::op_id::OpId;
use crate::output::{Note, Output, TokenSource};
use crate::outputs::Outputs;
use crate::reason::SessionReason;
use crate::timer::Timer;
use crate::wire::ClientEvent;

use backoff::Backoff;
use knock::Knocks;
use token::Token;

pub(crate) use diagnosis::judge;
pub(crate) use knock::Words;
pub(crate) use refusal::Refused;

/// Where the session stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// The server has not let us in yet, and nothing has failed.
    Joining,
    /// The server has let us in, and the socket has not failed since.
    Joined,
    /// The server can't be reached, or does not let us in for now.
    Offline(SessionReason),
    /// The session is over.
    Ended(SessionReason),
}

/// Whether this side means to be in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stay {
    /// It does.
    Here,
    /// The page went away and may come back from the back/forward cache.
    Suspended,
    /// The last holder let go; unsent messages are waited for.
    Leaving,
}

/// The socket that is open or being opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Socket {
    id: OpId,
    /// Its connect was begun on a hint of the browser: another hint is no news.
    hinted: bool,
    /// Something came over it since the last look.
    heard: bool,
    /// A `token` event that is not acknowledged.
    renewal: Option<OpId>,
    probe: Probe,
}

/// A question whether the socket lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Probe {
    None,
    /// Out of caution: a lost packet or two are no reason to leave the socket.
    Patient(OpId),
    /// Something else says that the network is broken.
    Pressing(OpId),
}

/// What makes a socket urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Urgency {
    /// The person wants voice.
    pub(crate) voice: bool,
    /// Of the link, in milliseconds.
    pub(crate) round_trip: u32,
}

/// What [`crate::recovery`] must know of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketState {
    /// Let in.
    Joined,
    /// Being connected.
    Connecting {
        /// A hint that the network changed is a reason to begin anew.
        replaceable: bool,
    },
    /// There is none, and one may be connected.
    Waiting,
    /// There is none, and none may be connected.
    Barred,
}

/// The way to the server of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Signalling {
    phase: Phase,
    stay: Stay,
    /// The server has let us in once.
    admitted: bool,
    /// The server answered a knock: it told who else is there, and the ICE servers.
    met: bool,
    knocks: Knocks,
    /// Another try may bring another token.
    token_renews: bool,
    token: Token,
    socket: Option<Socket>,
    backoff: Backoff,
    /// The question why no socket opens, while it has no answer.
    asked: Option<OpId>,
    /// The app's or the server's own words on why the session is offline.
    cause: Option<String>,
}

impl Signalling {
    pub(crate) fn new(token_renews: bool) -> Self {
        Self {
            phase: Phase::Joining,
            stay: Stay::Here,
            admitted: false,
            met: false,
            knocks: Knocks::default(),
            token_renews,
            token: Token::Wanted,
            socket: None,
            backoff: Backoff::default(),
            asked: None,
            cause: None,
        }
    }

    // What others read

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    pub(crate) fn stay(&self) -> Stay {
        self.stay
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.phase == Phase::Joined
    }

    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// The server has let us in, or at least answered.
    pub(crate) fn was_met(&self) -> bool {
        self.met
    }

    pub(crate) fn has_socket(&self) -> bool {
        self.socket.is_some()
    }

    pub(crate) fn is_socket(&self, id: OpId) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.id == id)
    }

    pub(crate) fn socket_id(&self) -> Option<OpId> {
        self.socket.as_ref().map(|socket| socket.id)
    }

    pub(crate) fn is_probing(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.probe != Probe::None)
    }

    pub(crate) fn state(&self) -> SocketState {
        match &self.socket {
            Some(_) if self.is_joined() => SocketState::Joined,
            Some(socket) => SocketState::Connecting { replaceable: self.admitted && self.may_join() && !socket.hinted },
            None if self.may_join() => SocketState::Waiting,
            None => SocketState::Barred,
        }
    }

    /// A socket may be connected without anybody's help.
    pub(crate) fn may_join(&self) -> bool {
        self.stay != Stay::Suspended
            && match self.phase {
                Phase::Joining | Phase::Joined => true,
                Phase::Offline(reason) => reason.is_retried(),
                Phase::Ended(_) => false,
            }
    }

    // Coming

    /// Connects a socket. `hinted`: because of a hint that the network changed.
    pub(crate) fn connect(&mut self, urgency: Urgency, hinted: bool, out: &mut Outputs) {
        out.clear_timer(Timer::Rejoin);
        self.begin_knocks(out);
        let id = out.next_id();
        self.socket = Some(Socket { id, hinted, heard: false, renewal: None, probe: Probe::None });
        let token = if self.token == Token::Taken { TokenSource::LastUsed } else { TokenSource::App };
        out.push(Output::ConnectSocket { id, token });
        self.time_join(urgency, out);
    }

    /// The join under way has its full time. One that waits for the app's token has no limit of its own.
    pub(crate) fn time_join(&mut self, urgency: Urgency, out: &mut Outputs) {
        if self.admitted && urgency.voice && self.token == Token::Taken {
            self.backoff.joining(urgency.round_trip, out);
        }
    }

    /// The server let us in.
    pub(crate) fn welcomed(&mut self, out: &mut Outputs) {
        self.phase = Phase::Joined;
        self.admitted = true;
        self.met = true;
        self.stop_knocks(out);
        self.token = Token::Taken;
        self.asked = None;
        self.cause = None;
        self.backoff.welcomed(out);
    }

    // Going

    /// Leaves the socket without waiting for its close.
    pub(crate) fn drop_socket(&mut self, out: &mut Outputs) {
        if let Some(Socket { id, .. }) = self.socket.take() {
            out.push(Output::CloseSocket { id });
        }
        self.stop_knocks(out);
        for timer in [Timer::Probe, Timer::Idle, Timer::Join] {
            out.clear_timer(timer);
        }
    }

    pub(crate) fn go_offline(&mut self, reason: SessionReason) {
        self.phase = Phase::Offline(reason);
    }

    pub(crate) fn leave(&mut self) {
        self.stay = Stay::Leaving;
    }

    pub(crate) fn suspend(&mut self) {
        self.stay = Stay::Suspended;
    }

    /// Comes back from the back/forward cache; tells whether it was there.
    pub(crate) fn resume(&mut self) -> bool {
        let suspended = self.stay == Stay::Suspended;
        if suspended {
            self.stay = Stay::Here;
        }
        suspended
    }

    /// The session is over: the server is told if the person left.
    pub(crate) fn end(&mut self, reason: SessionReason, out: &mut Outputs) {
        if let Some(Socket { id, .. }) = self.socket.take() {
            let left = reason == SessionReason::Left;
            out.push(if left { Output::Goodbye { id } } else { Output::CloseSocket { id } });
        }
        self.phase = Phase::Ended(reason);
    }

    // Trouble

    /// Changes by a fact, after it was decided about.
    pub(crate) fn note(&mut self, fact: Fact) {
        if fact == Fact::JoinTooLong {
            self.backoff.join_timed_out();
        }
        // What was asked before the sleep is not known to be unanswered.
        if let (Fact::Woke, Some(socket)) = (fact, &mut self.socket) {
            socket.probe = Probe::None;
        }
    }

    /// Connects another socket after a while.
    pub(crate) fn rejoin(&mut self, voice: bool, out: &mut Outputs) {
        self.backoff.rejoin(voice, out);
    }

    /// The server is about to stop, and said when to come back, in milliseconds.
    pub(crate) fn server_restarts(&mut self, after_ms: u32) {
        self.backoff.server_said(after_ms);
    }

    /// The app's own code failed: tells why there is no socket. One that is let in goes on by the token that it has.
    pub(crate) fn app_failed(&mut self, fault: AppFault, cause: String, out: &mut Outputs) -> Option<SessionReason> {
        out.push(Output::Log(Note::AppFailed { cause: cause.clone() }));
        if self.is_joined() {
            return None;
        }
        self.cause = Some(cause);
        Some(match fault {
            AppFault::Token => SessionReason::TokenFailed,
            AppFault::Module => SessionReason::ModuleFailed,
        })
    }

    // Signs of life

    /// Something came over the socket.
    pub(crate) fn heard(&mut self) {
        if let Some(socket) = &mut self.socket {
            socket.heard = true;
        }
    }

    /// Asks the server for a sign of life. A doubt that comes later makes a patient question a pressing one.
    pub(crate) fn probe(&mut self, pressing: bool, out: &mut Outputs) {
        let joined = self.is_joined();
        let Some(socket) = self.socket.as_mut().filter(|_| joined) else { return };
        let (id, news) = match socket.probe {
            Probe::None => (out.emit(ClientEvent::Probe), true),
            Probe::Patient(id) => (id, pressing),
            Probe::Pressing(id) => (id, false),
        };
        if news {
            self.backoff.probing(pressing, out);
            socket.probe = if pressing { Probe::Pressing(id) } else { Probe::Patient(id) };
        }
    }

    /// What a question that was slept through might have been answered is not known: another one is asked.
    pub(crate) fn probe_anew(&mut self, out: &mut Outputs) {
        if let Some(socket) = &mut self.socket {
            socket.probe = Probe::None;
        }
        out.clear_timer(Timer::Probe);
        self.probe(true, out);
    }

    /// A half-open socket says nothing for ever; this side asks. Without voice, Socket.IO's own ping is soon enough.
    pub(crate) fn idle(&mut self, voice: bool, out: &mut Outputs) {
        let joined = self.is_joined();
        let Some(socket) = self.socket.as_mut().filter(|_| joined) else { return };
        let heard = std::mem::take(&mut socket.heard);
        if !heard && voice {
            self.probe(false, out);
        }
        Backoff::idle(out);
    }

    /// The server acknowledged an event after so many milliseconds.
    pub(crate) fn acknowledged(&mut self, request: OpId, ok: bool, took: u32, out: &mut Outputs) {
        self.backoff.acknowledged(took);
        let Some(socket) = &mut self.socket else { return };
        socket.heard = true;
        if socket.renewal == Some(request) && !ok {
            // The app is asked again before that token would be used in a handshake.
            self.token = Token::Wanted;
        }
        if matches!(socket.probe, Probe::Patient(id) | Probe::Pressing(id) if id == request) {
            socket.probe = Probe::None;
            out.clear_timer(Timer::Probe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_says_goodbye_and_who_is_put_out_does_not() {
        for (reason, goodbye) in [(SessionReason::Left, true), (SessionReason::OpenedElsewhere, false)] {
            let (mut signalling, mut out) = (Signalling::new(true), Outputs::default());
            signalling.connect(Urgency { voice: false, round_trip: 0 }, false, &mut out);
            signalling.welcomed(&mut out);
            while out.pop().is_some() {}
            signalling.end(reason, &mut out);
            let id = OpId(1);
            assert_eq!(out.pop(), Some(if goodbye { Output::Goodbye { id } } else { Output::CloseSocket { id } }));
            assert_eq!((out.pop(), signalling.is_ended()), (None, true), "the session waits for nothing");
        }
    }
}
