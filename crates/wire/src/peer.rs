//! The other person, as the server knows them.

use serde::{Deserialize, Serialize};

use crate::display_name::DisplayName;
use crate::id::{InstanceId, UserId};
use crate::voice::VoiceStatus;

/// Whether a person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Connected.
    Present,
    /// The connection broke off a moment ago; the person is probably coming back.
    Away,
    /// Not here, or gone.
    #[default]
    Absent,
}

/// The other person: the body of the `peer` event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerInfo {
    /// Their user ID.
    pub user_id: UserId,
    /// What their token calls them.
    #[serde(default, skip_serializing_if = "DisplayName::is_empty")]
    pub name: DisplayName,
    /// Their newest instance; none before they came for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// Whether they are there.
    pub presence: Presence,
    /// They said goodbye, so that a connection that still looks alive means nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// How often this instance was welcomed; a higher number means a new socket of the same instance.
    #[serde(default)]
    pub welcomes: u32,
    /// Their voice.
    #[serde(default)]
    pub voice: VoiceStatus,
}

impl PeerInfo {
    /// Somebody of whom only the ID is known.
    #[must_use]
    pub fn unmet(user_id: UserId) -> Self {
        Self {
            user_id,
            name: DisplayName::default(),
            instance: None,
            presence: Presence::Absent,
            left: false,
            welcomes: 0,
            voice: VoiceStatus::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_and_missing_optional_ones_are_accepted() {
        let peer: PeerInfo = serde_json::from_str(r#"{"userId":"9","presence":"absent","future":1}"#).unwrap();
        assert_eq!(peer, PeerInfo::unmet(UserId::parse("9").unwrap()));
    }
}
