//! What one peer may take of the server: the flags.

use std::time::Duration;

use clap::{Args, value_parser};

use super::proxies::Network;
use crate::config::values;

/// What one peer may take of the server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Events a second that one connection may go on sending; four times as many at once.
    ///
    /// One user of a session has no more on all of their connections together. A handshake or a knock counts as 20, each signal in it as
    /// one, a page of history as 20. After three refusals the connection is closed.
    #[arg(long, env = "PAIRVOICE_RATE", default_value_t = 100, value_parser = values::rate, value_name = "EVENTS")]
    pub rate: u32,
    /// Connections of one address; 0 for any number.
    ///
    /// In IPv6 one /64 network counts as one address. When descriptors become few, one address may have as many connections as are
    /// free for others.
    #[arg(long, env = "PAIRVOICE_CONNECTIONS_PER_ADDRESS", default_value_t = 512, value_name = "CONNECTIONS")]
    pub connections_per_address: u32,
    /// Proxies whose X-Forwarded-For header says who connects, such as `127.0.0.1,10.0.0.0/8`.
    ///
    /// They are addresses or networks. The last address in the header that is not one of these is the client's.
    #[arg(long, env = "PAIRVOICE_TRUST_PROXY", value_delimiter = ',', value_name = "NETWORK")]
    pub trust_proxy: Vec<Network>,
    /// Seconds that a request's header, and a TLS handshake, may take.
    #[arg(long, env = "PAIRVOICE_HEADER_TIMEOUT", default_value_t = 10, value_parser = value_parser!(u32).range(1..=3_600), value_name = "SECONDS")]
    pub header_timeout: u32,
    /// Seconds that a connection without a request may stay open.
    #[arg(long, env = "PAIRVOICE_IDLE_TIMEOUT", default_value_t = 75, value_parser = value_parser!(u32).range(1..=3_600), value_name = "SECONDS")]
    pub idle_timeout: u32,
}

impl LimitArgs {
    /// How long a request's header may take.
    #[must_use]
    pub fn header_time(&self) -> Duration {
        Duration::from_secs(self.header_timeout.into())
    }

    /// How long a connection may be idle.
    #[must_use]
    pub fn idle_time(&self) -> Duration {
        Duration::from_secs(self.idle_timeout.into())
    }
}
