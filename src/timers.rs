//! The core's timers, kept by the browser.

use std::cell::RefCell;

use gloo::timers::callback::Timeout;
use pairvoice_core::Timer;

use crate::convert::whole;

/// Milliseconds since the page began; never jumps.
pub(crate) fn now() -> f64 {
    web_sys::window().and_then(|w| w.performance()).map_or_else(js_sys::Date::now, |p| p.now())
}

/// Milliseconds since 1970 as they were when the page began, and on from there: unlike the clock of the wall, this never jumps.
pub(crate) fn steady_time() -> f64 {
    let origin = web_sys::window().and_then(|w| w.performance()).map(|p| p.time_origin());
    origin.map_or_else(js_sys::Date::now, |origin| origin + now())
}

/// The running timers.
#[derive(Default)]
pub(crate) struct Timers(RefCell<Vec<(Timer, Timeout)>>);

impl Timers {
    /// Starts a timer; `fired` gets how late it was, in milliseconds.
    pub(crate) fn set(&self, timer: Timer, after: u32, fired: impl FnOnce(u32) + 'static) {
        let due = now() + f64::from(after);
        let timeout = Timeout::new(after, move || fired(whole(now() - due)));
        self.clear(timer);
        self.0.borrow_mut().push((timer, timeout));
    }

    /// Stops a timer.
    pub(crate) fn clear(&self, timer: Timer) {
        let stopped: Vec<_> = self.0.borrow_mut().extract_if(.., |(t, _)| *t == timer).collect();
        drop(stopped);
    }
}
