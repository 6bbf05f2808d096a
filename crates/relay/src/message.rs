//! Messages of STUN (RFC 8489 section 5): read without trust, written with integrity and fingerprint.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::attribute::{self, FINGERPRINT, MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256};

/// What every message holds after its type and length.
pub(crate) const MAGIC_COOKIE: u32 = 0x2112_A442;
/// Bytes of a message's header.
pub(crate) const HEADER: usize = 20;
/// The checksum of a fingerprint is hidden by this (RFC 8489 section 14.7).
const FINGERPRINT_XOR: u32 = 0x5354_554E;
/// Bytes of a SHA-1 code.
const SHA1_BYTES: usize = 20;

/// What a message is about (RFC 8489 section 18.1, RFC 8656 section 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Binding = 0x001,
    Allocate = 0x003,
    Refresh = 0x004,
    Send = 0x006,
    Data = 0x007,
    CreatePermission = 0x008,
    ChannelBind = 0x009,
}

/// The class of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Request = 0x000,
    Indication = 0x010,
    Success = 0x100,
    Error = 0x110,
}

/// A message as it lies in a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    kind: u16,
    pub(crate) transaction: [u8; 12],
}

impl<'a> Message<'a> {
    /// A datagram as a message: nothing unless the header, the length and the cookie are right, and the attributes fill it
    /// exactly.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let [k1, k2, l1, l2, c1, c2, c3, c4, transaction @ ..] = *header;
        let length = usize::from(u16::from_be_bytes([l1, l2]));
        let fits = length == rest.len() && length.is_multiple_of(4) && k1 < 0x40;
        if !fits || u32::from_be_bytes([c1, c2, c3, c4]) != MAGIC_COOKIE {
            return None;
        }
        let message = Self { bytes, kind: u16::from_be_bytes([k1, k2]), transaction };
        let taken: usize = message.attributes().map(|(_, value)| 4 + padded(value.len())).sum();
        (taken == length).then_some(message)
    }

    /// Its class, of which there are four.
    pub(crate) fn class(&self) -> Class {
        match self.kind & 0x110 {
            0x000 => Class::Request,
            0x010 => Class::Indication,
            0x100 => Class::Success,
            _ => Class::Error,
        }
    }

    /// Its method, if it is one of ours.
    pub(crate) fn method(&self) -> Option<Method> {
        use Method::{Allocate, Binding, ChannelBind, CreatePermission, Data, Refresh, Send};
        let number = self.kind & !0x110;
        let all = [Binding, Allocate, Refresh, Send, Data, CreatePermission, ChannelBind];
        all.into_iter().find(|method| *method as u16 == number)
    }

    /// Kinds and values, in order.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut rest = self.bytes.get(HEADER..).unwrap_or_default();
        std::iter::from_fn(move || {
            let ([k1, k2, l1, l2], after) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes([*l1, *l2]));
            let (value, _) = after.split_at_checked(length)?;
            rest = after.get(padded(length)..)?;
            Some((u16::from_be_bytes([*k1, *k2]), value))
        })
    }

    /// The first value of a kind. What follows the integrity is not looked at (RFC 8489 section 14.5).
    pub(crate) fn get(&self, wanted: u16) -> Option<&'a [u8]> {
        let mut before = self.attributes().take_while(|(kind, _)| *kind != MESSAGE_INTEGRITY && *kind != FINGERPRINT);
        before.find_map(|(kind, value)| (kind == wanted).then_some(value))
    }

    /// The first value of a kind, as text of visible characters of ASCII.
    pub(crate) fn text(&self, wanted: u16) -> Option<&'a str> {
        std::str::from_utf8(self.get(wanted)?)
            .ok()
            .filter(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
    }

    /// Attributes that have to be understood and are not.
    pub(crate) fn unknown(&self) -> Vec<u16> {
        self.attributes().map(|(kind, _)| kind).filter(|kind| !attribute::is_known(*kind)).collect()
    }

    /// Whether there is a `MESSAGE-INTEGRITY` at all.
    pub(crate) fn has_integrity(&self) -> bool {
        self.attributes().any(|(kind, value)| kind == MESSAGE_INTEGRITY && value.len() == SHA1_BYTES)
    }

    /// Whether the message's integrity was made with this key.
    pub(crate) fn is_signed_by(&self, key: &[u8]) -> bool {
        let mut at = HEADER;
        for (kind, value) in self.attributes() {
            if kind == MESSAGE_INTEGRITY {
                let Some(before) = self.bytes.get(..at) else { return false };
                return integrity(before, key).is_some_and(|mac| mac.verify_slice(value).is_ok());
            }
            at += 4 + padded(value.len());
        }
        false
    }

    /// Whether its fingerprint, if it has one, is right.
    pub(crate) fn is_whole(&self) -> bool {
        let Some(at) = self.bytes.len().checked_sub(8) else { return true };
        match self.attributes().last() {
            Some((FINGERPRINT, value)) => {
                let before = self.bytes.get(..at).unwrap_or_default();
                *value == (crc32fast::hash(before) ^ FINGERPRINT_XOR).to_be_bytes()
            }
            _ => true,
        }
    }

    /// Whether it wants an integrity that this relay does not make.
    pub(crate) fn wants_sha256(&self) -> bool {
        self.attributes().any(|(kind, _)| kind == MESSAGE_INTEGRITY_SHA256)
    }
}

