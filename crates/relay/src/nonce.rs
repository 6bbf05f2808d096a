//! Nonces that need no memory: each says until when it is good and for whom, under a code that only the relay can make.

use std::fmt::Write as _;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// For so long a nonce is good, in milliseconds. RFC 8656 section 5 asks for at most an hour.
const LIFE_MS: u64 = 30 * 60 * 1_000;
/// Digits of the time in it.
const TIME: usize = 16;
/// Bytes of the code in it.
const CODE: usize = 12;

/// A nonce for an address.
pub(crate) fn make(key: &[u8], address: IpAddr, now_ms: u64) -> String {
    let mut nonce = format!("{:0TIME$x}", now_ms + LIFE_MS);
    for byte in code(key, address, &nonce) {
        let _ = write!(nonce, "{byte:02x}");
    }
    nonce
}

/// Whether a nonce was made for this address and is still good.
pub(crate) fn is_good(key: &[u8], address: IpAddr, now_ms: u64, nonce: &str) -> bool {
    let Some((time, _)) = nonce.split_at_checked(TIME) else { return false };
    let Ok(until) = u64::from_str_radix(time, 16) else { return false };
    // Whoever guesses at it learns nothing by how long this takes that asking again would not tell.
    (now_ms..=now_ms + LIFE_MS).contains(&until) && make(key, address, until - LIFE_MS.min(until)) == nonce
}

fn code(key: &[u8], address: IpAddr, time: &str) -> Vec<u8> {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(b"nonce");
    mac.update(time.as_bytes());
    mac.update(address.to_string().as_bytes());
    mac.finalize().into_bytes().iter().copied().take(CODE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_its_address_and_its_time() {
        let (here, there): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let nonce = make(b"key", here, 5);
        assert!(is_good(b"key", here, 5, &nonce) && is_good(b"key", here, LIFE_MS, &nonce));
        assert!(!is_good(b"key", here, LIFE_MS + 6, &nonce), "too old");
        assert!(!is_good(b"key", there, 5, &nonce), "somebody else's");
        assert!(!is_good(b"other", here, 5, &nonce), "not ours");
        for bad in ["", "x", "000000000000000g", "0000000000000001\u{7dd}", "+000000000000005"] {
            assert!(!is_good(b"key", here, 0, bad), "{bad}");
        }
        assert!(!is_good(b"key", here, 5, &nonce.to_uppercase()));
    }
}
