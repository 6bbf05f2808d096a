//! A close look at the sound that comes, as a page has it.

/// Sound that came for so long is steady, and has stopped when none came for so long, in milliseconds.
const STEADY_MS: u64 = 1_000;
const HUSH_MS: u64 = 100;

/// What a close look at the sound has seen.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    on: bool,
    /// Since when it has come without a pause, and when it came last.
    since: Option<u64>,
    last: u64,
    hushed: bool,
}

impl Watch {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, ..Self::default() }
    }

    /// Whether the sound has just stopped, or is back.
    pub(crate) fn look(&mut self, now: u64, sound: bool) -> Option<bool> {
        let steady = self.since.is_some_and(|since| self.last >= since + STEADY_MS);
        if sound {
            self.since.get_or_insert(now);
            self.last = now;
        } else if now >= self.last + HUSH_MS {
            self.since = None;
        }
        let hushed = if sound { false } else { self.hushed || (steady && self.since.is_none()) };
        (self.on && std::mem::replace(&mut self.hushed, hushed) != hushed).then_some(hushed)
    }
}
