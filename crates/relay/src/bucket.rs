//! How much somebody may send.

/// A token bucket; time is a number of milliseconds that never falls.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// Tokens a second.
    rate: u32,
    /// Thousandths of a token that a full one holds.
    size: u64,
    left: u64,
    filled_ms: u64,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(rate: u32, size: u32, now_ms: u64) -> Self {
        let size = u64::from(size) * 1_000;
        Self { rate, size, left: size, filled_ms: now_ms }
    }

    /// Takes so many tokens; tells whether there were as many.
    pub(crate) fn take(&mut self, tokens: usize, now_ms: u64) -> bool {
        self.fill(now_ms);
        let wanted = u64::try_from(tokens).unwrap_or(u64::MAX).saturating_mul(1_000);
        let left = self.left.checked_sub(wanted);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// When something was taken last.
    pub(crate) fn used_ms(&self) -> u64 {
        self.filled_ms
    }

    /// Whether nothing was taken for long enough.
    pub(crate) fn is_full(&mut self, now_ms: u64) -> bool {
        self.fill(now_ms);
        self.left == self.size
    }

    fn fill(&mut self, now_ms: u64) {
        let added = now_ms.saturating_sub(self.filled_ms).saturating_mul(self.rate.into());
        self.left = self.left.saturating_add(added).min(self.size);
        self.filled_ms = now_ms.max(self.filled_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut bucket = Bucket::new(10, 20, 0);
        let mut taken = |ms| (0..1_000).take_while(|_| bucket.take(1, ms)).count();
        assert_eq!([taken(5), taken(999), taken(1_005), taken(1_000_000)], [20, 9, 1, 20]);
        assert!(!bucket.is_full(1_000_001) && bucket.is_full(1_002_000));
    }
}
