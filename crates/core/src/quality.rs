//! How well the two hear each other: what each side reports to the other twice a second, how sound is sent because of it, and what the
//! app is told.
//!
//! Everything is told in band, by heartbeats: a report that is lost is made up for by the next one, since counters are told and not
//! differences.

mod bandwidth;
mod controller;
mod figures;
mod heard;
mod opinion;
mod protection;
mod queue;
mod report;
mod speech;
mod warning;

pub use figures::{Hearing, Reception, Traffic};
pub use heard::Unheard;
pub use protection::{Means, Protection};
pub use report::{QualityReport, Step, Stream};
pub use warning::{Cause, Trouble, Warning};

use crate::input::{Heartbeat, Path};
use crate::op_id::OpId;
use controller::{Controller, HALF_SECOND_SAMPLES};
use heard::Heard;
use queue::Queue;
use speech::Speech;
use warning::{Second, Warnings};

/// The other is told with every so many pulses how they are heard: twice a second. While something is lost or waits it is told with
/// each, for heartbeats are lost as well.
const PULSES: u32 = 2;
/// Pulses that are so rare, in milliseconds, tell each time.
const RARE_MS: u32 = 500;
/// After so many seconds without a report nothing is known of what the other hears.
const SILENT_SECONDS: u8 = 4;
/// The data channel gives way to loss like this, in hundred thousandths.
const HEAVY_LOSS: u32 = 40_000;
/// Reports in a row without samples that were played: whatever plays at the other has stopped. A pulse has a quarter of a second of them.
const STALLED: u8 = 5;
/// Packets that wait so long wait in a queue, in milliseconds.
const WAITING_MS: u32 = 100;
/// Pulses after one in which nothing came.
const GAP_PULSES: u8 = 2;
/// Time without a packet from a live microphone, by which whatever works on its packets is seen to have failed, in milliseconds.
const STUCK_MS: u32 = 3_000;
/// Heartbeats of a second are less, in bytes.
const DATA_BYTES: i32 = 3_000;
/// Figures that come sooner after others are no second, in milliseconds.
const SECOND_MS: u32 = 700;
/// No other client can say that packets wait for longer, in milliseconds.
const MAX_QUEUE_MS: u32 = 10_000;
/// No other client can have sound held back for longer, in milliseconds.
const MAX_TARGET_MS: u32 = 200;

/// What the app is told about beside the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Talk {
    /// Own microphone.
    pub(crate) own: bool,
    pub(crate) peer: bool,
}

/// Counters of one connection, as they were last seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Counters {
    /// At the last pulse, and when a second was reported last.
    pulse: Reception,
    second: Reception,
    /// As the other told them last, and when a second was reported last.
    told: Option<Reception>,
    told_second: Reception,
    traffic: Option<Traffic>,
    /// For how long a live microphone has brought no packet, in milliseconds.
    stuck: u32,
    queue: Queue,
    /// The same of round trips, whichever way the queue is.
    round_trips: Queue,
    /// Something was lost or waited at the last pulse.
    troubled: bool,
    /// Pulses whose losses are of a gap in which nothing came; what was lost in gaps so far, and as the other told it last.
    gap: u8,
    stopped: u32,
    told_stopped: u32,
    /// Reports in a row by which the other has played next to nothing.
    stalled: u8,
    /// Seconds in a row of which no report tells, and in which none came.
    unreported: u8,
    silent: u8,
    /// What was said last of what the other hears, and for how many seconds they have said nothing since.
    outgoing: Option<(Stream, u8)>,
}

/// The quality of one call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Quality {
    /// The connection whose counters these are.
    of: Option<OpId>,
    counters: Counters,
    controller: Controller,
    /// For how long the other wants their sound to be held back, and for how long it is, in milliseconds.
    target: u32,
    applied: u32,
    heard: Heard,
    speech: Speech,
    told: Speech,
    warnings: Warnings,
    step: Step,
    /// Seconds in a row that speak for another step.
    against: u8,
}

impl Quality {
    /// Counters of another connection begin anew.
    fn count(&mut self, id: OpId) {
        if self.of.replace(id) != Some(id) {
            self.counters = Counters::default();
            self.applied = 0;
            // Who is at its other end is not known yet.
            self.heard = Heard::default();
        }
    }

    /// Nothing is sent: what is known of how it is heard is over.
    pub(crate) fn hush(&mut self) {
        self.heard.hush();
    }

