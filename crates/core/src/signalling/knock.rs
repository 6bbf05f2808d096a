//! Knocks: the first words to the server by HTTP, which are there before a socket is open. A server that does not know them is
//! reached by its sockets alone.

use super::{Signalling, Stay};
use crate::input::KnockAnswer;
use crate::op_id::OpId;
use crate::outputs::Outputs;
use crate::timer::Timer;

/// Most knocks of one connect: the server counts each as a handshake.
const MAX_KNOCKS: u32 = 8;
/// What is found within so long after a knock follows with one more, in milliseconds.
const TOGETHER_MS: u32 = 15;

/// The knocks of the connect that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Knocks {
    /// The token of this connect is at hand.
    ready: bool,
    count: u32,
    /// The newest one, while it has no answer.
    out: Option<OpId>,
    /// The first one: names rise.
    first: Option<OpId>,
    /// What follows is collected until the timer fires.
    collecting: bool,
    /// Whoever answered one did not know it: none is sent any more.
    unknown: bool,
}

/// What there is to say by a knock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Nothing, or it is being made.
    None,
    /// That this side is here; the answer tells who else is.
    Presence,
    /// The same, and something of the other's is waited for.
    Patience,
    /// Candidates.
    Candidates,
    /// A description or a request.
    News,
}

impl Signalling {
    /// The token of the connect under way is at hand.
    pub(crate) fn token_at_hand(&mut self) {
        self.knocks.ready = true;
    }

    /// Another connect begins.
    pub(super) fn begin_knocks(&mut self, out: &mut Outputs) {
        self.stop_knocks(out);
        self.knocks = Knocks { unknown: self.knocks.unknown, ..Knocks::default() };
    }

    pub(super) fn stop_knocks(&mut self, out: &mut Outputs) {
        self.knocks.ready = false;
        self.knocks.out = None;
        if std::mem::take(&mut self.knocks.collecting) {
            out.clear_timer(Timer::Knock);
        }
    }

    /// The time to collect is over.
    pub(crate) fn collected(&mut self) {
        self.knocks.collecting = false;
    }

    /// Whether these words are worth a knock now.
    pub(crate) fn may_knock(&self, words: Words) -> bool {
        let Knocks { ready, count, out, collecting, unknown, .. } = &self.knocks;
        let able = !unknown && *ready && *count < MAX_KNOCKS && self.stay == Stay::Here;
        able && match words {
            Words::None => false,
            Words::Presence => *count == 0,
            Words::Patience => out.is_none() && !collecting,
            Words::Candidates => !collecting,
            Words::News => true,
        }
    }

    /// Names the next knock. One after a join goes over a connection of its own: those that the page has may lead nowhere by now.
    pub(crate) fn knock(&mut self, out: &mut Outputs) -> (OpId, bool) {
        let id = out.next_id();
        self.knocks.count += 1;
        self.knocks.out = Some(id);
        self.knocks.first.get_or_insert(id);
        self.knocks.collecting = true;
        out.set_timer(Timer::Knock, TOGETHER_MS);
        (id, self.admitted)
    }

    /// Takes the answer to a knock; tells whether it is of the connect that is under way, and lets this side in.
    pub(crate) fn knocked(&mut self, id: OpId, answer: &KnockAnswer) -> bool {
        let of_this = self.knocks.ready && self.knocks.first.is_some_and(|first| first <= id);
        self.knocks.out.take_if(|out| *out == id);
        match answer {
            KnockAnswer::Let(_) => self.met |= of_this,
            // The handshake of the socket is refused for the same reason, and what follows is the same.
            KnockAnswer::Refused(_) if of_this => self.knocks.count = MAX_KNOCKS,
            KnockAnswer::Unknown => self.knocks.unknown = true,
            KnockAnswer::Refused(_) | KnockAnswer::Lost => {}
        }
        of_this && matches!(answer, KnockAnswer::Let(_))
    }
}