/// The code over what stands before the integrity, with the length that the message has up to its end.
fn integrity(before: &[u8], key: &[u8]) -> Option<Hmac<Sha1>> {
    let (kind, rest) = before.split_first_chunk::<2>()?;
    let (_, rest) = rest.split_first_chunk::<2>()?;
    let length = u16::try_from(before.len() - HEADER + 4 + SHA1_BYTES).ok()?;
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(kind);
    mac.update(&length.to_be_bytes());
    mac.update(rest);
    Some(mac)
}

/// A message that is being written.
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins a message in an empty buffer.
    pub(crate) fn new(out: &'a mut Vec<u8>, class: Class, method: Method, transaction: &[u8; 12]) -> Self {
        out.clear();
        out.extend((class as u16 | method as u16).to_be_bytes());
        out.extend([0, 0]);
        out.extend(MAGIC_COOKIE.to_be_bytes());
        out.extend(transaction);
        Self { out }
    }

    /// Adds an attribute.
    pub(crate) fn add(&mut self, kind: u16, value: &[u8]) {
        self.out.extend(kind.to_be_bytes());
        self.out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.out.extend(value);
        self.out.resize(padded(self.out.len()), 0);
        self.set_length(0);
    }

    /// Adds the integrity and then the fingerprint, both last.
    pub(crate) fn sign(mut self, key: &[u8]) {
        if let Some(mac) = integrity(self.out, key) {
            let code = mac.finalize().into_bytes();
            self.add(MESSAGE_INTEGRITY, &code);
        }
        self.fingerprint();
    }

    /// Adds the fingerprint, which is last.
    pub(crate) fn fingerprint(mut self) {
        self.set_length(8);
        let checksum = crc32fast::hash(self.out) ^ FINGERPRINT_XOR;
        self.add(FINGERPRINT, &checksum.to_be_bytes());
    }

    fn set_length(&mut self, more: usize) {
        let length = u16::try_from(self.out.len() + more - HEADER).unwrap_or(u16::MAX);
        for (to, from) in self.out.iter_mut().skip(2).zip(length.to_be_bytes()) {
            *to = from;
        }
    }
}

/// A length with what fills it up to a multiple of four.
pub(crate) const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::{SOFTWARE, USERNAME};

    /// RFC 5769 section 2.1.
    const REQUEST: [u8; 108] = [
        0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87,
        0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c,
        0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f,
        0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76,
        0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
        0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
    ];

    #[test]
    fn the_request_of_rfc_5769_is_read_and_its_integrity_holds() {
        let message = Message::read(&REQUEST).unwrap();
        assert_eq!((message.class(), message.method()), (Class::Request, Some(Method::Binding)));
        assert_eq!(message.text(USERNAME), Some("evtj:h6vY"));
        assert_eq!(message.text(SOFTWARE), Some("STUN test client"));
        assert!(message.is_whole() && message.has_integrity());
        assert!(message.is_signed_by(b"VOkJxbRl1RmTxUk/WvJxBt"));
        assert!(!message.is_signed_by(b"VOkJxbRl1RmTxUk/WvJxBu"));
        assert_eq!(message.unknown(), [0x0024], "PRIORITY is for ICE");
    }

    #[test]
    fn one_changed_bit_is_noticed() {
        // The fingerprint's own header may say something else: then there is no fingerprint.
        for at in (0..100).chain(104..REQUEST.len()) {
            let mut changed = REQUEST;
            changed[at] ^= 1;
            let good = Message::read(&changed)
                .is_some_and(|message| message.is_whole() && message.is_signed_by(b"VOkJxbRl1RmTxUk/WvJxBt"));
            assert!(!good, "byte {at}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = vec![1, 2, 3];
        let mut writer = Writer::new(&mut out, Class::Error, Method::Allocate, &[7; 12]);
        writer.add(USERNAME, b"abcde");
        writer.sign(b"key");
        let message = Message::read(&out).unwrap();
        assert_eq!((message.class(), message.method()), (Class::Error, Some(Method::Allocate)));
        assert_eq!((message.get(USERNAME), message.transaction), (Some(&b"abcde"[..]), [7; 12]));
        assert!(message.is_whole() && message.is_signed_by(b"key"));
    }

    #[test]
    fn what_is_cut_or_too_long_is_no_message() {
        for length in 0..REQUEST.len() {
            assert!(Message::read(&REQUEST[..length]).is_none(), "{length}");
        }
        assert!(Message::read(&[REQUEST.as_slice(), &[0; 4]].concat()).is_none());
        let mut too_long = REQUEST;
        too_long[23] = 0x60;
        assert!(Message::read(&too_long).is_none(), "an attribute that ends behind the message");
    }
}