    /// There is no connection any more; one that is made again goes on as this one did. Tells whether somebody was said to speak.
    pub(crate) fn rest(&mut self) -> bool {
        if self.of.is_none() {
            return false;
        }
        let spoke = self.told.own || self.told.peer;
        // Whether this person speaks is no matter of a connection, and told when it changes.
        *self =
            Self { controller: std::mem::take(&mut self.controller), speech: self.speech.rest(), ..Self::default() };
        spoke
    }

    /// The call is over. Tells whether somebody was said to speak.
    pub(crate) fn end(&mut self) -> bool {
        let spoke = self.rest();
        self.controller = Controller::default();
        spoke
    }

    /// What has come by now, so many milliseconds after the last time; gives back how many packets came since.
    pub(crate) fn received(&mut self, id: OpId, reception: Reception, ms: u32) -> u32 {
        self.count(id);
        let heard = reception.since(self.counters.pulse);
        self.counters.pulse = reception;
        // What a gap lost is known with the packet after it, before which those come that waited in a queue.
        if heard.packets == 0 {
            self.counters.gap = GAP_PULSES;
        } else if self.counters.gap > 0 {
            self.counters.gap -= 1;
            self.counters.stopped = self.counters.stopped.wrapping_add(heard.lost);
        }
        self.counters.troubled = heard.lost > 0 || self.counters.queue.wait() >= WAITING_MS;
        self.speech.peer(&heard, ms);
        heard.packets
    }

    /// A heartbeat of the other came over a link of that round trip, in milliseconds, while this side sends what can be heard or does not;
    /// tells whether sound is to be sent in another way.
    pub(crate) fn heartbeat(&mut self, id: OpId, heartbeat: &Heartbeat, round_trip: u32, audible: bool) -> bool {
        self.count(id);
        if let Some(lag) = heartbeat.lag {
            self.counters.queue.heartbeat(lag);
        }
        self.target = heartbeat.target.min(MAX_TARGET_MS);
        if let Some(round_trip) = heartbeat.round_trip {
            self.counters.round_trips.heartbeat(round_trip);
        }
        let waits = self.counters.round_trips.wait() >= WAITING_MS;
        let Some(hearing) = heartbeat.hearing else { return false };
        self.counters.silent = 0;
        let hearing = Hearing { queue: hearing.queue.min(MAX_QUEUE_MS), ..hearing };
        let Some(before) = self.counters.told else {
            self.counters.told = Some(hearing.reception);
            self.counters.told_second = hearing.reception;
            self.counters.told_stopped = hearing.stopped;
            return false;
        };
        let heard = hearing.reception.since(before);
        let mut hearing = hearing;
        let mut halves = 1;
        if heard.samples < HALF_SECOND_SAMPLES && hearing.reception.samples > 0 && hearing.playing {
            self.counters.stalled = self.counters.stalled.saturating_add(1);
            if self.counters.stalled < STALLED {
                return false;
            }
            // It has an element that plays, and nothing takes its samples.
            hearing.playing = false;
            halves = STALLED;
        }
        self.counters.stalled = 0;
        let stopped = hearing.stopped.wrapping_sub(std::mem::replace(&mut self.counters.told_stopped, hearing.stopped));
        self.counters.told = Some(hearing.reception);
        let delay = round_trip.saturating_add(heard.buffer());
        self.heard.report(&heard, &hearing, audible && self.speech.own, delay, halves);
        self.controller.report(&heard.without(stopped), &hearing, waits)
    }

    /// How this side hears the other, if it is time to tell; `next` is the time to the next pulse, in milliseconds.
    pub(crate) fn hearing(&self, id: OpId, pulses: u32, next: u32, playing: bool) -> Option<Hearing> {
        let due = next >= RARE_MS || pulses.is_multiple_of(PULSES);
        let told = self.of == Some(id) && (self.counters.troubled || due);
        told.then(|| Hearing {
            reception: self.counters.pulse,
            queue: self.counters.queue.wait(),
            playing,
            stopped: self.counters.stopped,
        })
    }

    /// How sound is sent now.
    pub(crate) fn protection(&self) -> Protection {
        self.controller.step()
    }

    /// What the connection in use can do about loss.
    pub(crate) fn set_means(&mut self, means: Means) {
        self.controller.set_means(means);
    }

    /// For how long sound is to be held back, in milliseconds, if that is news for this connection; 0 is as the browser sees fit.
    pub(crate) fn news_of_target(&mut self, id: OpId) -> Option<u32> {
        self.count(id);
        let target = self.target;
        (std::mem::replace(&mut self.applied, target) != target).then_some(target)
    }

    /// This person speaks, muted or not, or has stopped.
    pub(crate) fn speaks(&mut self, speaks: bool) {
        self.speech.own = speaks;
    }

