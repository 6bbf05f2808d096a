//! What is counted.

/// Something that happened at the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    /// A packet went from one allocation to another.
    Relayed,
    /// A `Binding` request was answered.
    Binding,
    /// An allocation began.
    Allocated,
    /// Not STUN, not TURN, or broken.
    Malformed,
    /// No credentials, wrong ones or such as have run out (401). The first request of every client is one.
    Unauthorized,
    /// A nonce that has run out or is none of ours (438).
    StaleNonce,
    /// Somebody else's credentials on an allocation (441).
    WrongCredentials,
    /// There is no such allocation, or there is one already (437).
    Mismatch,
    /// A request that can't be served as it is: 400, 420, 440, 442, 443.
    Unsupported,
    /// A channel for a peer that is no live allocation of the same session (403).
    Forbidden,
    /// Too many allocations of one user (486).
    UserQuota,
    /// Too many allocations of one address (508).
    AddressQuota,
    /// Too many allocations together (508).
    Full,
    /// More than an allocation or an address may send.
    TooFast,
    /// A packet for which there was no permission, channel or receiver any more.
    Undeliverable,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Relayed,
        Self::Binding,
        Self::Allocated,
        Self::Malformed,
        Self::Unauthorized,
        Self::StaleNonce,
        Self::WrongCredentials,
        Self::Mismatch,
        Self::Unsupported,
        Self::Forbidden,
        Self::UserQuota,
        Self::AddressQuota,
        Self::Full,
        Self::TooFast,
        Self::Undeliverable,
    ];

    /// The word for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relayed => "relayed",
            Self::Binding => "binding",
            Self::Allocated => "allocated",
            Self::Malformed => "malformed",
            Self::Unauthorized => "unauthorized",
            Self::StaleNonce => "stale_nonce",
            Self::WrongCredentials => "wrong_credentials",
            Self::Mismatch => "mismatch",
            Self::Unsupported => "unsupported",
            Self::Forbidden => "forbidden",
            Self::UserQuota => "user_quota",
            Self::AddressQuota => "address_quota",
            Self::Full => "full",
            Self::TooFast => "too_fast",
            Self::Undeliverable => "undeliverable",
        }
    }
}

/// How often each of them happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    counts: [u64; Counter::ALL.len()],
    /// Bytes of the packets that were relayed, without headers.
    pub relayed_bytes: u64,
}

impl Counters {
    /// How often this happened.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.counts.get(counter as usize).copied().unwrap_or_default()
    }

    pub(crate) fn count(&mut self, counter: Counter) {
        if let Some(count) = self.counts.get_mut(counter as usize) {
            *count += 1;
        }
    }
}
