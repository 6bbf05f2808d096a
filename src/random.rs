//! Random names and delays, which the core may not have.

use pairvoice_core::wire::{InstanceId, MessageId};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Crypto;

use crate::convert::property;

/// Up to a quarter more.
pub(crate) fn spread_out(after: u32) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and 255.
    let random = (js_sys::Math::random() * 256.0) as u32;
    after + after / 4 * random / 256
}

/// Random bytes of the Web Cryptography API, or none where there is no such thing: a name that is not random would be
/// somebody else's.
fn random_bytes<const N: usize>() -> Option<[u8; N]> {
    let crypto = Some(property(&js_sys::global(), "crypto")).filter(JsValue::is_object)?;
    let crypto: Crypto = crypto.unchecked_into();
    let mut bytes = [0; N];
    crypto.get_random_values_with_u8_array(&mut bytes).ok()?;
    Some(bytes)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// A new instance; none where there are no random numbers.
pub(crate) fn random_instance() -> Option<InstanceId> {
    InstanceId::parse(&hex(&random_bytes::<16>()?)).ok()
}

/// A new message ID: UUID version 7 (RFC 9562 section 5.7), so that IDs rise with time; none where there are no random numbers.
pub(crate) fn new_message_id(now_ms: u64) -> Option<MessageId> {
    let mut bytes = random_bytes::<16>()?;
    for (byte, time) in bytes.iter_mut().zip(now_ms.to_be_bytes().into_iter().skip(2)) {
        *byte = time;
    }
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = *version & 0x0f | 0x70;
    *variant = *variant & 0x3f | 0x80;
    let text = hex(&bytes);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    MessageId::parse(&[part(0, 8), "-", part(8, 12), "-", part(12, 16), "-", part(16, 20), "-", part(20, 32)].concat())
        .ok()
}
