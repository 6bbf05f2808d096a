//! What the call makes of facts, after they were decided about.

use super::budget::Standing;
use super::negotiation::Relays;
use super::{Call, ICE_ASK_MS, ICE_MS, IMPROVE_MS};
use crate::decision::Fact;
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::Role;

impl Call {
    /// Changes by a fact, after it was decided about.
    pub(crate) fn note(&mut self, fact: Fact, out: &mut Outputs) {
        let building = self.negotiation.carrier().is_none() || self.negotiation.is_rebuilding();
        let standing = Standing {
            connected: self.is_connected(),
            counts: fact == Fact::ConnectTooLong || (self.role == Some(Role::Offerer) && building),
            wanted: self.wants_link(),
        };
        self.budget.note(fact, standing, out);
        match fact {
            Fact::LinkUp { first } => {
                self.negotiation.relays = Relays::default();
                if first {
                    self.addresses_lag = false;
                    // What the connection before it was silent for is not this one's silence.
                    self.liveness.begin();
                    self.watch(out);
                }
                self.set_pulse(out);
                self.find_path(out);
            }
            Fact::SoundBack => self.find_path(out),
            Fact::NetworkHint => {
                self.liveness.hint();
                self.looked_for_a_path(out);
                self.stale = true;
            }
            Fact::Woke => {
                self.liveness.forget();
                self.voice.microphone.look_again(out);
                self.stale = true;
            }
            // Both are silent: that is no pause of speech.
            Fact::SocketSilent if self.liveness.is_doubtful() => self.negotiation.fell_silent(),
            Fact::AddressChanged { .. } if self.is_doubtful() || self.is_hushed() => {
                // What was said over the old path from now on would be said to nobody.
                self.negotiation.fell_silent();
                // The next connection must not begin with what the page's context still believes.
                self.addresses_lag = true;
            }
            Fact::AddressChanged { .. } => self.looked_for_a_path(out),
            Fact::IceRenewed => self.await_restart(out),
            _ => {}
        }
    }

    /// Until a restart has gathered with the newest servers, which may be declined while another one is under way.
    pub(super) fn await_restart(&self, out: &mut Outputs) {
        if self.is_relayed() {
            // Both sides are given others at about the same time: one restart is for both.
            let after = if self.role == Some(Role::Offerer) { ICE_MS } else { ICE_ASK_MS };
            out.set_timer(Timer::Ice, after);
        }
    }

    fn looked_for_a_path(&mut self, out: &mut Outputs) {
        if self.is_relayed() && self.may_improve() {
            self.improving = true;
            out.set_timer(Timer::Improve, IMPROVE_MS);
        }
    }
}
