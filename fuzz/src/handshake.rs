//! Handshakes as they come from the network.

use pairvoice_room::Grant;
use pairvoice_wire::{DisplayName, Handshake};

use crate::host::Host;

/// Reads a handshake from each line, lets it into a room, with a page of the chat log, and lets everybody go.
pub fn check(bytes: &[u8]) {
    let handshakes =
        bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Handshake>(line).ok());
    let mut host: Option<Host> = None;
    for handshake in handshakes {
        let host = host.get_or_insert_with(|| Host::new(handshake.session_id.clone()));
        host.enter(
            handshake,
            Grant { participants: None, name: DisplayName::default(), issued_at: None, lasts_ms: 3_600_000 },
        );
        host.settle();
        host.connect_newest();
    }
    if let Some(host) = host {
        host.finish();
    }
}
