//! What the fuzz targets check. A target hands its bytes to a `check` function of this library, which panics when a rule is broken.

pub mod handshake;
mod host;
mod knocks;
mod log;
pub mod relay;
mod rights;
mod socket;
pub mod socket_io;
pub mod steps;
pub mod token;
pub mod wire;
