//! What people, hosts and servers do.

use pairvoice_core::{Ahead, Input, OpId, OutboxEvent, StoredMessage};
use pairvoice_wire::MessageId;

use crate::network::Network;
use crate::side::Browser;
use crate::world::{Channel, Happening, World, Written};

/// The page's own browsing context learns of another address so much later, in milliseconds.
const LAG_MS: u64 = 2_000;

impl World {
    fn new_message(&mut self, who: usize, elsewhere: bool) -> MessageId {
        let number = self.written.len() + 1;
        let id = MessageId::parse(&format!("00000000-0000-7000-8000-{number:012x}")).unwrap();
        self.written.push(Written { user: self.sides[who].user.clone(), id: id.clone(), elsewhere });
        id
    }

    /// Somebody writes a message.
    pub fn say(&mut self, who: usize) {
        let id = self.new_message(who, false);
        let (text, at) = (format!("text {}", self.written.len()), self.now);
        self.input(who, Input::Send { id, text, at });
    }

    /// Another tab of this user, which can't reach the server, leaves a message.
    pub fn say_elsewhere(&mut self, who: usize) {
        let id = self.new_message(who, true);
        let (text, at) = (format!("text {}", self.written.len()), self.now);
        if let Some(store) = &mut self.sides[who].store {
            store.push(StoredMessage { id, text, at, counter: at, failure: None });
        }
        self.answer(who, 1, Input::Outbox(OutboxEvent::Changed));
    }

    /// Both turn voice on.
    pub fn start_voice(&mut self) {
        self.input(0, Input::StartVoice);
        self.input(1, Input::StartVoice);
    }

    /// The page is loaded anew, without a goodbye.
    pub fn reload(&mut self, who: usize) {
        if let Some((_, socket)) = self.sides[who].socket {
            let at = self.now + self.delay();
            self.send(Channel::Up(who, socket), at, Happening::HangUp { who, socket });
        }
        self.new_life(who);
    }

    /// Another tab takes over; of the first one nothing more is heard, and what it emitted is still on its way.
    pub fn take_over(&mut self, who: usize) {
        self.new_life(who);
    }

    fn new_life(&mut self, who: usize) {
        let lost: Vec<OpId> = self.sides[who].open.iter().map(|open| open.id).collect();
        for id in lost {
            self.close(who, id);
        }
        self.sides[who].new_life();
        self.drain(who);
    }

    // What networks and hosts do

    /// The host gets another address: what it had open leads nowhere, and nobody says so.
    pub fn relocate(&mut self, who: usize, address: &'static str) {
        let side = &mut self.sides[who];
        if side.address != address {
            side.address = address;
            self.plan(self.now + LAG_MS, Happening::Believe { who });
            self.deafen(who);
        }
    }

    /// From now on nothing passes over this side's socket, and nobody says so.
    pub fn deafen(&mut self, who: usize) {
        self.deaf.extend(self.sides[who].socket.map(|(_, socket)| socket));
    }

    /// Whether this side's socket looks open and leads nowhere.
    #[must_use]
    pub fn is_deaf(&self, who: usize) -> bool {
        self.sides[who].socket.is_some_and(|(_, socket)| self.deaf.contains(&socket))
    }

    /// The session's name of the socket in use.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn socket_of(&self, who: usize) -> OpId {
        self.sides[who].socket.unwrap().0
    }

    /// The socket breaks; both ends hear of it.
    pub fn cut_socket(&mut self, who: usize) {
        if let Some((id, socket)) = self.sides[who].socket {
            self.deaf.push(socket);
            if self.server_up {
                let wishes = self.server.closed(socket);
                self.fulfil(wishes);
            }
            self.lose_socket(who, id);
        }
    }

    /// The server process ends; clients hear of it.
    pub fn stop_server(&mut self) {
        if !std::mem::replace(&mut self.server_up, false) {
            return;
        }
        self.process += 1;
        self.end_knocks();
        self.server.restart();
        for who in 0..2 {
            if let Some((id, socket)) = self.sides[who].socket.filter(|_| self.sides[who].works.link) {
                self.deaf.push(socket);
                self.lose_socket(who, id);
            } else {
                self.deafen(who);
            }
        }
    }

    /// Whoever runs the server revokes one side's tokens, or everybody's.
    pub fn revoke(&mut self, who: Option<usize>) {
        let user = who.map(|who| self.sides[who].user.clone());
        let wishes = self.server.revoke(user);
        self.fulfil(wishes);
    }

    /// The server tells everybody when to come back, and ends.
    pub fn drain_server(&mut self, after_ms: u32) {
        let wishes = self.server.restarting(after_ms);
        self.fulfil(wishes);
        self.run(4 * self.network.delay);
        self.stop_server();
    }

    /// The server process runs again.
    pub fn start_server(&mut self) {
        self.server_up = true;
    }

    /// The machine of one side sleeps for so long; nobody says so.
    pub fn sleep(&mut self, who: usize, ms: u64) {
        let side = &mut self.sides[who];
        side.asleep_until = side.asleep_until.max(self.now + ms);
    }
}

impl World {
    /// Two people in a call, on a calm network.
    ///
    /// # Panics
    /// When they are not connected in ten seconds.
    #[must_use]
    pub fn call() -> Self {
        Self::call_of([Browser::Chromium; 2])
    }

    /// The same between these browsers.
    ///
    /// # Panics
    /// When they are not connected in ten seconds.
    #[must_use]
    pub fn call_of(browsers: [Browser; 2]) -> Self {
        let ahead = [(); 2].map(|()| Ahead::default());
        let mut world = Self::of_browsers(0, ["7", "9"], Network::default(), ahead, browsers);
        world.start_voice();
        world.until("a call", 10_000, Self::is_up);
        // Heartbeats have come: from now on silence means something.
        world.run(1_000);
        world
    }
}
