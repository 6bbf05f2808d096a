//! What a connection gathers candidates with.

use pairvoice_core::wire::IceServer;
use web_sys::{RtcConfiguration, RtcIceTransportPolicy};

use crate::to_js::to_js;

/// Which candidates leave the page (W3C WebRTC, `RTCIceTransportPolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gathering {
    /// All.
    All,
    /// Those of relays: the other does not learn this host's addresses.
    RelayOnly,
}

/// A connection's configuration.
pub(crate) fn configuration(gathering: Gathering, ice_servers: &[IceServer]) -> RtcConfiguration {
    let configuration = RtcConfiguration::new();
    configuration.set_ice_servers(&to_js(&ice_servers));
    if gathering == Gathering::RelayOnly {
        configuration.set_ice_transport_policy(RtcIceTransportPolicy::Relay);
    }
    configuration
}
