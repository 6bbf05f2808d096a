//! What is played, and how a connection that still brings sound hands over to its successor.
//!
//! One side is connected half a round trip or more before the other, and packets follow later still. So the connection before stays
//! open, sends the microphone's sound, and is played until sound has come over its successor; then it is closed when the other has had
//! the time to do the same. Nothing is said of it: heartbeats over the successor tell that it is up on the other side, too, and
//! whoever closes first tells by that.

use super::attempt::Attempt;
use super::negotiation::Negotiation;
use crate::input::{ConnectionEvent, LinkState};
use crate::op_id::OpId;
use crate::output::{ConnectionCommand, Output};
use crate::outputs::Outputs;
use crate::quality::Reception;
use crate::timer::Timer;

/// The successor is played after so long, whether sound has come over it or not, and what it replaces is closed after as much
/// again, in milliseconds: three heartbeats of a hidden page.
const HANDOVER_MS: u32 = 3_000;
/// With so many heartbeats of the other since the successor is played, the other plays it as well: a look whether sound has come
/// goes with each.
const HEARTBEATS: u8 = 3;

/// A connection that goes on beside its successor, which is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Leaving {
    pub(super) id: OpId,
    /// The successor is played.
    replaced: bool,
    /// Heartbeats that came over the successor since it is played.
    heartbeats: u8,
}

impl Negotiation {
    /// What nothing else plays beside may be played as soon as it comes, if this side wants to hear anything.
    pub(super) fn play_alone(&self, out: &mut Outputs) {
        if let (Some(attempt), None, true) = (&self.attempt, &self.former, self.audible) {
            out.push(Output::Connection { id: attempt.id, command: ConnectionCommand::Play });
        }
    }

    /// Plays what comes from now on, or plays nothing of what begins.
    pub(super) fn set_audible(&mut self, audible: bool, out: &mut Outputs) {
        let before = std::mem::replace(&mut self.audible, audible);
        if audible && !before {
            let playing = self.former.as_ref().or(self.attempt.as_ref());
            out.extend(playing.map(|a| Output::Connection { id: a.id, command: ConnectionCommand::Play }));
        }
    }

    /// The former attempt is over: its successor is played from now on.
    pub(super) fn close_former(&mut self, out: &mut Outputs) {
        if let Some(former) = self.former.take() {
            out.push(Output::Connection { id: former.id, command: ConnectionCommand::Close });
            self.play_alone(out);
        }
    }

    /// The newest attempt is connected and takes over. `steady`: sound or heartbeats have come over the former one until now, so
    /// that there is something to hand over.
    pub(super) fn take_over(&mut self, steady: bool, out: &mut Outputs) {
        let steady = steady && self.audible;
        // A channel that is closed was closed by the other, with the connection.
        let smooth = |a: &mut Attempt| steady && a.is_alive() && a.channel_open;
        let Some(former) = self.former.take_if(smooth) else { return self.close_former(out) };
        self.leaving = Some(Leaving { id: former.id, replaced: false, heartbeats: 0 });
        out.set_timer(Timer::Handover, HANDOVER_MS);
    }

    /// Takes what an open connection reports while one takes over from another.
    pub(super) fn hand_over(&mut self, id: OpId, event: &ConnectionEvent, out: &mut Outputs) {
        let newest = self.is_newest(id);
        let Some(leaving) = &mut self.leaving else { return };
        match event {
            // The other has closed it, or nothing comes over it any more.
            ConnectionEvent::Channel { open: false }
            | ConnectionEvent::Link(LinkState::Interrupted | LinkState::Failed)
            | ConnectionEvent::Broken
                if id == leaving.id =>
            {
                self.end_handover(out);
            }
            ConnectionEvent::Hushed(true) if id == leaving.id => self.play_successor(out),
            ConnectionEvent::Heartbeat(_) if newest && leaving.replaced => {
                leaving.heartbeats += 1;
                if leaving.heartbeats >= HEARTBEATS {
                    self.end_handover(out);
                }
            }
            // Sound needs no data channel: it has come before this, if there is any.
            ConnectionEvent::Received(Reception { packets: 1.., .. }) | ConnectionEvent::Heartbeat(_) if newest => {
                self.play_successor(out);
            }
            _ => {}
        }
    }

    /// It has taken long: the next step is taken now.
    pub(super) fn hurry_handover(&mut self, out: &mut Outputs) {
        if self.leaving.is_some_and(|leaving| leaving.replaced) {
            self.end_handover(out);
        } else {
            self.play_successor(out);
        }
    }

    /// What is played is not the newest connection yet, which is up.
    pub(super) fn is_handing_over(&self) -> bool {
        self.leaving.is_some_and(|leaving| !leaving.replaced)
    }

    fn play_successor(&mut self, out: &mut Outputs) {
        if let Some(leaving) = self.leaving.as_mut().filter(|leaving| !leaving.replaced) {
            *leaving = Leaving { replaced: true, heartbeats: 0, ..*leaving };
            out.set_timer(Timer::Handover, HANDOVER_MS);
            self.play_alone(out);
        }
    }

