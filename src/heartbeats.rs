//! Heartbeats over an unreliable data channel, each an echo of the other's last, so that both know the round trip.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use js_sys::{Array, JSON};
use pairvoice_core::{Hearing, Heartbeat};
use wasm_bindgen::JsValue;
use web_sys::{MessageEvent, RtcDataChannel, RtcDataChannelInit, RtcDataChannelState, RtcPeerConnection};

use crate::convert::whole;
use crate::from_js::from_js;
use crate::timers::now;
use crate::to_js::to_js;

/// Own heartbeats whose echo may still come.
const KEPT: usize = 32;
/// What waits to be sent beyond this would come too late to tell anything, in bytes.
const MAX_BUFFERED: u32 = 1_000;

/// The channel and what is needed to reckon round trips.
pub(crate) struct Heartbeats {
    channel: RtcDataChannel,
    number: Cell<u32>,
    sent: RefCell<VecDeque<(u32, f64)>>,
    heard: Cell<Option<(u32, f64)>>,
}

impl Heartbeats {
    /// Adds the channel (negotiated, ID 1, RFC 8831: unordered and never sent again) to a new connection.
    pub(crate) fn new(connection: &RtcPeerConnection) -> Self {
        let init = RtcDataChannelInit::new();
        init.set_negotiated(true);
        init.set_id(1);
        init.set_ordered(false);
        init.set_max_retransmits(0);
        let channel = connection.create_data_channel_with_data_channel_dict("pairvoice-heartbeat", &init);
        Self { channel, number: Cell::default(), sent: RefCell::default(), heard: Cell::default() }
    }

    pub(crate) fn channel(&self) -> &RtcDataChannel {
        &self.channel
    }

    /// Sends one: its number, when the next follows, the number of the other's last and how long ago that came, the time by this clock,
    /// for how long sound is to be held back, and how the other is heard.
    pub(crate) fn send(&self, next: u32, target: u32, hearing: Option<Hearing>) {
        if self.channel.ready_state() != RtcDataChannelState::Open || self.channel.buffered_amount() > MAX_BUFFERED {
            return;
        }
        let (number, at) = (self.number.get().wrapping_add(1), now());
        self.number.set(number);
        let mut sent = self.sent.borrow_mut();
        sent.push_back((number, at));
        if sent.len() > KEPT {
            sent.pop_front();
        }
        let values = Array::of2(&number.into(), &next.into());
        let echo = self.heard.get().map(|(echo, came)| (f64::from(echo), (at - came).round()));
        let (echo, held) = echo.map_or((JsValue::NULL, JsValue::NULL), |(echo, held)| (echo.into(), held.into()));
        for value in [echo, held, whole(at).into(), target.into()] {
            values.push(&value);
        }
        if let Some(hearing) = hearing {
            values.push(&to_js(&hearing));
        }
        if let Some(text) = JSON::stringify(&values).ok().and_then(|text| text.as_string()) {
            let _ = self.channel.send_with_str(&text);
        }
    }

    /// Reads one of the other's.
    pub(crate) fn read(&self, event: &MessageEvent) -> Option<Heartbeat> {
        let values: Array = JSON::parse(&event.data().as_string()?).ok().filter(Array::is_array)?.into();
        let value = |index| values.get(index).as_f64().filter(|v: &f64| v.is_finite());
        let (number, next) = (value(0)?, value(1)?);
        let at = now();
        self.heard.set(Some((whole(number), at)));
        let echo = value(2).zip(value(3));
        let round_trip = echo.and_then(|(echo, held)| {
            let sent = self.sent.borrow();
            let (_, sent_at) = sent.iter().find(|(n, _)| *n == whole(echo))?;
            Some(whole(at - sent_at - held))
        });
        let lag = value(4).map(|sent_at| whole(at).wrapping_sub(whole(sent_at)));
        let target = value(5).map(whole).unwrap_or_default();
        Some(Heartbeat { next: whole(next), round_trip, lag, target, hearing: from_js(&values.get(6)) })
    }
}
