//! TCP: accepting connections, and keeping each within bounds.

mod accept;
mod addresses;
mod limits;
mod link;
mod peeked;
mod proxies;
mod web;

pub(crate) use self::accept::Listener;
pub(crate) use self::accept::connections;
pub(crate) use self::addresses::{Addresses, EngineSlot};
pub use self::limits::LimitArgs;
pub(crate) use self::link::Link;
