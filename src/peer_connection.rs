//! One `RTCPeerConnection` (W3C WebRTC): what the core commands, and what it reports.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{JSON, Promise};
use pairvoice_core::wire::{Candidate, IceServer, InBand};
use pairvoice_core::{ConnectionEvent, LinkState, OpId, Path};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    MediaStreamTrack, RtcConfiguration, RtcDataChannel, RtcDataChannelInit, RtcPeerConnection, RtcPeerConnectionState,
    RtcRtpReceiver, RtcRtpSender, RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcSdpType,
    RtcSessionDescriptionInit, RtcTrackEvent,
};

use crate::context::FreshContext;
use crate::convert::{property, whole};
use crate::from_js::from_js;
use crate::heartbeats::Heartbeats;
use crate::listeners::Listener;
use crate::to_js::to_js;

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

/// Where a connection reports to.
pub(crate) trait Reports {
    /// Something happened on connection `id`.
    fn connection(&self, id: OpId, event: ConnectionEvent);
    /// The other's sound arrives.
    fn remote_track(&self, track: &MediaStreamTrack);
}

/// A peer connection with one audio transceiver and two negotiated data channels.
pub(crate) struct PeerConnection {
    id: OpId,
    // Before the connection: detached before it is closed.
    listeners: RefCell<Vec<Listener>>,
    connection: RtcPeerConnection,
    channel: RtcDataChannel,
    heartbeats: Heartbeats,
    /// RTP packets that had come at the last pulse.
    packets: Cell<f64>,
    sender: RefCell<Option<RtcRtpSender>>,
    /// What the other sends, once it is there.
    remote: RefCell<Option<MediaStreamTrack>>,
    /// That is to be played.
    audible: Cell<bool>,
    track: RefCell<Option<MediaStreamTrack>>,
    closed: Cell<bool>,
    reports: Weak<dyn Reports>,
    /// Where it was made, when not in the page itself; goes with it, and before whoever still waits for an answer of it.
    context: RefCell<Option<FreshContext>>,
}

impl PeerConnection {
    /// Makes a connection that does nothing yet. `fresh`: in a browsing context of its own, where the page allows that.
    pub(crate) fn new(
        id: OpId,
        ice_servers: &[IceServer],
        fresh: bool,
        track: Option<MediaStreamTrack>,
        reports: Weak<dyn Reports>,
    ) -> Result<Rc<Self>, JsValue> {
        let configuration = RtcConfiguration::new();
        configuration.set_ice_servers(&to_js(&ice_servers));
        let context = if fresh { FreshContext::new() } else { None };
        let connection = match context.as_ref().map(|context| context.connection(&configuration)) {
            Some(Ok(connection)) => connection,
            _ => RtcPeerConnection::new_with_configuration(&configuration)?,
        };
        let init = RtcDataChannelInit::new();
        init.set_negotiated(true);
        init.set_id(0);
        let channel = connection.create_data_channel_with_data_channel_dict("pairvoice", &init);
        let heartbeats = Heartbeats::new(&connection);
        let this = Rc::new(Self {
            id,
            listeners: RefCell::default(),
            connection,
            channel,
            heartbeats,
            packets: Cell::default(),
            sender: RefCell::default(),
            remote: RefCell::default(),
            audible: Cell::default(),
            track: RefCell::new(track),
            closed: Cell::new(false),
            reports,
            context: RefCell::new(context),
        });
        this.listen();
        Ok(this)
    }

    fn listen(self: &Rc<Self>) {
        let connection = &self.connection;
        let channel = &self.channel;
        let weak = || Rc::downgrade(self);
        let on = |this: Weak<Self>, react: fn(&Self, &JsValue)| {
            move |event| {
                if let Some(this) = this.upgrade().filter(|c| !c.closed.get()) {
                    react(&this, &event);
                }
            }
        };
        *self.listeners.borrow_mut() = vec![
            Listener::new(connection, "icecandidate", on(weak(), Self::on_candidate)),
            Listener::new(connection, "connectionstatechange", on(weak(), Self::on_state)),
            Listener::new(connection, "track", on(weak(), Self::on_track)),
            Listener::new(channel, "open", on(weak(), |c, _| c.report(ConnectionEvent::Channel { open: true }))),
            Listener::new(channel, "close", on(weak(), |c, _| c.report(ConnectionEvent::Channel { open: false }))),
            Listener::new(channel, "message", on(weak(), Self::on_message)),
            Listener::new(self.heartbeats.channel(), "message", on(weak(), Self::on_heartbeat)),
        ];
    }

