//! Names of operations.

/// Names one operation or one object of the driver, so that the report of an abandoned one is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpId(pub u32);
