//! One allocation: a relayed address in memory, and whom it may talk with (RFC 8656 section 5).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::bucket::Bucket;
use crate::credentials::Name;
use crate::relay::{Limits, Path};

/// How long a permission lasts, in milliseconds (RFC 8656 section 9).
const PERMISSION_MS: u64 = 300_000;
/// How long a channel lasts, in milliseconds (RFC 8656 section 12).
const CHANNEL_MS: u64 = 600_000;
/// Channels of one allocation: there are two people, each with an allocation for each transport and connection.
const CHANNELS: usize = 64;

/// A relayed address and whom it may talk with.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) path: Path,
    pub(crate) name: Name,
    pub(crate) relayed: SocketAddr,
    /// The request that made it, which may come again.
    pub(crate) transaction: [u8; 12],
    pub(crate) ends_ms: u64,
    pub(crate) bucket: Bucket,
    /// Until when other relayed addresses may send to this one, and the other way: they have all the same address.
    permitted_ms: u64,
    /// Peers by channel number, and until when.
    channels: HashMap<u16, (SocketAddr, u64)>,
}

/// A channel number stands for another peer, or the peer has another channel (RFC 8656 section 12.2).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken;

impl Allocation {
    pub(crate) fn new(
        path: Path,
        name: Name,
        relayed: SocketAddr,
        transaction: [u8; 12],
        limits: &Limits,
        now_ms: u64,
    ) -> Self {
        Self {
            path,
            name,
            relayed,
            transaction,
            ends_ms: now_ms,
            bucket: Bucket::new(limits.bytes_a_second, limits.burst_bytes, now_ms),
            permitted_ms: 0,
            channels: HashMap::new(),
        }
    }

    /// Packets may come from the relay's address and go to it, for a while.
    pub(crate) fn permit(&mut self, now_ms: u64) {
        self.permitted_ms = now_ms + PERMISSION_MS;
    }

    /// Whether packets may come from this address and go to it.
    pub(crate) fn permits(&self, address: IpAddr, now_ms: u64) -> bool {
        address == self.relayed.ip() && self.permitted_ms > now_ms
    }

    /// A channel stands for a peer, for a while, and is a permission, too.
    pub(crate) fn bind(&mut self, channel: u16, peer: SocketAddr, now_ms: u64) -> Result<(), Taken> {
        self.channels.retain(|_, (_, ends)| *ends > now_ms);
        let fits = self.channels.iter().all(|(number, (known, _))| (*number == channel) == (*known == peer));
        if !fits || (self.channels.len() >= CHANNELS && !self.channels.contains_key(&channel)) {
            return Err(Taken);
        }
        self.channels.insert(channel, (peer, now_ms + CHANNEL_MS));
        self.permit(now_ms);
        Ok(())
    }

    /// Whom a channel stands for.
    pub(crate) fn peer(&self, channel: u16, now_ms: u64) -> Option<SocketAddr> {
        self.channels.get(&channel).filter(|(_, ends)| *ends > now_ms).map(|(peer, _)| *peer)
    }

    /// The channel that stands for a peer.
    pub(crate) fn channel(&self, peer: SocketAddr, now_ms: u64) -> Option<u16> {
        let mut channels = self.channels.iter();
        channels.find_map(|(number, (known, ends))| (*known == peer && *ends > now_ms).then_some(*number))
    }
}
