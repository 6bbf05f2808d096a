//! App data: what the app of one side sends to the app of the other.

use serde::{Deserialize, Serialize};

use crate::id::InstanceId;

/// App data on its way, over the data channel or by the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// A piece of it.
    Parcel(Parcel),
    /// What has arrived of it.
    Receipt(ParcelReceipt),
}

/// One `sendData()`. Parcels from one life to another are numbered from 1 without a gap; the receiver takes them in this order and
/// ignores any other, so that they may be sent again from the first that was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Parcel {
    /// The sender's life.
    pub instance: InstanceId,
    /// The life that it is meant for.
    pub to: InstanceId,
    /// Its place among those from this life to that one, from 1.
    pub number: u32,
    /// What it is about: the app's word, at most [`crate::MAX_TOPIC_BYTES`].
    pub topic: String,
    /// Whether the app sent a string, not bytes.
    pub text: bool,
    /// How many bytes the payload has, at most [`crate::MAX_DATA_BYTES`]; of a string, those of its UTF-8.
    pub size: u32,
    /// The bytes in base64 (RFC 4648 section 4).
    pub payload: String,
}

/// Parcels have arrived.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParcelReceipt {
    /// The life at which they arrived.
    pub instance: InstanceId,
    /// The life that sent them.
    pub to: InstanceId,
    /// Up to this number.
    pub number: u32,
}

impl Data {
    /// The life that says it, and the one that it is said to.
    #[must_use]
    pub const fn lives(&self) -> (&InstanceId, &InstanceId) {
        match self {
            Self::Parcel(Parcel { instance, to, .. }) | Self::Receipt(ParcelReceipt { instance, to, .. }) => {
                (instance, to)
            }
        }
    }

    /// Whether it keeps to the limits.
    #[must_use]
    pub fn fits(&self) -> bool {
        match self {
            Self::Parcel(parcel) => {
                // Three bytes are four characters, and the last group is filled up.
                let longest = crate::MAX_DATA_BYTES.div_ceil(3) * 4;
                parcel.topic.len() <= crate::MAX_TOPIC_BYTES && parcel.payload.len() <= longest
            }
            Self::Receipt(_) => true,
        }
    }
}
