//! The switchboard: hands each input to the machine that owns it, learns facts, and lets the machines carry decisions out.

mod knock;
mod other;
mod server;
mod settle;

use serde::{Deserialize, Serialize};

use crate::call::{Ahead, Call};
use crate::chat::Chat;
use crate::data::{AppData, DataFailure};
use crate::decision::{Decision, Fact, MediaAction, SocketAction};
use crate::device::{Choices, Processing};
use crate::identity::Identity;
use crate::input::Input;
use crate::op_id::OpId;
use crate::output::{Note, OutboxCommand, Output};
use crate::outputs::Outputs;
use crate::peer::Peer;
use crate::reason::SessionReason;
use crate::recovery;
use crate::signalling::{Signalling, Stay};
use crate::timer::Timer;
use crate::view::View;
use crate::wire::{ClientEvent, InBand, Typing, UserId, VoiceReason};

/// A timer that comes later than this, in milliseconds, judges nothing.
const TOO_LATE_MS: u32 = 1_000;
/// How long leaving waits for the outbox, in milliseconds.
const LEAVE_MS: u32 = 2_000;

/// What a session is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// This life of this user in this session.
    pub me: Identity,
    /// The other's ID, if the app or the token names it.
    pub peer: Option<UserId>,
    /// Why this browser can't do voice.
    pub incapable: Option<VoiceReason>,
    /// What the person chose of devices in a session before, or the app's options say.
    pub choices: Choices,
    /// The browser lets a page choose the speaker (`HTMLMediaElement.setSinkId`).
    pub speaker_selectable: bool,
    /// The token comes from a function, so that another try may bring another token.
    pub token_renews: bool,
    /// What there may be before somebody wants voice.
    #[serde(default)]
    pub ahead: Ahead,
    /// A connection of this browser that has failed goes on when it is given candidates that are new to it.
    #[serde(default)]
    pub revives: bool,
}

/// The state machine of one session; see the crate's documentation for the contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    me: Identity,
    signalling: Signalling,
    call: Call,
    peer: Peer,
    chat: Chat,
    data: AppData,
    /// When the link that was up broke.
    interruption: Interruption,
    /// How many frames could not be read.
    unreadable: u32,
    view: View,
    out: Outputs,
}

/// When the link that was up broke, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Interruption {
    /// It did not, or is up again.
    None,
    /// The driver is asked what time it is.
    Asked(OpId),
    /// Then.
    At(u64),
}

