//! Socket.IO: one namespace, text events, by Engine.IO connections whose memory is bounded.
//!
//! Engine.IO itself (transports, heartbeats, upgrades) is the crate engineioxide's. The layer above it is this module's own, because what
//! it has to do is small (ten kinds of packets) and what a library keeps for generality is what an attacker fills: attachments,
//! handlers, channels that count packets. Packets are decoded in the read loop, one after the other, so what one connection sends stays in
//! order.

mod endpoint;
mod engine;
mod event;
mod meter;
pub mod packet;
mod request;
mod unsent;

pub(crate) use self::endpoint::Endpoint;
pub(crate) use self::engine::{Ack, Peer, rate_limited};
pub(crate) use self::request::{BODY_TIME, Service, host, serve};
