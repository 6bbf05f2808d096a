use super::*;
use crate::device::{Choices, Device, Processing};
use crate::input::MicrophoneEvent;
use crate::op_id::OpId;

/// A person with a microphone, and what the driver was told.
struct Person {
    voice: Voice,
    out: Outputs,
    /// The microphone in use was asked for by it.
    request: OpId,
    /// Another track was to be sent, so many times.
    sent: u32,
}

impl Person {
    fn new() -> Self {
        let mut voice = Voice::new(None, Choices::default(), true);
        let mut out = Outputs::default();
        voice.start(&mut out);
        let mut new = Self { voice, out, request: OpId(0), sent: 0 };
        new.microphone();
        new
    }

    /// The microphone that was asked for is there; what the driver was told of it.
    fn microphone(&mut self) -> Vec<Output> {
        let event = MicrophoneEvent::Granted { device: Device::default(), processing: Processing::default() };
        let asked = std::iter::from_fn(|| self.out.pop()).find_map(|output| match output {
            Output::OpenMicrophone { id, .. } => Some(id),
            _ => None,
        });
        self.request = asked.unwrap();
        self.voice.microphone_event(self.request, event, &mut self.out);
        self.told()
    }

    fn does(&mut self, work: impl FnOnce(&mut Voice, &mut Outputs) -> bool) -> Vec<Output> {
        self.sent += u32::from(work(&mut self.voice, &mut self.out));
        self.told()
    }

    fn told(&mut self) -> Vec<Output> {
        let told = std::iter::from_fn(|| self.out.pop());
        told.filter(|output| match output {
            Output::DelayMicrophone(_) | Output::EnableMicrophone(_) => true,
            Output::SetTimer { timer, .. } | Output::ClearTimer(timer) => *timer == Timer::Talk,
            _ => false,
        })
        .collect()
    }

    fn mute(&mut self, muted: bool) -> Vec<Output> {
        self.does(|voice, out| voice.set_muted(muted, out))
    }

    fn hold(&mut self, held: bool) -> Vec<Output> {
        self.does(|voice, out| voice.hold(held, out))
    }

    fn runs(&mut self, runs: bool) -> Vec<Output> {
        self.does(|voice, out| voice.set_delay_runs(runs, out))
    }

    fn time(&mut self) -> Vec<Output> {
        self.does(Voice::fall_silent)
    }

    /// One who is muted and has talked before.
    fn used() -> Self {
        let mut person = Self::new();
        person.mute(true);
        person.hold(true);
        person.runs(true);
        person.hold(false);
        person.time();
        assert!(person.voice.muted);
        assert_eq!(person.sent, 0, "the first time all of it is the microphone's own track");
        person
    }
}

fn after(milliseconds: u32) -> Output {
    Output::SetTimer { timer: Timer::Talk, after: milliseconds, spread: false }
}

const ON: Output = Output::EnableMicrophone(true);
const OFF: Output = Output::EnableMicrophone(false);

fn delay(delay: Delay) -> Output {
    Output::DelayMicrophone(delay)
}

#[test]
fn who_never_talks_so_has_no_delay_line() {
    let mut person = Person::new();
    assert_eq!(person.mute(true), [OFF]);
    assert_eq!(person.mute(false), [ON]);
    assert_eq!(person.runs(true), []);
    assert!(!person.voice.talk.runs, "there is none to be told of");
}

#[test]
fn the_first_press_lets_the_microphone_through_at_once_and_readies_the_delay_line() {
    let mut person = Person::new();
    person.mute(true);
    assert_eq!(person.hold(true), [delay(Delay::Ready), ON]);
    assert!(!person.voice.muted && person.voice.talk.is_on());
    assert_eq!(person.runs(true), [], "what is being said would be heard twice");
    assert_eq!(person.hold(false), [after(TAIL_MS)]);
    assert!(!person.voice.muted, "the end of the last word");
    assert_eq!(person.time(), [Output::ClearTimer(Timer::Talk), OFF]);
    assert!(person.voice.muted && !person.voice.talk.is_on());
    assert_eq!(person.sent, 0);
}

