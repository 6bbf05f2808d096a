//! One life of a session: takes inputs, lets the parts decide, and keeps them in step.

mod link;
mod server;
mod settle;

use crate::chat::Chat;
use crate::id::{InstanceId, SessionId, UserId};
use crate::input::{Input, OpId};
use crate::membership::Membership;
use crate::negotiation::Negotiation;
use crate::output::{ClientEvent, OutboxCommand, Output};
use crate::queue::Queue;
use crate::reason::{SessionReason, VoiceReason};
use crate::recovery::{Fact, Recovery};
use crate::role::Role;
use crate::timer::Timer;
use crate::view::View;
use crate::voice::Voice;
use crate::wire::{Handshake, IceServer, InBand, Presence, SignalBody, Typing, VERSION, VoiceStatus};

/// A timer that comes later than this, in milliseconds, judges nothing.
const TOO_LATE_MS: u32 = 1_000;
/// How long leaving waits for the outbox, in milliseconds.
const LEAVE_MS: u32 = 2_000;
/// How long the other counts as typing without a new word, in milliseconds.
const TYPING_MS: u32 = 6_000;

/// What a session is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The session.
    pub session: SessionId,
    /// This user.
    pub user: UserId,
    /// A new random instance.
    pub instance: InstanceId,
    /// The other's ID, if the app or the token names it.
    pub peer: Option<UserId>,
    /// Why this browser can't do voice.
    pub incapable: Option<VoiceReason>,
    /// The token comes from a function, so that another try may bring another token.
    pub token_renews: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Joining,
    Joined,
    Offline(SessionReason),
    Ended(SessionReason),
}

/// The state machine of one session; see the crate's documentation for the contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    session: SessionId,
    user: UserId,
    instance: InstanceId,
    token_renews: bool,
    phase: Phase,
    leaving: bool,
    suspended: bool,
    ever_joined: bool,
    refused_once: bool,
    /// The server took the token that we have.
    token_taken: bool,
    socket: Option<OpId>,
    /// Asked of the socket, to see whether it lives, and whether something else says that it doesn't.
    probe: Option<(OpId, bool)>,
    /// Something came over the socket since it was last looked.
    socket_heard: bool,
    /// The newest question for this host's addresses.
    looking: Option<OpId>,
    /// The page's own list of this host's addresses lags behind.
    fresh: bool,
    ice_servers: Vec<IceServer>,
    role: Option<Role>,
    peer_presence: Presence,
    membership: Membership,
    voice: Voice,
    negotiation: Negotiation,
    recovery: Recovery,
    chat: Chat,
    /// What the server knows of our voice.
    told: VoiceStatus,
    /// What the other was told over the link.
    told_in_band: VoiceStatus,
    typing: bool,
    peer_typing: bool,
    view: View,
    queue: Queue,
}

