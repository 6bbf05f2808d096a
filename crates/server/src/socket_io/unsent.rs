//! What one connection was told and has not read yet, in bytes and by age. A channel that counts packets would let a peer that reads
//! nothing hold some hundred megabytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::sessions::lock;

/// Bytes that one connection may leave unread.
const MAX_BYTES: usize = 1024 * 1024;
/// Bytes that every connection may leave unread, however many others do: a welcome with a full page fits.
const MIN_BYTES: usize = 384 * 1024;
/// With less than this unread, any packet may be sent.
const FEW_BYTES: usize = 4 * 1024;
/// How long one packet may wait.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(10);
/// Bytes that all connections together should not leave unread.
const TOTAL_BYTES: usize = 48 * 1024 * 1024;
/// The part of what is left of the total that one connection may take: many slow readers get less each.
const SHARE: usize = 16;

/// What all connections have not read.
#[derive(Debug, Default)]
pub(crate) struct Total(AtomicUsize);

impl Total {
    /// In bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn limit(&self) -> usize {
        (TOTAL_BYTES.saturating_sub(self.bytes()) / SHARE).clamp(MIN_BYTES, MAX_BYTES)
    }
}

/// What one connection has not read: packets in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct Unsent {
    queue: Mutex<Queue>,
    total: Arc<Total>,
}

#[derive(Debug, Default)]
struct Queue {
    packets: VecDeque<(usize, Instant)>,
    bytes: usize,
    /// Is told when nothing waits any more.
    drained: Option<Arc<Notify>>,
}

impl Unsent {
    pub(crate) fn new(total: Arc<Total>) -> Self {
        Self { queue: Mutex::default(), total }
    }

    /// Counts a packet of so many bytes and sends it; false when it is too much, or could not be sent.
    pub(crate) fn send(&self, bytes: usize, now: Instant, send: impl FnOnce() -> bool) -> bool {
        let mut queue = lock(&self.queue);
        // A welcome always fits behind the few words that come before it.
        if queue.bytes > FEW_BYTES && queue.bytes + bytes > self.total.limit() {
            return false;
        }
        // Under the lock, so that the packets are counted in the order in which they go out.
        if !send() {
            return false;
        }
        queue.packets.push_back((bytes, now));
        queue.bytes += bytes;
        self.total.0.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// So many packets went out, the oldest ones.
    pub(crate) fn sent(&self, packets: usize) {
        let mut queue = lock(&self.queue);
        for _ in 0..packets {
            let Some((bytes, _)) = queue.packets.pop_front() else { break };
            queue.bytes -= bytes;
            self.total.0.fetch_sub(bytes, Ordering::Relaxed);
        }
        if queue.packets.is_empty() {
            // A connection at rest holds no memory for it.
            queue.packets = VecDeque::new();
            queue.drained.take().inspect(|drained| drained.notify_one());
        }
    }

    /// Resolves once nothing waits. Meant for one at a time.
    pub(crate) async fn drained(&self) {
        let drained = Arc::new(Notify::new());
        {
            let mut queue = lock(&self.queue);
            if queue.packets.is_empty() {
                return;
            }
            queue.drained = Some(Arc::clone(&drained));
        }
        drained.notified().await;
    }

    /// Whether a packet has waited too long.
    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        lock(&self.queue).packets.front().is_some_and(|(_, at)| now.saturating_duration_since(*at) > MAX_AGE)
    }

    /// The connection is gone, and what it did not read with it.
    pub(crate) fn clear(&self) {
        let mut queue = lock(&self.queue);
        self.total.0.fetch_sub(queue.bytes, Ordering::Relaxed);
        queue.drained.take().inspect(|drained| drained.notify_one());
        *queue = Queue::default();
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_bounded_by_bytes_and_age() {
        let total = Arc::new(Total::default());
        let (one, began) = (Unsent::new(Arc::clone(&total)), Instant::now());
        let sent = (0..100).take_while(|_| one.send(100 * 1024, began, || true)).count();
        assert_eq!(sent, 10);
        assert!(!one.is_overdue(began + MAX_AGE));
        assert!(one.is_overdue(began + MAX_AGE + Duration::from_millis(1)));
        one.sent(10);
        assert!(!one.is_overdue(began + MAX_AGE * 2));
        assert_eq!(total.bytes(), 0);
        assert!(one.send(2 * MAX_BYTES, began, || true), "one packet always fits");
        assert!(!one.send(1, began, || true), "and nothing more after it");
        drop(one);
        assert_eq!(total.bytes(), 0);
    }

    #[test]
    fn many_slow_readers_get_less_each() {
        let total = Arc::new(Total::default());
        let began = Instant::now();
        let readers: Vec<Unsent> = (0..1_000).map(|_| Unsent::new(Arc::clone(&total))).collect();
        for reader in &readers {
            while reader.send(4 * 1024, began, || true) && lock(&reader.queue).bytes < 256 * 1024 {}
        }
        assert!(!readers[0].send(MAX_BYTES / 2, began, || true), "only the least is left for each");
        assert!(readers[0].send(MIN_BYTES - 260 * 1024, began, || true));
    }

    #[test]
    fn what_could_not_be_sent_does_not_count() {
        let one = Unsent::new(Arc::default());
        assert!(!one.send(10, Instant::now(), || false));
        assert_eq!(one.total.bytes(), 0);
    }
}
