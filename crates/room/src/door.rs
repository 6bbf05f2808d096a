//! Who may enter: the two users that the session is pinned to, and whose tokens were revoked.

use std::collections::BTreeMap;

use pairvoice_wire::{
    ChatPage, Code, Detail, Handshake, Notice, PeerInfo, Presence, Refusal, ServerEvent, UserId, VoiceStatus,
};

use crate::grant::Grant;
use crate::input::{Knock, KnockId, SocketId};
use crate::output::{Note, Output, Timer};
use crate::room::Room;
use crate::seat::{Seat, Socket};
use crate::store::{StoreError, StoreRequest};

/// When a client whose token was revoked comes back, in milliseconds: a token of the same second would be void, too.
const REVOKED_MS: u32 = 2_000;
/// Why somebody is asked to come again.
const UNREAD: &str = "the chat log could not be read";

/// What outlives a room of who may enter its session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Admission {
    /// The two users that the first token with participants named: nobody else enters, whatever their token says.
    pub participants: Option<[UserId; 2]>,
    /// Tokens of a user, or of everybody, that were not issued after this moment, in seconds since 1970, are void.
    pub revoked: BTreeMap<Option<UserId>, u64>,
}

impl Admission {
    /// Whether a token lets its user in.
    ///
    /// # Errors
    /// [`Code::Unauthorized`].
    pub fn check(&self, user: &UserId, grant: &Grant) -> Result<(), Refusal> {
        let moments = [None, Some(user.clone())].map(|whose| self.revoked.get(&whose).copied());
        if moments.into_iter().flatten().any(|at| grant.issued_at.is_none_or(|issued| issued <= at)) {
            Err(Refusal::of_token(Detail::Revoked, "the token was revoked"))
        } else if self.participants.as_ref().is_some_and(|two| !two.contains(user)) {
            Err(Refusal::new(Code::Unauthorized, "this session is for two other users"))
        } else {
            Ok(())
        }
    }

    fn revoke(&mut self, user: Option<UserId>, at: u64) {
        let known = self.revoked.entry(user).or_default();
        *known = at.max(*known);
    }
}

/// The door of a room.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Door {
    admission: Admission,
    /// What the store knows is part of it.
    is_read: bool,
    /// The store knows the participants, too.
    is_written: bool,
    /// The knock for which the store was asked who may enter.
    asked: Option<KnockId>,
    /// Who came before the store had answered for the first one.
    waiting: Vec<Waiting>,
}

/// Somebody at the door.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Waiting {
    Socket(SocketId, Box<Handshake>, Grant),
    Knock(Box<Knock>),
}

impl Door {
    /// Nobody waits.
    pub(crate) fn is_clear(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The other of the two users that the session is pinned to.
    pub(crate) fn peer_of(&self, user: &UserId) -> Option<UserId> {
        self.admission.participants.as_ref()?.iter().find(|name| *name != user).cloned()
    }

    /// A socket waits no more.
    pub(crate) fn forget(&mut self, socket: SocketId) {
        self.waiting.retain(|waiting| !matches!(waiting, Waiting::Socket(id, ..) if *id == socket));
    }

    /// Nobody waits for the answer to a knock any more.
    pub(crate) fn forget_knock(&mut self, knock: KnockId) {
        self.waiting.retain(|waiting| !matches!(waiting, Waiting::Knock(known) if known.id == knock));
    }
}

impl Room {
    /// Whether a socket may take a seat now. In a room that has just begun the first one may, since nobody is harmed by it;
    /// those after it wait until its page is read, with which the room learns who may enter.
    pub(crate) fn at_the_door(
        &mut self,
        socket: SocketId,
        handshake: Handshake,
        grant: Grant,
    ) -> Option<(Handshake, Grant)> {
        if !self.door.is_read {
            if self.is_asked_for() {
                self.door.waiting.push(Waiting::Socket(socket, Box::new(handshake), grant));
                return None;
            }
        } else if let Err(refusal) = self.authorize(&handshake.user_id, &grant) {
            self.push(Output::Refuse { socket, refusal });
            return None;
        }
        Some((handshake, grant))
    }