impl Session {
    /// Begins to join; outputs wait already.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config { session, user, instance, peer, incapable, token_renews } = config;
        let mut new = Self {
            negotiation: Negotiation::new(session.clone(), user.clone(), instance.clone()),
            chat: Chat::new(user.clone()),
            membership: Membership::new(peer),
            session,
            user,
            instance,
            token_renews,
            phase: Phase::Joining,
            leaving: false,
            suspended: false,
            ever_joined: false,
            refused_once: false,
            token_taken: false,
            socket: None,
            probe: None,
            socket_heard: false,
            looking: None,
            fresh: false,
            ice_servers: Vec::new(),
            role: None,
            peer_presence: Presence::Absent,
            voice: Voice::new(incapable),
            recovery: Recovery::default(),
            told: VoiceStatus::default(),
            told_in_band: VoiceStatus::default(),
            typing: false,
            peer_typing: false,
            view: View::default(),
            queue: Queue::default(),
        };
        new.chat.load_outbox(&mut new.queue);
        new.connect();
        new.settle();
        new
    }

    /// Takes one thing that happened.
    pub fn handle(&mut self, input: Input) {
        if matches!(self.phase, Phase::Ended(_)) {
            return;
        }
        match input {
            Input::StartVoice => self.start_voice(),
            Input::StopVoice => self.stop_voice(),
            Input::RetryVoice => self.retry_voice(),
            Input::SetMuted(muted) => self.voice.mute(muted, &mut self.queue),
            Input::Send { id, text, at } if !self.leaving => self.chat.add(id, text, at, &mut self.queue),
            Input::LoadEarlier if self.is_joined() => self.chat.load_earlier(&mut self.queue),
            Input::MarkRead => self.chat.mark_read(),
            Input::SetTyping(on) => self.set_typing(on),
            Input::Resend(id) => self.chat.resend(&id, &mut self.queue),
            Input::Discard(id) => self.chat.discard(&id, &mut self.queue),
            Input::Leave => self.leave(),
            Input::NewToken => self.new_token(),
            Input::PageHidden => self.suspend(),
            Input::PageShown => self.resume(),
            Input::NetworkChanged => self.network_changed(),
            Input::Woke => self.woke(),
            Input::Frozen => self.freeze(),
            Input::Hidden(hidden) => self.hide(hidden),
            Input::Addresses { id, addresses } => self.addresses(id, &addresses),
            Input::Socket { id, event } if self.socket == Some(id) => self.socket_event(event),
            Input::Acknowledged { request, answer, took } => self.acknowledged(request, answer, took),
            Input::Outbox(event) => self.chat.outbox_event(event, &mut self.queue),
            Input::Connection { id, event } => self.connection_event(id, event),
            Input::Microphone { id, event } => self.microphone_event(id, event),
            Input::Playback { blocked } => self.voice.playback_blocked = blocked,
            Input::TimerFired { timer, late } => self.timer_fired(timer, late),
            // Too late to send, nobody to ask, or a socket that was given up.
            Input::Send { .. } | Input::LoadEarlier | Input::Socket { .. } => {}
        }
        self.settle();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.queue.pop()
    }

    /// What the app sees, but for the chat.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The chat.
    #[must_use]
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// The `auth` of the socket that is being connected.
    pub fn handshake(&mut self, token: String) -> Handshake {
        self.told = self.status();
        Handshake {
            v: VERSION,
            token,
            session_id: self.session.clone(),
            user_id: self.user.clone(),
            instance: self.instance.clone(),
            since: self.chat.since(),
            log: self.chat.log().map(str::to_owned),
            tip: self.chat.tip(),
            voice: self.told,
            signals: self.negotiation.handshake_signals(),
        }
    }

    fn is_joined(&self) -> bool {
        self.phase == Phase::Joined
    }

    // The person

    fn start_voice(&mut self) {
        if !self.leaving {
            self.voice.start(&mut self.queue);
        }
    }

    fn stop_voice(&mut self) {
        if self.voice.on {
            if self.negotiation.attempt().is_some() {
                self.say(SignalBody::End);
            }
            self.negotiation.close(&mut self.queue);
            self.voice.stop(&mut self.queue);
            self.recovery.budget.reset(&mut self.queue);
        }
    }

    fn retry_voice(&mut self) {
        if !self.voice.is_wanted() {
            return self.start_voice();
        }
        if self.negotiation.is_connected() {
            return;
        }
        self.recovery.budget.refresh(&mut self.queue);
        self.recover(Fact::Person);
    }

    fn set_typing(&mut self, on: bool) {
        if self.is_joined() && (on || self.typing) {
            self.queue.emit(ClientEvent::Typing(Typing { on }));
        } else if (on || self.typing) && self.negotiation.can_send_in_band() {
            self.negotiation.send_in_band(InBand::Typing(Typing { on }), &mut self.queue);
        }
        self.typing = on;
    }

    fn leave(&mut self) {
        if self.leaving {
            return;
        }
        self.leaving = true;
        self.say_bye_in_band();
        self.stop_voice_for_good();
        if self.is_joined() && self.chat.unsent() > 0 {
            self.queue.push(Output::SetTimer { timer: Timer::Leave, after: LEAVE_MS, spread: false });
        } else {
            self.end(SessionReason::Left);
        }
    }

    fn say_bye_in_band(&mut self) {
        if self.negotiation.can_send_in_band() {
            self.negotiation.send_in_band(InBand::Bye, &mut self.queue);
        }
    }

    fn stop_voice_for_good(&mut self) {
        self.negotiation.close(&mut self.queue);
        self.voice.stop(&mut self.queue);
        self.recovery.budget.reset(&mut self.queue);
    }

    fn end(&mut self, reason: SessionReason) {
        self.stop_voice_for_good();
        if let Some(id) = self.socket.take() {
            if reason == SessionReason::Left {
                self.queue.emit(ClientEvent::Bye);
            }
            self.queue.push(Output::CloseSocket { id });
        }
        for timer in Timer::ALL {
            self.queue.push(Output::ClearTimer(timer));
        }
        if self.chat.unsent() > 0 {
            self.queue.push(Output::Outbox(OutboxCommand::Announce));
        }
        self.phase = Phase::Ended(reason);
        self.queue.push(Output::Ended);
    }

    // The page

    fn suspend(&mut self) {
        if self.suspended || self.leaving {
            return;
        }
        self.suspended = true;
        let wanted = self.voice.on;
        self.say_bye_in_band();
        self.stop_voice_for_good();
        self.voice.on = wanted;
        if self.socket.is_some() {
            self.queue.emit(ClientEvent::Bye);
        }
        self.drop_socket();
        self.offline(SessionReason::SignalingUnreachable);
        self.queue.push(Output::ClearTimer(Timer::Rejoin));
    }

    fn resume(&mut self) {
        if std::mem::take(&mut self.suspended) {
            self.connect();
            if self.voice.on {
                self.start_voice();
            }
        }
    }

    /// The network may be another, or there again.
    fn network_changed(&mut self) {
        self.recovery.liveness.hint();
        if self.recovery.budget.given_up().is_some() {
            self.retry_voice();
        }
        self.recover(Fact::NetworkHint);
    }

    /// The machine or the page slept: nothing that was not seen meanwhile means anything, and the socket may be dead.
    fn woke(&mut self) {
        self.recovery.liveness.forget();
        // What was asked before is not known to be unanswered.
        self.probe = None;
        self.recover(Fact::Woke);
    }
}
