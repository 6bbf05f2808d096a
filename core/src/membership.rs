//! Who the other is and whether they are there.

use crate::id::{InstanceId, UserId};
use crate::wire::{PeerInfo, Presence, VoiceStatus};

/// The other person, by the server's word and by what the link itself shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Membership {
    /// Known from the options, the token or the server.
    user: Option<UserId>,
    info: Option<PeerInfo>,
    /// They said goodbye: a link that still looks alive does not count.
    left: bool,
    /// What they last told over the link while the server could not.
    in_band: Option<VoiceStatus>,
}

/// What a report of the server changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PeerChange {
    /// Another life of the other than before.
    pub(crate) instance: bool,
    /// The same life on a new socket.
    pub(crate) welcomed: bool,
}

impl Membership {
    pub(crate) fn new(user: Option<UserId>) -> Self {
        Self { user, ..Self::default() }
    }

    /// Takes the server's word.
    pub(crate) fn update(&mut self, info: PeerInfo) -> PeerChange {
        let old = self.info.as_ref();
        let old_instance = old.and_then(|p| p.instance.as_ref());
        let change = PeerChange {
            instance: info.instance.is_some() && old_instance.is_some() && old_instance != info.instance.as_ref(),
            // One who said goodbye and comes back, as a page from the back/forward cache does, is counted anew.
            welcomed: old.is_some_and(|p| {
                p.instance == info.instance && (p.welcomes != info.welcomes || (p.left && !info.left))
            }),
        };
        // Somebody who said goodbye over the link may still be emptying their outbox.
        let lingering = self.left && old.is_some_and(|p| p.instance == info.instance && p.welcomes == info.welcomes);
        self.left = info.left || (lingering && info.presence == Presence::Present);
        self.in_band = None;
        self.user = Some(info.user_id.clone());
        // A restarted server has not met the other yet; the life that we know may still be on the line.
        let instance = info.instance.clone().or_else(|| old_instance.cloned());
        self.info = Some(PeerInfo { instance, ..info });
        change
    }

    /// They said goodbye over the link.
    pub(crate) fn leave(&mut self) {
        self.left = true;
    }

    /// They told their voice over the link.
    pub(crate) fn voice_in_band(&mut self, voice: VoiceStatus) {
        self.in_band = Some(voice);
    }

    pub(crate) fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    pub(crate) fn instance(&self) -> Option<&InstanceId> {
        self.info.as_ref().and_then(|p| p.instance.as_ref())
    }

    /// Present is the server's word or a living link.
    pub(crate) fn presence(&self, link_alive: bool) -> Presence {
        if self.left {
            Presence::Absent
        } else if link_alive {
            Presence::Present
        } else {
            self.info.as_ref().map(|p| p.presence).unwrap_or_default()
        }
    }

    pub(crate) fn voice(&self) -> VoiceStatus {
        self.in_band.or_else(|| self.info.as_ref().map(|p| p.voice)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(instance: u8, welcomes: u32, presence: Presence) -> PeerInfo {
        PeerInfo {
            user_id: UserId::parse("9").unwrap(),
            instance: Some(InstanceId::parse(&format!("{instance:032x}")).unwrap()),
            presence,
            left: false,
            welcomes,
            voice: VoiceStatus::default(),
        }
    }

    #[test]
    fn a_new_life_and_a_new_socket_are_told_apart() {
        let mut them = Membership::new(None);
        assert_eq!(them.update(info(1, 1, Presence::Present)), PeerChange::default());
        assert_eq!(them.update(info(1, 2, Presence::Present)), PeerChange { instance: false, welcomed: true });
        assert_eq!(them.update(info(2, 1, Presence::Present)), PeerChange { instance: true, welcomed: false });
    }

    #[test]
    fn a_living_link_outweighs_a_lease_but_not_a_goodbye() {
        let mut them = Membership::new(None);
        them.update(info(1, 1, Presence::Absent));
        assert_eq!(them.presence(true), Presence::Present);
        assert_eq!(them.presence(false), Presence::Absent);
        them.update(PeerInfo { left: true, ..info(1, 1, Presence::Absent) });
        assert_eq!(them.presence(true), Presence::Absent);
    }

    #[test]
    fn a_restarted_server_does_not_make_the_other_a_stranger() {
        let mut them = Membership::new(None);
        them.update(info(1, 1, Presence::Present));
        let unknown = PeerInfo { instance: None, ..info(0, 0, Presence::Absent) };
        assert_eq!(them.update(unknown), PeerChange::default());
        assert_eq!(them.instance(), info(1, 1, Presence::Present).instance.as_ref());
    }
}
