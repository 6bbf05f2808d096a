//! Names of operations.

use serde::{Deserialize, Serialize};

/// Names one operation or one object of the driver, so that the report of an abandoned one is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpId(pub u32);
