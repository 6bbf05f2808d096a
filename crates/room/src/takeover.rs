//! One instance of a user takes the place of another.

use pairvoice_wire::{Code, InstanceId, Notice, Refusal, ServerEvent, UserId};

use crate::output::{Output, Timer};
use crate::room::{REMEMBERED, Room};
use crate::seat::Socket;

impl Room {
    /// What an instance still says after a newer one came is not taken.
    pub(crate) fn supersede(&mut self, user: &UserId, former: InstanceId) {
        if self.superseded.len() >= REMEMBERED && !self.superseded.contains_key(user) {
            // Whoever has no seat any more takes nothing over.
            let seated: Vec<UserId> = self.seats.iter().map(|seat| seat.user.clone()).collect();
            self.superseded.retain(|former, _| seated.contains(former));
        }
        let remembered = self.superseded.entry(user.clone()).or_default();
        remembered.push_back(former);
        if remembered.len() > REMEMBERED {
            remembered.pop_front();
        }
    }

    /// The user's former socket goes; a former instance is told why, and stays out.
    pub(crate) fn make_way(&mut self, user: &UserId, instance: &InstanceId) {
        let Some(seat) = self.seat(user) else { return };
        let socket = std::mem::replace(&mut seat.socket, Socket::None);
        let takeover = seat.instance != *instance;
        let held = if takeover { seat.held.take() } else { None };
        if takeover {
            let former = std::mem::replace(&mut seat.instance, instance.clone());
            seat.parked.wipe();
            seat.noted = None;
            seat.welcomes = 0;
            self.supersede(user, former);
        }
        if let Some(held) = held {
            self.push(Output::ClearTimer(Timer::Knock(user.clone())));
            self.refuse_knock(held.id, Refusal::new(Code::OpenedElsewhere, "a newer instance of this user took over"));
        }
        match socket {
            Socket::Open { id, .. } => {
                if takeover {
                    let notice = Notice { code: Code::OpenedElsewhere, after_ms: None };
                    self.push(Output::Send { to: id, event: ServerEvent::Notice(notice) });
                }
                self.push(Output::HangUp { socket: id });
            }
            Socket::Entering(entering) => {
                // A client that lost patience with its own connect is no reason to keep its instance out.
                let code = if takeover { Code::OpenedElsewhere } else { Code::Busy };
                self.refuse(entering.id, code, "another connection of this user was faster");
            }
            Socket::None => {}
        }
    }
}