    /// A socket is on its way in, with whose page the store tells who may enter.
    fn is_asked_for(&mut self) -> bool {
        self.seats_mut().any(|seat| matches!(seat.socket, Socket::Entering(_)))
    }

    /// Whether a knock may take a seat now: its answer tells of the other, so it always waits until the room knows who may enter.
    pub(crate) fn knock_at_the_door(&mut self, knock: Box<Knock>) -> Option<Box<Knock>> {
        if !self.door.is_read {
            if self.door.asked.is_none() && !self.is_asked_for() {
                self.door.asked = Some(knock.id);
                self.push(Output::Store(StoreRequest::ReadAdmission { knock: knock.id }));
            }
            self.door.waiting.push(Waiting::Knock(knock));
            return None;
        }
        if let Err(refusal) = self.authorize(&knock.handshake.user_id, &knock.grant) {
            self.refuse_knock(knock.id, refusal);
            return None;
        }
        Some(knock)
    }

    /// The store answered for a knock. An answer that a former room of the session asked for may be older than a revocation.
    pub(crate) fn admission_read(&mut self, knock: KnockId, admission: Result<Admission, StoreError>) {
        if self.door.asked != Some(knock) {
            return;
        }
        self.door.asked = None;
        if let Ok(admission) = admission {
            self.learn(admission);
            self.answer_the_door();
        } else if !self.door.is_read {
            // Sockets wait for the page of another one, which may still come.
            let is_knock = |waiting: &Waiting| matches!(waiting, Waiting::Knock(_));
            let (knocks, sockets) = std::mem::take(&mut self.door.waiting).into_iter().partition(is_knock);
            self.door.waiting = knocks;
            self.answer_the_door();
            self.door.waiting = sockets;
        }
    }

    /// The other, or who it will be.
    pub(crate) fn peer_of(&mut self, user: &UserId) -> Option<PeerInfo> {
        self.other(user).map(|other| other.info()).or(self.door.peer_of(user).map(PeerInfo::unmet))
    }

    /// Whether a token lets its user be here; the first one that names two users pins the session to them.
    ///
    /// # Errors
    /// [`Code::Unauthorized`].
    pub(crate) fn authorize(&mut self, user: &UserId, grant: &Grant) -> Result<(), Refusal> {
        self.door.admission.check(user, grant)?;
        if self.door.admission.participants.is_none() {
            self.pin(grant.participants.clone());
        }
        if let Some(participants) = self.door.admission.participants.clone().filter(|_| !self.door.is_written) {
            self.push(Output::Store(StoreRequest::Pin { participants }));
        }
        Ok(())
    }

    /// The pin holds from the moment it is made: whoever else is here is let go.
    fn pin(&mut self, participants: Option<[UserId; 2]>) {
        self.door.admission.participants = participants;
        if let Some(two) = self.door.admission.participants.clone() {
            let why = "the session is for two other users";
            self.expel(|user| !two.contains(user), why, &Refusal::new(Code::Unauthorized, why));
        }
    }

    /// The store has a pin, which may be an older one; what it could not write it is given with the next socket.
    pub(crate) fn pinned(&mut self, participants: Result<[UserId; 2], StoreError>) {
        if let Ok(participants) = participants {
            self.door.is_written = true;
            self.pin(Some(participants));
        }
    }

    /// The store's answer of who may enter, which may know of a pin that a former room asked for.
    fn learn(&mut self, Admission { participants, revoked }: Admission) {
        for (user, at) in revoked {
            self.door.admission.revoke(user, at);
        }
        self.door.is_read = true;
        if let Some(two) = participants {
            self.pinned(Ok(two));
        }
    }

