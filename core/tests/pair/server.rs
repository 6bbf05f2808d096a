//! A model of the server: seats, parked signals, the chat log.

use std::collections::VecDeque;

use pairvoice_core::wire::{
    Accepted, Acknowledgement, ChatBatch, ChatDelivery, ChatMessage, ChatPage, Envelope, Handshake, HistoryRequest,
    Notice, Outcome, PeerInfo, Presence, Receipt, Refusal, SignalBody, VERSION, VoiceStatus, Welcome,
};
use pairvoice_core::{ClientEvent, InstanceId, MessageId, SocketEvent, UserId};

/// Messages of one page: few, so that pages matter.
const PAGE: usize = 6;

/// A user's place.
#[derive(Clone)]
pub struct Seat {
    user: UserId,
    instance: InstanceId,
    /// The world's name of the socket.
    pub socket: Option<u32>,
    welcomes: u32,
    voice: VoiceStatus,
    parked: VecDeque<Envelope>,
    presence: Presence,
}

/// What the server sends: to which socket, and what.
pub type Sent = Vec<(u32, SocketEvent)>;

#[derive(Default)]
pub struct Server {
    pub seats: Vec<Seat>,
    superseded: Vec<InstanceId>,
    pub log: Vec<ChatMessage>,
    receipts: Vec<Receipt>,
    logs: u32,
}

impl Seat {
    fn info(&self) -> PeerInfo {
        PeerInfo {
            user_id: self.user.clone(),
            instance: Some(self.instance.clone()),
            presence: self.presence,
            left: false,
            welcomes: self.welcomes,
            voice: self.voice,
        }
    }
}

impl Server {
    /// Everything but the log is gone.
    pub fn restart(&mut self) {
        self.seats.clear();
        self.superseded.clear();
    }

