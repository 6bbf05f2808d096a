//! What the other and the server say about the call, and what they are told.

use super::aim::Aim;
use super::attempt::Attempt;
use super::incoming::Signalled;
use super::{Call, ICE_MS};
use crate::decision::Fact;
use crate::op_id::OpId;
use crate::output::{ConnectionCommand, Output};
use crate::outputs::Outputs;
use crate::signalling::Words;
use crate::timer::Timer;
use crate::wire::{
    ClientEvent, Envelope, IceServer, IceServers, InBand, InstanceId, Outcome, RestartWhy, Role, SameUser, SignalBody,
    UserId, VoiceStatus,
};

impl Call {
    /// The other is known: who offers is, too.
    pub(crate) fn elect(&mut self, me: &UserId, peer: &UserId) -> Result<(), SameUser> {
        self.role = Some(Role::elect(me, peer)?);
        Ok(())
    }

    /// Another instance of the other: what was with the one before is over.
    pub(crate) fn peer_replaced(&mut self, instance: Option<&InstanceId>, out: &mut Outputs) {
        self.negotiation.forget_offer();
        self.negotiation.forget_former(out);
        if self.negotiation.is_with_other_than(instance) {
            self.negotiation.close(out);
        }
    }

    /// The other is present: an offer that waited lies with them.
    pub(crate) fn peer_present(&mut self, instance: Option<&InstanceId>) {
        self.negotiation.taken(None, instance);
    }

    /// The other's socket is back.
    pub(crate) fn peer_rejoined(&mut self, out: &mut Outputs) {
        self.negotiation.peer_rejoined(out);
    }

    /// The other is gone. An offer that nobody took still waits for whoever comes; anything else was with them.
    /// Without a goodbye, they may be back on the connection that carried the sound, should its browser revive it.
    pub(crate) fn peer_gone(&mut self, left: bool, out: &mut Outputs) {
        let over = left || !self.negotiation.revives;
        if over {
            self.negotiation.forget_former(out);
        }
        if self.negotiation.attempt().is_some_and(Attempt::is_taken) {
            if over {
                self.negotiation.close(out);
            } else {
                self.negotiation.set_aside(out);
            }
        }
        self.negotiation.forget_offer();
    }

    /// Takes a signal of the other's instance `from`.
    pub(crate) fn signal(
        &mut self,
        envelope: Envelope,
        from: Option<&InstanceId>,
        joined: bool,
        out: &mut Outputs,
    ) -> Option<Fact> {
        match self.negotiation.signal(envelope, from, out) {
            Signalled::Nothing => None,
            // Somebody is trying: that is a new budget for this side, too.
            Signalled::Offered if self.role == Some(Role::Answerer) => Some(Fact::Offered),
            Signalled::Offered => {
                self.negotiation.forget_offer();
                None
            }
            Signalled::Lost => {
                self.negotiation.say(SignalBody::Restart { why: RestartWhy::Failed }, joined, out);
                None
            }
            Signalled::Restart(why) => Some(Fact::Asked(why)),
            Signalled::Ended => {
                self.negotiation.close(out);
                Some(Fact::PeerVoiceOff)
            }
            Signalled::GaveUp(_) if self.role == Some(Role::Offerer) => None,
            Signalled::GaveUp(reason) => {
                self.negotiation.set_aside(out);
                self.negotiation.forget_offer();
                Some(Fact::GaveUp(reason.mirrored()))
            }
        }
    }

