//! Limits that the server enforces and the client keeps to.

/// Longest session or user ID in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 128;
/// Largest signal in bytes of JSON, as [`crate::Envelope::size`] reckons them.
pub const MAX_SIGNAL_BYTES: usize = 32 * 1024;
/// Longest name of a person in Unicode scalar values.
pub const MAX_NAME_CHARS: usize = 64;
/// Most signals in one handshake.
pub const MAX_HANDSHAKE_SIGNALS: usize = 64;
/// Longest time that a knock may wait for a signal, in milliseconds.
pub const MAX_KNOCK_WAIT_MS: u32 = 5_000;
/// Longest chat text in Unicode scalar values.
pub const MAX_TEXT_CHARS: usize = 8_000;
/// Most chat messages in one `chat` event.
pub const MAX_BATCH: usize = 64;
/// Largest Socket.IO message in bytes.
pub const MAX_MESSAGE_BYTES: usize = 128 * 1024;
/// Room for the UTF-8 texts of one `chat` event in bytes, which leaves the rest of [`MAX_MESSAGE_BYTES`] for escapes and frame.
pub const MAX_BATCH_TEXT_BYTES: usize = 48 * 1024;
/// Most parked signals of one seat.
pub const MAX_PARKED_SIGNALS: usize = 64;
/// Most bytes of parked signals of one seat.
pub const MAX_PARKED_BYTES: usize = 128 * 1024;
/// Most messages in one page of chat history.
pub const MAX_PAGE: u32 = 200;
/// Largest payload of app data in bytes.
pub const MAX_DATA_BYTES: usize = 64 * 1024;
/// Longest topic of app data in bytes of UTF-8.
pub const MAX_TOPIC_BYTES: usize = 128;
