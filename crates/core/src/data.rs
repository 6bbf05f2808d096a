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
/// So many pieces may be on their way by the server, which counts events: five times a second they leave room for the chat.
const SERVER_WINDOW: usize = 16;
/// So many bytes may wait.
const MAX_WAITING: u32 = 8 * 1024 * 1024;
/// What a piece takes beside its payload and topic, in bytes.
const FRAME: u32 = 256;
/// So many earlier lives of the other are remembered.
const REMEMBERED: usize = 8;
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
    /// What it takes, in bytes.
    cost: u32,
    parcel: Parcel,
}

/// The app data of a session, in both directions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AppData {
    me: InstanceId,
    /// The other's life.
    peer: Option<InstanceId>,
    /// Lives that another one followed. What was numbered with them is over: one that comes back is told nothing, and not listened to.
    former: VecDeque<InstanceId>,
    /// Not acknowledged yet, in their order.
    waiting: VecDeque<Waiting>,
    /// What they take together, in bytes.
    cost: u32,
    /// So many of them are on their way.
    sent: usize,
    /// What these take together, in bytes.
    sent_cost: u32,
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
    /// The newest receipt by the server, until it is answered.
    receipt_request: Option<OpId>,
}

impl AppData {
    pub(crate) fn new(me: InstanceId) -> Self {
        Self {
            me,
            peer: None,
            former: VecDeque::new(),
            waiting: VecDeque::new(),
            cost: 0,
            sent: 0,
            sent_cost: 0,
            newest: 0,
            way: None,
            paused: false,
            requests: Vec::new(),
            taken: 0,
            receipt_due: false,
            receipt_request: None,
        }
    }

    /// The app sends something.
    pub(crate) fn send(&mut self, id: u32, data: SentData, left: bool, out: &mut Outputs) {
        let peer = self.peer.clone().filter(|_| !left);
        let Some(to) = peer else { return done(id, Some(DataFailure::PeerAbsent), out) };
        let SentData { topic, text, size, payload } = data;
        let topic_bytes = u32::try_from(topic.len()).unwrap_or(u32::MAX);
        let cost = size.saturating_add(topic_bytes).saturating_add(FRAME);
        if self.cost.saturating_add(cost) > MAX_WAITING {
            return done(id, Some(DataFailure::DataQueueFull), out);
        }
        self.cost += cost;
        self.newest = self.newest.wrapping_add(1);
        let parcel = Parcel { instance: self.me.clone(), to, number: self.newest, topic, text, size, payload };
        self.waiting.push_back(Waiting { id, cost, parcel });
    }

    /// Who is there: another life begins with nothing.
    pub(crate) fn meet(&mut self, peer: Option<&InstanceId>, out: &mut Outputs) {
        let peer = peer.filter(|peer| !self.former.contains(peer));
        if self.peer.as_ref() == peer {
            return;
        }
        self.fail(DataFailure::PeerGone, out);
        let mut former = std::mem::take(&mut self.former);
        former.extend(self.peer.take());
        if former.len() > REMEMBERED {
            former.pop_front();
        }
        *self = Self { peer: peer.cloned(), former, ..Self::new(self.me.clone()) };
    }

    /// Nothing that waits will arrive.
    pub(crate) fn fail(&mut self, failure: DataFailure, out: &mut Outputs) {
        for Waiting { id, .. } in std::mem::take(&mut self.waiting) {
            done(id, Some(failure), out);
        }
        self.cost = 0;
        self.send_again();
    }

    /// Nothing is on its way any more.
    fn send_again(&mut self) {
        self.sent = 0;
        self.sent_cost = 0;
    }

    /// Sends what may be sent; by another way than before, all that is not acknowledged. What goes in band is returned.
    pub(crate) fn flush(&mut self, way: Option<Way>, out: &mut Outputs) -> Vec<InBand> {
        if self.way != way {
            self.way = way;
            self.send_again();
            self.paused = false;
            self.requests.clear();
            // The last one may be lost with the way that it went.
            self.receipt_due = self.taken > 0;
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
        while let Some(Waiting { parcel, cost, .. }) = self.waiting.get(self.sent).filter(|_| !self.paused) {
            let is_narrow = matches!(way, Way::Server(..)) && self.sent >= SERVER_WINDOW;
            if self.sent > 0 && (is_narrow || self.sent_cost.saturating_add(*cost) > WINDOW) {
                break;
            }
            self.sent_cost = self.sent_cost.saturating_add(*cost);
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
        if *to != self.me || self.peer.as_ref() != Some(from) || !data.fits() {
            return;
        }
        match data {
            Data::Parcel(parcel) => self.take_parcel(parcel, out),
            Data::Receipt(ParcelReceipt { number, .. }) => {
                while let Some(arrived) = self.waiting.pop_front_if(|first| first.parcel.number <= number) {
                    self.cost = self.cost.saturating_sub(arrived.cost);
                    if self.sent > 0 {
                        self.sent -= 1;
                        self.sent_cost = self.sent_cost.saturating_sub(arrived.cost);
                    }
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
            self.receipt_request = Some(out.emit(ClientEvent::Data(receipt)));
        }
    }

    fn receipt(&self) -> Option<Data> {
        let (instance, number) = (self.me.clone(), self.taken);
        self.peer.clone().map(|to| Data::Receipt(ParcelReceipt { instance, to, number }))
    }

    /// The server answered.
    pub(crate) fn acknowledged(&mut self, request: OpId, answer: Option<&Acknowledgement>, out: &mut Outputs) {
        if self.receipt_request.take_if(|receipt| *receipt == request).is_some() {
            if let Some(error) = answer.and_then(|answer| answer.error.as_ref()).filter(|error| error.retryable) {
                self.receipt_due = true;
                out.set_spread_timer(Timer::DataReceipt, error.after_ms.unwrap_or(RETRY_MS).max(RECEIPT_MS));
            }
            return;
        }
        let before = self.requests.len();
        self.requests.retain(|known| *known != request);
        if before == self.requests.len() {
            return;
        }
        if let Some(error) = answer.and_then(|answer| answer.error.as_ref()) {
            self.paused = true;
            self.send_again();
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

fn done(id: u32, failure: Option<DataFailure>, out: &mut Outputs) {
    out.push(Output::Event(Event::DataDone { id, failure }));
}

#[cfg(test)]
mod tests;
