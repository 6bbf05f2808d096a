//! A person's place in a session. It belongs to a user, not to a socket: sockets come and go, the seat with its parked
//! signals stays for a while.

use pairvoice_wire::{
    ChatMessage, ChatPage, DisplayName, Handshake, InstanceId, PeerInfo, Presence, Receipt, UserId, VoiceStatus,
};

use crate::grant::Grant;
use crate::input::SocketId;
use crate::knock::Held;
use crate::parked::Parked;

/// Messages that may wait for a socket that is being let in.
const MAX_BACKLOG: usize = 1_024;

/// One person's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Seat {
    pub(crate) user: UserId,
    /// What the newest token calls the user.
    pub(crate) name: DisplayName,
    pub(crate) instance: InstanceId,
    pub(crate) presence: Presence,
    pub(crate) welcomes: u32,
    pub(crate) voice: VoiceStatus,
    pub(crate) parked: Parked,
    /// The newest attempt of this instance that a line of the log was written for: knock and handshake bring the same offer.
    pub(crate) noted: Option<u32>,
    pub(crate) socket: Socket,
    /// A knock that waits for the first signal.
    pub(crate) held: Option<Held>,
    /// How long the token of the welcomed socket is good after its timer, in milliseconds.
    pub(crate) token_left: u64,
}

/// The socket of a seat.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Socket {
    /// There is none.
    None,
    /// One is being let in.
    Entering(Box<Entering>),
    /// One was welcomed.
    Open {
        /// Its name.
        id: SocketId,
        /// Everything of the chat log up to this sequence number came with its welcome.
        seen: u64,
    },
}

impl Socket {
    /// The welcomed one.
    pub(crate) fn open(&self) -> Option<SocketId> {
        match self {
            Self::Open { id, .. } => Some(*id),
            Self::None | Self::Entering(_) => None,
        }
    }
}

/// A socket on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entering {
    pub(crate) id: SocketId,
    pub(crate) handshake: Handshake,
    /// What its token grants.
    pub(crate) grant: Grant,
    /// What the client has missed, once it is read.
    pub(crate) page: Option<ChatPage>,
    /// Messages that became durable since the page was asked for; those that the page lacks follow it.
    backlog: Vec<ChatMessage>,
    /// How far somebody got since the page was asked for.
    receipts: Vec<Receipt>,
}

impl Entering {
    pub(crate) fn new(id: SocketId, handshake: Handshake, grant: Grant) -> Self {
        Self { id, handshake, grant, page: None, backlog: Vec::new(), receipts: Vec::new() }
    }

    /// Keeps what became durable meanwhile; tells whether there was room.
    pub(crate) fn keep(&mut self, messages: &[ChatMessage]) -> bool {
        let fits = self.backlog.len() + messages.len() <= MAX_BACKLOG;
        if fits {
            self.backlog.extend_from_slice(messages);
        }
        fits
    }

    /// Keeps how far somebody got meanwhile.
    pub(crate) fn keep_receipt(&mut self, receipt: Receipt) {
        self.receipts.retain(|known| known.user != receipt.user);
        self.receipts.push(receipt);
    }

    /// The page's receipts may be older than what came meanwhile; numbers never fall.
    pub(crate) fn bring_up_to_date(&mut self, receipts: &mut Vec<Receipt>) {
        for newer in std::mem::take(&mut self.receipts) {
            match receipts.iter_mut().find(|known| known.user == newer.user) {
                Some(known) => {
                    known.delivered = known.delivered.max(newer.delivered);
                    known.read = known.read.max(newer.read);
                }
                None => receipts.push(newer),
            }
        }
    }

    /// What became durable after the page had been read.
    pub(crate) fn missed(&mut self, last: u64) -> Vec<ChatMessage> {
        std::mem::take(&mut self.backlog).into_iter().filter(|message| message.seq > last).collect()
    }
}

impl Seat {
    pub(crate) fn new(user: UserId, instance: InstanceId) -> Self {
        Self {
            user,
            name: DisplayName::default(),
            instance,
            presence: Presence::Absent,
            welcomes: 0,
            voice: VoiceStatus::default(),
            parked: Parked::default(),
            noted: None,
            socket: Socket::None,
            held: None,
            token_left: 0,
        }
    }

    /// The person as the other is told of them.
    pub(crate) fn info(&self) -> PeerInfo {
        PeerInfo {
            user_id: self.user.clone(),
            name: self.name.clone(),
            instance: Some(self.instance.clone()),
            presence: self.presence,
            left: false,
            welcomes: self.welcomes,
            voice: self.voice,
        }
    }

    /// The welcomed socket.
    pub(crate) fn open(&self) -> Option<SocketId> {
        self.socket.open()
    }

    /// The socket, welcomed or on its way in.
    pub(crate) fn any_socket(&self) -> Option<SocketId> {
        match &self.socket {
            Socket::Open { id, .. } => Some(*id),
            Socket::Entering(entering) => Some(entering.id),
            Socket::None => None,
        }
    }

    pub(crate) fn entering(&mut self, socket: SocketId) -> Option<&mut Entering> {
        match &mut self.socket {
            Socket::Entering(entering) if entering.id == socket => Some(entering),
            _ => None,
        }
    }
}
