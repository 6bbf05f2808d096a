//! The one place that knows both the core and the browser: inputs in, outputs performed, then the app is told.

mod media;
mod server;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use gloo::timers::callback::Interval;
use js_sys::{Date, Function, Promise};
use pairvoice_core::wire::InstanceId;
use pairvoice_core::{Ahead, Config, Event, Identity, Input, OpId, Output, Session, TokenSource};
use wasm_bindgen::JsValue;
use web_sys::MediaStreamTrack;

use crate::addresses::Look;
use crate::connections::Connections;
use crate::console;
use crate::convert::{milliseconds, whole};
use crate::copies::JsSound;
use crate::crash;
use crate::devices;
use crate::door::Door;
use crate::environment::{incapable, is_hidden, revives};
use crate::from_js::from_js;
use crate::inbox::{Inbox, Report};
use crate::level::{self, Meter, SpeechEar};
use crate::listeners::Listener;
use crate::microphone::Microphone;
use crate::options::{GivenMicrophone, Options, Token};
use crate::page;
use crate::random::spread_out;
use crate::recorder::Recorder;
use crate::signaling::Signaling;
use crate::snapshot::Snapshot;
use crate::speaker::{Speaker, set_audio_session};
use crate::storage::Storage;
use crate::subscribers::Subscribers;
use crate::timers::{Timers, now};
use crate::to_js::{to_frozen, to_js};

/// What `npm/index.js` gives a session: functions, and what `npm/copies.js` and `npm/description.js` export.
pub(crate) struct Parts {
    /// Imports socket.io-client.
    pub(crate) loader: Function,
    /// Imports the library of that name.
    pub(crate) idb: Function,
    /// Asks for a microphone.
    pub(crate) open: Function,
    pub(crate) sound: JsSound,
}

/// One running session.
pub(crate) struct Driver {
    this: Weak<Self>,
    pub(crate) options: RefCell<Options>,
    /// Imports socket.io-client.
    loader: Function,
    inbox: Inbox,
    core: RefCell<Session>,
    pub(crate) recorder: Recorder,
    waiting_inputs: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    socket: RefCell<Option<Signaling>>,
    /// The socket that waits for module and token, or for another token.
    connecting: Cell<Option<OpId>>,
    /// The last one that the app gave.
    token: RefCell<String>,
    /// The way to the server by HTTP.
    door: Door,
    connections: Connections,
    look: RefCell<Option<Rc<Look>>>,
    microphone: Rc<Microphone>,
    speaker: Rc<Speaker>,
    meter: Meter,
    metering: RefCell<Option<Interval>>,
    speech_ear: SpeechEar,
    /// This person speaks, as the core was told last.
    speaks: Cell<bool>,
    storage: Rc<Storage>,
    timers: Timers,
    page: RefCell<Vec<Listener>>,
    snapshot: Snapshot,
    events: RefCell<Vec<Event>>,
    pub(crate) subscribers: Subscribers,
    ended: Cell<bool>,
    /// Resolve when the session is over.
    waiting_for_end: RefCell<Vec<Function>>,
}

