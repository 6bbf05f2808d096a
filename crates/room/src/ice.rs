//! ICE servers and their credentials, which are good for a while: whoever stays longer is given others in time.

use pairvoice_wire::{IceServers, ServerEvent, UserId};

use crate::input::SocketId;
use crate::output::{Output, Timer};
use crate::room::Room;

/// So many milliseconds of each second of their life have gone by when others are made: a quarter is left to bring them, and to
/// use them for a call that is up.
const RENEWED_AFTER_MS: u64 = 750;

impl Room {
    /// A user was given ICE servers that are good for so many seconds.
    pub(crate) fn await_renewal(&mut self, user: &UserId, lifetime_s: Option<u32>) {
        if let Some(seconds) = lifetime_s {
            let after = u64::from(seconds) * RENEWED_AFTER_MS;
            self.push(Output::SetTimer { timer: Timer::Ice(user.clone()), after });
        }
    }

    /// Somebody's credentials run out soon: everybody here is given others at once, so that one ICE restart is enough for both. A
    /// welcome brings them to whoever is not here.
    pub(crate) fn ice_timer(&mut self, user: &UserId) {
        if self.seat(user).is_none() {
            return;
        }
        let open: Vec<SocketId> = self.seats_mut().filter_map(|seat| seat.open()).collect();
        for socket in open {
            self.push(Output::RenewIce { socket });
        }
    }

    /// Others are there.
    pub(crate) fn renew_ice(&mut self, socket: SocketId, ice: IceServers) {
        let Some(user) = self.user_of(socket) else { return };
        self.await_renewal(&user, ice.ice_lifetime);
        self.push(Output::Send { to: socket, event: ServerEvent::Ice(ice) });
    }
}
