//! The network between two hosts and a server.

/// How things travel. Times are in milliseconds, one way.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    /// From a host to the server, or from host to host.
    pub delay: u64,
    /// Up to so much more, drawn for each packet.
    pub jitter: u64,
    /// Datagrams that are lost, in a thousand.
    pub loss: u64,
    /// Reliable messages that arrive twice, in a thousand: more than a network does, as a server may repeat them.
    pub repeats: u64,
    /// Names of `.local` candidates are resolved (multicast DNS).
    pub multicast: bool,
    /// The only way from host to host goes through a relay.
    pub relayed: bool,
    /// The server knows knocks.
    pub knocks: bool,
    /// For how long credentials for that relay are good, in seconds.
    pub ice_lifetime: Option<u32>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            delay: 25,
            jitter: 0,
            loss: 0,
            repeats: 0,
            multicast: true,
            relayed: false,
            knocks: true,
            ice_lifetime: None,
        }
    }
}