impl Session {
    /// Begins to join; outputs wait already.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config { me, peer, incapable, choices, speaker_selectable, token_renews, ahead, revives } = config;
        let mut new = Self {
            signalling: Signalling::new(token_renews),
            call: Call::new(me.clone(), incapable, choices, speaker_selectable, ahead, revives),
            peer: Peer::new(peer),
            chat: Chat::new(me.user.clone()),
            data: AppData::new(me.instance.clone()),
            me,
            interruption: Interruption::None,
            unreadable: 0,
            view: View::default(),
            out: Outputs::default(),
        };
        new.chat.load_outbox(&mut new.out);
        new.connect(false);
        new.settle();
        new
    }

    /// Takes one thing that happened.
    pub fn handle(&mut self, input: Input) {
        if self.signalling.is_ended() {
            return;
        }
        match input {
            Input::StopVoice => self.stop_voice(),
            Input::RetryVoice if self.call.voice().is_wanted() => self.retry_voice(),
            Input::StartVoice | Input::RetryVoice => self.start_voice(),
            Input::SetMuted(muted) => self.call.mute(muted, &mut self.out),
            Input::SetTalking(held) => self.call.talk(held, &mut self.out),
            Input::DelayRuns(runs) => self.call.delay_runs(runs, &mut self.out),
            Input::SetMicrophone(source) => self.call.voice_mut().set_microphone(source, &mut self.out),
            Input::SetProcessing(processing) => self.call.voice_mut().set_processing(processing, &mut self.out),
            Input::SetSpeaker(speaker) => self.call.voice_mut().set_speaker(speaker, &mut self.out),
            Input::SpeakerMissing => self.call.voice_mut().speaker.missing(),
            Input::SetVolume(volume) => self.call.voice_mut().set_volume(volume, &mut self.out),
            Input::DevicesChanged => self.call.voice_mut().devices_changed(&mut self.out),
            Input::Devices { microphones, speakers } => {
                self.call.voice_mut().devices(&microphones, &speakers, &mut self.out);
            }
            Input::MicrophoneAllowed => self.call.voice_mut().microphone_allowed(&mut self.out),
            Input::Send { id, text, at } if self.signalling.stay() != Stay::Leaving => {
                self.set_typing(false);
                self.chat.add(id, text, at, &mut self.out);
            }
            Input::LoadEarlier if self.signalling.is_joined() => self.chat.load_earlier(&mut self.out),
            Input::MarkRead => self.chat.mark_read(),
            Input::SetTyping(on) => self.set_typing(on),
            Input::SendData { id, data } => self.data.send(id, data, self.peer.has_left(), &mut self.out),
            Input::Resend(id) => self.chat.resend(&id, &mut self.out),
            Input::Discard(id) => self.chat.discard(&id, &mut self.out),
            Input::Leave => self.leave(),
            Input::NewToken => self.new_token(),
            Input::PageHidden => self.suspend(),
            Input::PageShown => self.resume(),
            Input::NetworkChanged => self.learn(Fact::NetworkHint),
            Input::Woke => self.learn(Fact::Woke),
            Input::Frozen => self.call.freeze(&mut self.out),
            Input::Hidden(hidden) => self.call.hide(hidden, &mut self.out),
            Input::Addresses { id, addresses } => {
                let fact = self.call.addresses(id, &addresses);
                self.learn_any(fact);
            }
            Input::Socket { id, event } if self.signalling.is_socket(id) => self.socket_event(id, event),
            Input::Knocked { id, answer } => self.knocked(id, answer),
            Input::ServerAnswered { id, answer } => self.signalling.server_answered(id, answer, &mut self.out),
            Input::Acknowledged { request, answer, took } => self.acknowledged(request, answer, took),
            Input::Outbox(event) => self.chat.outbox_event(event, &mut self.out),
            Input::Connection { id, event } if self.call.knows(id) => self.connection_event(id, event),
            Input::Microphone { id, event } => {
                let fact = self.call.microphone_event(id, event, &mut self.out);
                self.learn_any(fact);
            }
            Input::Speaking(speaks) => self.call.speaks(speaks),
            Input::Playback { blocked } => self.call.playback(blocked),
            Input::Clock { id, at } if self.interruption == Interruption::Asked(id) => {
                self.interruption = Interruption::At(at);
            }
            Input::TimerFired { timer, late } if timer.judges() && late > TOO_LATE_MS => self.judge_later(timer),
            Input::TimerFired { timer, .. } => self.timer_fired(timer),
            // Too late to send, nobody to ask, or of something that was given up.
            Input::Send { .. }
            | Input::LoadEarlier
            | Input::Socket { .. }
            | Input::Connection { .. }
            | Input::Clock { .. } => {}
        }
        self.settle();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    /// What the app sees, but for the chat.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What is to be done to the microphone's sound, as the person chose it.
    #[must_use]
    pub fn processing(&self) -> Processing {
        self.call.voice().microphone.wanted_processing()
    }

    /// The chat.
    #[must_use]
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    // Facts and decisions

    /// Something is known of the call or the socket: it is decided about, then every machine takes note, then the decision
    /// is carried out.
    fn learn(&mut self, fact: Fact) {
        let decision = recovery::decide(fact, &self.signalling, &self.call);
        self.note(fact);
        self.obey(decision);
    }

    fn learn_any(&mut self, fact: Option<Fact>) {
        if let Some(fact) = fact {
            self.learn(fact);
        }
    }

    fn note(&mut self, fact: Fact) {
        self.signalling.note(fact);
        self.call.note(fact, &mut self.out);
        self.chat.note(fact);
    }

    fn obey(&mut self, decision: Decision) {
        let Decision { media, socket, look, revive, .. } = decision;
        if media.is_some() || socket.is_some() || revive || decision.because == Fact::Hush {
            self.out.push(Output::Log(Note::Recovery(decision)));
        }
        match socket {
            Some(SocketAction::Probe) => self.signalling.probe(true, &mut self.out),
            Some(SocketAction::Replace) => self.replace_socket(decision.because == Fact::NetworkHint),
            Some(SocketAction::Rejoin) => self.signalling.rejoin(self.call.voice().on, &mut self.out),
            None => {}
        }
        if revive {
            self.call.revive(&mut self.out);
        }
        let joined = self.signalling.is_joined();
        match media {
            Some(MediaAction::RestartIce) => self.call.restart_ice(&mut self.out),
            Some(MediaAction::Rebuild) => self.call.rebuild(&mut self.out),
            Some(MediaAction::Ask(why)) => self.call.ask(why, joined, &mut self.out),
            Some(MediaAction::GiveUp) => {
                let reason = self.call.reason_to_give_up(joined);
                self.call.give_up(reason, joined, &mut self.out);
                self.learn(Fact::GaveUp(reason));
            }
            None => {}
        }
        if look {
            self.call.look(&mut self.out);
        }
    }

    // The person

    fn start_voice(&mut self) {
        if self.signalling.stay() != Stay::Leaving {
            let news = !self.call.voice().on;
            self.call.start(&mut self.out);
            if news && self.call.given_up().is_some() {
                // A link that was to stand by.
                self.learn(Fact::Person);
            }
        }
    }

    fn stop_voice(&mut self) {
        if self.call.voice().on {
            let stands_by = self.call.stands_by();
            self.call.stop(self.signalling.is_joined(), &mut self.out);
            if !stands_by {
                self.learn(Fact::VoiceOff);
            }
        }
    }

    fn retry_voice(&mut self) {
        if !self.call.is_connected() {
            self.learn(Fact::Person);
        }
    }

    fn set_typing(&mut self, on: bool) {
        if !self.peer.set_typing(on) {
            return;
        }
        if self.signalling.is_joined() {
            self.out.emit(ClientEvent::Typing(Typing { on }));
        } else {
            self.call.send_in_band(InBand::Typing(Typing { on }), &mut self.out);
        }
    }

    fn leave(&mut self) {
        if self.signalling.stay() == Stay::Leaving {
            return;
        }
        self.signalling.leave();
        self.call.send_in_band(InBand::Bye, &mut self.out);
        self.call.shut(&mut self.out);
        self.learn(Fact::VoiceOff);
        if self.signalling.is_joined() && self.chat.unsent() > 0 {
            self.out.set_timer(Timer::Leave, LEAVE_MS);
        } else {
            self.end(SessionReason::Left);
        }
    }

    fn end(&mut self, reason: SessionReason) {
        self.peer.types(false, &mut self.out);
        self.call.shut(&mut self.out);
        self.note(Fact::VoiceOff);
        self.signalling.end(reason, &mut self.out);
        self.data.fail(DataFailure::SessionEnded, &mut self.out);
        for timer in Timer::ALL {
            self.out.clear_timer(timer);
        }
        if self.chat.unsent() > 0 {
            self.out.push(Output::Outbox(OutboxCommand::Announce));
        }
        self.out.push(Output::Ended);
    }

    // The page

    fn suspend(&mut self) {
        if self.signalling.stay() != Stay::Here {
            return;
        }
        self.signalling.suspend();
        self.call.send_in_band(InBand::Bye, &mut self.out);
        self.call.release(&mut self.out);
        self.learn(Fact::VoiceOff);
        if self.signalling.has_socket() {
            self.out.emit(ClientEvent::Bye);
        }
        self.drop_socket();
        self.go_offline(SessionReason::SignalingUnreachable);
        self.out.clear_timer(Timer::Rejoin);
    }

    fn resume(&mut self) {
        if self.signalling.resume() {
            self.connect(false);
            if self.call.voice().on {
                self.start_voice();
            }
        }
    }

    // Time

    fn timer_fired(&mut self, timer: Timer) {
        match timer {
            Timer::Rejoin if !self.signalling.has_socket() && self.signalling.may_join() => self.connect(false),
            Timer::Connect => {
                self.learn(Fact::ConnectTooLong);
                self.call.try_again(&mut self.out);
            }
            Timer::Pulse => self.call.pulse(&mut self.out),
            Timer::Restart => self.learn(Fact::RestartUseless),
            Timer::Probe if self.signalling.is_probing() => self.learn(Fact::SocketSilent),
            Timer::Idle => self.signalling.idle(self.call.voice().on, &mut self.out),
            Timer::Join if !self.signalling.is_joined() && self.signalling.has_socket() => {
                self.learn(Fact::JoinTooLong);
            }
            Timer::Outbox => self.chat.resume(),
            Timer::Leave if self.signalling.stay() == Stay::Leaving => self.end(SessionReason::Left),
            Timer::MicrophoneMuted => self.call.voice_mut().microphone.muted_for_long(&mut self.out),
            Timer::Talk => self.call.talked(&mut self.out),
            Timer::MicrophoneSteady => self.call.voice_mut().microphone.proved(),
            Timer::PeerTyping => self.peer.types(false, &mut self.out),
            Timer::Improve => self.call.may_improve_again(),
            Timer::Ice => self.learn(Fact::IceRenewed),
            Timer::Knock => self.signalling.collected(),
            Timer::Handover => self.call.hurry_handover(&mut self.out),
            Timer::Data => self.data.resume(),
            Timer::DataReceipt => self.data.receipt_time(&mut self.out),
            Timer::Rejoin | Timer::Leave | Timer::Probe | Timer::Join => {}
        }
    }

    /// The verdict would be about a time that this side slept through: what is asked anew counts.
    fn judge_later(&mut self, timer: Timer) {
        match timer {
            Timer::Connect => self.call.try_again(&mut self.out),
            Timer::Pulse => {
                self.learn(Fact::Woke);
                self.call.pulse(&mut self.out);
            }
            Timer::Restart => Call::wait_for_restart(&mut self.out),
            Timer::Probe => self.signalling.probe_anew(&mut self.out),
            Timer::Join => self.signalling.time_join(self.urgency(), &mut self.out),
            Timer::MicrophoneMuted => self.call.voice_mut().microphone.look_again(&mut self.out),
            _ => {}
        }
    }
}
