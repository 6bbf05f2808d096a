//! Quotas: what one connection, one user of a session, and one address may do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use pairvoice_wire::{SessionId, UserId};

pub(crate) use self::bucket::Bucket;
use crate::sessions::lock;

mod bucket;

/// The buckets of users, which outlive their sockets: somebody who connects again finds the bucket as it was.
#[derive(Debug)]
pub(crate) struct UserBuckets {
    rate: u32,
    buckets: Mutex<HashMap<(SessionId, UserId), SharedBucket>>,
}

/// The bucket of one user, which all of their connections take from.
pub(crate) type SharedBucket = Arc<Mutex<Bucket>>;

impl UserBuckets {
    /// Buckets for so many events a second each.
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    pub(crate) fn of(&self, session: &SessionId, user: &UserId, now: Instant) -> SharedBucket {
        let new = || Arc::new(Mutex::new(Bucket::new(self.rate, now)));
        Arc::clone(lock(&self.buckets).entry((session.clone(), user.clone())).or_insert_with(new))
    }

    /// Forgets the buckets that are full and that no connection holds: a new one would be the same.
    pub(crate) fn sweep(&self, now: Instant) {
        lock(&self.buckets).retain(|_, bucket| Arc::strong_count(bucket) > 1 || !lock(bucket).is_full(now));
    }
}
