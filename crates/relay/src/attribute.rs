//! Attributes of STUN and TURN: their numbers, and addresses in them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::message::MAGIC_COOKIE;

/// `USERNAME` (RFC 8489 section 14.3).
pub(crate) const USERNAME: u16 = 0x0006;
/// `MESSAGE-INTEGRITY` (RFC 8489 section 14.5).
pub(crate) const MESSAGE_INTEGRITY: u16 = 0x0008;
/// `ERROR-CODE` (RFC 8489 section 14.8).
pub(crate) const ERROR_CODE: u16 = 0x0009;
/// `UNKNOWN-ATTRIBUTES` (RFC 8489 section 14.13).
pub(crate) const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
/// `CHANNEL-NUMBER` (RFC 8656 section 18.1).
pub(crate) const CHANNEL_NUMBER: u16 = 0x000C;
/// `LIFETIME` (RFC 8656 section 18.2).
pub(crate) const LIFETIME: u16 = 0x000D;
/// `XOR-PEER-ADDRESS` (RFC 8656 section 18.3).
pub(crate) const XOR_PEER_ADDRESS: u16 = 0x0012;
/// `DATA` (RFC 8656 section 18.4).
pub(crate) const DATA: u16 = 0x0013;
/// `REALM` (RFC 8489 section 14.9).
pub(crate) const REALM: u16 = 0x0014;
/// `NONCE` (RFC 8489 section 14.10).
pub(crate) const NONCE: u16 = 0x0015;
/// `XOR-RELAYED-ADDRESS` (RFC 8656 section 18.5).
pub(crate) const XOR_RELAYED_ADDRESS: u16 = 0x0016;
/// `REQUESTED-ADDRESS-FAMILY` (RFC 8656 section 18.6).
pub(crate) const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
/// `REQUESTED-TRANSPORT` (RFC 8656 section 18.8).
pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;
/// `DONT-FRAGMENT` (RFC 8656 section 18.9): nothing is fragmented in memory.
pub(crate) const DONT_FRAGMENT: u16 = 0x001A;
/// `MESSAGE-INTEGRITY-SHA256` (RFC 8489 section 14.6).
pub(crate) const MESSAGE_INTEGRITY_SHA256: u16 = 0x001C;
/// `PASSWORD-ALGORITHM` (RFC 8489 section 14.12).
pub(crate) const PASSWORD_ALGORITHM: u16 = 0x001D;
/// `USERHASH` (RFC 8489 section 14.4).
pub(crate) const USERHASH: u16 = 0x001E;
/// `XOR-MAPPED-ADDRESS` (RFC 8489 section 14.2).
pub(crate) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// `SOFTWARE` (RFC 8489 section 14.14).
pub(crate) const SOFTWARE: u16 = 0x8022;
/// `FINGERPRINT` (RFC 8489 section 14.7).
pub(crate) const FINGERPRINT: u16 = 0x8028;

/// Whether a request with it is understood. Numbers from 0x8000 on may be ignored (RFC 8489 section 14).
pub(crate) const fn is_known(kind: u16) -> bool {
    kind >= 0x8000
        || matches!(
            kind,
            USERNAME
                | MESSAGE_INTEGRITY
                | ERROR_CODE
                | UNKNOWN_ATTRIBUTES
                | CHANNEL_NUMBER
                | LIFETIME
                | XOR_PEER_ADDRESS
                | DATA
                | REALM
                | NONCE
                | XOR_RELAYED_ADDRESS
                | REQUESTED_ADDRESS_FAMILY
                | REQUESTED_TRANSPORT
                | DONT_FRAGMENT
                | MESSAGE_INTEGRITY_SHA256
                | PASSWORD_ALGORITHM
                | USERHASH
                | XOR_MAPPED_ADDRESS
        )
}

/// The value of an attribute that holds an address (RFC 8489 section 14.2).
pub(crate) fn xor_address(address: SocketAddr, transaction: &[u8; 12]) -> Vec<u8> {
    let mask = mask(transaction);
    let port = address.port() ^ (MAGIC_COOKIE >> 16) as u16;
    let (family, octets) = match address.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let mut value = vec![0, family];
    value.extend(port.to_be_bytes());
    value.extend(octets.iter().zip(mask).map(|(octet, mask)| octet ^ mask));
    value
}

/// The address in such a value.
pub(crate) fn read_xor_address(value: &[u8], transaction: &[u8; 12]) -> Option<SocketAddr> {
    let ([_, family, high, low], octets) = value.split_first_chunk()?;
    let port = u16::from_be_bytes([*high, *low]) ^ (MAGIC_COOKIE >> 16) as u16;
    let mask = u128::from_be_bytes(mask(transaction));
    let ip = match family {
        1 => Ipv4Addr::from_bits(u32::from_be_bytes(octets.try_into().ok()?) ^ MAGIC_COOKIE).into(),
        2 => Ipv6Addr::from_bits(u128::from_be_bytes(octets.try_into().ok()?) ^ mask).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn mask(transaction: &[u8; 12]) -> [u8; 16] {
    let mut mask = [0; 16];
    let parts = MAGIC_COOKIE.to_be_bytes().into_iter().chain(*transaction);
    mask.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hidden_as_the_test_vectors_of_rfc_5769_have_it() {
        let transaction = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];
        let four = "192.0.2.1:32853".parse().unwrap();
        let value = [0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        assert_eq!(xor_address(four, &transaction), value);
        assert_eq!(read_xor_address(&value, &transaction), Some(four));
        let six = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        let value = [
            0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2,
            0xb9, 0xd9,
        ];
        assert_eq!(xor_address(six, &transaction), value);
        assert_eq!(read_xor_address(&value, &transaction), Some(six));
    }

    #[test]
    fn what_is_no_address_is_none() {
        let transaction = [0; 12];
        for value in [&[][..], &[0, 1, 0, 0, 1, 2, 3], &[0, 2, 0, 0, 1, 2, 3, 4], &[0, 3, 0, 0, 1, 2, 3, 4]] {
            assert_eq!(read_xor_address(value, &transaction), None, "{value:?}");
        }
    }
}