    /// Tokens of a user, or of everybody, that were issued until now are void.
    pub(crate) fn revoke(&mut self, user: Option<&UserId>, at: u64) {
        self.door.admission.revoke(user.cloned(), at);
        let why = Refusal::of_token(Detail::Revoked, "the token was revoked");
        let why = Refusal { after_ms: Some(REVOKED_MS), ..why };
        self.expel(|seated| user.is_none_or(|user| user == seated), "the token was revoked", &why);
    }

    /// Frees seats, and tells their owners; `why` is for the log.
    fn expel(&mut self, whose: impl Fn(&UserId) -> bool, why: &'static str, refusal: &Refusal) {
        let users: Vec<UserId> = self.seats_mut().map(|seat| seat.user.clone()).filter(|user| whose(user)).collect();
        for user in users {
            self.turn_away(&user, refusal);
            match self.vacate(&user).map(|seat| seat.socket) {
                Some(Socket::Open { id, .. }) => {
                    let notice = Notice { code: Code::Unauthorized, after_ms: refusal.after_ms };
                    self.push(Output::Send { to: id, event: ServerEvent::Notice(notice) });
                    self.log(Note::LetGo { user, socket: id, why });
                    self.push(Output::HangUp { socket: id });
                }
                Some(Socket::Entering(entering)) => {
                    self.push(Output::Refuse { socket: entering.id, refusal: refusal.clone() });
                }
                Some(Socket::None) | None => {}
            }
        }
    }

    /// Frees a seat at once, and tells the other.
    pub(crate) fn vacate(&mut self, user: &UserId) -> Option<Seat> {
        self.release(user);
        let seat = self.remove(user)?;
        let info = seat.info();
        let gone = PeerInfo { presence: Presence::Absent, left: true, voice: VoiceStatus::default(), ..info };
        self.send_to_other(user, ServerEvent::Peer(gone));
        let timers = [Timer::Away, Timer::Seat, Timer::Token, Timer::Ice];
        for timer in timers.map(|timer| timer(user.clone())) {
            self.push(Output::ClearTimer(timer));
        }
        Some(seat)
    }

    /// The store answered for a socket: it is let in, unless its token is void or its page could not be read.
    pub(crate) fn page_read(&mut self, socket: SocketId, page: Result<(ChatPage, Admission), StoreError>) {
        let was_read = self.door.is_read;
        let page = page.map(|(page, admission)| {
            self.learn(admission);
            page
        });
        self.let_in(socket, page);
        if !was_read {
            self.answer_the_door();
        }
    }

    fn let_in(&mut self, socket: SocketId, page: Result<ChatPage, StoreError>) {
        let Some(seat) = self.seats_mut().find(|seat| seat.any_socket() == Some(socket)) else { return };
        let user = seat.user.clone();
        let Some(entering) = seat.entering(socket) else { return };
        let Ok(page) = page else {
            seat.socket = Socket::None;
            return self.refuse(socket, Code::Busy, UNREAD);
        };
        entering.page = Some(page);
        let grant = entering.grant.clone();
        match self.authorize(&user, &grant) {
            Ok(()) => self.push(Output::Admit { socket }),
            Err(refusal) => {
                self.turn_away(&user, &refusal);
                self.vacate(&user);
                self.push(Output::Refuse { socket, refusal });
            }
        }
    }

    /// Whoever waits asks for a seat again, or in vain when the store did not answer.
    pub(crate) fn answer_the_door(&mut self) {
        for waiting in std::mem::take(&mut self.door.waiting) {
            match waiting {
                Waiting::Socket(socket, handshake, grant) if self.door.is_read => {
                    self.enter(socket, *handshake, grant);
                }
                Waiting::Socket(socket, ..) => self.refuse(socket, Code::Busy, UNREAD),
                Waiting::Knock(knock) if self.door.is_read => self.knock(knock),
                Waiting::Knock(knock) => self.refuse_knock(knock.id, Refusal::new(Code::Busy, UNREAD)),
            }
        }
    }
}
