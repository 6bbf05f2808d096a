//! The check before a call: a handshake that asks for no seat. Its token is verified as ever, and no room hears of it.

use std::sync::Arc;

use pairvoice_room::{Grant, Input, Known, StoreRequest};
use pairvoice_wire::{Check, Code, IceServers, Refusal, VERSION};

use crate::sessions::{Seated, Sessions};
use crate::socket_io::Peer;

impl Sessions {
    /// Answers a check, once the chat log has told whose tokens were revoked and who the session is pinned to.
    pub(crate) fn check(self: &Arc<Self>, seated: &Seated, grant: Grant, peer: &Peer) {
        let check = self.answer_to(seated, peer);
        let (host, user, asked) = (Arc::clone(self), seated.user.clone(), peer.clone());
        let answer = move |input| {
            // The log's threads are none of the runtime's, and closing spawns a task.
            let runtime = host.runtime.clone();
            let _within = runtime.enter();
            let admitted = match input {
                Input::PageRead { page: Ok((_, admission)), .. } => admission.check(&user, &grant),
                _ => Err(busy()),
            };
            match admitted {
                Ok(()) => asked.answer_check(&check),
                Err(refusal) => asked.refuse(&refusal, &host.watch),
            }
        };
        let request = StoreRequest::ReadPage { socket: seated.socket, known: Known::default() };
        if self.chat_log.submit(&seated.session, request, answer).is_some() {
            peer.refuse(&busy(), &self.watch);
        }
    }

    fn answer_to(&self, seated: &Seated, peer: &Peer) -> Check {
        let IceServers { ice_servers, ice_lifetime } =
            self.ice_servers(&seated.session, &seated.user, peer.engine.host.as_deref());
        Check { v: VERSION, version: env!("CARGO_PKG_VERSION").to_owned(), ice_servers, ice_lifetime }
    }
}

fn busy() -> Refusal {
    Refusal::new(Code::Busy, "the chat log can't be read at the moment")
}
