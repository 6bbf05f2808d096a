//! Whether a microphone brings anything: its mark changes with sound and with silence, and stands still when it is frozen.

/// Between two measurements, in milliseconds.
const SAMPLE_MS: u32 = 1_000;
/// So many measurements of one mark are a frozen microphone.
const FROZEN_SAMPLES: u8 = 10;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Stillness {
    passed: u32,
    mark: Option<u64>,
    /// How often the mark was seen.
    samples: u8,
    moved: bool,
}

impl Stillness {
    /// So many milliseconds have passed; tells whether to measure. What is not judged begins anew.
    pub(super) fn is_due(&mut self, passed: u32, judged: bool) -> bool {
        if !judged {
            *self = Self::default();
            return false;
        }
        self.passed = self.passed.saturating_add(passed);
        let due = self.passed >= SAMPLE_MS;
        if due {
            self.passed = 0;
        }
        due
    }

    /// Takes a measurement; tells whether the microphone is frozen.
    pub(super) fn is_frozen(&mut self, mark: u64) -> bool {
        let same = self.mark == Some(mark);
        self.moved = self.mark.is_some() && !same;
        self.mark = Some(mark);
        self.samples = if same { self.samples.saturating_add(1) } else { 1 };
        self.samples >= FROZEN_SAMPLES
    }

    /// The last measurement differed from the one before.
    pub(super) fn moves(self) -> bool {
        self.moved
    }
}
