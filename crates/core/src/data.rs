//! App data: numbered, kept until the other has it, and sent again by whatever way there is.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::op_id::OpId;
use crate::output::{Event, Output};
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::{Acknowledgement, ClientEvent, Data, InBand, InstanceId, Parcel, ParcelReceipt};

/// So many bytes may be on their way: what goes in band waits behind them. A larger piece goes alone.
const WINDOW: u32 = 128 * 1024;
/// So many bytes may wait.
const MAX_WAITING: u32 = 8 * 1024 * 1024;
/// How long a receipt by the server waits for further parcels, in milliseconds.
const RECEIPT_MS: u32 = 200;
/// Wait after a retryable refusal that names none, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// Why app data did not reach the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataFailure {
    /// Nobody is there who could take it.
    PeerAbsent,
    /// The page that it was meant for is gone.
    PeerGone,
    /// Too much waits already.
    DataQueueFull,
    /// The session is over.
    SessionEnded,
}

/// By which way parcels go. What was sent by another one than the present may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// Over the data channel of this connection.
    Channel(OpId),
    /// By the server, over this socket of ours, to the other's socket of this number.
    Server(OpId, u32),
}

/// What an app wants to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Waiting {
    /// The app's name for it.
    id: u32,
    parcel: Parcel,
}

/// The app data of a session, in both directions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AppData {
    me: InstanceId,
    /// The other's life.
    peer: Option<InstanceId>,
    /// Not acknowledged yet, in their order.
    waiting: VecDeque<Waiting>,
    /// So many of them are on their way.
    sent: usize,
    /// The number of the newest one.
    newest: u32,
    way: Option<Way>,
    /// The server wants a moment, or can't take it at all.
    paused: bool,
    /// Events that the server has not answered.
    requests: Vec<OpId>,
    /// Up to this number the other's have arrived.
    taken: u32,
    /// The other is to be told of them.
    receipt_due: bool,
}

impl AppData {
    pub(crate) fn new(me: InstanceId) -> Self {
        Self {
            me,
            peer: None,
            waiting: VecDeque::new(),
            sent: 0,
            newest: 0,
            way: None,
            paused: false,
            requests: Vec::new(),
            taken: 0,
            receipt_due: false,
        }
    }

    /// The app sends something.
    pub(crate) fn send(&mut self, id: u32, data: SentData, left: bool, out: &mut Outputs) {
        let peer = self.peer.clone().filter(|_| !left);
        let Some(to) = peer else { return done(id, Some(DataFailure::PeerAbsent), out) };
        let SentData { topic, text, size, payload } = data;
        if bytes(self.waiting.iter()).saturating_add(size) > MAX_WAITING {
            return done(id, Some(DataFailure::DataQueueFull), out);
        }
        self.newest = self.newest.wrapping_add(1);
        let parcel = Parcel { instance: self.me.clone(), to, number: self.newest, topic, text, size, payload };
        self.waiting.push_back(Waiting { id, parcel });
    }

    /// Who is there: another life begins with nothing.
    pub(crate) fn meet(&mut self, peer: Option<&InstanceId>, out: &mut Outputs) {
        if self.peer.as_ref() != peer {
            self.fail(DataFailure::PeerGone, out);
            *self = Self { peer: peer.cloned(), ..Self::new(self.me.clone()) };
        }
    }

    /// Nothing that waits will arrive.
    pub(crate) fn fail(&mut self, failure: DataFailure, out: &mut Outputs) {
        for Waiting { id, .. } in std::mem::take(&mut self.waiting) {
            done(id, Some(failure), out);
        }
        self.sent = 0;
    }

