//! The rules as tables: every fact in every situation that matters.

use super::*;
use crate::wire::VoiceReason;

/// A call that runs, seen by one side.
fn call(role: Role) -> Situation {
    Situation {
        role: Some(role),
        voice: Voice::Wanted,
        socket: SocketState::Joined,
        link: Link::Up,
        talks: Talks::Settled,
        newest: Newest::Carrying,
        next_try: None,
        doubtful: false,
        hushed: false,
        concealed: false,
        way: Way::Fine,
    }
}

fn silent(role: Role) -> Situation {
    Situation { link: Link::Silent, doubtful: true, ..call(role) }
}

fn every_fact() -> Vec<Fact> {
    let asked = [
        RestartWhy::Failed,
        RestartWhy::Silent,
        RestartWhy::Moved,
        RestartWhy::Granted,
        RestartWhy::Network,
        RestartWhy::Person,
        RestartWhy::Path,
    ];
    let mut facts: Vec<Fact> = asked.into_iter().map(Fact::Asked).collect();
    facts.extend([
        Fact::Hush,
        Fact::Pause,
        Fact::Silence,
        Fact::StillSilent,
        Fact::SoundBack,
        Fact::LinkUp { first: true },
        Fact::ChannelOpen,
        Fact::ConnectionFailed,
        Fact::FormerFailed,
        Fact::RestartUseless,
        Fact::ConnectTooLong,
        Fact::SocketSilent,
        Fact::SocketClosed,
        Fact::JoinTooLong,
        Fact::Welcome,
        Fact::NetworkHint,
        Fact::Woke,
        Fact::AddressChanged { gone: false },
        Fact::AddressChanged { gone: true },
        Fact::MicrophoneGranted,
        Fact::IceRenewed,
        Fact::Person,
        Fact::VoiceOff,
        Fact::PeerVoiceOff,
        Fact::PeerGone,
        Fact::PeerReplaced,
        Fact::PeerReturned,
        Fact::Offered,
        Fact::GaveUp(VoiceReason::NoRelay),
    ]);
    facts
}

#[test]
fn the_answerer_never_makes_an_offer_and_the_offerer_never_asks() {
    for fact in every_fact() {
        for link in [Link::New, Link::Up, Link::Silent, Link::Failed] {
            for doubtful in [false, true] {
                let of = |role| Situation { link, doubtful, ..call(role) }.decide(fact).media;
                assert!(
                    !matches!(of(Role::Answerer), Some(MediaAction::RestartIce | MediaAction::Rebuild)),
                    "{fact:?}"
                );
                assert!(!matches!(of(Role::Offerer), Some(MediaAction::Ask(_))), "{fact:?}");
            }
        }
    }
}

#[test]
fn nothing_is_done_about_the_media_of_somebody_who_wants_no_voice() {
    for fact in every_fact() {
        for role in [Role::Offerer, Role::Answerer] {
            assert_eq!(Situation { voice: Voice::Off, ..silent(role) }.decide(fact).media, None, "{fact:?}");
        }
    }
}

#[test]
fn sound_that_flows_is_not_touched_whatever_happens_to_the_socket() {
    let facts =
        [Fact::SocketSilent, Fact::SocketClosed, Fact::JoinTooLong, Fact::Welcome, Fact::NetworkHint, Fact::Woke];
    for fact in facts.into_iter().chain([Fact::Pause, Fact::AddressChanged { gone: true }, Fact::RestartUseless]) {
        for role in [Role::Offerer, Role::Answerer] {
            assert_eq!(call(role).decide(fact).media, None, "{fact:?}");
        }
    }
}

#[test]
fn a_broken_path_is_no_reason_to_leave_a_socket_that_answers() {
    for fact in every_fact() {
        let socket = silent(Role::Offerer).decide(fact).socket;
        let says_so = [Fact::SocketSilent, Fact::JoinTooLong, Fact::AddressChanged { gone: true }].contains(&fact);
        assert_eq!(socket == Some(SocketAction::Replace), says_so, "{fact:?}");
    }
}

#[test]
fn both_silent_is_a_broken_path_before_the_heartbeats_say_so() {
    let doubtful = Situation { doubtful: true, ..call(Role::Offerer) };
    assert_eq!(doubtful.decide(Fact::SocketSilent).media, Some(MediaAction::RestartIce));
    assert_eq!(call(Role::Offerer).decide(Fact::SocketSilent).media, None);
}

#[test]
fn one_restart_at_a_time_and_none_where_a_restart_can_not_help() {
    let offerer = silent(Role::Offerer);
    let media = |fact, now: Situation| now.decide(fact).media;
    assert_eq!(media(Fact::Silence, offerer), Some(MediaAction::RestartIce));
    assert_eq!(media(Fact::Silence, Situation { talks: Talks::Negotiated, ..offerer }), None);
    assert_eq!(media(Fact::Silence, Situation { newest: Newest::Building, ..offerer }), None);
    let failed = Situation { newest: Newest::Failed, ..offerer };
    assert_eq!(media(Fact::Silence, failed), Some(MediaAction::Rebuild));
    assert_eq!(media(Fact::Silence, Situation { concealed: true, ..offerer }), Some(MediaAction::Rebuild));
    assert_eq!(media(Fact::AddressChanged { gone: true }, offerer), Some(MediaAction::Rebuild));
    let given_up = Situation { link: Link::Failed, ..offerer };
    assert_eq!(media(Fact::ConnectionFailed, given_up), Some(MediaAction::Rebuild));
    assert_eq!(media(Fact::RestartUseless, offerer), Some(MediaAction::Rebuild));
    assert_eq!(media(Fact::RestartUseless, Situation { talks: Talks::Offering, ..offerer }), None);
}

