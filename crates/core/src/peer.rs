//! The other person: who they are, whether they are there, what they want, whether one of the two is typing.

use crate::output::{Event, Output};
use crate::outputs::Outputs;
use crate::timer::Timer;
use crate::wire::{InstanceId, PeerInfo, Presence, UserId, VoiceStatus};

/// How long the other counts as typing without a new word, in milliseconds.
const TYPING_MS: u32 = 6_000;

/// The other person, by the server's word and by what the link itself shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Peer {
    /// Known from the options, the token or the server.
    user: Option<UserId>,
    info: Option<PeerInfo>,
    /// They said goodbye: a link that still looks alive does not count.
    left: bool,
    /// What they last told over the data channel while the server could not.
    in_band: Option<VoiceStatus>,
    /// The presence that was concluded last.
    presence: Presence,
    /// They type.
    types: bool,
    /// This person types.
    typing: bool,
}

/// What a report of the server changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PeerChange {
    /// Another life of the other than before.
    pub(crate) instance: bool,
    /// The same life on a new socket.
    pub(crate) welcomed: bool,
}

impl Peer {
    pub(crate) fn new(user: Option<UserId>) -> Self {
        Self { user, ..Self::default() }
    }

    /// Takes the server's word: from our own welcome, or because they changed.
    pub(crate) fn update(&mut self, info: PeerInfo, in_welcome: bool) -> PeerChange {
        let old = self.info.as_ref();
        let old_instance = old.and_then(|p| p.instance.as_ref());
        let change = PeerChange {
            instance: info.instance.is_some() && old_instance.is_some() && old_instance != info.instance.as_ref(),
            // One who said goodbye and comes back, as a page from the back/forward cache does, is counted anew.
            welcomed: old.is_some_and(|p| {
                p.instance == info.instance && (p.welcomes != info.welcomes || (p.left && !info.left))
            }),
        };
        // Somebody who said goodbye over the data channel, of which the server does not know, may still be emptying their outbox. Our
        // own welcome is news of its own: a server that was started again counts welcomes from one.
        let same = |p: &PeerInfo| p.instance == info.instance && p.welcomes == info.welcomes && !p.left;
        let lingering = !in_welcome && self.left && old.is_some_and(same);
        self.left = info.left || (lingering && info.presence == Presence::Present);
        // While they are away the server knows what they told it last, and they may have told more since.
        if info.presence == Presence::Present || info.left || change.instance {
            self.in_band = None;
        }
        self.user = Some(info.user_id.clone());
        // A restarted server has not met the other yet; the life that we know may still be on the line.
        let instance = info.instance.clone().or_else(|| old_instance.cloned());
        let known = old.filter(|p| info.instance.is_none() && p.user_id == info.user_id);
        let name = known.map_or_else(|| info.name.clone(), |p| p.name.clone());
        self.info = Some(PeerInfo { instance, name, ..info });
        change
    }

    /// They said goodbye over the data channel.
    pub(crate) fn leave(&mut self) {
        self.left = true;
    }

    /// They said goodbye.
    pub(crate) fn has_left(&self) -> bool {
        self.left
    }

    /// They told their voice over the data channel.
    pub(crate) fn voice_in_band(&mut self, voice: VoiceStatus) {
        self.in_band = Some(voice);
    }

    pub(crate) fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// What they are called.
    pub(crate) fn name(&self) -> Option<&str> {
        self.info.as_ref().and_then(|p| p.name.get())
    }

    pub(crate) fn instance(&self) -> Option<&InstanceId> {
        self.info.as_ref().and_then(|p| p.instance.as_ref())
    }

    /// The server can reach them.
    pub(crate) fn is_connected(&self) -> bool {
        self.info.as_ref().is_some_and(|p| p.presence == Presence::Present)
    }

    /// How many sockets of this life the server has welcomed.
    pub(crate) fn welcomes(&self) -> u32 {
        self.info.as_ref().map(|p| p.welcomes).unwrap_or_default()
    }

    /// The presence that was concluded last.
    pub(crate) fn presence(&self) -> Presence {
        self.presence
    }

    /// Concludes whether they are there: by the server's word or a living link. Tells whether they are just gone.
    pub(crate) fn conclude_presence(&mut self, link_alive: bool) -> bool {
        let now = self.seen(link_alive);
        let before = std::mem::replace(&mut self.presence, now);
        now == Presence::Absent && before != Presence::Absent
    }