    fn report(&self, event: ConnectionEvent) {
        if let Some(reports) = self.reports.upgrade().filter(|_| !self.closed.get()) {
            reports.connection(self.id, event);
        }
    }

    fn on_candidate(&self, event: &JsValue) {
        let candidate = property(event, "candidate");
        // `null` ends all gathering; the end of a generation comes as an empty candidate.
        if let Some(candidate) = from_js::<Candidate>(&candidate).filter(|c| !c.candidate.is_empty()) {
            self.report(ConnectionEvent::LocalCandidate(candidate));
        }
    }

    fn on_state(&self, _: &JsValue) {
        let state = match self.connection.connection_state() {
            RtcPeerConnectionState::Connected => LinkState::Connected,
            RtcPeerConnectionState::Disconnected => LinkState::Interrupted,
            RtcPeerConnectionState::Failed | RtcPeerConnectionState::Closed => LinkState::Failed,
            _ => LinkState::Connecting,
        };
        self.report(ConnectionEvent::Link(state));
    }

    fn on_track(&self, event: &JsValue) {
        let event: &RtcTrackEvent = event.unchecked_ref();
        *self.remote.borrow_mut() = Some(event.track());
        self.hand_over();
    }

    /// From now on what it brings is played, also what comes later.
    pub(crate) fn play(&self) {
        self.audible.set(true);
        self.hand_over();
    }

    fn hand_over(&self) {
        let track = self.remote.borrow().clone().filter(|_| self.audible.get());
        if let (Some(reports), Some(track)) = (self.reports.upgrade(), track) {
            reports.remote_track(&track);
        }
    }

    fn on_message(&self, event: &JsValue) {
        let text = property(event, "data").as_string();
        let message = text.and_then(|text| JSON::parse(&text).ok()).and_then(|message| from_js::<InBand>(&message));
        if let Some(message) = message {
            self.report(ConnectionEvent::InBand(Box::new(message)));
        }
    }

    fn on_heartbeat(&self, event: &JsValue) {
        if let Some(heartbeat) = self.heartbeats.read(event) {
            self.report(ConnectionEvent::Heartbeat(heartbeat));
        }
    }

    /// Sends a heartbeat and reports how many packets of sound came since the last pulse.
    pub(crate) fn pulse(self: &Rc<Self>, next: u32) {
        self.heartbeats.send(next);
        let Some(receiver) = self.receiver() else { return };
        let this = Rc::clone(self);
        spawn_local(async move {
            // Without statistics there are still the heartbeats.
            let report = JsFuture::from(receiver.get_stats()).await;
            let packets = report.map_or(this.packets.get(), |report| packets(&report));
            let before = this.packets.replace(packets);
            this.report(ConnectionEvent::Received { packets: whole(packets - before) });
        });
    }

    /// Restarts ICE with a new local offer.
    pub(crate) fn restart(self: &Rc<Self>) {
        let connection: &ImplicitDescription = self.connection.unchecked_ref();
        connection.restart_ice();
        self.run(|this| async move { this.set_local_description().await });
    }

    /// Sets the remote offer of a restart and a local answer.
    pub(crate) fn accept_restart(self: &Rc<Self>, sdp: &str) {
        let description = description(RtcSdpType::Offer, sdp);
        self.run(|this| async move {
            JsFuture::from(this.connection.set_remote_description(&description)).await?;
            this.report(ConnectionEvent::RemoteDescriptionSet);
            this.set_local_description().await
        });
    }

    /// Sets a local offer with one audio transceiver; the microphone's track may come later.
    pub(crate) fn offer(self: &Rc<Self>) {
        let init = RtcRtpTransceiverInit::new();
        init.set_direction(RtcRtpTransceiverDirection::Sendrecv);
        let transceiver = self.connection.add_transceiver_with_str_and_init("audio", &init);
        self.send_by(transceiver.sender());
        self.run(|this| async move { this.set_local_description().await });
    }

    /// Sets the remote offer, makes its transceiver go both ways, sets a local answer.
    pub(crate) fn accept(self: &Rc<Self>, sdp: &str) {
        let description = description(RtcSdpType::Offer, sdp);
        self.run(|this| async move {
            JsFuture::from(this.connection.set_remote_description(&description)).await?;
            this.report(ConnectionEvent::RemoteDescriptionSet);
            let transceiver = this.connection.get_transceivers().get(0);
            if transceiver.is_object() {
                let transceiver: RtcRtpTransceiver = transceiver.unchecked_into();
                // Without this, a track that comes later would be taken and never sent.
                transceiver.set_direction(RtcRtpTransceiverDirection::Sendrecv);
                this.send_by(transceiver.sender());
            }
            this.set_local_description().await
        });
    }

