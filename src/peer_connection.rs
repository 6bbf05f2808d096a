//! One `RTCPeerConnection` (W3C WebRTC): what the core commands, and what it reports.

mod call;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use js_sys::{JSON, JsString, Promise};
use pairvoice_core::wire::{Candidate, IceServer, InBand};
use pairvoice_core::{ConnectionEvent, LinkState, OpId, Reception};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Event, EventTarget, MediaStreamTrack, MessageEvent, RtcDataChannel, RtcDataChannelInit, RtcPeerConnection,
    RtcPeerConnectionIceEvent, RtcPeerConnectionState, RtcRtpReceiver, RtcRtpTransceiver, RtcRtpTransceiverDirection,
    RtcRtpTransceiverInit, RtcSdpType, RtcSessionDescriptionInit, RtcTrackEvent,
};

use crate::context::OwnContext;
use crate::convert::{ignore, property};
use crate::copies::JsSound;
use crate::crash::Hold;
use crate::from_js::from_js;
use crate::gathering::{Gathering, configuration};
use crate::heartbeats::Heartbeats;
use crate::inbox::{Inbox, RemoteTrack, Report};
use crate::sound::Sound;
use crate::to_js::to_js;
use crate::watch::Watch;

#[wasm_bindgen]
extern "C" {
    /// `setLocalDescription()` without an argument makes the description that the state calls for; web-sys lacks it.
    #[wasm_bindgen(extends = RtcPeerConnection)]
    pub(crate) type ImplicitDescription;
    #[wasm_bindgen(method, catch, js_name = setLocalDescription)]
    pub(crate) fn set_local_description_implicitly(this: &ImplicitDescription) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = restartIce)]
    fn restart_ice(this: &ImplicitDescription);
}

/// A TURN server's user has as much as they may (RFC 8656 section 7.2).
const QUOTA_REACHED: f64 = 486.0;
/// A TURN server has as much as it can (RFC 8656 section 7.2).
const NO_CAPACITY: f64 = 508.0;

/// A peer connection with one audio transceiver and two negotiated data channels.
///
/// Nothing that waits for a promise holds on to it: a promise of a closed connection may never settle.
pub(crate) struct PeerConnection {
    id: OpId,
    gathering: Gathering,
    this: Weak<Self>,
    // Before the connection: detached before it is closed.
    listeners: RefCell<Vec<EventListener>>,
    connection: RtcPeerConnection,
    channel: RtcDataChannel,
    heartbeats: Heartbeats,
    /// What had come at the last pulse.
    received: Cell<Reception>,
    watch: RefCell<Option<Watch>>,
    sound: Sound,
    /// What the other sends, once it is there.
    remote: RefCell<Option<MediaStreamTrack>>,
    /// That is to be played.
    audible: Cell<bool>,
    track: RefCell<Option<MediaStreamTrack>>,
    /// The end of the newest generation's candidates was reported.
    gathered: Cell<bool>,
    closed: Cell<bool>,
    inbox: Inbox,
    /// Where it was made, when not in the page itself; goes with it.
    context: RefCell<Option<Rc<OwnContext>>>,
    _hold: Hold,
}

impl PeerConnection {
    /// Makes a connection that does nothing yet, in that browsing context, where the page allows that.
    ///
    /// # Errors
    /// What the constructor throws.
    pub(crate) fn new(
        id: OpId,
        gathering: Gathering,
        ice_servers: &[IceServer],
        context: Option<OwnContext>,
        track: Option<MediaStreamTrack>,
        sound: JsSound,
        inbox: Inbox,
    ) -> Result<Rc<Self>, JsValue> {
        let configuration = configuration(gathering, ice_servers);
        let connection = match context.as_ref().map(|context| context.connection(&configuration)) {
            Some(Ok(connection)) => connection,
            _ => RtcPeerConnection::new_with_configuration(&configuration)?,
        };
        let init = RtcDataChannelInit::new();
        init.set_negotiated(true);
        init.set_id(0);
        let channel = connection.create_data_channel_with_data_channel_dict("pairvoice", &init);
        let heartbeats = Heartbeats::new(&connection);
        let new = Rc::new_cyclic(|this: &Weak<Self>| Self {
            id,
            gathering,
            this: this.clone(),
            listeners: RefCell::default(),
            _hold: Hold::new(&connection),
            connection,
            channel,
            heartbeats,
            received: Cell::default(),
            watch: RefCell::default(),
            sound: Sound::new(sound),
            remote: RefCell::default(),
            audible: Cell::default(),
            track: RefCell::new(track),
            gathered: Cell::default(),
            closed: Cell::new(false),
            inbox,
            context: RefCell::new(context.map(Rc::new)),
        });
        new.listen();
        Ok(new)
    }

