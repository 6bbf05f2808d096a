//! What people read about a reason: one sentence that says what is wrong, and one that says what they can do.

use crate::quality::{Cause, Warning};
use crate::reason::SessionReason;
use crate::view::Recovery;
use crate::wire::{MicrophoneReason, VoiceReason};

/// Two sentences for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sentences {
    /// What is wrong.
    pub(crate) message: &'static str,
    /// What a person can do about it.
    pub(crate) hint: &'static str,
}

const TRIED_AGAIN: &str = "It is tried again by itself, and messages are kept. If it goes on, reload the page.";

const NEW_LINK: &str = "Ask for a new link.";

/// Both of them.
pub(crate) const fn say(message: &'static str, hint: &'static str) -> Sentences {
    Sentences { message, hint }
}

pub(crate) const fn of_session(reason: SessionReason) -> Sentences {
    match reason {
        SessionReason::Unauthorized => say("The link to this session is wrong or has expired.", NEW_LINK),
        SessionReason::TokenExpired => say("The link to this session has expired.", NEW_LINK),
        SessionReason::TokenInvalid => say("The link to this session is wrong.", NEW_LINK),
        SessionReason::SessionFull => {
            say("Two people are in this session already.", "Ask one of them to leave, then try again.")
        }
        SessionReason::OpenedElsewhere => {
            say("This session was opened in another tab or on another device.", "Go on there, or continue here.")
        }
        SessionReason::VersionMismatch => say("This page is older or newer than its server.", "Reload the page."),
        SessionReason::SameUser => {
            say("Both people of this session have the same user ID.", "Give each person their own user ID.")
        }
        SessionReason::SignalingUnreachable => {
            say("The server cannot be reached.", "Nothing to do: it is tried again by itself, and messages are kept.")
        }
        SessionReason::OriginForbidden => {
            say("The server does not let pages of this site in.", "Tell whoever runs it. It is tried again by itself.")
        }
        SessionReason::ServerError => say("The server has a fault.", TRIED_AGAIN),
        SessionReason::TokenFailed => {
            say("This page could not get permission to join from its own server.", TRIED_AGAIN)
        }
        SessionReason::ModuleFailed => say("A part of this page could not be loaded.", TRIED_AGAIN),
        SessionReason::Refused => say("The server refuses this page.", "Reload the page, or tell whoever runs it."),
        SessionReason::Left => say("You left the session.", "Join again whenever you like."),
    }
}

pub(crate) const fn of_voice(reason: VoiceReason) -> Sentences {
    match reason {
        VoiceReason::ConnectionFailed => say(
            "Voice could not find a way through the network.",
            "Try again, or switch to another network or turn off the VPN.",
        ),
        VoiceReason::RelayUnreachable => say(
            "Voice could not find a way out of your network: not even the relay could be reached.",
            "Try again, use another network, or turn off the VPN or firewall.",
        ),
        VoiceReason::PeerUnreachable => say(
            "Voice found no way out of the other person's network: they could not reach the relay.",
            "Ask them to use another network, or to turn off their VPN or firewall.",
        ),
        VoiceReason::RelayBusy => say(
            "Voice needs the relay between the two of you, and it carries as many calls as it can.",
            "Try again in a few minutes, or use a network that lets you reach each other directly.",
        ),
        VoiceReason::NoRelay => say(
            "Voice could not find a direct way between the two of you, and this server has no relay.",
            "Try again, or use another network; whoever runs the server can add a TURN relay.",
        ),
        VoiceReason::UnsupportedBrowser => say(
            "This browser cannot make voice calls.",
            "Open this page in a current Chrome, Edge, Firefox or Safari; the chat works here.",
        ),
        VoiceReason::InsecureContext => say(
            "Browsers allow voice on secure pages only.",
            "Open this page over https:// or on localhost; the chat works here.",
        ),
    }
}

