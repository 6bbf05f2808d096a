//! What is counted, for Prometheus: `OpenMetrics` text, names that begin with `pairvoice_`. No metric names a user or a session.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use pairvoice_wire::{Code, VoiceReason, VoiceState};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub use self::labels::{ConnectionRefusal, EventOutcome, HangUp, KnockOutcome, SignalOutcome, Transport};
use self::labels::{EVENTS, Pair, Refused, event_name, voice_reason};
use self::sources::Sources;
pub use self::sources::{CountRelayed, CountRooms, Database};
pub use self::voice_clock::VoiceClock;

mod labels;
mod sources;
mod voice_clock;

/// The content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the time that voice takes to connect, in seconds. Three tries of 10 s end in `unavailable`.
const CONNECT_S: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0];

/// Everything that is counted. Its methods take nanoseconds and never wait for anything but each other.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    sources: Arc<Sources>,
    joins: Counter,
    knocks: Family<[Pair; 1], Counter>,
    refusals: Family<Refused, Counter>,
    sockets: Family<[Pair; 1], Gauge>,
    connections: Gauge,
    connections_opened: Counter,
    connections_refused: Family<[Pair; 1], Counter>,
    hang_ups: Family<[Pair; 1], Counter>,
    events: Family<[Pair; 2], Counter>,
    signals: Family<[Pair; 2], Counter>,
    voice: Family<[Pair; 2], Counter>,
    time_to_connect: Histogram,
    chat_messages: Counter,
    chat_bytes: Counter,
    queued_bytes: Gauge,
    log_lines_dropped: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero; the process starts now.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("pairvoice"),
            sources: Arc::default(),
            joins: Counter::default(),
            knocks: Family::default(),
            refusals: Family::default(),
            sockets: Family::default(),
            connections: Gauge::default(),
            connections_opened: Counter::default(),
            connections_refused: Family::default(),
            hang_ups: Family::default(),
            events: Family::default(),
            signals: Family::default(),
            voice: Family::default(),
            time_to_connect: Histogram::new(CONNECT_S),
            chat_messages: Counter::default(),
            chat_bytes: Counter::default(),
            queued_bytes: Gauge::default(),
            log_lines_dropped: Counter::default(),
        };
        metrics.register();
        metrics.begin_at_zero();
        metrics
    }

    /// The registry appends a full stop to a help text, and to a name its unit and `_total`.
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("joins", "Welcomes sent", self.joins.clone());
        r.register("knocks", "Knocks by HTTP, by outcome", self.knocks.clone());
        r.register("refusals", "Handshakes, knocks and events that were refused, by code", self.refusals.clone());
        r.register("sockets", "Engine.IO sessions that are open, by transport", self.sockets.clone());
        r.register("connections", "TCP connections that are open", self.connections.clone());
        r.register("connections_opened", "TCP connections that were accepted", self.connections_opened.clone());
        let help = "TCP connections that were refused or ended before a request, by reason";
        r.register("connections_refused", help, self.connections_refused.clone());
        r.register("hang_ups", "Clients that the server disconnected, by reason", self.hang_ups.clone());
        r.register("events", "Events of clients, by name and outcome", self.events.clone());
        r.register("signals", "Signals from one person to the other, by kind and outcome", self.signals.clone());
        r.register("voice_states", "Voice states that clients reported, with the reason if any", self.voice.clone());
        let help = "Time from connecting to connected, as clients reported it";
        r.register_with_unit("voice_connect", help, Unit::Seconds, self.time_to_connect.clone());
        r.register("chat_messages", "Chat messages that were written to the log", self.chat_messages.clone());
        let help = "Text of chat messages that were written to the log";
        r.register_with_unit("chat_text", help, Unit::Bytes, self.chat_bytes.clone());
        let help = "What waits to be sent to clients";
        r.register_with_unit("queued", help, Unit::Bytes, self.queued_bytes.clone());
        let help = "Log lines that were left out because one client, or all together, caused too many";
        r.register("log_lines_dropped", help, self.log_lines_dropped.clone());
        let start: Gauge<f64, AtomicU64> = Gauge::default();
        start.set(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
        r.register_with_unit("process_start_time", "When the process started, since 1970", Unit::Seconds, start);
        r.register("build", "The program's version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        r.register_collector(Box::new(Arc::clone(&self.sources)));
    }

    /// A series that first appears with its first event hides that event from `rate()`.
    fn begin_at_zero(&self) {
        for transport in Transport::ALL {
            drop(self.sockets.get_or_create(&[("transport", transport.as_str())]));
        }
        for reason in ConnectionRefusal::ALL {
            drop(self.connections_refused.get_or_create(&[("reason", reason.as_str())]));
        }
        for outcome in KnockOutcome::ALL {
            drop(self.knocks.get_or_create(&[("outcome", outcome.as_str())]));
        }
        for reason in HangUp::ALL {
            drop(self.hang_ups.get_or_create(&[("reason", reason.as_str())]));
        }
        for name in EVENTS {
            drop(self.events.get_or_create(&[("event", *name), ("outcome", EventOutcome::Done.as_str())]));
        }
    }

    /// Where rooms and seats are counted when the metrics are read; the first call counts.
    pub fn watch_rooms(&self, count: CountRooms) {
        let _ = self.sources.rooms.set(count);
    }

    /// The chat log's file, asked when the metrics are read; the first call counts.
    pub fn watch_database(&self, database: Arc<dyn Database>) {
        let _ = self.sources.database.set(database);
    }

    /// Where what the relay does is counted; the first call counts.
    pub fn watch_relay(&self, count: CountRelayed) {
        let _ = self.sources.relay.set(count);
    }

    /// Somebody was welcomed.
    pub fn joined(&self) {
        self.joins.inc();
    }

    /// What became of a knock.
    pub fn knocked(&self, outcome: KnockOutcome) {
        self.knocks.get_or_create(&[("outcome", outcome.as_str())]).inc();
    }

    /// A handshake, a knock or an event was refused.
    pub fn refused(&self, code: &Code) {
        self.refusals.get_or_create(&Refused::from(code)).inc();
    }

    /// An Engine.IO session began, or was upgraded to this transport.
    pub fn socket_opened(&self, transport: Transport) {
        self.sockets.get_or_create(&[("transport", transport.as_str())]).inc();
    }

    /// An Engine.IO session ended, or was upgraded from this transport.
    pub fn socket_closed(&self, transport: Transport) {
        self.sockets.get_or_create(&[("transport", transport.as_str())]).dec();
    }

    /// A TCP connection was accepted.
    pub fn connection_opened(&self) {
        self.connections.inc();
        self.connections_opened.inc();
    }

    /// A TCP connection that was accepted is closed.
    pub fn connection_closed(&self) {
        self.connections.dec();
    }

    /// A TCP connection was not served.
    pub fn connection_refused(&self, reason: ConnectionRefusal) {
        self.connections_refused.get_or_create(&[("reason", reason.as_str())]).inc();
    }

    /// The server disconnected a client.
    pub fn hung_up(&self, reason: HangUp) {
        self.hang_ups.get_or_create(&[("reason", reason.as_str())]).inc();
    }

    /// A client's event was answered. A name that the protocol does not have is counted as `other`.
    pub fn event(&self, name: &str, outcome: EventOutcome) {
        self.events.get_or_create(&[("event", event_name(name)), ("outcome", outcome.as_str())]).inc();
    }

    /// What became of a signal.
    pub fn signal(&self, kind: &'static str, outcome: SignalOutcome) {
        self.signals.get_or_create(&[("kind", kind), ("outcome", outcome.as_str())]).inc();
    }

    /// A client reported another voice state than before.
    pub fn voice(&self, state: VoiceState, reason: Option<VoiceReason>) {
        self.voice.get_or_create(&[("state", state.as_str()), ("reason", voice_reason(reason))]).inc();
    }

    /// Voice connected; a [`VoiceClock`] knows after how many seconds.
    pub fn time_to_connect(&self, seconds: f64) {
        self.time_to_connect.observe(seconds);
    }

    /// So many messages, whose texts have so many bytes of UTF-8 together, are durable.
    pub fn chat_messages(&self, messages: u64, bytes: u64) {
        self.chat_messages.inc_by(messages);
        self.chat_bytes.inc_by(bytes);
    }

    /// So many bytes more, or fewer, wait to be sent.
    pub fn queued_bytes(&self, delta: i64) {
        self.queued_bytes.inc_by(delta);
    }

    /// So many lines were not written to the log.
    pub fn log_lines_dropped(&self, lines: u64) {
        self.log_lines_dropped.inc_by(lines);
    }

    /// All of it as `OpenMetrics` text. It asks the chat log's file, so it is not for an async task's own thread.
    ///
    /// # Errors
    /// When a value can't be formatted.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
