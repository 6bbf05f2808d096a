//! The Socket.IO namespace: handshakes and events become inputs of rooms.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use pairvoice_wire::{
    ChatBatch, ClientEvent, Code, Envelope, Handshake, HistoryRequest, MAX_MESSAGE_BYTES, NAMESPACE, Receipt, Refusal,
    Typing, VERSION, VoiceStatus, name,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;

use crate::auth::Keys;
use crate::sessions::{Seated, Sessions};

/// A connect error: Socket.IO carries a text, so it is JSON.
#[derive(Debug)]
struct ConnectError(Refusal);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).unwrap_or_default())
    }
}

/// Builds the namespace on a layer for the router.
pub(crate) fn layer(sessions: Arc<Sessions>, keys: Arc<Keys>) -> (SocketIoLayer, SocketIo) {
    let (layer, io) = SocketIo::builder()
        .ping_interval(Duration::from_secs(10))
        .ping_timeout(Duration::from_secs(8))
        .connect_timeout(Duration::from_secs(8))
        .max_buffer_size(1_024)
        .max_payload(MAX_MESSAGE_BYTES as u64)
        .ws_max_message_size(MAX_MESSAGE_BYTES)
        .ws_max_frame_size(MAX_MESSAGE_BYTES)
        .build_layer();
    let admitting = Arc::clone(&sessions);
    let admit = async move |socket: SocketRef, TryData(auth): TryData<Value>| {
        let seated = admit(&admitting, &keys, auth.ok()).await.map_err(ConnectError)?;
        socket.extensions.insert(seated);
        Ok::<(), ConnectError>(())
    };
    io.ns(NAMESPACE, (async move |socket: SocketRef| connect(&sessions, &socket)).with(admit));
    (layer, io)
}

async fn admit(sessions: &Arc<Sessions>, keys: &Keys, auth: Option<Value>) -> Result<Seated, Refusal> {
    let auth = auth.ok_or_else(|| Refusal::new(Code::BadRequest, "the handshake has no auth"))?;
    if auth.get("v").and_then(Value::as_u64) != Some(u64::from(VERSION)) {
        return Err(Refusal::new(Code::VersionMismatch, "this server speaks version 1 of the protocol"));
    }
    // Nothing that was sent is sent back: an error of the parser would quote it.
    let misshapen = |_| Refusal::new(Code::BadRequest, "the handshake's auth does not have the form of the protocol");
    let handshake: Handshake = serde_json::from_value(auth).map_err(misshapen)?;
    let claims = keys.verify(&handshake.token, &handshake.session_id, &handshake.user_id)?;
    sessions.enter(Handshake { token: String::new(), ..handshake }, claims.peer()).await
}

fn connect(sessions: &Arc<Sessions>, socket: &SocketRef) {
    let Some(seated) = socket.extensions.remove::<Seated>() else { return };
    let gone = (Arc::clone(sessions), seated.clone());
    // Its body runs as a task, never within `disconnect()` and so never under a room's lock.
    socket.on_disconnect(async move || {
        let (sessions, seated) = gone;
        sessions.closed(&seated);
    });
    let on = Events { sessions, socket, seated: &seated };
    on.event(name::SIGNAL, |envelope: Envelope| ClientEvent::Signal(envelope));
    on.event(name::VOICE, |voice: VoiceStatus| ClientEvent::Voice(voice));
    on.event(name::CHAT, |batch: ChatBatch| ClientEvent::Chat(batch));
    on.event(name::RECEIPT, |receipt: Receipt| ClientEvent::Receipt(receipt));
    on.event(name::TYPING, |typing: Typing| ClientEvent::Typing(typing));
    on.event(name::HISTORY, |request: HistoryRequest| ClientEvent::History(request));
    on.event(name::PROBE, |_: Option<Value>| ClientEvent::Probe);
    on.event(name::BYE, |_: Option<Value>| ClientEvent::Bye);
    sessions.connected(&seated, socket.clone());
    // A socket that closed before its handlers were there tells nobody of it.
    if !socket.connected() {
        sessions.closed(&seated);
    }
}

/// Registers events of one socket.
struct Events<'a> {
    sessions: &'a Arc<Sessions>,
    socket: &'a SocketRef,
    seated: &'a Seated,
}

impl Events<'_> {
    /// The closure is not async: it runs in the read loop, one event after the other, which keeps their order.
    fn event<T: DeserializeOwned + Send + Sync + 'static>(&self, name: &'static str, read: fn(T) -> ClientEvent) {
        let (sessions, seated) = (Arc::clone(self.sessions), self.seated.clone());
        self.socket.on(name, move |TryData(data): TryData<T>, ack: AckSender| -> Ready<()> {
            sessions.event(&seated, data.ok().map(read), ack);
            ready(())
        });
    }
}
