//! Who this side is.

use serde::{Deserialize, Serialize};

use crate::wire::{InstanceId, SessionId, UserId};

/// One life of one user in one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The session.
    pub session: SessionId,
    /// This user.
    pub user: UserId,
    /// A new random instance.
    pub instance: InstanceId,
}