    fn listen(&self) {
        let on = |target: &EventTarget, name, react: fn(&Self, &Event)| {
            let this = self.this.clone();
            EventListener::new(target, name, move |event| {
                if let Some(this) = this.upgrade().filter(|c| !c.closed.get()) {
                    react(&this, event);
                }
            })
        };
        let (connection, channel) = (&self.connection, &self.channel);
        *self.listeners.borrow_mut() = vec![
            on(connection, "icecandidate", Self::on_candidate),
            on(connection, "icecandidateerror", Self::on_candidate_error),
            on(connection, "connectionstatechange", Self::on_state),
            on(connection, "track", Self::on_track),
            on(channel, "open", |c, _| c.report(ConnectionEvent::Channel { open: true })),
            on(channel, "close", |c, _| c.report(ConnectionEvent::Channel { open: false })),
            on(channel, "message", Self::on_message),
            on(self.heartbeats.channel(), "message", Self::on_heartbeat),
        ];
    }

    fn report(&self, event: ConnectionEvent) {
        if !self.closed.get() {
            self.inbox.connection(self.id, event);
        }
    }

    fn on_candidate(&self, event: &Event) {
        let event: &RtcPeerConnectionIceEvent = event.unchecked_ref();
        // The end of a generation's candidates is an empty one (W3C WebRTC section 4.8.2) and then `null`; Chromium says only
        // the latter.
        let candidate = match event.candidate() {
            Some(candidate) => from_js::<Candidate>(&candidate),
            None => Some(Candidate::end()),
        };
        let Some(candidate) = candidate else { return };
        let ended = self.gathered.replace(candidate.is_end());
        if !(candidate.is_end() && ended) {
            self.report(ConnectionEvent::LocalCandidate(candidate));
        }
    }

    fn on_candidate_error(&self, event: &Event) {
        if matches!(property(event, "errorCode").as_f64(), Some(QUOTA_REACHED | NO_CAPACITY)) {
            self.report(ConnectionEvent::RelayBusy);
        }
    }

    fn on_state(&self, _: &Event) {
        let state = match self.connection.connection_state() {
            RtcPeerConnectionState::Connected => LinkState::Connected,
            RtcPeerConnectionState::Disconnected => LinkState::Interrupted,
            RtcPeerConnectionState::Failed | RtcPeerConnectionState::Closed => LinkState::Failed,
            _ => LinkState::Connecting,
        };
        self.report(ConnectionEvent::Link(state));
    }

    fn on_track(&self, event: &Event) {
        let event: &RtcTrackEvent = event.unchecked_ref();
        *self.remote.borrow_mut() = Some(event.track());
        self.hand_over(false);
    }

    /// From now on what it brings is played, also what comes later. `beside`: another connection is open.
    pub(crate) fn play(&self, beside: bool) {
        self.audible.set(true);
        self.hand_over(beside);
    }

    fn hand_over(&self, beside: bool) {
        let track = self.remote.borrow().clone().filter(|_| self.audible.get());
        if let Some(track) = track {
            let context = self.context.borrow().clone();
            self.inbox.report(Report::RemoteTrack(RemoteTrack { track, context }, beside));
        }
    }

    fn on_message(&self, event: &Event) {
        let event: &MessageEvent = event.unchecked_ref();
        let text = event.data().as_string();
        let message = text.and_then(|text| JSON::parse(&text).ok()).and_then(|message| from_js::<InBand>(&message));
        self.report(message.map_or(ConnectionEvent::Unreadable, |message| ConnectionEvent::InBand(Box::new(message))));
    }

    fn on_heartbeat(&self, event: &Event) {
        if let Some(heartbeat) = self.heartbeats.read(event.unchecked_ref()) {
            self.report(ConnectionEvent::Heartbeat(heartbeat));
        }
    }

    /// Gathers with these servers when it gathers again.
    pub(crate) fn configure(&self, ice_servers: &[IceServer]) {
        let configuration = configuration(self.gathering, ice_servers);
        // A browser without it goes on with what it knows.
        let _ = self.connection.set_configuration_with_configuration(&configuration);
    }

    /// Restarts ICE with a new local offer.
    pub(crate) fn restart(&self) {
        let connection: &ImplicitDescription = self.connection.unchecked_ref();
        connection.restart_ice();
        self.set_local_description();
    }

    /// Sets the remote offer of a restart and a local answer.
    pub(crate) fn accept_restart(&self, sdp: &str) {
        self.set_remote_description(RtcSdpType::Offer, sdp, Self::set_local_description);
    }

    /// Sets a local offer with one audio transceiver; the microphone's track may come later.
    pub(crate) fn offer(&self) {
        let init = RtcRtpTransceiverInit::new();
        init.set_direction(RtcRtpTransceiverDirection::Sendrecv);
        let transceiver = self.connection.add_transceiver_with_str_and_init("audio", &init);
        self.send_by(&transceiver);
        self.set_local_description();
    }