impl Driver {
    /// Begins a session.
    pub(crate) fn start(
        options: Options,
        instance: InstanceId,
        recorder: Recorder,
        door: Door,
        parts: Parts,
    ) -> Rc<Self> {
        let Parts { loader, idb, open, sound } = parts;
        let me = Identity { session: options.session.clone(), user: options.user.clone(), instance };
        let microphone = options.microphone.clone();
        let config = Config {
            me,
            peer: options.peer.clone(),
            incapable: incapable(),
            choices: media::choices(&options),
            speaker_selectable: devices::is_speaker_selectable(),
            token_renews: matches!(options.token, Token::Function(_)),
            ahead: Ahead { ice_servers: door.known_ice_servers(), standby: options.standby, descriptions: revives() },
            revives: revives(),
        };
        recorder.begin(&config);
        let server = [options.server.origin.as_str(), &options.server.path].concat();
        let owner = [server, options.session.to_string(), options.user.to_string()];
        let driver = Rc::new_cyclic(|this: &Weak<Self>| {
            let reports = this.clone();
            let inbox = Inbox::new(move |report| {
                if let Some(driver) = reports.upgrade() {
                    driver.take(report);
                }
            });
            Self {
                this: this.clone(),
                connections: Connections::new(inbox.clone(), options.gathering, sound),
                options: RefCell::new(options),
                loader,
                core: RefCell::new(Session::new(config)),
                recorder,
                waiting_inputs: RefCell::default(),
                busy: Cell::new(false),
                socket: RefCell::default(),
                connecting: Cell::default(),
                token: RefCell::default(),
                door,
                look: RefCell::default(),
                microphone: Microphone::new(inbox.clone(), open),
                speaker: Speaker::new(inbox.clone()),
                meter: Meter::default(),
                metering: RefCell::default(),
                speech_ear: SpeechEar::default(),
                speaks: Cell::default(),
                storage: Storage::new(owner, idb, inbox.clone()),
                timers: Timers::default(),
                page: RefCell::new(page::watch(&inbox)),
                snapshot: Snapshot::default(),
                events: RefCell::default(),
                subscribers: Subscribers::default(),
                ended: Cell::new(false),
                waiting_for_end: RefCell::default(),
                inbox,
            }
        });
        if let Some(GivenMicrophone::Track(track)) = microphone {
            driver.microphone.offer(Some(track));
        }
        driver.input(Input::Hidden(is_hidden()));
        driver
    }

    fn take(&self, report: Report) {
        match report {
            Report::Input(input @ Input::Addresses { .. }) => {
                let answered = self.look.take();
                // What follows from the answer may be made where it was found.
                if !self.ended.get() && self.connections.are_open() {
                    self.connections.contexts.answered(answered.as_ref().and_then(|look| look.context()));
                }
                self.input(input);
                // Its connection goes with the question.
                drop(answered);
            }
            Report::Input(input) => {
                if matches!(input, Input::Microphone { .. }) {
                    // It may be another one; the next pulse listens to that.
                    self.speech_ear.stop();
                }
                self.input(input);
            }
            Report::RemoteTrack(track, beside) => self.speaker.play(track, beside),
            Report::Pulse { connection, speaks } => {
                self.recorder.pulse(&connection);
                self.look_around(speaks);
            }
            Report::OutboxIdle => self.tell(false),
        }
    }

