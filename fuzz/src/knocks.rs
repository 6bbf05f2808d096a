//! Knocks that a host has given to its room, and what the room may answer them.

use std::collections::BTreeMap;

use pairvoice_room::{Grant, Input, KnockId, StoreRequest};
use pairvoice_wire::{Envelope, Handshake, InstanceId, Knocked, Refusal, UserId};

use crate::log::pick;
use crate::rights::Rights;

/// One knock without an answer.
#[derive(Debug)]
struct Waiting {
    user: UserId,
    instance: InstanceId,
    grant: Grant,
    /// Nobody waits for the answer.
    deaf: bool,
}

/// Knocks without an answer.
#[derive(Debug, Default)]
pub(crate) struct Knocks {
    waiting: BTreeMap<KnockId, Waiting>,
    /// For which this room asked who may enter.
    asked: Vec<KnockId>,
}

impl Knocks {
    pub(crate) fn begin(&mut self, id: KnockId, handshake: &Handshake, grant: Grant, deaf: bool) {
        let (user, instance) = (handshake.user_id.clone(), handshake.instance.clone());
        self.waiting.insert(id, Waiting { user, instance, grant, deaf });
    }

    /// One of them ends without an answer.
    pub(crate) fn end(&mut self, which: u8) -> Option<KnockId> {
        let id = pick(self.waiting.len(), which).and_then(|index| self.waiting.keys().nth(index).copied())?;
        self.waiting.remove(&id);
        Some(id)
    }

    /// A knock of this instance takes the seat: by one of the tokens that it brought. From then on it is as with a socket, whose token
    /// is looked at again only when the room is told of a revocation.
    pub(crate) fn enter(&self, user: &UserId, instance: &InstanceId, rights: &Rights) {
        rights.check_user(user);
        let mut own = self.waiting.values().filter(|waiting| waiting.user == *user && waiting.instance == *instance);
        assert!(own.any(|waiting| !rights.is_revoked(user, &waiting.grant)), "{user} knocks by revoked tokens only");
    }

    /// `Output::AnswerKnock`.
    pub(crate) fn answer(
        &mut self,
        id: KnockId,
        answer: Result<Box<Knocked>, Refusal>,
        rights: &Rights,
    ) -> Option<Input> {
        let waiting = self.waiting.remove(&id).expect("a knock is answered once, and not when its client is gone");
        let Ok(knocked) = answer else { return None };
        rights.check_user(&waiting.user);
        assert!(knocked.peer.as_ref().is_none_or(|peer| peer.user_id != waiting.user));
        for Envelope { user, to, .. } in &knocked.signals {
            assert_ne!(*user, waiting.user, "nobody signals to themselves");
            assert!(to.as_ref().is_none_or(|to| *to == waiting.instance), "meant for another instance");
        }
        waiting.deaf.then_some(Input::KnockLost { signals: knocked.signals })
    }

    /// A question to the log.
    pub(crate) fn notice(&mut self, request: &StoreRequest) {
        if let StoreRequest::ReadAdmission { knock } = request {
            self.asked.push(*knock);
        }
    }

    /// Whether the room takes this: what a former room of the session asked for may be older than a revocation.
    pub(crate) fn is_for_this_room(&self, input: &Input) -> bool {
        !matches!(input, Input::AdmissionRead { knock, .. } if !self.asked.contains(knock))
    }

    /// Another room begins.
    pub(crate) fn forget(&mut self) {
        self.asked.clear();
    }

    pub(crate) fn check_answered(&self) {
        assert!(self.waiting.is_empty(), "knocks without an answer: {:?}", self.waiting);
    }
}
