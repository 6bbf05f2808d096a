//! What is not counted but looked up when the metrics are read: rooms, seats, the chat log's file.

use std::fmt;
use std::sync::{Arc, OnceLock};

use pairvoice_relay::{Counter, Counters};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// What the chat log's file tells of itself.
pub trait Database: fmt::Debug + Send + Sync + 'static {
    /// Its size in bytes with what is not yet part of it (SQLite's write-ahead log); `None` when it can't be read.
    fn size_bytes(&self) -> Option<u64>;
    /// Pages that are free for messages to come; `None` when it can't be read.
    fn free_pages(&self) -> Option<u64>;
    /// Whether the file is there and can be read.
    fn is_reachable(&self) -> bool;
}

/// Returns the number of rooms, and of seats that are taken.
pub type CountRooms = Box<dyn Fn() -> (usize, usize) + Send + Sync>;

/// Returns the number of relayed addresses, and what was counted at the relay.
pub type CountRelayed = Box<dyn Fn() -> (usize, Counters) + Send + Sync>;

/// Set once each, after the metrics were made: the sessions count by the same metrics.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) rooms: OnceLock<CountRooms>,
    pub(super) database: OnceLock<Arc<dyn Database>>,
    pub(super) relay: OnceLock<CountRelayed>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut relayed = None;
        let mut gauge = |name, help, unit: Option<&Unit>, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
        };
        if let Some(count) = self.rooms.get() {
            let (rooms, seats) = count();
            gauge("rooms", "Sessions that somebody has a seat in.", None, rooms as u64)?;
            gauge("seats", "Seats that are taken.", None, seats as u64)?;
        }
        if let Some(count) = self.relay.get() {
            let (allocations, counters) = count();
            let help = "Relayed addresses that clients have (TURN allocations).";
            gauge("relay_allocations", help, None, allocations as u64)?;
            relayed = Some(counters);
        }
        let database = self.database.get();
        if let Some(bytes) = database.and_then(|database| database.size_bytes()) {
            let help = "Size of the chat log's file with its write-ahead log.";
            gauge("database_size", help, Some(&Unit::Bytes), bytes)?;
        }
        if let Some(pages) = database.and_then(|database| database.free_pages()) {
            gauge("database_free_pages", "Pages of the chat log's file that are free to be used again.", None, pages)?;
        }
        relayed.map_or(Ok(()), |counters| encode_relay(&mut encoder, &counters))
    }
}

fn encode_relay(encoder: &mut DescriptorEncoder, counters: &Counters) -> fmt::Result {
    let packets = ConstCounter::new(counters.get(Counter::Relayed));
    let help = "Packets that were relayed from one person to the other.";
    packets.encode(encoder.encode_descriptor("relay_packets", help, None, packets.metric_type())?)?;
    let bytes = ConstCounter::new(counters.relayed_bytes);
    let help = "What relayed packets carried.";
    bytes.encode(encoder.encode_descriptor("relay", help, Some(&Unit::Bytes), bytes.metric_type())?)?;
    let help = "What else clients asked or sent the relay, by outcome.";
    let mut requests = encoder.encode_descriptor("relay_requests", help, None, MetricType::Counter)?;
    for counter in Counter::ALL.into_iter().filter(|counter| *counter != Counter::Relayed) {
        let count = ConstCounter::new(counters.get(counter));
        count.encode(requests.encode_family(&[("outcome", counter.as_str())])?)?;
    }
    Ok(())
}