    /// Other ICE servers, or other credentials for them. Connections gather with them from now on, when they gather again.
    pub(crate) fn set_ice_servers(&mut self, servers: IceServers, out: &mut Outputs) {
        let IceServers { ice_servers, ice_lifetime: lifetime } = servers;
        let same = same_places(&ice_servers, &self.ice.servers);
        let again = std::mem::replace(&mut self.ice.told, true);
        // Those of the welcome after a knock have credentials that are as good.
        if std::mem::take(&mut self.ice.new) && same {
            return;
        }
        out.push(Output::KeepIceServers { ice_servers: ice_servers.clone(), lifetime });
        if ice_servers == self.ice.servers {
            return;
        }
        for id in self.negotiation.ids() {
            let command = ConnectionCommand::Configure { ice_servers: ice_servers.clone() };
            out.push(Output::Connection { id, command });
        }
        self.ice.servers = ice_servers;
        // What waits for somebody may wait for longer than its relayed address is good.
        let outlived = again && !self.budget.is_counting();
        self.stale |= outlived && self.negotiation.is_quiet();
        if (outlived || !same) && self.negotiation.attempt().is_some_and(|a| !a.was_connected()) {
            // It was begun with servers that are none any more.
            out.set_timer(Timer::Ice, ICE_MS);
        }
        self.await_restart(out);
    }

    /// A knock told the servers of the connect under way.
    pub(crate) fn ice_servers_are_new(&mut self) {
        self.ice.new = true;
    }

    // Knocks

    /// Another connect begins: what was not taken by the other is to be said again.
    pub(crate) fn begin_knocks(&mut self) {
        self.ice.new = false;
        self.negotiation.begin_knocks();
    }

    /// What there is to say before a socket is open.
    pub(crate) fn first_words(&self) -> Words {
        let wants = self.voice.is_wanted() || (self.course.standby && self.voice.incapable.is_none());
        if wants && self.given_up().is_none() && !self.is_connected() {
            self.negotiation.first_words()
        } else {
            Words::None
        }
    }

    /// The signals that go with a knock.
    pub(crate) fn knock_signals(&mut self) -> Vec<Envelope> {
        self.negotiation.knock_signals()
    }

    /// A handshake is being sent: what it says of voice counts as told, and the signals in it as said.
    pub(crate) fn handshake(&mut self, status: VoiceStatus) -> Vec<Envelope> {
        self.told = status;
        self.negotiation.handshake_signals()
    }

    /// Our own socket is back.
    pub(crate) fn rejoined(&mut self, out: &mut Outputs) {
        self.negotiation.rejoined(out);
        // What was prepared on another network is gone here, and the word of it may have gone to a socket that led nowhere.
        if self.role == Some(Role::Answerer) && self.course.aim != Aim::Nothing && self.negotiation.lacks_an_offer() {
            self.negotiation.say(SignalBody::Restart { why: RestartWhy::Network }, true, out);
        }
    }

    pub(crate) fn acknowledged(&mut self, request: OpId, outcome: Option<Outcome>, with: Option<&InstanceId>) {
        self.negotiation.acknowledged(request, outcome, with);
    }

    /// The socket is gone, and what was told by it may have gone nowhere.
    pub(crate) fn disconnected(&mut self) {
        self.told_in_band = None;
    }

    /// Tells the other what changed of our voice: by the server while it can, else over the data channel.
    pub(crate) fn tell(&mut self, status: VoiceStatus, joined: bool, out: &mut Outputs) {
        if joined {
            if status != self.told {
                self.told = status;
                out.emit(ClientEvent::Voice(status));
            }
            // Over a link that stands by the other hears of it half a round trip sooner.
            if self.stands_by() && self.told_in_band != Some(status) && self.negotiation.can_send_in_band() {
                self.send_in_band(InBand::Voice(status), out);
            }
            self.told_in_band = Some(status);
        } else if self.told_in_band != Some(status) && self.negotiation.can_send_in_band() {
            self.told_in_band = Some(status);
            self.send_in_band(InBand::Voice(status), out);
        }
    }

    /// Sends over the reliable data channel, if it is open; tells whether it was.
    pub(crate) fn send_in_band(&mut self, message: InBand, out: &mut Outputs) -> bool {
        let open = self.negotiation.can_send_in_band();
        if open {
            self.negotiation.send_in_band(message, out);
        }
        open
    }
}

/// The same servers, whatever the credentials.
fn same_places(some: &[IceServer], others: &[IceServer]) -> bool {
    some.iter().map(|server| &server.urls).eq(others.iter().map(|server| &server.urls))
}
