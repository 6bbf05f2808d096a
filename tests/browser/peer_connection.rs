//! Two real peer connections in one page, joined by hand.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use pairvoice_core::wire::{Candidate, InBand};
use pairvoice_core::{
    ConnectionEvent, Hearing, Heartbeat, Input, LinkState, Means, OpId, Path, Processing, Protection, Reception,
    Source, Traffic,
};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{open_microphone, sound, until};
use crate::context::Contexts;
use crate::gathering::Gathering;
use crate::inbox::{Inbox, RemoteTrack, Report};
use crate::peer_connection::PeerConnection;
use crate::speaker::Speaker;

/// Hands everything over to the other side, as a perfect network would.
#[derive(Default)]
struct Side {
    other: RefCell<Weak<PeerConnection>>,
    offers: Cell<bool>,
    held: RefCell<Vec<Candidate>>,
    remote_set: Cell<bool>,
    peer: RefCell<Weak<Side>>,
    link: Cell<Option<LinkState>>,
    channel: Cell<bool>,
    path: Cell<Option<Path>>,
    heard: RefCell<Vec<InBand>>,
    tracks: Cell<u32>,
    /// The connection is closed in the moment in which its track begins to be played.
    ends_at_once: Cell<bool>,
    reception: Cell<Reception>,
    traffic: Cell<Traffic>,
    means: Cell<Option<Means>>,
    heartbeat: Cell<Option<Heartbeat>>,
    sdp: RefCell<Option<String>>,
    speaker: RefCell<Option<Rc<Speaker>>>,
    ends: Cell<u32>,
    unreadable: Cell<u32>,
    /// Marks of what the microphone brought.
    marks: RefCell<Vec<u64>>,
}

impl Side {
    fn take(&self, report: Report) {
        match report {
            Report::Input(Input::Connection { event, .. }) => self.connection(event),
            Report::RemoteTrack(remote, _) => self.remote_track(remote),
            _ => {}
        }
    }

    fn connection(&self, event: ConnectionEvent) {
        let other = self.other.borrow().upgrade();
        let peer = self.peer.borrow().upgrade();
        match event {
            ConnectionEvent::LocalDescription { sdp } => {
                *self.sdp.borrow_mut() = Some(sdp.clone());
                match other {
                    Some(other) if self.offers.get() => other.accept(&sdp, false),
                    Some(other) => other.answer(&sdp),
                    None => {}
                }
            }
            ConnectionEvent::LocalCandidate(candidate) if candidate.is_end() => {
                self.ends.set(self.ends.get() + 1);
                Self::hand_over(other, peer, candidate);
            }
            ConnectionEvent::LocalCandidate(candidate) => Self::hand_over(other, peer, candidate),
            ConnectionEvent::Unreadable => self.unreadable.set(self.unreadable.get() + 1),
            ConnectionEvent::RemoteDescriptionSet => {
                self.remote_set.set(true);
                let own = peer.and_then(|peer| peer.other.borrow().upgrade());
                for candidate in self.held.take() {
                    if let Some(own) = &own {
                        own.add_candidate(&candidate);
                    }
                }
            }
            ConnectionEvent::Link(link) => self.link.set(Some(link)),
            ConnectionEvent::Channel { open } => self.channel.set(open),
            ConnectionEvent::InBand(message) => self.heard.borrow_mut().push(*message),
            ConnectionEvent::Figures { path, traffic } => {
                self.path.set(path);
                self.traffic.set(traffic);
            }
            ConnectionEvent::Carries(means) => self.means.set(Some(means)),
            ConnectionEvent::Broken => self.link.set(Some(LinkState::Failed)),
            ConnectionEvent::Received(reception) => self.reception.set(reception),
            ConnectionEvent::Captured { mark } => self.marks.borrow_mut().push(mark),
            ConnectionEvent::Heartbeat(heartbeat) => self.heartbeat.set(Some(heartbeat)),
            ConnectionEvent::RelayBusy | ConnectionEvent::Hushed(_) => {}
        }
    }

    fn hand_over(other: Option<Rc<PeerConnection>>, peer: Option<Rc<Side>>, candidate: Candidate) {
        match (other, peer) {
            (Some(other), Some(peer)) if peer.remote_set.get() => other.add_candidate(&candidate),
            (_, Some(peer)) => peer.held.borrow_mut().push(candidate),
            _ => {}
        }
    }