    /// So many milliseconds have passed; gives back who speaks, if that is news.
    pub(crate) fn pulse(&mut self, muted: bool, ms: u32) -> Option<Talk> {
        self.speech.pulse(muted, ms);
        let Speech { own, peer, .. } = self.speech;
        let own = own && !muted;
        let news = (own, peer) != (self.told.own, self.told.peer);
        (self.told.own, self.told.peer) = (own, peer);
        news.then_some(Talk { own, peer })
    }

    /// Whether this person talks though they are muted.
    pub(crate) fn is_muted_talk(&self) -> bool {
        self.speech.is_muted_talk()
    }

    /// Whether the other hears this person, as far as that is known.
    pub(crate) fn is_heard(&self) -> Option<bool> {
        self.heard.verdict().map(|verdict| verdict.is_ok())
    }

    /// Bytes have come since the figures before that are more than heartbeats: app data, a piece of which holds those back.
    pub(crate) fn is_fed(&self, traffic: Traffic) -> bool {
        let before = self.counters.traffic.map_or(traffic.received, |before| before.received);
        traffic.received.wrapping_sub(before).cast_signed() >= DATA_BYTES
    }

    /// Figures have come: about a second has passed, or there is no report. Tells whether the packets of a live microphone have stopped, too.
    pub(crate) fn second(
        &mut self,
        id: OpId,
        path: Option<Path>,
        traffic: Traffic,
        round_trip: u32,
        live: bool,
    ) -> Option<(QualityReport, bool)> {
        self.count(id);
        let before = *self.counters.traffic.get_or_insert(traffic);
        let (sent, received, took) = traffic.since(before);
        if took < SECOND_MS {
            return None;
        }
        self.counters.traffic = Some(traffic);
        let heard = self.counters.pulse.since(self.counters.second);
        self.counters.second = self.counters.pulse;
        let told = self.counters.told.unwrap_or_default();
        let heard_there = told.since(self.counters.told_second);
        self.counters.told_second = told;
        let stream =
            |heard: &Reception, frames, kbps| (heard.samples > 0).then(|| Stream::new(heard, round_trip, frames, kbps));
        let reported = heard_there.samples > 0;
        self.counters.unreported = if reported { 0 } else { self.counters.unreported.saturating_add(1) };
        self.counters.silent = self.counters.silent.saturating_add(1);
        if self.counters.silent >= SILENT_SECONDS {
            self.heard = Heard::default();
        }
        if self.counters.unreported >= SILENT_SECONDS && heard.loss() >= HEAVY_LOSS {
            self.controller.go_blind();
        }
        let sending = self.controller.shown();
        let incoming = stream(&heard, 1, received);
        let outgoing = self.keep_outgoing(stream(&heard_there, sending.frames, sent));
        let warnings = self.warnings.judge(&Second {
            incoming: incoming.as_ref(),
            outgoing: outgoing.as_ref(),
            short: self.controller.is_short_of_room(),
            unheard: self.heard.verdict().and_then(Result::err),
            muted_talk: self.speech.is_muted_talk(),
        });
        let worst = [&incoming, &outgoing].into_iter().flatten().map(|stream| stream.mos).min();
        self.judge(worst.map_or(Step::Good, Step::of));
        let still = live && traffic.is_stuck_since(before);
        self.counters.stuck = if still { self.counters.stuck.saturating_add(took) } else { 0 };
        let stuck = self.counters.stuck >= STUCK_MS;
        if stuck {
            self.counters.stuck = 0;
        }
        let round_trip_ms = round_trip;
        Some((QualityReport { step: self.step, incoming, outgoing, round_trip_ms, path, sending, warnings }, stuck))
    }

    /// A report may be lost, or held back, and one of a page that nobody sees comes once a second: a second without one is as the one before.
    fn keep_outgoing(&mut self, told: Option<Stream>) -> Option<Stream> {
        let told = told.map(|stream| (stream, 0));
        let before = self.counters.outgoing.take().map(|(stream, seconds)| (stream, seconds + 1));
        self.counters.outgoing = told.or(before.filter(|(_, seconds)| *seconds < SILENT_SECONDS));
        self.counters.outgoing.clone().map(|(stream, _)| stream)
    }

    /// One bad second changes no step, and those in which a call begins don't either: buffers are not full yet.
    fn judge(&mut self, step: Step) {
        if self.warnings.are_early() {
            return;
        }
        self.against = if step == self.step { 0 } else { self.against + 1 };
        if self.against >= 2 {
            self.step = step;
            self.against = 0;
        }
    }
}

#[cfg(test)]
mod tests;
