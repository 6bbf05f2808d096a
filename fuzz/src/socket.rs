//! What a host knows of one socket, and what the room may do with it.

use std::collections::BTreeSet;

use pairvoice_room::Grant;
use pairvoice_wire::{
    ChatMessage, Envelope, InstanceId, MAX_PARKED_BYTES, MAX_PARKED_SIGNALS, ServerEvent, UserId, Welcome,
};

/// Where a socket stands between its handshake and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It asked for a seat and has no answer.
    Asking,
    /// It may come in.
    Admitted,
    /// It came in.
    Open,
    /// It was refused.
    Refused,
    /// The room hung up on it.
    HungUp,
    /// It broke.
    Closed,
}

/// One socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stage: Stage,
    pub(crate) user: UserId,
    instance: InstanceId,
    /// What its newest token grants.
    pub(crate) grant: Grant,
    /// What is sent to it does not fit into its channel.
    pub(crate) deaf: bool,
    /// It said goodbye.
    pub(crate) left: bool,
    /// The sequence number of the log up to which its welcome reaches; none before it.
    welcomed: Option<u64>,
    /// Sequence numbers of the messages that came after the welcome.
    delivered: BTreeSet<u64>,
}

impl Socket {
    pub(crate) fn new(user: UserId, instance: InstanceId, grant: Grant) -> Self {
        let (stage, deaf, left, welcomed, delivered) = (Stage::Asking, false, false, None, BTreeSet::new());
        Self { stage, user, instance, grant, deaf, left, welcomed, delivered }
    }

    /// `Output::Admit`. An answer of the log that comes twice admits twice.
    pub(crate) fn admit(&mut self) {
        assert!(matches!(self.stage, Stage::Asking | Stage::Admitted), "admitted while {:?}", self.stage);
        self.stage = Stage::Admitted;
    }

    /// `Output::Refuse`. A socket that was admitted and did not come in yet may lose its seat to another.
    pub(crate) fn refuse(&mut self) {
        assert!(matches!(self.stage, Stage::Asking | Stage::Admitted), "refused while {:?}", self.stage);
        self.stage = Stage::Refused;
    }

    /// `Output::HangUp`.
    pub(crate) fn hang_up(&mut self) {
        self.stage = Stage::HungUp;
    }

    /// `Output::Send`.
    pub(crate) fn receive(&mut self, event: &ServerEvent) {
        assert_eq!(self.stage, Stage::Open, "{} sent", event.name());
        assert!(!self.left, "{} sent after a goodbye", event.name());
        assert_eq!(matches!(event, ServerEvent::Welcome(_)), self.welcomed.is_none(), "the welcome is the first event");
        match event {
            ServerEvent::Welcome(welcome) => self.welcome(welcome),
            ServerEvent::Chat(delivery) => delivery.messages.iter().for_each(|message| self.message(message)),
            ServerEvent::Signal(envelope) => self.signal(envelope),
            ServerEvent::Peer(peer) => assert_ne!(peer.user_id, self.user),
            ServerEvent::Receipt(receipt) => assert_ne!(receipt.user, self.user),
            ServerEvent::Typing(_) | ServerEvent::Data(_) | ServerEvent::Ice(_) | ServerEvent::Notice(_) => {}
        }
    }

    /// Whether it has or may get a seat.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Asking | Stage::Admitted | Stage::Open) && !self.left
    }

    /// Whether it was welcomed and has a seat.
    pub(crate) fn is_inside(&self) -> bool {
        self.stage == Stage::Open && self.welcomed.is_some() && !self.left
    }

    /// Whether it has a seat and takes what is sent.
    pub(crate) fn is_listening(&self) -> bool {
        self.is_inside() && !self.deaf
    }

    /// Whether a message of the log that the room knows to be durable is, or was, on its way to this socket.
    pub(crate) fn has(&self, message: &ChatMessage) -> bool {
        let welcomed = self.welcomed.is_some_and(|last| message.seq <= last);
        welcomed || self.delivered.contains(&message.seq) || message.sender == self.user
    }

    fn welcome(&mut self, welcome: &Welcome) {
        self.welcomed = Some(welcome.chat.last);
        assert!(welcome.peer.as_ref().is_none_or(|peer| peer.user_id != self.user));
        let bytes: usize = welcome.signals.iter().map(Envelope::size).sum();
        assert!(welcome.signals.len() <= MAX_PARKED_SIGNALS && bytes <= MAX_PARKED_BYTES, "{bytes} bytes were parked");
        welcome.signals.iter().for_each(|envelope| self.signal(envelope));
    }

    fn message(&mut self, message: &ChatMessage) {
        let newest = self.delivered.last().copied().max(self.welcomed);
        assert!(Some(message.seq) > newest, "{} comes after {newest:?}", message.seq);
        self.delivered.insert(message.seq);
    }

    fn signal(&self, envelope: &Envelope) {
        assert_ne!(envelope.user, self.user, "nobody signals to themselves");
        assert!(envelope.to.as_ref().is_none_or(|to| *to == self.instance), "meant for another instance");
    }
}
