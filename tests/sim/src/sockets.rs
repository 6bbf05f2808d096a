//! Sockets between the pages and the server, over a network that delays, holds and loses.

use pairvoice_core::{Input, OpId, SocketEvent};
use pairvoice_room::SocketId;

use crate::server::{Sent, Wish, may_repeat};
use crate::world::{Channel, Happening, World};

/// The Socket.IO client and server find a socket dead on which nothing has come for so long, in milliseconds.
const PING_MS: u64 = 16_000;
/// What is under way when the network pauses arrives later: it is looked for so often, so many milliseconds apart.
const LATE_TIMES: u64 = 5;
const LATE_MS: u64 = 400;
/// The Socket.IO client gives a connect up after so long, in milliseconds.
const CONNECT_MS: u64 = 8_000;
/// A packet of TCP that found no way is sent again, in milliseconds.
const RETRY_MS: u64 = 300;
/// A durable write, in milliseconds.
const DISK_MS: u64 = 2;

impl World {
    pub(crate) fn delay(&mut self) -> u64 {
        self.network.delay + self.chance.below(self.network.jitter + 1)
    }

    pub(crate) fn is_lost(&mut self) -> bool {
        self.chance.per_mille(self.network.loss)
    }

    pub(crate) fn is_repeated(&mut self) -> bool {
        self.chance.per_mille(self.network.repeats)
    }

    /// Until when something holds a channel up; what goes over a channel that is closed arrives nowhere, at once.
    pub(crate) fn held_until(&self, channel: Channel) -> Option<u64> {
        match channel {
            Channel::Up(who, socket) => self.is_held(who, socket).then_some(self.now + RETRY_MS),
            Channel::Down(socket) => {
                let (who, _) = self.who_has(socket)?;
                let asleep_until = self.sides[who].asleep_until;
                if self.is_held(who, socket) {
                    Some(self.now + RETRY_MS)
                } else {
                    (asleep_until > self.now).then_some(asleep_until)
                }
            }
            Channel::InBand(who, life, id) => {
                let open = self.sides[who].lives == life && self.pair_of(who, id).is_some();
                let asleep = self.sides[1 - who].asleep_until > self.now;
                (asleep || (open && self.path_of(who, id).is_none())).then_some(self.now + RETRY_MS)
            }
            Channel::Disk => None,
        }
    }

    /// Whether something sent by this socket reaches the server now.
    pub(crate) fn reaches(&self, who: usize, socket: SocketId) -> bool {
        self.server_up && self.sides[who].works.link && !self.deaf.contains(&socket)
    }

    /// Whether TCP would send it again: the link is down, and both ends still believe in the connection.
    pub(crate) fn is_held(&self, who: usize, socket: SocketId) -> bool {
        self.server_up && !self.sides[who].works.link && !self.deaf.contains(&socket)
    }

    pub(crate) fn who_has(&self, socket: SocketId) -> Option<(usize, OpId)> {
        (0..2).find_map(|who| self.sides[who].socket.filter(|s| s.1 == socket).map(|(name, _)| (who, name)))
    }

    pub(crate) fn open_socket(&mut self, who: usize, socket: SocketId, tries: u64) {
        let Some((_, name)) = self.who_has(socket) else { return };
        let online = self.sides[who].works.link && !self.deaf.contains(&socket);
        if online && !self.server_up {
            self.lose_socket(who, name);
        } else if online {
            let event = SocketEvent::HandshakeWanted { token: self.sides[who].token.clone() };
            self.input(who, Input::Socket { id: name, event });
            self.plan(self.now + PING_MS, Happening::Ping { who, socket, missed: 0 });
        } else if tries * RETRY_MS >= CONNECT_MS {
            self.lose_socket(who, name);
        } else {
            self.plan(self.now + RETRY_MS, Happening::Open { who, socket, tries: tries + 1 });
        }
    }

    pub(crate) fn lose_socket(&mut self, who: usize, id: OpId) {
        self.sides[who].socket = None;
        self.input(who, Input::Socket { id, event: SocketEvent::Closed });
    }

    /// Nothing passes for so long that both ends give the connection up.
    pub(crate) fn ping(&mut self, who: usize, socket: SocketId, missed: u64) {
        let dead = !self.reaches(who, socket);
        if dead && missed < LATE_TIMES {
            return self.plan(self.now + LATE_MS, Happening::Ping { who, socket, missed: missed + 1 });
        }
        match self.who_has(socket) {
            Some((who, name)) if dead => self.lose_socket(who, name),
            Some(_) => return self.plan(self.now + PING_MS, Happening::Ping { who, socket, missed: 0 }),
            None => {}
        }
        if self.server_up && (dead || self.who_has(socket).is_none()) {
            let wishes = self.server.closed(socket);
            self.fulfil(wishes);
        }
    }

    pub(crate) fn deliver(&mut self, socket: SocketId, sent: Sent) {
        let Some((who, id)) = self.who_has(socket) else { return };
        if self.deaf.contains(&socket) {
            return;
        }
        match sent {
            Sent::Event(event) => self.input(who, Input::Socket { id, event }),
            Sent::Acknowledgement(request, answer) => {
                let took = u32::try_from(2 * self.network.delay).unwrap();
                self.input(who, Input::Acknowledged { request, answer: Some(answer), took });
            }
            Sent::Close => self.lose_socket(who, id),
        }
    }

    pub(crate) fn fulfil(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            match wish {
                Wish::Send(socket, sent) => {
                    let times = if may_repeat(&sent) && self.is_repeated() { 2 } else { 1 };
                    for _ in 0..times {
                        let at = self.now + self.delay();
                        self.send(Channel::Down(socket), at, Happening::Deliver { socket, sent: sent.clone() });
                    }
                }
                Wish::Knocked(knock, answer) => self.answer_knock(knock, Some(answer)),
                Wish::Stored(answer) => {
                    let (process, at) = (self.process, self.now + DISK_MS);
                    self.send(Channel::Disk, at, Happening::Stored { process, answer });
                }
                Wish::Timer(timer, number, after) => {
                    let process = self.process;
                    self.plan(self.now + after, Happening::ServerTimer { process, timer, number });
                }
            }
        }
    }
}
