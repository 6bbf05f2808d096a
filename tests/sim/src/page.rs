//! What a page's outputs do to its browser, and what the browser answers.

use pairvoice_core::{
    AppFault, Device, Event, Input, KnockAnswer, MicrophoneEvent, OpId, OutboxCommand, OutboxEvent, Output,
    ServerAnswer, SocketEvent, TokenSource,
};
use pairvoice_room::SocketId;
use pairvoice_wire::{ClientEvent, Handshake, MicrophoneReason};

use crate::world::{Channel, Happening, World};

/// A new browsing context finds the host's addresses in so long, in milliseconds.
const LOOK_MS: u64 = 15;
/// How long a knock may be held, in milliseconds.
const KNOCK_MS: u32 = 5_000;
/// Opening IndexedDB, in milliseconds.
const STORE_MS: u64 = 5;

impl World {
    /// Gives a page an input and does all that it wants.
    pub fn input(&mut self, who: usize, input: Input) {
        if self.trace {
            println!("{:>8} {who} <- {input:?}", self.now);
        }
        self.sides[who].session.handle(input);
        self.drain(who);
    }

    pub(crate) fn drain(&mut self, who: usize) {
        while let Some(output) = self.sides[who].session.poll_output() {
            if self.trace {
                println!("{:>8} {who} -> {output:?}", self.now);
            }
            self.perform(who, output);
        }
    }

    pub(crate) fn answer(&mut self, who: usize, after: u64, input: Input) {
        let life = self.sides[who].lives;
        self.plan(self.now + after, Happening::Browser { who, life, input });
    }

    pub(crate) fn perform(&mut self, who: usize, output: Output) {
        let side = &mut self.sides[who];
        match output {
            Output::ConnectSocket { id, token } => self.connect_socket(who, id, token),
            Output::RenewToken { id } => self.renew_token(who, id),
            Output::Handshake { id, handshake } => {
                if let Some((_, socket)) = side.socket.filter(|(name, _)| *name == id) {
                    let at = self.now + self.delay();
                    self.send(Channel::Up(who, socket), at, Happening::Handshake { who, socket, handshake });
                }
            }
            Output::Knock { id, handshake, .. } => {
                let handshake = Handshake { token: side.token.clone(), ..*handshake };
                if self.network.knocks {
                    let knock = self.knock(who, handshake, KNOCK_MS);
                    self.sides[who].knocking.insert(knock, id);
                } else {
                    let after = 2 * self.network.delay;
                    self.answer(who, after, Input::Knocked { id, answer: KnockAnswer::Unknown });
                }
            }
            Output::AskServer { id } => {
                let there = self.server_up && side.works.link;
                let answer = there.then_some(ServerAnswer { status: 204, code: None, message: String::new() });
                let after = 2 * self.network.delay;
                self.answer(who, after, Input::ServerAnswered { id, answer });
            }
            Output::Goodbye { id } => {
                self.perform(who, Output::Emit { request: id, event: ClientEvent::Bye });
                self.perform(who, Output::CloseSocket { id });
            }
            Output::CloseSocket { id } => {
                if let Some((_, socket)) = side.socket.take_if(|(name, _)| *name == id) {
                    let at = self.now + self.delay();
                    self.send(Channel::Up(who, socket), at, Happening::HangUp { who, socket });
                }
            }
            Output::Emit { request, event } => {
                side.counts.probes += u32::from(event == ClientEvent::Probe);
                if let Some((_, socket)) = side.socket {
                    let at = self.now + self.delay();
                    self.send(Channel::Up(who, socket), at, Happening::Emit { who, socket, name: request, event });
                }
            }
            Output::Connection { id, command } => self.command(who, id, command),
            Output::FindAddresses { id } => {
                side.counts.looks += 1;
                let addresses = if side.works.link { vec![side.address.to_owned()] } else { Vec::new() };
                self.answer(who, LOOK_MS, Input::Addresses { id, addresses });
            }
            Output::Outbox(command) => self.outbox(who, command),
            Output::OpenMicrophone { id, processing, .. } => {
                side.counts.prompts += 1;
                let granted = side.works.microphone;
                let event = if granted {
                    let device = Device { id: "1".into(), group: "1".into(), label: "microphone".into() };
                    MicrophoneEvent::Granted { device, processing }
                } else {
                    MicrophoneEvent::Failed(MicrophoneReason::Denied)
                };
                let after = side.prompt_ms;
                self.answer(who, after, Input::Microphone { id, event });
            }
            Output::CloseMicrophone => side.microphone = false,
            Output::ReadClock { id } => {
                let at = self.now;
                self.answer(who, 0, Input::Clock { id, at });
            }
            Output::SetTimer { timer, after, spread } => {
                let more = if spread { self.chance.below(u64::from(after) / 4 + 1) } else { 0 };
                let due = self.now + u64::from(after) + more;
                self.order += 1;
                let (number, life) = (self.order, self.sides[who].lives);
                self.sides[who].timers.insert(timer, (number, due));
                self.plan(due, Happening::Timer { who, life, timer, number });
            }
            Output::ClearTimer(timer) => drop(side.timers.remove(&timer)),
            Output::Event(Event::Message(id)) => side.told.push(id),
            Output::Event(Event::Typing(on)) => side.typing.push(on),
            Output::Event(Event::Data { payload, .. }) => self.got_data(who, &payload),
            Output::Event(Event::DataDone { id, failure }) => self.data_done(who, id, failure),
            Output::Ended => side.ended = true,
            Output::EnableMicrophone(_)
            | Output::DelayMicrophone(_)
            | Output::ApplyProcessing(_)
            | Output::ListDevices
            | Output::KeepIceServers { .. }
            | Output::Remember(_)
            | Output::UseSpeaker { .. }
            | Output::SetVolume(_)
            | Output::ResumeSpeaker
            | Output::StopSpeaker
            | Output::Event(
                Event::PeerLeft(_) | Event::MicrophoneChanged { .. } | Event::Quality(_) | Event::Speaking { .. },
            )
            | Output::Log(_) => {}
        }
    }