    fn seen(&self, link_alive: bool) -> Presence {
        if self.left {
            Presence::Absent
        } else if link_alive {
            Presence::Present
        } else {
            self.info.as_ref().map(|p| p.presence).unwrap_or_default()
        }
    }

    /// What they want of voice.
    pub(crate) fn voice(&self) -> VoiceStatus {
        self.in_band.or_else(|| self.info.as_ref().map(|p| p.voice)).unwrap_or_default()
    }
}

impl Peer {
    /// They type or stop typing: the app is told of a change.
    pub(crate) fn types(&mut self, on: bool, out: &mut Outputs) {
        if on {
            out.set_timer(Timer::PeerTyping, TYPING_MS);
        } else if self.types {
            out.clear_timer(Timer::PeerTyping);
        }
        if self.types != on {
            self.types = on;
            out.push(Output::Event(Event::Typing(on)));
        }
    }

    /// This person types or stops typing: tells whether the other is to hear of it. Each sign of typing is said again, for
    /// it lapses there.
    pub(crate) fn set_typing(&mut self, on: bool) -> bool {
        std::mem::replace(&mut self.typing, on) || on
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::DisplayName;

    fn info(instance: u8, welcomes: u32, presence: Presence) -> PeerInfo {
        PeerInfo {
            user_id: UserId::parse("9").unwrap(),
            name: DisplayName::default(),
            instance: Some(InstanceId::parse(&format!("{instance:032x}")).unwrap()),
            presence,
            left: false,
            welcomes,
            voice: VoiceStatus::default(),
        }
    }

    #[test]
    fn a_new_life_and_a_new_socket_are_told_apart() {
        let mut them = Peer::new(None);
        assert_eq!(them.update(info(1, 1, Presence::Present), false), PeerChange::default());
        assert_eq!(them.update(info(1, 2, Presence::Present), false), PeerChange { instance: false, welcomed: true });
        assert_eq!(them.update(info(2, 1, Presence::Present), false), PeerChange { instance: true, welcomed: false });
    }

    #[test]
    fn a_living_link_outweighs_a_lease_but_not_a_goodbye() {
        let mut them = Peer::new(None);
        them.update(info(1, 1, Presence::Absent), false);
        assert_eq!(them.seen(true), Presence::Present);
        assert_eq!(them.seen(false), Presence::Absent);
        them.update(PeerInfo { left: true, ..info(1, 1, Presence::Absent) }, false);
        assert_eq!(them.seen(true), Presence::Absent);
    }

    #[test]
    fn who_said_goodbye_is_back_once_a_restarted_server_shows_them() {
        let mut them = Peer::new(None);
        them.update(info(1, 1, Presence::Present), true);
        them.leave();
        them.update(info(1, 1, Presence::Present), false);
        assert_eq!(them.seen(false), Presence::Absent, "they are emptying their outbox");
        them.update(info(1, 1, Presence::Present), true);
        assert_eq!(them.seen(false), Presence::Present);
    }

    #[test]
    fn who_said_goodbye_to_the_server_and_comes_back_in_the_same_life_is_there() {
        let mut them = Peer::new(None);
        them.update(info(1, 1, Presence::Present), true);
        them.update(PeerInfo { left: true, ..info(1, 1, Presence::Absent) }, false);
        assert!(them.has_left());
        assert!(them.update(info(1, 1, Presence::Present), false).welcomed);
        assert!(!them.has_left());
    }

    #[test]
    fn what_they_told_over_the_link_outweighs_what_the_server_knew_before() {
        let mut them = Peer::new(None);
        them.update(info(1, 1, Presence::Present), true);
        let muted = VoiceStatus { on: true, muted: true, ..VoiceStatus::default() };
        them.voice_in_band(muted);
        them.update(info(1, 1, Presence::Away), false);
        assert_eq!(them.voice(), muted);
        them.update(info(1, 2, Presence::Present), false);
        assert_eq!(them.voice(), VoiceStatus::default());
    }

    #[test]
    fn a_restarted_server_does_not_make_the_other_a_stranger() {
        let mut them = Peer::new(None);
        them.update(info(1, 1, Presence::Present), false);
        them.update(PeerInfo { name: DisplayName::new("Ada"), ..info(1, 1, Presence::Present) }, false);
        let unknown = PeerInfo { instance: None, ..info(0, 0, Presence::Absent) };
        assert_eq!(them.update(unknown, false), PeerChange::default());
        assert_eq!(them.name(), Some("Ada"));
        assert_eq!(them.instance(), info(1, 1, Presence::Present).instance.as_ref());
    }
}