    /// Sets the remote answer.
    pub(crate) fn answer(self: &Rc<Self>, sdp: &str) {
        let description = description(RtcSdpType::Answer, sdp);
        self.run(|this| async move {
            JsFuture::from(this.connection.set_remote_description(&description)).await?;
            this.report(ConnectionEvent::RemoteDescriptionSet);
            Ok(())
        });
    }

    async fn set_local_description(&self) -> Result<(), JsValue> {
        let connection: &ImplicitDescription = self.connection.unchecked_ref();
        JsFuture::from(connection.set_local_description_implicitly()?).await?;
        if let Some(local) = self.connection.local_description() {
            self.report(ConnectionEvent::LocalDescription { sdp: local.sdp() });
        }
        Ok(())
    }

    /// Runs an operation; a rejection makes the connection useless.
    fn run<F>(self: &Rc<Self>, operation: impl FnOnce(Rc<Self>) -> F)
    where
        F: Future<Output = Result<(), JsValue>> + 'static,
    {
        let (this, running) = (Rc::clone(self), operation(Rc::clone(self)));
        spawn_local(async move {
            if running.await.is_err() {
                this.report(ConnectionEvent::Broken);
            }
        });
    }

    /// Adds a remote candidate. One that does not fit is no reason to give the connection up.
    pub(crate) fn add_candidate(&self, candidate: &Candidate) {
        let adding =
            self.connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&to_js(candidate).unchecked_into()));
        spawn_local(async move {
            let _ = JsFuture::from(adding).await;
        });
    }

    fn send_by(&self, sender: RtcRtpSender) {
        *self.sender.borrow_mut() = Some(sender);
        self.replace_track();
    }

    /// Sends this track from now on, without negotiation.
    pub(crate) fn send(&self, track: Option<MediaStreamTrack>) {
        *self.track.borrow_mut() = track;
        self.replace_track();
    }

    fn replace_track(&self) {
        let (sender, track) = (self.sender.borrow().clone(), self.track.borrow().clone());
        if let (Some(sender), Some(track)) = (sender, track) {
            let replacing = sender.replace_track(Some(&track));
            spawn_local(async move {
                let _ = JsFuture::from(replacing).await;
            });
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

    /// Looks up whether packets go directly or through a relay.
    pub(crate) fn find_path(self: &Rc<Self>) {
        let this = Rc::clone(self);
        spawn_local(async move {
            let Ok(report) = JsFuture::from(this.connection.get_stats()).await else { return };
            if let Some(path) = path(&report) {
                this.report(ConnectionEvent::Path(path));
            }
        });
    }

    /// Closes it; nothing is reported any more.
    pub(crate) fn close(&self) {
        if !self.closed.replace(true) {
            self.listeners.borrow_mut().clear();
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

fn description(kind: RtcSdpType, sdp: &str) -> RtcSessionDescriptionInit {
    let description = RtcSessionDescriptionInit::new(kind);
    description.set_sdp(sdp);
    description
}

/// RTP packets that have come so far; there is no entry before the first (W3C WebRTC Statistics, `packetsReceived`).
fn packets(report: &JsValue) -> f64 {
    let mut sum = 0.0;
    // Like a map, and none.
    let report: &js_sys::Map = report.unchecked_ref();
    report.for_each(&mut |entry, _| {
        if property(&entry, "type").as_string().as_deref() == Some("inbound-rtp") {
            sum += property(&entry, "packetsReceived").as_f64().unwrap_or_default();
        }
    });
    sum
}

/// The nominated pair's local or remote candidate tells (W3C WebRTC Statistics, `RTCIceCandidatePairStats`).
fn path(report: &JsValue) -> Option<Path> {
    let report: &js_sys::Map = report.unchecked_ref();
    let mut found = None;
    report.for_each(&mut |entry, _| {
        let is = |name: &str, value: &str| property(&entry, name).as_string().as_deref() == Some(value);
        if is("type", "candidate-pair") && is("state", "succeeded") && property(&entry, "nominated").is_truthy() {
            let relayed = ["localCandidateId", "remoteCandidateId"].iter().any(|side| {
                let candidate = report.get(&property(&entry, side));
                property(&candidate, "candidateType").as_string().as_deref() == Some("relay")
            });
            found = Some(if relayed { Path::Relay } else { Path::Direct });
        }
    });
    found
}
