//! Who connects, when a proxy stands in front: the last address of X-Forwarded-For that is not a trusted proxy's own.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;
use thiserror::Error;

/// The header by which proxies say for whom they ask.
pub(super) const FORWARDED: &str = "x-forwarded-for";

/// An address, or a network in CIDR notation (RFC 4632).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a text is not a network.
#[derive(Debug, Error)]
#[error("an address or a network is wanted, such as 10.0.0.1 or 10.0.0.0/8")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| NetworkError)?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| NetworkError)?.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(NetworkError) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Whether a proxy of ours has this address.
pub(super) fn is_trusted(trusted: &[Network], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// Whose request this is. Entries left of the last untrusted one are whatever its sender wrote.
pub(super) fn client(trusted: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_trusted(trusted, peer) {
        return peer;
    }
    let values = headers.get_all(FORWARDED).into_iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut client = peer;
    for entry in entries.into_iter().rev() {
        // Some proxies write the port, too.
        let address = entry.parse::<IpAddr>().or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip()));
        let Ok(address) = address else { break };
        client = address.to_canonical();
        if !is_trusted(trusted, client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| ("x-forwarded-for".parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_addresses_with_a_length() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(
            network.contains(ip("10.1.255.1")) && !network.contains(ip("10.2.0.1")) && !network.contains(ip("::1"))
        );
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains(ip("192.0.2.1")));
        assert!("2001:db8::/32".parse::<Network>().unwrap().contains(ip("2001:db8:1::1")));
        assert!("127.0.0.1".parse::<Network>().unwrap().contains(ip("127.0.0.1")));
        for wrong in ["", "10.0.0.0/33", "example.com", "10.0.0.0/x", "10.0.0.0/"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_what_a_trusted_proxy_saw_counts() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let claimed = headers(&["192.0.2.9, 198.51.100.7", "10.0.0.2"]);
        assert_eq!(client(&trusted, ip("10.0.0.1"), &claimed), ip("198.51.100.7"));
        assert_eq!(client(&trusted, ip("10.0.0.1"), &headers(&["198.51.100.7:4711"])), ip("198.51.100.7"));
        assert_eq!(client(&trusted, ip("203.0.113.5"), &claimed), ip("203.0.113.5"), "not by a proxy of ours");
        assert_eq!(client(&[], ip("10.0.0.1"), &claimed), ip("10.0.0.1"));
        assert_eq!(client(&trusted, ip("10.0.0.1"), &headers(&["192.0.2.9, nonsense"])), ip("10.0.0.1"));
        assert_eq!(client(&trusted, ip("10.0.0.1"), &headers(&[])), ip("10.0.0.1"));
    }
}
