mod desk;

use super::*;
use desk::{Desk, device};

fn change(from: &str, to: &str, why: Change) -> (Option<String>, Option<String>, Change) {
    let name = |id: &str| (id != "none").then(|| format!("the {id}"));
    (name(from), name(to), why)
}

fn chosen(id: &str) -> Source {
    Source::device(device(id))
}

#[test]
fn the_ladder_is_the_same_device_then_the_systems_then_none() {
    let mut desk = Desk::started(chosen("b"), &["a", "b"]);
    assert_eq!(desk.used(), "b");
    desk.says(MicrophoneEvent::Ended);
    assert_eq!(desk.used(), "b", "it is only a hiccup");
    assert_eq!(desk.told(), [], "no other device");
    desk.says(MicrophoneEvent::Ended);
    assert_eq!(desk.used(), "a", "twice is no hiccup");
    assert_eq!(desk.told(), [change("b", "a", Change::Ended)]);
    desk.says(MicrophoneEvent::Ended);
    assert_eq!(desk.microphone.reason(), Some(MicrophoneReason::Ended));
    assert_eq!(desk.told(), [change("a", "none", Change::Ended)]);
    assert_eq!(desk.opened, ["b", "b", "a"]);
}

#[test]
fn a_device_that_works_for_a_while_begins_a_new_ladder() {
    let mut desk = Desk::started(chosen("b"), &["a", "b"]);
    for _ in 0..5 {
        desk.says(MicrophoneEvent::Ended);
        assert!(desk.timers.contains(&Timer::MicrophoneSteady));
        desk.does(|microphone, _| microphone.proved());
        assert_eq!(desk.used(), "b");
    }
}

#[test]
fn unplugging_leads_to_the_next_device_and_plugging_in_back_to_the_wanted_one() {
    let mut desk = Desk::started(chosen("b"), &["a", "b"]);
    desk.unplug("b");
    assert_eq!(desk.told(), [change("b", "a", Change::Ended)]);
    desk.plug("c");
    assert_eq!(desk.used(), "a", "nobody wanted that one");
    desk.plug("b");
    assert_eq!(desk.told(), [change("a", "b", Change::Returned)]);
    desk.unplug("b");
    desk.unplug("a");
    desk.unplug("c");
    assert_eq!(desk.microphone.reason(), Some(MicrophoneReason::Ended));
    desk.told();
    desk.plug("c");
    assert_eq!(desk.told(), [change("none", "c", Change::Missing)]);
}

#[test]
fn the_systems_choice_is_followed_by_whoever_chose_none() {
    for names_default in [true, false] {
        let mut desk = Desk::new(Source::Default, &["a", "b"]);
        desk.names_default = names_default;
        desk.does(Microphone::start);
        desk.devices.reverse();
        desk.devices_changed();
        let last = desk.microphone.device().unwrap().label.clone();
        assert!(last.ends_with("the b"), "{last}");
        assert_eq!(desk.told().into_iter().map(|(.., why)| why).collect::<Vec<_>>(), [Change::DefaultChanged]);
        desk.does(|microphone, out| microphone.choose(chosen("b"), out));
        desk.devices.reverse();
        desk.devices_changed();
        assert_eq!(desk.used(), "b", "it was chosen");
    }
}

#[test]
fn a_device_of_a_prompt_is_no_choice_of_the_systems() {
    // Firefox's prompt has a list of devices: whoever took another one than the system's keeps it.
    let mut desk = Desk::started(chosen("b"), &["a", "b"]);
    desk.microphone.source = Source::Default;
    desk.devices.insert(0, device("c"));
    desk.devices_changed();
    assert_eq!(desk.used(), "b");
}

#[test]
fn an_id_of_another_time_falls_to_the_systems_choice_and_says_so() {
    let mut desk = Desk::started(chosen("gone"), &["a", "b"]);
    assert_eq!(desk.used(), "a");
    assert_eq!(desk.told(), [change("gone", "a", Change::Missing)]);
    // Some browsers give other ids to each page: the name tells.
    desk.devices.push(Device { id: "new".into(), ..device("gone") });
    desk.devices_changed();
    assert_eq!(desk.used(), "new");
    assert_eq!(desk.told(), [change("a", "gone", Change::Returned)]);
}