    /// Takes one input. One that arrives while another is worked on waits its turn.
    pub(crate) fn input(&self, input: Input) {
        self.waiting_inputs.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            self.drain();
            let Some(input) = self.waiting_inputs.borrow_mut().pop_front() else { break };
            self.recorder.input(&input);
            self.core.borrow_mut().handle(input);
        }
        let changed = self.snapshot.refresh(&self.core.borrow(), &self.options.borrow().user);
        if changed {
            let name = self.socket.borrow().as_ref().map(Signaling::name).unwrap_or_default();
            self.recorder.state(&self.snapshot.state(), &name);
        }
        self.busy.set(false);
        self.tell(changed);
    }

    fn drain(&self) {
        loop {
            let output = self.core.borrow_mut().poll_output();
            match output {
                Some(output) => {
                    self.recorder.output(&output);
                    self.perform(output);
                }
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
                Event::Message(id) => self.subscribers.call("message", &self.snapshot.message(&id)),
                Event::PeerLeft(user) => self.subscribers.call("peer-left", &user.as_str().into()),
                Event::Typing(on) => self.subscribers.call("typing", &on.into()),
                Event::Data { .. } => self.subscribers.call("data", &to_js(&event)),
                Event::DataDone { .. } => self.subscribers.call("data-done", &to_js(&event)),
                Event::Quality(report) => self.subscribers.call("quality", &to_frozen(&report)),
                Event::Speaking { own, peer } => self.subscribers.call("speaking", &media::speaking(own, peer)),
                Event::MicrophoneChanged { from, to, why } => {
                    self.subscribers.call("microphone-changed", &media::changed(from, to, why));
                }
            }
        }
        // What is unsent is safe before anybody hears that the session is over.
        if self.is_over() {
            for waiting in std::mem::take(&mut *self.waiting_for_end.borrow_mut()) {
                let _ = waiting.call0(&JsValue::UNDEFINED);
            }
        }
    }

    fn perform(&self, output: Output) {
        match output {
            Output::ConnectSocket { id, token } => self.connect(id, token),
            Output::RenewToken { id } => self.connect(id, TokenSource::App),
            Output::Handshake { id, handshake } => {
                if let Some(socket) = self.socket.borrow().as_ref().filter(|socket| socket.id == id) {
                    socket.send_handshake(&handshake);
                }
            }
            Output::Knock { id, handshake, fresh } => self.knock(id, *handshake, fresh),
            Output::KeepIceServers { ice_servers, lifetime } => self.door.keep_ice_servers(&ice_servers, lifetime),
            Output::AskServer { id } => self.ask_server(id),
            Output::Goodbye { id } => self.part(id),
            Output::CloseSocket { id } => drop(self.take_socket(id)),
            Output::Emit { request, event } => {
                let (inbox, asked) = (self.inbox.clone(), now());
                if let Some(socket) = self.socket.borrow().as_ref() {
                    socket.emit(&event, move |answer| {
                        let took = whole(now() - asked);
                        inbox.input(Input::Acknowledged { request, answer: from_js(&answer), took });
                    });
                }
            }
            Output::Outbox(command) => self.storage.submit(command),
            Output::FindAddresses { id } => {
                let before = self.look.replace(Look::new(id, &self.connections.contexts, self.inbox.clone()));
                drop(before);
            }
            Output::Connection { id, command } => {
                self.connections.command(id, command, self.microphone.sent());
                if !self.connections.are_open() {
                    self.listen_no_more();
                }
            }
            Output::OpenMicrophone { id, source, processing } => {
                set_audio_session("play-and-record");
                self.microphone.open(id, &source, processing);
            }
            Output::CloseMicrophone => {
                self.meter.stop();
                self.listen_no_more();
                self.microphone.close();
            }
            Output::EnableMicrophone(enabled) => self.microphone.enable(enabled),
            Output::DelayMicrophone(delay) => self.microphone.delay(delay),
            Output::ApplyProcessing(processing) => self.microphone.process(processing),
            Output::ListDevices => self.report_devices(),
            Output::Remember(choices) => devices::remember(&choices, self.options.borrow().processing),
            Output::UseSpeaker { id } => self.play_on(&id),
            Output::SetVolume(volume) => self.speaker.set_volume(volume),
            Output::ResumeSpeaker => self.speaker.resume_paused(),
            Output::StopSpeaker => {
                self.speaker.stop();
                set_audio_session("auto");
            }
            Output::ReadClock { id } => self.inbox.input(Input::Clock { id, at: milliseconds(Date::now()) }),
            Output::SetTimer { timer, after, spread } => {
                let after = if spread { spread_out(after) } else { after };
                let inbox = self.inbox.clone();
                self.timers.set(timer, after, move |late| inbox.input(Input::TimerFired { timer, late }));
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
        self.door.close();
        self.look.borrow_mut().take();
        self.connections.contexts.clear();
        self.storage.stop_receiving();
        self.metering.borrow_mut().take();
        self.meter.stop();
        self.speech_ear.stop();
        self.microphone.forget_permission();
    }

    // The app

    pub(crate) fn state(&self) -> JsValue {
        self.snapshot.state()
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.get()
    }

    /// Ended, and what is unsent is stored.
    fn is_over(&self) -> bool {
        self.ended.get() && self.storage.is_idle()
    }

    /// Lets the browser play, best called within a gesture.
    pub(crate) fn resume_audio(&self) {
        self.speaker.resume();
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
        if crash::is_over() {
            return;
        }
        let own = self.microphone.sent().filter(MediaStreamTrack::enabled);
        let peer = level::peer(self.connections.receiver().as_ref());
        let levels = Levels { own: self.meter.microphone(own.as_ref()), peer };
        self.subscribers.call("level", &to_frozen(&levels));
    }

    /// Resolves when the session is over.
    pub(crate) fn when_ended(&self) -> Promise {
        Promise::new(&mut |resolve, _| {
            if self.is_over() {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            } else {
                self.waiting_for_end.borrow_mut().push(resolve);
            }
        })
    }
}
