//! The Socket.IO namespace: from events to the relay, and back as acknowledgements.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pairvoice_core::UserId;
use pairvoice_core::wire::{
    Acknowledgement, ChatBatch, Envelope, Handshake, HistoryRequest, MAX_MESSAGE_BYTES, NAMESPACE, Receipt, Refusal,
    Typing, VERSION, VoiceStatus,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;

use crate::auth::Secret;
use crate::relay::{Relay, Speaker, refusal};

/// A connection may send so many seconds' worth of events at once.
const BURST_S: f64 = 4.0;
/// A page of history counts as so many events: it may be some hundred kilobytes.
const PAGE_COST: f64 = 20.0;

/// A connect error: Socket.IO carries a text, so it is JSON.
#[derive(Debug)]
struct ConnectError(Refusal);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).unwrap_or_default())
    }
}

/// What the handshake proved, kept with the socket.
#[derive(Debug, Clone)]
struct Admitted {
    speaker: Speaker,
    handshake: Handshake,
    peer: Option<UserId>,
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, cost: f64) -> bool {
        let now = Instant::now();
        self.tokens = (self.tokens + now.duration_since(self.at).as_secs_f64() * self.rate).min(self.rate * BURST_S);
        self.at = now;
        let allowed = self.tokens >= cost;
        if allowed {
            self.tokens -= cost;
        }
        allowed
    }
}

/// Builds the namespace on a layer for the router.
pub(crate) fn layer(relay: Arc<Relay>, secret: Secret, rate: u32) -> (SocketIoLayer, SocketIo) {
    let (layer, io) = SocketIo::builder()
        .ping_interval(Duration::from_secs(10))
        .ping_timeout(Duration::from_secs(8))
        .connect_timeout(Duration::from_secs(8))
        .max_buffer_size(1_024)
        .max_payload(MAX_MESSAGE_BYTES as u64)
        .ws_max_message_size(MAX_MESSAGE_BYTES)
        .ws_max_frame_size(MAX_MESSAGE_BYTES)
        .build_layer();
    let admitting = Arc::clone(&relay);
    let admit = async move |socket: SocketRef, TryData(auth): TryData<Value>| {
        let admitted = admit(&admitting, &secret, &socket, auth.ok()).map_err(ConnectError)?;
        socket.extensions.insert(admitted);
        Ok::<(), ConnectError>(())
    };
    io.ns(NAMESPACE, (async move |socket: SocketRef| connect(&relay, socket, rate)).with(admit));
    (layer, io)
}

fn admit(relay: &Arc<Relay>, secret: &Secret, socket: &SocketRef, auth: Option<Value>) -> Result<Admitted, Refusal> {
    let auth = auth.ok_or_else(|| refusal("bad-request", "the handshake has no auth", false))?;
    if auth.get("v").and_then(Value::as_u64) != Some(u64::from(VERSION)) {
        return Err(refusal("version-mismatch", "this server speaks version 1 of the protocol", false));
    }
    let handshake: Handshake = serde_json::from_value(auth)
        .map_err(|e| refusal("bad-request", &format!("the handshake's auth: {e}"), false))?;
    let claims = secret.verify(&handshake.token, &handshake.session_id, &handshake.user_id)?;
    let speaker = Speaker { session: handshake.session_id.clone(), user: handshake.user_id.clone(), sid: socket.id };
    relay.enter(&speaker, &handshake)?;
    Ok(Admitted { speaker, handshake: Handshake { token: String::new(), ..handshake }, peer: claims.peer() })
}

fn connect(relay: &Arc<Relay>, socket: SocketRef, rate: u32) {
    let Some(Admitted { speaker, handshake, peer }) = socket.extensions.remove::<Admitted>() else { return };
    let gone = (Arc::clone(relay), speaker.clone());
    // Its body runs as a task, never within `disconnect()` and so never under a room's lock.
    socket.on_disconnect(async move || {
        let (relay, speaker) = gone;
        relay.depart(&speaker);
    });
    listen(relay, &socket, &speaker, f64::from(rate));
    if let Err(error) = relay.arrive(&speaker, socket.clone(), handshake, peer) {
        tracing::error!(%error, "the chat log could not be read");
        let _ = socket.disconnect();
    }
}

/// Registers the events. The closures are not async: they run in the read loop, one after the other, which keeps the order.
fn listen(relay: &Arc<Relay>, socket: &SocketRef, speaker: &Speaker, rate: f64) {
    let bucket = Arc::new(Mutex::new(Bucket { rate, tokens: rate * BURST_S, at: Instant::now() }));
    let on = Register { relay, socket, speaker, bucket: &bucket };
    on.event("signal", |relay, speaker, envelope: Envelope| relay.signal(speaker, &envelope));
    on.event("voice", |relay, speaker, voice: VoiceStatus| relay.voice(speaker, voice));
    on.event("receipt", |relay, speaker, receipt: Receipt| relay.receipt(speaker, &receipt));
    on.event("typing", |relay, speaker, typing: Typing| relay.typing(speaker, typing));
    on.event("history", |relay, speaker, request: HistoryRequest| relay.history(speaker, &request));
    on.event("probe", |_, _, _: Option<Value>| Acknowledgement { ok: true, ..Acknowledgement::default() });
    on.event("bye", |relay, speaker, _: Option<Value>| relay.bye(speaker));
    on.event_later("chat", |relay, speaker, batch: ChatBatch, ack: AckSender| {
        relay.chat(speaker, batch, move |answer| send(ack, &answer));
    });
}

fn send(ack: AckSender, answer: &Acknowledgement) {
    if let Err(error) = ack.send(answer) {
        // The client asks again after its time-out or its next welcome; nothing was lost.
        tracing::debug!(%error, "an acknowledgement could not be sent");
    }
}

struct Register<'a> {
    relay: &'a Arc<Relay>,
    socket: &'a SocketRef,
    speaker: &'a Speaker,
    bucket: &'a Arc<Mutex<Bucket>>,
}

impl Register<'_> {
    fn event<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        name: &'static str,
        handle: fn(&Arc<Relay>, &Speaker, T) -> Acknowledgement,
    ) {
        self.event_later(name, move |relay, speaker, data: T, ack| send(ack, &handle(relay, speaker, data)));
    }

    fn event_later<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        name: &'static str,
        handle: impl Fn(&Arc<Relay>, &Speaker, T, AckSender) + Send + Sync + Clone + 'static,
    ) {
        let (relay, speaker, bucket) = (Arc::clone(self.relay), self.speaker.clone(), Arc::clone(self.bucket));
        self.socket.on(name, move |TryData(data): TryData<T>, ack: AckSender| -> Ready<()> {
            let cost = if name == "history" { PAGE_COST } else { 1.0 };
            if !bucket.lock().unwrap_or_else(PoisonError::into_inner).take(cost) {
                let error = Refusal { after_ms: Some(1_000), ..refusal("rate-limited", "too many events", true) };
                send(ack, &Acknowledgement { error: Some(error), ..Acknowledgement::default() });
                return ready(());
            }
            match data {
                Ok(data) => handle(&relay, &speaker, data, ack),
                Err(error) => {
                    let error = refusal("bad-request", &format!("{name}: {error}"), false);
                    send(ack, &Acknowledgement { error: Some(error), ..Acknowledgement::default() });
                }
            }
            ready(())
        });
    }
}
