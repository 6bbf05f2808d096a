//! The open peer connections of a session, by the names that the core gave them.

use std::cell::RefCell;
use std::rc::Rc;

use pairvoice_core::wire::IceServer;
use pairvoice_core::{ConnectionCommand, ConnectionEvent, OpId};
use web_sys::{MediaStreamTrack, RtcRtpReceiver};

use crate::context::Contexts;
use crate::copies::JsSound;
use crate::gathering::Gathering;
use crate::inbox::Inbox;
use crate::peer_connection::PeerConnection;

/// The connection that carries the sound, and the one that is to take its place.
pub(crate) struct Connections {
    inbox: Inbox,
    gathering: Gathering,
    sound: JsSound,
    /// Where the next ones may be made.
    pub(crate) contexts: Contexts,
    open: RefCell<Vec<(OpId, Rc<PeerConnection>)>>,
}

impl Connections {
    pub(crate) fn new(inbox: Inbox, gathering: Gathering, sound: JsSound) -> Self {
        Self { inbox, gathering, sound, contexts: Contexts::default(), open: RefCell::default() }
    }

    /// Works on a connection; `track` is the one that is sent, if there is one.
    pub(crate) fn command(&self, id: OpId, command: ConnectionCommand, track: Option<MediaStreamTrack>) {
        match command {
            ConnectionCommand::Offer { ice_servers, own_context } => {
                self.make(id, &ice_servers, own_context, track, PeerConnection::offer);
            }
            ConnectionCommand::Accept { ice_servers, sdp, own_context, passive } => {
                self.make(id, &ice_servers, own_context, track, |c| c.accept(&sdp, passive));
            }
            ConnectionCommand::Configure { ice_servers } => self.with(id, |c| c.configure(&ice_servers)),
            ConnectionCommand::Answer { sdp } => self.with(id, |c| c.answer(&sdp)),
            ConnectionCommand::AddCandidate(candidate) => self.with(id, |c| c.add_candidate(&candidate)),
            ConnectionCommand::SendMicrophone => self.with(id, |c| c.send(track)),
            ConnectionCommand::SendNothing => self.with(id, |c| c.send(None)),
            ConnectionCommand::Play => {
                let beside = self.open.borrow().len() > 1;
                self.with(id, |c| c.play(beside));
            }
            ConnectionCommand::Restart => self.with(id, PeerConnection::restart),
            ConnectionCommand::AcceptRestart { sdp } => self.with(id, |c| c.accept_restart(&sdp)),
            ConnectionCommand::Pulse { next, target, hearing } => self.with(id, |c| c.pulse(next, target, hearing)),
            ConnectionCommand::Watch { on } => {
                self.contexts.prepare();
                self.with(id, |c| c.watch(on));
            }
            ConnectionCommand::Measure => self.with(id, PeerConnection::measure),
            ConnectionCommand::FindPath => self.with(id, PeerConnection::find_path),
            ConnectionCommand::Protect(protection) => self.with(id, |c| c.protect(protection)),
            ConnectionCommand::Renew => self.with(id, PeerConnection::renew),
            ConnectionCommand::Buffer(target) => self.with(id, |c| c.buffer(target)),
            ConnectionCommand::InBand(message) => self.with(id, |c| c.send_in_band(&message)),
            ConnectionCommand::Close => {
                let closed: Vec<_> = self.open.borrow_mut().extract_if(.., |(open, _)| *open == id).collect();
                for (_, connection) in closed {
                    connection.close();
                }
                if self.open.borrow().is_empty() {
                    self.contexts.clear();
                }
            }
        }
    }

    fn make(
        &self,
        id: OpId,
        ice_servers: &[IceServer],
        own_context: bool,
        track: Option<MediaStreamTrack>,
        begin: impl FnOnce(&PeerConnection),
    ) {
        let context = if own_context { self.contexts.knowing() } else { None };
        let (sound, inbox) = (self.sound.clone(), self.inbox.clone());
        match PeerConnection::new(id, self.gathering, ice_servers, context, track, sound, inbox) {
            Ok(connection) => {
                begin(&connection);
                self.open.borrow_mut().push((id, connection));
            }
            Err(_) => self.inbox.connection(id, ConnectionEvent::Broken),
        }
    }

    fn with(&self, id: OpId, work: impl FnOnce(&PeerConnection)) {
        let connection = self.open.borrow().iter().find(|(open, _)| *open == id).map(|(_, c)| Rc::clone(c));
        if let Some(connection) = connection {
            work(&connection);
        }
    }

    /// A connection is open.
    pub(crate) fn are_open(&self) -> bool {
        !self.open.borrow().is_empty()
    }

    /// The receiver of the sound that is heard.
    pub(crate) fn receiver(&self) -> Option<RtcRtpReceiver> {
        self.open.borrow().first().and_then(|(_, connection)| connection.receiver())
    }
}