    /// Nothing is left but the successor.
    pub(super) fn end_handover(&mut self, out: &mut Outputs) {
        if let Some(Leaving { id, .. }) = self.leaving.take() {
            out.clear_timer(Timer::Handover);
            out.push(Output::Connection { id, command: ConnectionCommand::Close });
            self.play_alone(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::attempt::{Exchange, Flow};
    use crate::identity::Identity;
    use crate::input::Heartbeat;
    use crate::wire::{InstanceId, Role, SessionId, UserId};

    const HEARTBEAT: ConnectionEvent =
        ConnectionEvent::Heartbeat(Heartbeat { next: 250, round_trip: None, lag: None, target: 0, hearing: None });

    /// A connection with sound, and its successor, which has just come up.
    fn two(steady: bool, channel_open: bool) -> (Negotiation, [OpId; 2], Outputs) {
        let (session, user) = (SessionId::parse("s").unwrap(), UserId::parse("7").unwrap());
        let me = Identity { session, user, instance: InstanceId::parse(&"0f".repeat(16)).unwrap() };
        let (mut negotiation, mut out) = (Negotiation::new(me.clone(), true), Outputs::default());
        let mut connected = |number| {
            let id = out.next_id();
            let attempt = Attempt::new(id, Role::Offerer, number, me.instance.clone(), None);
            let (exchange, link) = (Exchange::Served, LinkState::Connected);
            (id, Attempt { exchange, link, flow: Flow::Flowing, channel_open, ..attempt })
        };
        let ((one, former), (other, attempt)) = (connected(1), connected(2));
        negotiation.set_audible(true, &mut out);
        negotiation.former = Some(former);
        negotiation.attempt = Some(attempt);
        negotiation.take_over(steady, &mut out);
        (negotiation, [one, other], out)
    }

    /// What is asked of connections.
    fn asked(out: &mut Outputs) -> Vec<(OpId, ConnectionCommand)> {
        let next = std::iter::from_fn(|| out.pop());
        let connection =
            |output| if let Output::Connection { id, command } = output { Some((id, command)) } else { None };
        next.filter_map(connection).collect()
    }

    #[test]
    fn it_is_played_until_sound_has_come_and_closed_when_the_other_has_had_time() {
        let (mut negotiation, [old, new], mut out) = two(true, true);
        assert_eq!(asked(&mut out), []);
        assert!(negotiation.is_carrier(new) && !negotiation.is_rebuilding(), "the call is over the new one");
        assert!(negotiation.ids().contains(&old), "and the microphone is sent by both");
        negotiation.hand_over(new, &ConnectionEvent::Received(Reception::default()), &mut out);
        assert_eq!(asked(&mut out), []);
        negotiation.hand_over(
            new,
            &ConnectionEvent::Received(Reception { packets: 1, ..Reception::default() }),
            &mut out,
        );
        assert_eq!(asked(&mut out), [(new, ConnectionCommand::Play)]);
        for _ in 1..HEARTBEATS {
            negotiation.hand_over(new, &HEARTBEAT, &mut out);
        }
        assert_eq!(asked(&mut out), []);
        negotiation.hand_over(new, &HEARTBEAT, &mut out);
        assert_eq!(asked(&mut out), [(old, ConnectionCommand::Close), (new, ConnectionCommand::Play)]);
        assert_eq!(negotiation.ids(), [new]);
    }

    #[test]
    fn whoever_sends_nothing_is_not_waited_for() {
        let (mut negotiation, [_, new], mut out) = two(true, true);
        negotiation.hand_over(new, &HEARTBEAT, &mut out);
        assert_eq!(asked(&mut out), [(new, ConnectionCommand::Play)]);
        let (mut negotiation, [old, new], mut out) = two(true, true);
        negotiation.hurry_handover(&mut out);
        assert_eq!(asked(&mut out), [(new, ConnectionCommand::Play)]);
        negotiation.hurry_handover(&mut out);
        assert_eq!(asked(&mut out), [(old, ConnectionCommand::Close), (new, ConnectionCommand::Play)]);
    }

    #[test]
    fn the_successor_is_played_at_once_when_nothing_comes_over_the_old_one_any_more() {
        let at_once = [(true, ConnectionEvent::Hushed(true)), (false, ConnectionEvent::Channel { open: false })];
        for (stays, event) in at_once {
            let (mut negotiation, [old, new], mut out) = two(true, true);
            negotiation.hand_over(old, &event, &mut out);
            assert_eq!(asked(&mut out).pop(), Some((new, ConnectionCommand::Play)));
            assert_eq!(negotiation.ids().contains(&old), stays);
        }
        for (steady, open) in [(false, true), (true, false)] {
            let (negotiation, [old, new], mut out) = two(steady, open);
            assert_eq!(asked(&mut out), [(old, ConnectionCommand::Close), (new, ConnectionCommand::Play)]);
            assert_eq!(negotiation.ids(), [new]);
        }
    }

    #[test]
    fn nothing_of_it_is_left_when_another_attempt_begins_or_the_call_ends() {
        for end in [Negotiation::retire, Negotiation::close, Negotiation::forget_former] {
            let (mut negotiation, [old, _], mut out) = two(true, true);
            end(&mut negotiation, &mut out);
            assert!(asked(&mut out).contains(&(old, ConnectionCommand::Close)));
            assert!(!negotiation.ids().contains(&old));
        }
    }
}