#[test]
fn a_busy_device_leads_to_the_systems_choice() {
    let mut desk = Desk::new(chosen("b"), &["a", "b"]);
    desk.errors.push(("b".into(), MicrophoneReason::Busy));
    desk.does(Microphone::start);
    assert_eq!(desk.told(), [change("b", "a", Change::Busy)]);
    desk.errors.push(("a".into(), MicrophoneReason::Busy));
    desk.says(MicrophoneEvent::Ended);
    assert_eq!(desk.microphone.reason(), Some(MicrophoneReason::Busy));
    desk.errors.clear();
    desk.devices_changed();
    assert_eq!(desk.told(), [change("a", "none", Change::Ended), change("none", "b", Change::Returned)]);
}

#[test]
fn what_works_goes_on_when_another_choice_does_not() {
    let mut desk = Desk::started(chosen("a"), &["a", "b"]);
    desk.errors.push(("b".into(), MicrophoneReason::Busy));
    for (choice, why) in [("b", Change::Busy), ("gone", Change::Missing)] {
        desk.does(|microphone, out| microphone.choose(chosen(choice), out));
        assert_eq!(desk.microphone.state(), MicrophoneState::Live);
        assert_eq!(desk.told(), [change("a", "a", why)]);
        assert_eq!(desk.closed, 0);
    }
}

#[test]
fn a_refusal_ends_the_climb_at_once_and_an_allowance_mends_it() {
    for reason in [MicrophoneReason::Denied, MicrophoneReason::Dismissed, MicrophoneReason::Blocked] {
        let mut desk = Desk::started(chosen("b"), &["a", "b"]);
        desk.errors = vec![("a".into(), reason), ("b".into(), reason)];
        desk.says(MicrophoneEvent::Ended);
        assert_eq!(desk.microphone.reason(), Some(reason));
        assert_eq!(desk.opened, ["b", "b"], "no other device would be allowed");
        desk.devices_changed();
        assert_eq!(desk.opened.len(), 2, "another device is no permission");
        desk.errors.clear();
        desk.does(Microphone::allowed);
        assert_eq!(desk.used(), "b");
        assert_eq!(desk.told(), [change("b", "none", Change::Ended), change("none", "b", Change::Allowed)]);
    }
}

#[test]
fn muted_for_long_climbs_and_what_is_left_at_last_is_kept_for_the_unmute() {
    let mut desk = Desk::started(Source::Default, &["a", "b"]);
    desk.says(MicrophoneEvent::Muted(true));
    desk.says(MicrophoneEvent::Muted(false));
    assert!(desk.timers.is_empty(), "a moment means nothing");
    desk.mute_for_long();
    assert_eq!(desk.used(), "a", "the same again");
    desk.mute_for_long();
    desk.mute_for_long();
    assert_eq!(desk.microphone.reason(), Some(MicrophoneReason::Silent));
    assert_eq!(desk.told(), [change("a", "none", Change::Muted)]);
    assert_eq!(desk.closed, 0, "it is the only one to hear by when it is unmuted");
    desk.says(MicrophoneEvent::Muted(false));
    assert_eq!(desk.microphone.state(), MicrophoneState::Live);
}

#[test]
fn a_hidden_page_does_not_judge_a_mute() {
    let mut desk = Desk::started(Source::Default, &["a"]);
    desk.says(MicrophoneEvent::Muted(true));
    desk.does(|microphone, out| microphone.hide(true, out));
    desk.does(Microphone::muted_for_long);
    assert_eq!(desk.opened.len(), 1);
    desk.timers.clear();
    desk.does(|microphone, out| microphone.hide(false, out));
    assert_eq!(desk.timers, [Timer::MicrophoneMuted]);
}

#[test]
fn ten_samples_of_one_mark_are_a_frozen_microphone() {
    let mut desk = Desk::started(chosen("b"), &["a", "b"]);
    let sample = |desk: &mut Desk, mark| {
        let due = (0..4).filter(|_| desk.microphone.is_to_be_measured(250, false)).count();
        assert_eq!(due, 1, "once a second");
        desk.does(|microphone, out| microphone.measured(mark, out));
    };
    for mark in 0..30 {
        sample(&mut desk, mark / 9);
    }
    assert_eq!(desk.opened, ["b"], "nine are not enough");
    for _ in 0..10 {
        sample(&mut desk, 99);
    }
    assert_eq!(desk.opened, ["b", "b"]);
    for _ in 0..10 {
        sample(&mut desk, 99);
    }
    assert_eq!(desk.used(), "a");
    assert_eq!(desk.told(), [change("b", "a", Change::Frozen)]);
    for _ in 0..10 {
        sample(&mut desk, 99);
    }
    assert_eq!(desk.microphone.reason(), Some(MicrophoneReason::Silent));
    sample(&mut desk, 100);
    assert_eq!(desk.microphone.state(), MicrophoneState::Live, "it thawed");
    for _ in 0..40 {
        assert!(!desk.microphone.is_to_be_measured(250, true), "nobody speaks into a muted microphone");
    }
}