    fn other(&mut self, user: &UserId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|s| s.user != *user)
    }

    fn tell_peer(&mut self, user: &UserId, sent: &mut Sent) {
        let info = self.seats.iter().find(|s| s.user == *user).map(Seat::info);
        if let (Some(info), Some(socket)) = (info, self.other(user).and_then(|s| s.socket)) {
            sent.push((socket, SocketEvent::Peer(info)));
        }
    }

    pub fn connect(&mut self, socket: u32, handshake: Handshake) -> Sent {
        let mut sent = Vec::new();
        if self.superseded.contains(&handshake.instance) {
            let refusal =
                Refusal { code: "opened-elsewhere".into(), message: String::new(), retryable: false, after_ms: None };
            return vec![(socket, SocketEvent::Refused(refusal))];
        }
        let user = handshake.user_id;
        if let Some(seat) = self.seats.iter_mut().find(|s| s.user == user) {
            if seat.instance != handshake.instance {
                let old = std::mem::replace(&mut seat.instance, handshake.instance);
                if let Some(socket) = seat.socket {
                    let notice = Notice { code: "opened-elsewhere".into(), after_ms: None };
                    sent.push((socket, SocketEvent::Notice(notice)));
                }
                seat.parked.clear();
                seat.welcomes = 0;
                self.superseded.push(old);
            }
        } else {
            self.seats.push(Seat {
                user: user.clone(),
                instance: handshake.instance,
                socket: None,
                welcomes: 0,
                voice: VoiceStatus::default(),
                parked: VecDeque::new(),
                presence: Presence::Absent,
            });
        }
        let seat = self.seats.iter_mut().find(|s| s.user == user).unwrap();
        seat.socket = Some(socket);
        seat.presence = Presence::Present;
        seat.welcomes += 1;
        seat.voice = handshake.voice;
        let (peer, signals) = match self.other(&user) {
            Some(other) => (Some(other.info()), std::mem::take(&mut other.parked).into()),
            None => (None, Vec::new()),
        };
        let chat = self.page(handshake.log.as_deref(), handshake.since, handshake.tip.as_ref());
        let welcome = Welcome { v: VERSION, peer, signals, chat, ice_servers: Vec::new() };
        sent.push((socket, SocketEvent::Welcome(Box::new(welcome))));
        self.tell_peer(&user, &mut sent);
        for envelope in handshake.signals {
            self.signal(&user, envelope, &mut sent);
        }
        sent
    }

    fn page(&self, log: Option<&str>, since: u64, tip: Option<&MessageId>) -> ChatPage {
        let stands =
            since <= self.last() && tip.is_none_or(|tip| self.log.iter().any(|m| m.seq == since && m.id == *tip));
        let since = if log == Some(&self.name()) && stands { since } else { 0 };
        let mut messages: Vec<ChatMessage> = self.log.iter().filter(|m| m.seq > since).cloned().collect();
        let more = messages.len() > PAGE;
        messages.drain(..messages.len().saturating_sub(PAGE));
        ChatPage { log: self.name(), since, last: self.last(), receipts: self.receipts.clone(), messages, more }
    }

    fn last(&self) -> u64 {
        self.log.len() as u64
    }

    fn name(&self) -> String {
        format!("log {}", self.logs)
    }

    /// Another log takes the place of this one, as when a file was lost.
    pub fn replace_log(&mut self) {
        self.logs += 1;
        self.log.clear();
        self.receipts.clear();
    }

    pub fn disconnect(&mut self, socket: u32) -> Sent {
        let mut sent = Vec::new();
        if let Some(seat) = self.seats.iter_mut().find(|s| s.socket == Some(socket)) {
            seat.socket = None;
            seat.presence = Presence::Away;
            let user = seat.user.clone();
            self.tell_peer(&user, &mut sent);
        }
        sent
    }

    /// Whoever is away becomes absent.
    pub fn expire(&mut self) -> Sent {
        let mut sent = Vec::new();
        let away: Vec<UserId> =
            self.seats.iter().filter(|s| s.presence == Presence::Away).map(|s| s.user.clone()).collect();
        for user in away {
            if let Some(seat) = self.seats.iter_mut().find(|s| s.user == user) {
                seat.presence = Presence::Absent;
            }
            self.tell_peer(&user, &mut sent);
        }
        sent
    }

    fn signal(&mut self, user: &UserId, envelope: Envelope, sent: &mut Sent) -> Outcome {
        match envelope.body {
            SignalBody::End => self.seats.iter_mut().filter(|s| s.user == *user).for_each(|s| s.parked.clear()),
            SignalBody::Answer { .. } => {
                if let Some(other) = self.other(user) {
                    other.parked.retain(|p| p.attempt != envelope.attempt);
                }
            }
            _ => {}
        }
        match self.other(user) {
            Some(other) if envelope.to.as_ref().is_some_and(|to| *to != other.instance) => Outcome::Dropped,
            Some(Seat { socket: Some(socket), .. }) => {
                sent.push((*socket, SocketEvent::Signal(envelope)));
                Outcome::Delivered
            }
            _ => {
                let seat = self.seats.iter_mut().find(|s| s.user == *user).unwrap();
                if matches!(envelope.body, SignalBody::Offer { .. }) {
                    seat.parked.retain(|p| p.attempt >= envelope.attempt);
                }
                seat.parked.push_back(envelope);
                Outcome::Parked
            }
        }
    }

    /// Takes an event; gives the acknowledgement and what goes to others.
    pub fn event(&mut self, socket: u32, event: ClientEvent) -> (Acknowledgement, Sent) {
        let mut sent = Vec::new();
        let mut ack = Acknowledgement { ok: true, ..Acknowledgement::default() };
        let Some(user) = self.seats.iter().find(|s| s.socket == Some(socket)).map(|s| s.user.clone()) else {
            return (Acknowledgement::default(), sent);
        };
        match event {
            ClientEvent::Signal(envelope) => ack.outcome = Some(self.signal(&user, envelope, &mut sent)),
            ClientEvent::Voice(voice) => {
                self.seats.iter_mut().filter(|s| s.user == user).for_each(|s| s.voice = voice);
                self.tell_peer(&user, &mut sent);
            }
            ClientEvent::Chat(ChatBatch { messages }) => {
                let mut new = Vec::new();
                for message in messages {
                    if let Some(known) = self.log.iter().find(|m| m.id == message.id && m.sender == user) {
                        ack.accepted.push(Accepted { id: message.id, seq: known.seq, at: 0 });
                        continue;
                    }
                    let seq = self.log.len() as u64 + 1;
                    let entry = ChatMessage { id: message.id, sender: user.clone(), seq, at: 0, text: message.text };
                    ack.accepted.push(Accepted { id: entry.id.clone(), seq, at: 0 });
                    self.log.push(entry.clone());
                    new.push(entry);
                }
                if let Some(socket) = self.other(&user).and_then(|s| s.socket).filter(|_| !new.is_empty()) {
                    sent.push((socket, SocketEvent::Chat(ChatDelivery { messages: new })));
                }
            }
            ClientEvent::Receipt(receipt) => {
                let before = self.receipts.iter().position(|r| r.user == user).map(|at| self.receipts.remove(at));
                let (delivered, read) = before.map_or((0, 0), |r| (r.delivered, r.read));
                let receipt =
                    Receipt { delivered: receipt.delivered.max(delivered), read: receipt.read.max(read), ..receipt };
                self.receipts.push(receipt.clone());
                if let Some(socket) = self.other(&user).and_then(|s| s.socket) {
                    sent.push((socket, SocketEvent::Receipt(receipt)));
                }
            }
            ClientEvent::History(HistoryRequest { before, .. }) => {
                ack.messages = self.log.iter().filter(|m| m.seq < before).cloned().collect();
                ack.more = ack.messages.len() > PAGE;
                ack.messages.drain(..ack.messages.len().saturating_sub(PAGE));
            }
            ClientEvent::Typing(_) | ClientEvent::Probe => {}
            ClientEvent::Bye => {
                let info = self.seats.iter().find(|s| s.user == user).map(Seat::info);
                self.seats.retain(|s| s.user != user);
                if let (Some(info), Some(socket)) = (info, self.other(&user).and_then(|s| s.socket)) {
                    let info = PeerInfo { presence: Presence::Absent, left: true, ..info };
                    sent.push((socket, SocketEvent::Peer(info)));
                }
            }
        }
        (ack, sent)
    }
}
