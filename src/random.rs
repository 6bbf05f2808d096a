//! Random names and delays, which the core may not have.

use pairvoice_core::{InstanceId, MessageId};

/// Up to a quarter more.
pub(crate) fn spread_out(after: u32) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and 255.
    let random = (js_sys::Math::random() * 256.0) as u32;
    after + after / 4 * random / 256
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(crypto) = web_sys::window().and_then(|w| w.crypto().ok()) {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// A new instance.
pub(crate) fn random_instance() -> InstanceId {
    // Sixteen bytes in hexadecimal have the form of an instance.
    loop {
        if let Ok(id) = InstanceId::parse(&hex(&random_bytes::<16>())) {
            return id;
        }
    }
}

/// A new message ID: UUID version 7 (RFC 9562 section 5.7), so that IDs rise with time.
pub(crate) fn new_message_id(now_ms: u64) -> Option<MessageId> {
    let mut bytes = random_bytes::<16>();
    for (byte, time) in bytes.iter_mut().zip(now_ms.to_be_bytes().into_iter().skip(2)) {
        *byte = time;
    }
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = *version & 0x0f | 0x70;
    *variant = *variant & 0x3f | 0x80;
    let text = hex(&bytes);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    MessageId::parse(&[part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")).ok()
}