    /// Sends what may be sent; by another way than before, all that is not acknowledged. What goes in band is returned.
    pub(crate) fn flush(&mut self, way: Option<Way>, out: &mut Outputs) -> Vec<InBand> {
        if self.way != way {
            self.way = way;
            self.sent = 0;
            self.paused = false;
            self.requests.clear();
            if self.receipt_due && matches!(way, Some(Way::Server(..))) {
                out.set_timer(Timer::DataReceipt, RECEIPT_MS);
            }
        }
        let mut in_band = Vec::new();
        let Some(way) = way else { return in_band };
        if self.receipt_due && matches!(way, Way::Channel(_)) {
            self.receipt_due = false;
            in_band.extend(self.receipt().map(InBand::Data));
        }
        let mut under_way = bytes(self.waiting.iter().take(self.sent));
        while let Some(Waiting { parcel, .. }) = self.waiting.get(self.sent).filter(|_| !self.paused) {
            if under_way > 0 && under_way.saturating_add(parcel.size) > WINDOW {
                break;
            }
            under_way = under_way.saturating_add(parcel.size);
            self.sent += 1;
            let data = Data::Parcel(parcel.clone());
            match way {
                Way::Channel(_) => in_band.push(InBand::Data(data)),
                Way::Server(..) => self.requests.push(out.emit(ClientEvent::Data(data))),
            }
        }
        in_band
    }

    /// The other says something.
    pub(crate) fn take(&mut self, data: Data, out: &mut Outputs) {
        let (from, to) = data.lives();
        if *to != self.me || self.peer.as_ref() != Some(from) {
            return;
        }
        match data {
            Data::Parcel(parcel) => self.take_parcel(parcel, out),
            Data::Receipt(ParcelReceipt { number, .. }) => {
                while let Some(arrived) = self.waiting.pop_front_if(|first| first.parcel.number <= number) {
                    self.sent = self.sent.saturating_sub(1);
                    done(arrived.id, None, out);
                }
            }
        }
    }

    fn take_parcel(&mut self, parcel: Parcel, out: &mut Outputs) {
        let next = self.taken.wrapping_add(1);
        if parcel.number > next {
            // One before it was lost; it comes again, and this one after it.
            return;
        }
        if parcel.number == next {
            self.taken = next;
            let Parcel { topic, text, payload, .. } = parcel;
            out.push(Output::Event(Event::Data { topic, text, payload }));
        }
        if !self.receipt_due {
            self.receipt_due = true;
            if matches!(self.way, Some(Way::Server(..))) {
                out.set_timer(Timer::DataReceipt, RECEIPT_MS);
            }
        }
    }

    /// The moment for a receipt by the server is there.
    pub(crate) fn receipt_time(&mut self, out: &mut Outputs) {
        if self.receipt_due
            && matches!(self.way, Some(Way::Server(..)))
            && let Some(receipt) = self.receipt()
        {
            self.receipt_due = false;
            out.emit(ClientEvent::Data(receipt));
        }
    }

    fn receipt(&self) -> Option<Data> {
        let (instance, number) = (self.me.clone(), self.taken);
        self.peer.clone().map(|to| Data::Receipt(ParcelReceipt { instance, to, number }))
    }

    /// The server answered.
    pub(crate) fn acknowledged(&mut self, request: OpId, answer: Option<&Acknowledgement>, out: &mut Outputs) {
        let before = self.requests.len();
        self.requests.retain(|known| *known != request);
        if before == self.requests.len() {
            return;
        }
        if let Some(error) = answer.and_then(|answer| answer.error.as_ref()) {
            self.paused = true;
            self.sent = 0;
            // What comes before it has an answer of its own, and what is sent again is taken once.
            self.requests.clear();
            if error.retryable {
                out.set_spread_timer(Timer::Data, error.after_ms.unwrap_or(RETRY_MS));
            }
        }
    }

    /// The server may be asked again.
    pub(crate) fn resume(&mut self) {
        self.paused = false;
    }
}

/// What an app gives to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentData {
    /// What it is about: at most [`crate::wire::MAX_TOPIC_BYTES`].
    pub topic: String,
    /// Whether it is a string, not bytes.
    pub text: bool,
    /// How many bytes it has: at most [`crate::wire::MAX_DATA_BYTES`]; of a string, those of its UTF-8.
    pub size: u32,
    /// The bytes in base64.
    pub payload: String,
}

fn bytes<'a>(parcels: impl Iterator<Item = &'a Waiting>) -> u32 {
    parcels.fold(0, |sum, waiting| sum.saturating_add(waiting.parcel.size))
}

fn done(id: u32, failure: Option<DataFailure>, out: &mut Outputs) {
    out.push(Output::Event(Event::DataDone { id, failure }));
}

#[cfg(test)]
mod tests;