    fn remote_track(&self, remote: RemoteTrack) {
        self.tracks.set(self.tracks.get() + 1);
        // What nobody plays is not decoded.
        let speaker = self.speaker.borrow_mut().get_or_insert_with(|| Speaker::new(Inbox::new(|_| {}))).clone();
        speaker.play(remote, false);
        if self.ends_at_once.get() {
            let own = self.peer.borrow().upgrade().and_then(|peer| peer.other.borrow().upgrade());
            if let Some(own) = own {
                own.close();
            }
        }
    }

    fn stop_speaker(&self) {
        if let Some(speaker) = self.speaker.take() {
            speaker.stop();
        }
    }
}

fn pair(own_context: bool) -> ([Rc<Side>; 2], [Rc<PeerConnection>; 2]) {
    let sides = [Rc::new(Side::default()), Rc::new(Side::default())];
    let make = |index: u32, side: &Rc<Side>| {
        let side = Rc::downgrade(side);
        let inbox = Inbox::new(move |report| {
            if let Some(side) = Weak::upgrade(&side) {
                side.take(report);
            }
        });
        let context = if own_context && index == 0 { Contexts::default().untouched() } else { None };
        PeerConnection::new(OpId(index), Gathering::All, &[], context, None, sound(), inbox).unwrap()
    };
    let connections = [make(0, &sides[0]), make(1, &sides[1])];
    sides[0].offers.set(true);
    for (own, other) in [(0, 1), (1, 0)] {
        *sides[own].other.borrow_mut() = Rc::downgrade(&connections[other]);
        *sides[own].peer.borrow_mut() = Rc::downgrade(&sides[other]);
    }
    (sides, connections)
}

#[wasm_bindgen_test]
async fn two_connections_connect_with_one_transceiver_both_ways_before_any_microphone() {
    let microphone = granted_microphone().await;

    for own_context in [false, true] {
        connect(&microphone, own_context).await;
    }
    microphone.close();
}

/// Granted once, candidates show the host's addresses, so that no test depends on multicast DNS.
async fn granted_microphone() -> Rc<crate::microphone::Microphone> {
    let granted = Rc::new(Cell::new(false));
    let told = Rc::clone(&granted);
    let microphone = crate::microphone::Microphone::new(Inbox::new(move |_| told.set(true)), open_microphone());
    microphone.open(OpId(0), &Source::Default, Processing::default());
    until("the microphone", || granted.get()).await;
    microphone
}

/// `own_context`: the first side's connection is made in a browsing context of its own.
async fn connect(microphone: &crate::microphone::Microphone, own_context: bool) {
    let (sides, connections) = pair(own_context);
    for connection in &connections {
        connection.play(false);
    }
    assert_eq!(frames(), u32::from(own_context));
    connections[0].offer();
    until("both connections and channels", || {
        sides.iter().all(|s| s.link.get() == Some(LinkState::Connected) && s.channel.get())
    })
    .await;
    for side in &sides {
        let sdp = side.sdp.borrow().clone().unwrap();
        assert_eq!(sdp.matches("m=audio").count(), 1, "one transceiver");
        assert_eq!(sdp.matches("a=sendrecv").count(), 1, "both ways");
        assert_eq!(sdp.matches("m=application").count(), 1, "the data channels");
        assert_eq!(side.tracks.get(), 1);
        let stream = side.speaker.borrow().as_ref().and_then(|speaker| speaker.remote());
        assert_eq!(stream.map(|stream| stream.get_tracks().length()), Some(1), "the app has it, too");
    }
    until("the ends of candidates", || sides.iter().all(|side| side.ends.get() > 0)).await;
    connections[0].send_in_band(&InBand::Bye);
    until("the message", || !sides[1].heard.borrow().is_empty()).await;
    connections[1].find_path();
    until("the path", || sides[1].path.get().is_some()).await;
    assert_eq!(sides[1].path.get(), Some(Path::Direct));

    // A track that comes later is heard without negotiation, either way.
    for (own, other) in [(0, 1), (1, 0)] {
        connections[own].send(microphone.track());
        until("the sound", || crate::level::peer(connections[other].receiver().as_ref()) > 0.0).await;
        // Statistics may be a moment old.
        until("packets", || {
            connections[other].pulse(1_000, 0, None);
            sides[other].reception.get().packets > 0
        })
        .await;
        // A microphone that brings something is not frozen.
        until("two marks that differ", || {
            connections[own].measure();
            let marks = sides[own].marks.borrow();
            marks.first() != marks.last()
        })
        .await;
    }

    copies(&sides, &connections).await;
    connections[0].close();
    until("the end of the channel", || !sides[1].channel.get()).await;
    assert_eq!(sides[0].link.get(), Some(LinkState::Connected), "a closed connection reports nothing");
    connections[1].close();
    assert_eq!(frames(), u32::from(own_context), "the frame stays while its track is in an element");
    for side in &sides {
        side.stop_speaker();
    }
    assert_eq!(frames(), 0, "the frame goes with its connection and its sound");
}