#[test]
fn later_presses_send_what_was_said_before_and_all_of_the_end() {
    let mut person = Person::used();
    assert_eq!(person.hold(true), [delay(Delay::Sent), ON]);
    assert_eq!(person.sent, 1);
    assert_eq!(person.hold(true), [], "keys repeat");
    assert_eq!(person.hold(false), [after(TAIL_MS + Delay::MS)]);
    assert_eq!(person.hold(false), []);
    assert_eq!(person.hold(true), [Output::ClearTimer(Timer::Talk)], "the next word");
    assert_eq!(person.hold(false), [after(TAIL_MS + Delay::MS)]);
    assert_eq!(person.time(), [Output::ClearTimer(Timer::Talk), delay(Delay::Ready), OFF]);
    assert_eq!(person.sent, 2);
    assert_eq!(person.time(), [], "a timer that comes late");
}

#[test]
fn it_can_be_made_ready_for_the_first_press() {
    let mut person = Person::new();
    person.mute(true);
    assert_eq!(person.hold(false), [delay(Delay::Ready)]);
    assert!(person.voice.muted);
    person.runs(true);
    assert_eq!(person.hold(true), [delay(Delay::Sent), ON]);
}

#[test]
fn who_is_not_muted_holds_nothing_and_is_not_muted_by_a_release() {
    let mut person = Person::new();
    assert_eq!(person.hold(true), []);
    assert_eq!(person.hold(false), []);
    assert!(!person.voice.muted && !person.voice.talk.is_on());
    assert_eq!(person.mute(true), [delay(Delay::Ready), OFF]);
}

#[test]
fn the_mute_button_wins_and_without_a_tail() {
    let mut person = Person::used();
    person.hold(true);
    assert_eq!(person.mute(true), [delay(Delay::Ready), OFF], "now");
    assert_eq!(person.hold(false), []);
    person.hold(true);
    person.hold(false);
    assert_eq!(person.mute(false), [Output::ClearTimer(Timer::Talk), delay(Delay::Off), ON]);
    assert_eq!(person.time(), [], "it is not muted by the release before");
    assert!(!person.voice.muted && !person.voice.talk.runs);
    assert_eq!(person.mute(true), [delay(Delay::Ready), OFF], "somebody who has talked so may do it again");
    assert_eq!(person.hold(true), [delay(Delay::Ready), ON], "it does not run yet");
}

#[test]
fn without_a_running_audio_context_it_is_as_without_a_delay_line() {
    let mut person = Person::used();
    person.hold(true);
    assert_eq!(person.runs(false), [delay(Delay::Ready), ON], "never silence");
    assert_eq!(person.sent, 2);
    assert_eq!(person.hold(false), [after(TAIL_MS), delay(Delay::Ready)], "a gesture may let it run again");
    person.time();
    assert_eq!(person.hold(true), [delay(Delay::Ready), ON]);
}

#[test]
fn another_microphone_is_led_through_it_too() {
    let mut person = Person::used();
    person.hold(true);
    person.voice.microphone_event(person.request, MicrophoneEvent::Ended, &mut person.out);
    assert_eq!(person.microphone(), [delay(Delay::Sent)], "the word goes on");
    person.hold(false);
    person.time();
    person.voice.stop(&mut person.out);
    assert_eq!(person.voice.talk.delay, Delay::Off);
    person.voice.start(&mut person.out);
    assert_eq!(person.microphone(), [delay(Delay::Ready), OFF]);
}

#[test]
fn without_a_microphone_nothing_is_let_through_by_the_one_that_was_lost() {
    let mut person = Person::used();
    person.hold(true);
    person.voice.microphone_event(person.request, MicrophoneEvent::Ended, &mut person.out);
    person.hold(false);
    assert_eq!(person.time(), [Output::ClearTimer(Timer::Talk), delay(Delay::Ready), OFF]);
}

#[test]
fn a_press_does_not_outlive_the_microphone() {
    let mut person = Person::new();
    person.mute(true);
    person.hold(true);
    assert!(!person.voice.muted);
    person.voice.release(&mut person.out);
    assert_eq!((person.voice.muted, person.voice.talk.is_on()), (true, false));
    person.voice.start(&mut person.out);
    assert!(person.microphone().contains(&Output::EnableMicrophone(false)), "who comes back is muted");
}
