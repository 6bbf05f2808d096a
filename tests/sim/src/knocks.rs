//! Knocks: requests of the pages to the server, beside their sockets.

use std::collections::BTreeMap;

use pairvoice_core::{Input, KnockAnswer};
use pairvoice_room::KnockId;
use pairvoice_wire::{Handshake, Knocked, Refusal, VERSION, VoiceStatus};

use crate::side::{Side, identity};
use crate::world::{Happening, World};

/// What a page gets for a knock; none when the request failed.
pub type Answer = Option<Result<Box<Knocked>, Refusal>>;

/// Knocks whose answers pages wait for: whose, in which life, and from which address.
pub(crate) type Knocks = BTreeMap<KnockId, (usize, u32, &'static str)>;

impl World {
    /// A page knocks over a connection that it has already; what comes of it is in [`Side::knocked`].
    pub fn knock(&mut self, who: usize, handshake: Handshake, wait_ms: u32) -> KnockId {
        self.order += 1;
        let (knock, side) = (KnockId(self.order), &self.sides[who]);
        self.knocks.insert(knock, (who, side.lives, side.address));
        let at = self.now + self.delay();
        self.plan(at, Happening::Knock { knock, handshake: Box::new(handshake), wait_ms });
        knock
    }

    /// A knock reaches the server, if anything does.
    pub(crate) fn knock_arrives(&mut self, knock: KnockId, handshake: Handshake, wait_ms: u32) {
        if self.server_up && self.is_passable(knock) {
            let wishes = self.server.knock(knock, handshake, wait_ms);
            self.fulfil(wishes);
        } else {
            self.knock_answered(knock, None);
        }
    }

    /// The server, or the end of its process, answers.
    pub(crate) fn answer_knock(&mut self, knock: KnockId, answer: Answer) {
        let at = self.now + self.delay();
        self.plan(at, Happening::Knocked { knock, answer });
    }

    /// An answer reaches its page, or is lost.
    pub(crate) fn knock_answered(&mut self, knock: KnockId, answer: Answer) {
        let answer = answer.filter(|_| self.is_passable(knock));
        let Some((who, life, _)) = self.knocks.remove(&knock) else { return };
        if let Some(id) = self.sides[who].knocking.remove(&knock) {
            let answer = match answer {
                Some(Ok(knocked)) => KnockAnswer::Let(knocked),
                Some(Err(refusal)) => KnockAnswer::Refused(refusal),
                None => KnockAnswer::Lost,
            };
            self.answer(who, 0, Input::Knocked { id, answer });
        } else if self.sides[who].lives == life {
            self.sides[who].knocked.push((knock, answer));
        }
    }

    /// The process ends: requests that wait fail.
    pub(crate) fn end_knocks(&mut self) {
        let knocks: Vec<KnockId> = self.knocks.keys().copied().collect();
        for knock in knocks {
            self.answer_knock(knock, None);
        }
    }

    fn is_passable(&self, knock: KnockId) -> bool {
        self.knocks
            .get(&knock)
            .is_some_and(|(who, _, address)| self.sides[*who].works.link && self.sides[*who].address == *address)
    }
}

impl Side {
    /// What this page would say of itself with its first word.
    #[must_use]
    pub fn first_word(&self, now: u64) -> Handshake {
        let me = identity(&self.user, self.lives);
        Handshake {
            v: VERSION,
            token: self.tokens.issue(now),
            session_id: me.session,
            user_id: me.user,
            instance: me.instance,
            since: 0,
            log: None,
            tip: None,
            voice: VoiceStatus::default(),
            signals: Vec::new(),
            check: false,
        }
    }
}