/// The same when it is the other side that can't.
pub(crate) const fn of_peer_voice(reason: VoiceReason) -> Sentences {
    match reason {
        VoiceReason::ConnectionFailed
        | VoiceReason::RelayUnreachable
        | VoiceReason::PeerUnreachable
        | VoiceReason::RelayBusy
        | VoiceReason::NoRelay => of_voice(reason),
        VoiceReason::UnsupportedBrowser => say(
            "The other person's browser cannot make voice calls.",
            "Ask them to open the page in a current browser; the chat works meanwhile.",
        ),
        VoiceReason::InsecureContext => say(
            "The other person's page is not secure, so that their browser allows no voice.",
            "Ask them to open the page over https://; the chat works meanwhile.",
        ),
    }
}

pub(crate) const fn of_microphone(reason: MicrophoneReason) -> Sentences {
    match reason {
        MicrophoneReason::Denied => say(
            "The microphone is not allowed on this page.",
            "Allow it in the address bar, then turn the microphone on again.",
        ),
        MicrophoneReason::Dismissed => say(
            "The microphone was not allowed this time.",
            "Turn the microphone on again and choose to allow it, or allow it in the address bar.",
        ),
        MicrophoneReason::Blocked => say(
            "Your system or this page’s settings keep the microphone from the browser.",
            "Allow the browser to use the microphone in the system’s privacy settings, then turn the microphone on again.",
        ),
        MicrophoneReason::Silent => {
            say("The microphone brings no sound.", "Look for a mute key or switch, or choose another microphone.")
        }
        MicrophoneReason::Missing => say("No microphone was found.", "Plug one in, then turn the microphone on again."),
        MicrophoneReason::Busy => say(
            "The microphone could not be opened.",
            "Close other programs that use it, then turn the microphone on again.",
        ),
        MicrophoneReason::Ended => {
            say("The microphone went away.", "Plug it in or allow it again, then turn the microphone on again.")
        }
    }
}

pub(crate) const fn of_recovery(recovery: Recovery) -> Sentences {
    let message = match recovery {
        Recovery::Network => "Neither the other person nor the server can be reached. Trying again.",
        Recovery::Path => "Nothing arrives from the other person. Looking for another path.",
        Recovery::Connection => "The connection broke. Making a new one.",
    };
    say(message, "Voice comes back by itself. What you write is kept.")
}

pub(crate) const fn of_warning(warning: Warning, cause: Cause) -> Sentences {
    match (warning, cause) {
        (Warning::Loss, Cause::Incoming) => say(
            "Parts of what the other person says are lost on the way.",
            "It is made up for as far as possible. Move closer to the Wi-Fi, or use a cable.",
        ),
        (Warning::Loss, Cause::Outgoing) => say(
            "Parts of what you say are lost on the way.",
            "It is made up for as far as possible. Move closer to the Wi-Fi, or use a cable.",
        ),
        (Warning::Loss, _) => say(
            "Parts of what you both say are lost on the way.",
            "It is made up for as far as possible. Move closer to the Wi-Fi, or use a cable.",
        ),
        (Warning::Delay, Cause::Jitter) => {
            say("The network is unsteady: you hear each other late.", "Pause whatever else uses the network.")
        }
        (Warning::Delay, _) => {
            say("The way between you is long: you hear each other late.", "Let each other finish; turn off a VPN.")
        }
        (Warning::Bandwidth, _) => say(
            "The network has little room: voice uses less of it.",
            "Pause downloads and videos, also on other devices.",
        ),
        (Warning::NotHeard, Cause::NotPlayed) => say(
            "The other person cannot hear you: their browser does not play sound.",
            "Ask them in the chat to click in the page, or to turn up the volume.",
        ),
        (Warning::NotHeard, Cause::Silence) => say(
            "The other person hears only silence from you.",
            "Look whether your microphone is switched off, or choose another one.",
        ),
        (Warning::NotHeard, _) => {
            say("Nothing of what you say arrives.", "The cause is being looked for; write in the chat meanwhile.")
        }
        (Warning::MutedTalking, _) => say("You are muted.", "Unmute to be heard."),
    }
}