    pub(crate) fn connect_socket(&mut self, who: usize, id: OpId, token: TokenSource) {
        self.order += 1;
        let socket = SocketId(self.order);
        let side = &mut self.sides[who];
        side.counts.sockets += 1;
        if token == TokenSource::App && side.ask_for_token(self.now).is_none() {
            return self.answer(who, 1, Input::Socket { id, event: no_token() });
        }
        side.socket = Some((id, socket));
        self.answer(who, 1, Input::Socket { id, event: SocketEvent::TokenAtHand });
        let at = self.now + 3 * self.delay();
        self.plan(at, Happening::Open { who, socket, tries: 0 });
    }

    fn renew_token(&mut self, who: usize, id: OpId) {
        let event = self.sides[who].ask_for_token(self.now).map_or_else(no_token, SocketEvent::Token);
        self.answer(who, 1, Input::Socket { id, event });
    }

    pub(crate) fn outbox(&mut self, who: usize, command: OutboxCommand) {
        let store = &mut self.sides[who].store;
        match (command, store) {
            (OutboxCommand::Load, store) => {
                let event = store.clone().map_or(OutboxEvent::Missing, OutboxEvent::Loaded);
                self.answer(who, STORE_MS, Input::Outbox(event));
            }
            (OutboxCommand::Put(message), Some(store)) => {
                store.retain(|m| m.id != message.id);
                store.push(message);
            }
            (OutboxCommand::Remove(id), Some(store)) => store.retain(|m| m.id != id),
            (OutboxCommand::Announce | OutboxCommand::Put(_) | OutboxCommand::Remove(_), _) => {}
        }
    }
}

fn no_token() -> SocketEvent {
    SocketEvent::AppFailed { fault: AppFault::Token, cause: "Error: no token".into() }
}
