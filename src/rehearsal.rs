//! A call between two cores in this page, before there is one: browsers compile a function of WebAssembly when it runs for the first
//! time, and a call's first words run through half of the module while somebody waits. Nothing leaves the page.

use pairvoice_core::wire::{
    ChatPage, ClientEvent, DisplayName, Envelope, InstanceId, Knocked, PeerInfo, Presence, ServerEvent, SessionId,
    UserId, VERSION, VoiceStatus, Welcome,
};
use pairvoice_core::{
    Ahead, Choices, Config, ConnectionCommand, ConnectionEvent, Device, Identity, Input, KnockAnswer, LinkState,
    MicrophoneEvent, OpId, Output, Session, SocketEvent,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::from_js::from_js;
use crate::snapshot::Snapshot;
use crate::to_js::to_js;

/// Words that each side may say in a rehearsal: more than a call needs, so that it ends in any case.
const WORDS: usize = 64;

/// Rehearses a call. What can't be done in this browser is left out.
#[wasm_bindgen(skip_typescript)]
pub fn rehearse() {
    for (first, second) in [("1", "2"), ("2", "1")] {
        let sides = [Actor::new(first, second, '1'), Actor::new(second, first, '2')];
        if let [Some(mut one), Some(mut other)] = sides {
            one.enter(&other);
            other.enter(&one);
            for _ in 0..WORDS {
                let said = [one.said.pop(), other.said.pop()];
                if said == [None, None] {
                    break;
                }
                let [from_one, from_other] = said;
                if let Some(envelope) = from_one {
                    other.hear(&envelope);
                }
                if let Some(envelope) = from_other {
                    one.hear(&envelope);
                }
            }
        }
    }
}

/// A core whose browser answers at once.
struct Actor {
    me: Identity,
    core: Session,
    snapshot: Snapshot,
    socket: Option<OpId>,
    said: Vec<Envelope>,
}

impl Actor {
    fn new(user: &str, peer: &str, digit: char) -> Option<Self> {
        let user = UserId::parse(user).ok()?;
        let session = SessionId::parse("rehearsal").ok()?;
        let instance = InstanceId::parse(&digit.to_string().repeat(32)).ok()?;
        let me = Identity { session, user, instance };
        let config = Config {
            me: me.clone(),
            peer: UserId::parse(peer).ok(),
            incapable: None,
            choices: Choices::default(),
            speaker_selectable: true,
            token_renews: false,
            ahead: Ahead { ice_servers: Some(Vec::new()), standby: false, descriptions: true },
            revives: true,
        };
        let core = Session::new(config);
        let mut new = Self { me, core, snapshot: Snapshot::default(), socket: None, said: Vec::new() };
        new.drain();
        Some(new)
    }

    fn info(&self) -> PeerInfo {
        let voice = VoiceStatus { on: true, ahead: true, ..VoiceStatus::default() };
        let instance = Some(self.me.instance.clone());
        let (user_id, presence) = (self.me.user.clone(), Presence::Present);
        PeerInfo { user_id, name: DisplayName::default(), instance, presence, left: false, welcomes: 1, voice }
    }

    /// Joins where the other is already, by a knock and by a socket.
    fn enter(&mut self, other: &Self) {
        self.input(Input::StartVoice);
        let Some(id) = self.socket else { return };
        self.input(Input::Socket { id, event: SocketEvent::TokenAtHand });
        let peer = Some(other.info());
        let knocked = Knocked {
            v: VERSION,
            peer: peer.clone(),
            signals: Vec::new(),
            ice_servers: Vec::new(),
            ice_lifetime: None,
        };
        if let Some(knocked) = from_js(&to_js(&knocked)) {
            self.input(Input::Knocked { id, answer: KnockAnswer::Let(Box::new(knocked)) });
        }
        self.input(Input::Socket { id, event: SocketEvent::HandshakeWanted { token: String::new() } });
        let chat =
            ChatPage { log: String::new(), since: 0, last: 0, receipts: Vec::new(), messages: Vec::new(), more: false };
        let welcome =
            Welcome { v: VERSION, peer, signals: Vec::new(), chat, ice_servers: Vec::new(), ice_lifetime: None };
        if let Some(welcome) = from_js(&to_js(&welcome)) {
            self.server(id, ServerEvent::Welcome(Box::new(welcome)));
        }
    }

    fn server(&mut self, id: OpId, event: ServerEvent) {
        self.input(Input::Socket { id, event: SocketEvent::Server(event) });
    }

    fn hear(&mut self, envelope: &Envelope) {
        if let Some((id, envelope)) = self.socket.zip(from_js(&to_js(envelope))) {
            self.server(id, ServerEvent::Signal(envelope));
        }
    }

    fn input(&mut self, input: Input) {
        self.core.handle(input);
        self.drain();
        self.snapshot.refresh(&self.core, &self.me.user);
    }

    fn drain(&mut self) {
        let mut answers = Vec::new();
        while let Some(output) = self.core.poll_output() {
            to_js(&output);
            match output {
                Output::ConnectSocket { id, .. } => self.socket = Some(id),
                Output::Emit { event: ClientEvent::Signal(envelope), .. } => {
                    self.said.insert(0, envelope);
                }
                Output::OpenMicrophone { id, processing, .. } => {
                    let event = MicrophoneEvent::Granted { device: Device::default(), processing };
                    answers.push(Input::Microphone { id, event });
                }
                Output::Connection { id, command } => {
                    let event = |event| Input::Connection { id, event };
                    let described = event(ConnectionEvent::LocalDescription { sdp: "v=0\r\n".into() });
                    match command {
                        ConnectionCommand::Offer { .. } => answers.push(described),
                        ConnectionCommand::Accept { .. } => {
                            answers.extend([event(ConnectionEvent::RemoteDescriptionSet), described]);
                        }
                        ConnectionCommand::Answer { .. } => {
                            answers.push(event(ConnectionEvent::RemoteDescriptionSet));
                            answers.push(event(ConnectionEvent::Link(LinkState::Connected)));
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        for input in answers {
            to_js(&input);
            self.input(input);
        }
    }
}