#[test]
fn the_apps_track_is_neither_judged_nor_replaced() {
    let mut desk = Desk::started(Source::App, &["a"]);
    assert!(!desk.microphone.is_to_be_measured(5_000, false));
    desk.says(MicrophoneEvent::Ended);
    assert_eq!(desk.microphone.reason(), Some(MicrophoneReason::Ended));
    desk.devices_changed();
    assert_eq!(desk.opened, ["app"], "no device listens that nobody chose");
    desk.does(|microphone, out| microphone.choose(Source::Default, out));
    assert_eq!(desk.used(), "a");
    desk.does(|microphone, out| microphone.choose(Source::App, out));
    desk.errors.push(("a".into(), MicrophoneReason::Denied));
    desk.does(|microphone, out| microphone.choose(Source::Default, out));
    assert_eq!(desk.microphone.reason(), Some(MicrophoneReason::Denied), "a track that was taken back is not sent");
}

#[test]
fn processing_that_the_browser_can_not_change_opens_the_device_again() {
    let mut desk = Desk::started(chosen("b"), &["a", "b"]);
    let wanted = Processing { noise_suppression: false, ..Processing::default() };
    desk.does(|microphone, out| microphone.process(wanted, out));
    assert_eq!(desk.applied, [wanted]);
    desk.says(MicrophoneEvent::Applied(Processing::default()));
    assert_eq!(desk.opened, ["b", "b"]);
    assert_eq!(desk.microphone.processing(), wanted);
    assert_eq!(desk.told(), []);
    desk.does(|microphone, out| microphone.process(Processing::default(), out));
    desk.says(MicrophoneEvent::Applied(Processing::default()));
    assert_eq!(desk.opened.len(), 2, "the browser could change it");
}

#[test]
fn whatever_happens_there_is_sound_if_a_device_works() {
    for seed in 1..2_000_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut below = |n: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % 1_000).unwrap() % n
        };
        let names = ["a", "b", "c"];
        let mut desk =
            Desk::new(if below(2) == 0 { Source::Default } else { chosen(names[below(3)]) }, &names[..below(4)]);
        desk.names_default = below(2) == 0;
        desk.does(Microphone::start);
        for _ in 0..below(30) {
            let name = names[below(3)];
            let here = desk.devices.iter().any(|device| device.id == name);
            match below(7) {
                0 if here => desk.unplug(name),
                0 => desk.plug(name),
                1 if desk.microphone.is_open() => desk.says(MicrophoneEvent::Ended),
                2 if desk.microphone.is_open() => desk.mute_for_long(),
                3 => desk.does(|microphone, out| microphone.choose(chosen(name), out)),
                4 => desk.does(|microphone, out| microphone.choose(Source::Default, out)),
                5 => desk.does(|microphone, _| microphone.proved()),
                6 => {
                    let errors = [MicrophoneReason::Busy, MicrophoneReason::Denied];
                    desk.errors = (0..below(3)).map(|_| (names[below(3)].to_owned(), errors[below(2)])).collect();
                }
                _ => {}
            }
            // What was told is where it stands.
            let open = desk.microphone.state() == MicrophoneState::Live;
            if let Some((_, to, _)) = desk.events.last() {
                assert!(to.is_none() || open, "seed {seed}: {:?}", desk.microphone);
            }
        }
        desk.errors.clear();
        if desk.devices.is_empty() {
            desk.devices.push(device("d"));
        }
        // A person's click always helps where a device works.
        desk.does(Microphone::start);
        assert_eq!(desk.microphone.state(), MicrophoneState::Live, "seed {seed}: {:?}", desk.microphone);
        desk.does(Microphone::stop);
        assert_eq!(desk.microphone.state(), MicrophoneState::Off);
        assert!(desk.timers.is_empty(), "seed {seed}: {:?}", desk.timers);
    }
}