#[test]
fn what_the_browser_has_given_up_is_revived_and_rebuilt_only_when_somebody_can_be_told() {
    let failed = |role| Situation { link: Link::Revivable, ..silent(role) };
    for role in [Role::Offerer, Role::Answerer] {
        for fact in [Fact::ConnectionFailed, Fact::FormerFailed] {
            assert!(failed(role).decide(fact).revive, "{fact:?}");
            assert!(Situation { voice: Voice::GivenUp, ..failed(role) }.decide(fact).revive, "{fact:?}");
            assert!(!Situation { voice: Voice::Off, ..failed(role) }.decide(fact).revive, "{fact:?}");
            assert!(!Situation { link: Link::Failed, ..failed(role) }.decide(fact).revive, "{fact:?}");
        }
        let building = Situation { newest: Newest::Building, ..failed(role) };
        assert!(!building.decide(Fact::ConnectionFailed).revive, "that was the successor");
        let alone = Situation { socket: SocketState::Waiting, ..failed(role) };
        assert_eq!(alone.decide(Fact::ConnectionFailed).media, None);
        let others = every_fact().into_iter().filter(|f| !matches!(f, Fact::ConnectionFailed | Fact::FormerFailed));
        assert!(others.into_iter().all(|fact| !failed(role).decide(fact).revive));
    }
    let rebuilt = [Fact::ConnectionFailed, Fact::Welcome].map(|fact| failed(Role::Offerer).decide(fact).media);
    assert_eq!(rebuilt, [Some(MediaAction::Rebuild); 2]);
    let asked = [Fact::ConnectionFailed, Fact::Welcome].map(|fact| failed(Role::Answerer).decide(fact).media);
    assert_eq!(asked, [Some(MediaAction::Ask(RestartWhy::Failed)); 2]);
}

#[test]
fn a_hush_costs_a_look_and_is_believed_with_another_address_alone() {
    for role in [Role::Offerer, Role::Answerer] {
        let hushed = Situation { hushed: true, ..call(role) };
        let decision = hushed.decide(Fact::Hush);
        assert_eq!((decision.media, decision.socket, decision.look), (None, None, true));
        let moved = hushed.decide(Fact::AddressChanged { gone: true });
        let anew = if role == Role::Offerer { MediaAction::Rebuild } else { MediaAction::Ask(RestartWhy::Moved) };
        assert_eq!((moved.media, moved.socket), (Some(anew), Some(SocketAction::Replace)));
        assert_eq!(hushed.decide(Fact::AddressChanged { gone: false }).socket, None);
        assert_eq!(hushed.decide(Fact::SocketSilent).media, None, "too little to call the path broken");
    }
}

#[test]
fn a_hint_begins_a_join_anew_once_and_wakes_voice_that_was_given_up() {
    let joining = |replaceable| Situation { socket: SocketState::Connecting { replaceable }, ..call(Role::Answerer) };
    assert_eq!(joining(true).decide(Fact::NetworkHint).socket, Some(SocketAction::Replace));
    assert_eq!(joining(false).decide(Fact::NetworkHint).socket, None);
    let given_up = Situation { voice: Voice::GivenUp, link: Link::New, ..call(Role::Answerer) };
    assert_eq!(given_up.decide(Fact::NetworkHint).media, Some(MediaAction::Ask(RestartWhy::Network)));
    let off = Situation { voice: Voice::Off, ..given_up };
    assert_eq!(off.decide(Fact::NetworkHint).media, None);
}

#[test]
fn a_call_through_a_relay_is_offered_a_better_path_and_newer_credentials_while_it_goes_on() {
    let of = |role, way| move |fact| Situation { way, ..call(role) }.decide(fact).media;
    let ask = Some(MediaAction::Ask(RestartWhy::Path));
    for fact in [Fact::NetworkHint, Fact::AddressChanged { gone: false }] {
        assert_eq!(of(Role::Offerer, Way::Relayed)(fact), Some(MediaAction::RestartIce), "{fact:?}");
        assert_eq!(of(Role::Answerer, Way::Relayed)(fact), ask, "{fact:?}");
        assert_eq!(of(Role::Offerer, Way::Sought)(fact), None, "{fact:?}: not again and again");
        assert_eq!(of(Role::Offerer, Way::Fine)(fact), None, "{fact:?}");
    }
    assert_eq!(of(Role::Offerer, Way::Sought)(Fact::IceRenewed), Some(MediaAction::RestartIce));
    assert_eq!(of(Role::Answerer, Way::Sought)(Fact::IceRenewed), ask);
    assert_eq!(of(Role::Offerer, Way::Fine)(Fact::IceRenewed), None, "nobody uses them");
    let concealed = Situation { way: Way::Relayed, concealed: true, ..call(Role::Offerer) };
    assert_eq!(concealed.decide(Fact::IceRenewed).media, Some(MediaAction::RestartIce), "no new connection for it");
    let asked = Fact::Asked(RestartWhy::Path);
    assert_eq!(call(Role::Offerer).decide(asked).media, Some(MediaAction::RestartIce));
    assert_eq!(Situation { link: Link::Failed, ..call(Role::Offerer) }.decide(asked).media, None);
    assert_eq!(
        Situation { talks: Talks::Offering, ..call(Role::Offerer) }.decide(asked).media,
        None,
        "it is under way"
    );
}
