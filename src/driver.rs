//! The one place that knows both the core and the browser: inputs in, outputs performed, then the app is told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Interval;
use js_sys::{Function, Promise};
use pairvoice_core::wire::IceServer;
use pairvoice_core::{
    Config, ConnectionCommand, ConnectionEvent, Event, Input, LinkState, MessageId, OpId, OutboxEvent, Output, Session,
    SocketEvent,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::MediaStreamTrack;

use crate::addresses::Look;
use crate::console;
use crate::convert::{property, whole};
use crate::environment::{fetch_token, incapable, is_hidden};
use crate::from_js::from_js;
use crate::level::{self, Meter};
use crate::listeners::Listener;
use crate::microphone::Microphone;
use crate::options::{Options, Token};
use crate::page;
use crate::peer_connection::{PeerConnection, Reports};
use crate::random::{random_instance, spread_out};
use crate::signaling::{self, Hears, Signaling};
use crate::snapshot::Snapshot;
use crate::speaker::Speaker;
use crate::storage::{Keeps, Storage};
use crate::subscribers::Subscribers;
use crate::timers::{Timers, now};
use crate::to_js::{to_frozen, to_js};

/// One running session.
pub(crate) struct Driver {
    this: Weak<Self>,
    pub(crate) options: RefCell<Options>,
    loader: Function,
    storage: Rc<Storage>,
    core: RefCell<Session>,
    inbox: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    socket: RefCell<Option<Signaling>>,
    connecting: Cell<Option<OpId>>,
    token: RefCell<String>,
    /// The one that carries the sound, and the one that is to take its place.
    connections: RefCell<Vec<(OpId, Rc<PeerConnection>)>>,
    look: RefCell<Option<Rc<Look>>>,
    microphone: Rc<Microphone>,
    speaker: Speaker,
    meter: Meter,
    metering: RefCell<Option<Interval>>,
    timers: Timers,
    page: RefCell<Vec<Listener>>,
    snapshot: Snapshot,
    events: RefCell<Vec<Event>>,
    pub(crate) subscribers: Subscribers,
    ended: Cell<bool>,
    waiting: RefCell<Vec<Function>>,
}

impl Driver {
    /// Begins a session.
    pub(crate) fn start(options: Options, loader: Function, idb: Function) -> Rc<Self> {
        let config = Config {
            session: options.session.clone(),
            user: options.user.clone(),
            instance: random_instance(),
            peer: options.peer.clone(),
            incapable: incapable(),
            token_renews: matches!(options.token, Token::Function(_)),
        };
        let owner = [options.server(), options.session.to_string(), options.user.to_string()];
        let driver = Rc::new_cyclic(|this: &Weak<Self>| Self {
            this: Weak::clone(this),
            storage: Storage::new(owner, idb, this.clone()),
            options: RefCell::new(options),
            loader,
            core: RefCell::new(Session::new(config)),
            inbox: RefCell::default(),
            busy: Cell::new(false),
            socket: RefCell::default(),
            connecting: Cell::default(),
            token: RefCell::default(),
            connections: RefCell::default(),
            look: RefCell::default(),
            microphone: Rc::default(),
            speaker: Speaker::default(),
            meter: Meter::default(),
            metering: RefCell::default(),
            timers: Timers::default(),
            page: RefCell::default(),
            snapshot: Snapshot::default(),
            events: RefCell::default(),
            subscribers: Subscribers::default(),
            ended: Cell::new(false),
            waiting: RefCell::default(),
        });
        driver.watch_page();
        driver.input(Input::Hidden(is_hidden()));
        driver.work();
        driver
    }

    fn watch_page(&self) {
        let this = self.this.clone();
        let report: Rc<dyn Fn(Input)> = Rc::new(move |input| {
            if let Some(driver) = this.upgrade() {
                driver.input(input);
            }
        });
        *self.page.borrow_mut() = page::watch(&report);
    }

    /// Takes one input. One that arrives while another is worked on waits its turn.
    pub(crate) fn input(&self, input: Input) {
        self.inbox.borrow_mut().push_back(input);
        self.work();
    }

    fn work(&self) {
        if self.busy.replace(true) {
            return;
        }
        loop {
            self.drain();
            let Some(input) = self.inbox.borrow_mut().pop_front() else { break };
            self.core.borrow_mut().handle(input);
        }
        let changed = self.snapshot.refresh(&self.core.borrow(), &self.options.borrow().user);
        self.busy.set(false);
        self.tell(changed);
    }

    fn drain(&self) {
        loop {
            let output = self.core.borrow_mut().poll_output();
            match output {
                Some(output) => self.perform(output),
                None => break,
            }
        }
    }

    /// Calls the app, when nothing is borrowed any more.
    fn tell(&self, changed: bool) {
        let events = std::mem::take(&mut *self.events.borrow_mut());
        if changed {
            self.subscribers.call("change", &JsValue::UNDEFINED);
        }
        for event in events {
            match event {
                Event::Message(id) => self.subscribers.call("message", &self.message(&id)),
                Event::PeerLeft(user) => self.subscribers.call("peer-left", &user.as_str().into()),
                Event::Typing(on) => self.subscribers.call("typing", &on.into()),
            }
        }
        // What is unsent is safe before anybody hears that the session is over.
        if self.ended.get() && self.storage.is_idle() {
            for waiting in std::mem::take(&mut *self.waiting.borrow_mut()) {
                let _ = waiting.call0(&JsValue::UNDEFINED);
            }
        }
    }

    fn message(&self, id: &MessageId) -> JsValue {
        let chat = property(&self.snapshot.state(), "chat");
        let messages: js_sys::Array = property(&chat, "messages").unchecked_into();
        messages.iter().find(|m| property(m, "id").as_string().as_deref() == Some(id.as_str())).unwrap_or_default()
    }

    fn perform(&self, output: Output) {
        match output {
            Output::ConnectSocket { id, fresh_token } => self.connect(id, fresh_token),
            Output::CloseSocket { id } => {
                self.connecting.set(self.connecting.get().filter(|c| *c != id));
                let closed = self.socket.borrow_mut().take_if(|socket| socket.id == id);
                drop(closed);
            }
            Output::Emit { request, event } => {
                let (this, asked) = (self.this.clone(), now());
                if let Some(socket) = self.socket.borrow().as_ref() {
                    socket.emit(&event, move |answer| {
                        if let Some(driver) = this.upgrade() {
                            let took = whole(now() - asked);
                            driver.input(Input::Acknowledged { request, answer: from_js(&answer), took });
                        }
                    });
                }
            }
            Output::Outbox(command) => self.storage.submit(command),
            Output::FindAddresses { id } => self.find_addresses(id),
            Output::Connection { id, command } => self.command(id, command),
            Output::OpenMicrophone { id } => {
                self.meter.stop();
                let this = self.this.clone();
                let report = Rc::new(move |id, event| {
                    if let Some(driver) = this.upgrade() {
                        driver.input(Input::Microphone { id, event });
                    }
                });
                self.microphone.open(id, report);
            }
            Output::CloseMicrophone => {
                self.meter.stop();
                self.microphone.close();
            }
            Output::EnableMicrophone(enabled) => self.microphone.enable(enabled),
            Output::StopSpeaker => self.speaker.stop(),
            Output::SetTimer { timer, after, spread } => {
                let after = if spread { spread_out(after) } else { after };
                let this = self.this.clone();
                self.timers.set(timer, after, move |late| {
                    if let Some(driver) = this.upgrade() {
                        driver.input(Input::TimerFired { timer, late });
                    }
                });
            }
            Output::ClearTimer(timer) => self.timers.clear(timer),
            Output::Event(event) => self.events.borrow_mut().push(event),
            Output::Log(note) => {
                let options = self.options.borrow();
                console::note(options.log, &options.user, &note);
            }
            Output::Ended => self.let_go(),
        }
    }

    /// The session is over: nothing of it stays behind.
    fn let_go(&self) {
        self.ended.set(true);
        self.page.borrow_mut().clear();
        self.look.borrow_mut().take();
        self.storage.stop_receiving();
        self.metering.borrow_mut().take();
        self.meter.stop();
    }

    // The socket

    fn connect(&self, id: OpId, fresh_token: bool) {
        self.connecting.set(Some(id));
        let (this, loader) = (self.this.clone(), self.loader.clone());
        let token =
            if fresh_token { self.options.borrow().token.clone() } else { Token::Text(self.token.borrow().clone()) };
        spawn_local(async move {
            let module = async { JsFuture::from(signaling::load(&loader)?).await };
            // Both at once: the module is mostly there already, a token may take a moment.
            let token = fetch_token(token);
            let (module, token) = (module.await, token.await);
            let Some(driver) = this.upgrade().filter(|d| d.connecting.get() == Some(id)) else { return };
            driver.connecting.set(None);
            if driver.open(id, module, token).is_err() {
                console::debug(driver.options.borrow().log, "the token or the Socket.IO client could not be had");
                driver.input(Input::Socket { id, event: SocketEvent::Closed });
            }
        });
    }

    fn open(&self, id: OpId, module: Result<JsValue, JsValue>, token: Result<String, JsValue>) -> Result<(), JsValue> {
        *self.token.borrow_mut() = token?;
        let hears: Weak<dyn Hears> = self.this.clone();
        let socket = Signaling::connect(id, &module?, &self.options.borrow().url, &hears)?;
        let before = self.socket.borrow_mut().replace(socket);
        drop(before);
        Ok(())
    }

    // The connection

    fn find_addresses(&self, id: OpId) {
        let this = self.this.clone();
        let look = Look::new(move |addresses| {
            if let Some(driver) = this.upgrade() {
                let done = driver.look.borrow_mut().take();
                driver.input(Input::Addresses { id, addresses });
                drop(done);
            }
        });
        let before = self.look.replace(look);
        drop(before);
    }

    fn command(&self, id: OpId, command: ConnectionCommand) {
        match command {
            ConnectionCommand::Offer { ice_servers, fresh } => {
                self.make(id, &ice_servers, fresh, PeerConnection::offer);
            }
            ConnectionCommand::Accept { ice_servers, sdp, fresh } => {
                self.make(id, &ice_servers, fresh, |c| c.accept(&sdp));
            }
            ConnectionCommand::Close => {
                let closed: Vec<_> = self.connections.borrow_mut().extract_if(.., |(open, _)| *open == id).collect();
                for (_, connection) in closed {
                    connection.close();
                }
            }
            command => {
                let Some(connection) = self.connection(id) else { return };
                match command {
                    ConnectionCommand::Answer { sdp } => connection.answer(&sdp),
                    ConnectionCommand::AddCandidate(candidate) => connection.add_candidate(&candidate),
                    ConnectionCommand::SendMicrophone => connection.send(self.microphone.track()),
                    ConnectionCommand::Play => connection.play(),
                    ConnectionCommand::Restart => connection.restart(),
                    ConnectionCommand::AcceptRestart { sdp } => connection.accept_restart(&sdp),
                    ConnectionCommand::Pulse { next } => connection.pulse(next),
                    ConnectionCommand::InBand(message) => connection.send_in_band(&message),
                    _ => {}
                }
            }
        }
    }

    fn make(&self, id: OpId, ice_servers: &[IceServer], fresh: bool, begin: impl FnOnce(&Rc<PeerConnection>)) {
        let reports: Weak<dyn Reports> = self.this.clone();
        match PeerConnection::new(id, ice_servers, fresh, self.microphone.track(), reports) {
            Ok(connection) => {
                begin(&connection);
                self.connections.borrow_mut().push((id, connection));
            }
            Err(_) => self.inbox.borrow_mut().push_back(Input::Connection { id, event: ConnectionEvent::Broken }),
        }
    }

    fn connection(&self, id: OpId) -> Option<Rc<PeerConnection>> {
        self.connections.borrow().iter().find(|(open, _)| *open == id).map(|(_, c)| Rc::clone(c))
    }

    // The app

    pub(crate) fn state(&self) -> JsValue {
        self.snapshot.state()
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.get()
    }

    /// Lets the browser play, best called within a gesture.
    pub(crate) fn resume_audio(&self) {
        self.speaker.resume(self.playback());
    }

    fn playback(&self) -> Rc<dyn Fn(bool)> {
        let this = self.this.clone();
        Rc::new(move |blocked| {
            if let Some(driver) = this.upgrade() {
                driver.input(Input::Playback { blocked });
            }
        })
    }

    /// Measures levels while somebody listens for them.
    pub(crate) fn meter(&self) {
        let wanted = self.subscribers.has("level") && !self.ended.get();
        let mut metering = self.metering.borrow_mut();
        if !wanted {
            self.meter.stop();
            metering.take();
        } else if metering.is_none() {
            let this = self.this.clone();
            *metering = Some(Interval::new(level::INTERVAL_MS, move || {
                if let Some(driver) = this.upgrade() {
                    driver.measure();
                }
            }));
        }
    }

    fn measure(&self) {
        #[derive(serde::Serialize)]
        struct Levels {
            own: f64,
            peer: f64,
        }
        let receiver = self.connections.borrow().first().and_then(|(_, c)| c.receiver());
        let own = self.microphone.track().filter(MediaStreamTrack::enabled);
        let levels = Levels { own: self.meter.microphone(own.as_ref()), peer: level::peer(receiver.as_ref()) };
        self.subscribers.call("level", &to_frozen(&levels));
    }

    /// Resolves when the session is over.
    pub(crate) fn when_ended(&self) -> Promise {
        Promise::new(&mut |resolve, _| {
            if self.ended.get() && self.storage.is_idle() {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            } else {
                self.waiting.borrow_mut().push(resolve);
            }
        })
    }
}

impl Hears for Driver {
    fn socket(&self, id: OpId, event: SocketEvent) {
        self.input(Input::Socket { id, event });
    }

    fn auth(&self) -> JsValue {
        let token = self.token.borrow().clone();
        to_js(&self.core.borrow_mut().handshake(token))
    }
}

impl Keeps for Driver {
    fn outbox(&self, event: OutboxEvent) {
        self.input(Input::Outbox(event));
    }

    fn outbox_idle(&self) {
        self.tell(false);
    }
}

impl Reports for Driver {
    fn connection(&self, id: OpId, event: ConnectionEvent) {
        let connected = event == ConnectionEvent::Link(LinkState::Connected);
        self.input(Input::Connection { id, event });
        if connected && let Some(connection) = self.connection(id) {
            connection.find_path();
        }
    }

    fn remote_track(&self, track: &MediaStreamTrack) {
        self.speaker.play(track, self.playback());
    }
}