    /// Sets the remote offer, makes its transceiver go both ways, sets a local answer. `passive`: the offerer begins DTLS.
    pub(crate) fn accept(&self, sdp: &str, passive: bool) {
        let active = || String::from(JsString::from(sdp).split("a=setup:actpass").join("a=setup:active"));
        let active = passive.then(active);
        let sdp = active.as_deref().unwrap_or(sdp);
        self.set_remote_description(RtcSdpType::Offer, sdp, |this| {
            let transceiver = this.connection.get_transceivers().get(0);
            if transceiver.is_object() {
                let transceiver: RtcRtpTransceiver = transceiver.unchecked_into();
                // Without this, a track that comes later would be taken and never sent.
                transceiver.set_direction(RtcRtpTransceiverDirection::Sendrecv);
                this.send_by(&transceiver);
            }
            this.set_local_description();
        });
    }

    /// Sets the remote answer.
    pub(crate) fn answer(&self, sdp: &str) {
        let red = self.sound.js.prefers_red(sdp);
        self.set_remote_description(RtcSdpType::Answer, sdp, move |this| this.negotiated(red));
    }

    fn set_remote_description(&self, kind: RtcSdpType, sdp: &str, next: impl FnOnce(&Self) + 'static) {
        let description = RtcSessionDescriptionInit::new(kind);
        description.set_sdp(&self.sound.js.tuned(sdp, kind == RtcSdpType::Answer));
        self.then(self.connection.set_remote_description(&description), move |this, outcome| {
            if outcome.is_ok() {
                this.report(ConnectionEvent::RemoteDescriptionSet);
                next(this);
            } else {
                this.report(ConnectionEvent::Broken);
            }
        });
    }

    fn set_local_description(&self) {
        let connection: &ImplicitDescription = self.connection.unchecked_ref();
        let Ok(setting) = connection.set_local_description_implicitly() else {
            return self.report(ConnectionEvent::Broken);
        };
        self.then(setting, |this, outcome| match this.connection.local_description().filter(|_| outcome.is_ok()) {
            Some(local) => {
                let sdp = local.sdp();
                let answered = (local.type_() == RtcSdpType::Answer).then(|| this.sound.js.prefers_red(&sdp));
                this.report(ConnectionEvent::LocalDescription { sdp });
                if let Some(red) = answered {
                    this.negotiated(red);
                }
            }
            None => this.report(ConnectionEvent::Broken),
        });
    }

    /// Both descriptions are set, by which RED is what is sent or not.
    fn negotiated(&self, red: bool) {
        self.report(ConnectionEvent::Carries(self.sound.means(red)));
    }

    /// Goes on when a promise settles, if the connection is still open then.
    fn then(&self, promise: Promise, next: impl FnOnce(&Self, Result<JsValue, JsValue>) + 'static) {
        let this = self.this.clone();
        spawn_local(async move {
            let outcome = JsFuture::from(promise).await;
            if let Some(this) = this.upgrade().filter(|c| !c.closed.get()) {
                next(&this, outcome);
            }
        });
    }

    /// Adds a remote candidate. One that does not fit is no reason to give the connection up.
    pub(crate) fn add_candidate(&self, candidate: &Candidate) {
        let init = to_js(candidate).unchecked_into();
        ignore(self.connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init)));
    }

    fn send_by(&self, transceiver: &RtcRtpTransceiver) {
        let this = self.this.clone();
        self.sound.prepare(transceiver, move || {
            if let Some(this) = this.upgrade() {
                this.report(ConnectionEvent::Broken);
            }
        });
        if self.track.borrow().is_some() {
            self.replace_track();
        }
    }

    /// Sends this track from now on, or nothing, without negotiation.
    pub(crate) fn send(&self, track: Option<MediaStreamTrack>) {
        if track.is_none() {
            self.sound.hush();
        }
        *self.track.borrow_mut() = track;
        self.replace_track();
    }

    fn replace_track(&self) {
        let track = self.track.borrow().clone();
        if let Some(sender) = self.sound.sender() {
            ignore(sender.replace_track(track.as_ref()));
        }
    }

    /// Sends over the reliable data channel.
    pub(crate) fn send_in_band(&self, message: &InBand) {
        if let Some(text) = JSON::stringify(&to_js(message)).ok().and_then(|text| text.as_string()) {
            // Throws when the channel has just closed; the core hears of that by its event.
            let _ = self.channel.send_with_str(&text);
        }
    }

    /// The receiver of the other's sound.
    pub(crate) fn receiver(&self) -> Option<RtcRtpReceiver> {
        let receiver = self.connection.get_receivers().get(0);
        receiver.is_object().then(|| receiver.unchecked_into())
    }

    /// Closes it; nothing is reported any more.
    pub(crate) fn close(&self) {
        if !self.closed.replace(true) {
            self.listeners.borrow_mut().clear();
            self.watch.borrow_mut().take();
            self.sound.close();
            self.connection.close();
            self.context.borrow_mut().take();
        }
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.close();
    }
}