/// Chromium's tab crashes where the frame goes then: a moment later, in whatever test runs.
#[wasm_bindgen_test]
async fn a_connection_in_a_frame_may_end_while_its_sound_begins_to_play() {
    let (sides, connections) = pair(true);
    sides[0].ends_at_once.set(true);
    connections[0].play(false);
    connections[0].offer();
    until("the track", || sides[0].tracks.get() > 0).await;
    connections[1].close();
    sides[0].stop_speaker();
    assert_eq!(frames(), 0);
}

/// How many packets of sound were sent, and the bytes of the connection, since the last time.
async fn sent(side: &Side, connection: &PeerConnection) -> Traffic {
    let before = side.traffic.get();
    until("twenty packets", || {
        connection.find_path();
        side.traffic.get().packets.wrapping_sub(before.packets) >= 20
    })
    .await;
    let now = side.traffic.get();
    Traffic { sent: now.sent - before.sent, received: 0, packets: now.packets - before.packets, ..now }
}

/// Copies come and go while sound flows, and so does the worker that writes them; each side hears how it is heard.
async fn copies(sides: &[Rc<Side>; 2], connections: &[Rc<PeerConnection>; 2]) {
    assert!(sides.iter().all(|side| side.means.get() == Some(Means::Copies)), "both browsers know RED");
    let size = |traffic: Traffic| traffic.sent / traffic.packets;
    sent(&sides[0], &connections[0]).await;
    let plain = size(sent(&sides[0], &connections[0]).await);
    let copies = Protection { copies: &[1, 3, 5], bitrate: 32_000, frames: 1 };
    connections[0].protect(copies);
    sent(&sides[0], &connections[0]).await;
    let protected = size(sent(&sides[0], &connections[0]).await);
    assert!(protected > plain + plain / 2, "{plain} bytes a packet, {protected} with three copies");
    let concealed = sides[1].reception.get().concealed;
    connections[0].renew();
    sent(&sides[0], &connections[0]).await;
    connections[0].protect(Protection { copies: &[], frames: 2, ..copies });
    sent(&sides[0], &connections[0]).await;
    connections[1].buffer(100);
    connections[1].buffer(0);
    let energy = sides[1].reception.get().energy;
    until("sound after all of that", || {
        connections[1].pulse(250, 60, None);
        sides[1].reception.get().energy > energy
    })
    .await;
    let hearing = Hearing { reception: sides[1].reception.get(), queue: 7, playing: true, stopped: 3 };
    assert!(hearing.reception.concealed - concealed < 48_000, "no second of it was made up");
    let reported = || sides[0].heartbeat.get().filter(|heartbeat| heartbeat.hearing == Some(hearing));
    until("a report", || {
        connections[1].pulse(250, 60, Some(hearing));
        reported().is_some()
    })
    .await;
    assert_eq!(reported().map(|heartbeat| (heartbeat.target, heartbeat.lag.is_some())), Some((60, true)));
}

fn frames() -> u32 {
    web_sys::window().unwrap().document().unwrap().query_selector_all("iframe[hidden]").unwrap().length()
}

#[wasm_bindgen_test]
async fn a_description_that_is_none_breaks_the_connection_and_throws_nothing() {
    let (sides, connections) = pair(false);
    connections[1].accept("this is no session description", false);
    until("the refusal of the offer", || sides[1].link.get() == Some(LinkState::Failed)).await;
    connections[0].answer("v=0");
    until("the refusal of the answer", || sides[0].link.get() == Some(LinkState::Failed)).await;
}

#[wasm_bindgen_test]
async fn this_hosts_addresses_are_found_by_a_frame_that_goes_again() {
    let found = Rc::new(RefCell::new(None));
    let answer = Rc::clone(&found);
    let inbox = Inbox::new(move |report| {
        if let Report::Input(Input::Addresses { addresses, .. }) = report {
            *answer.borrow_mut() = Some(addresses);
        }
    });
    let look = crate::addresses::Look::new(OpId(1), &Contexts::default(), inbox).unwrap();
    until("addresses", || found.borrow().is_some()).await;
    assert!(!found.take().unwrap().is_empty());
    drop(look);
    assert_eq!(frames(), 0);
}
