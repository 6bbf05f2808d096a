//! The one way in which everything of the browser reports.

use std::rc::Rc;

use pairvoice_core::{ConnectionEvent, Input, MicrophoneEvent, OpId, OutboxEvent, SocketEvent};
use web_sys::{MediaStreamTrack, RtcPeerConnection};

use crate::context::OwnContext;
use crate::crash;

/// The other's sound, and the frame that its connection was made in.
///
/// Chromium's tab crashes when an element begins to play a track whose frame is gone, or is going before the element has begun. So the
/// frame stays for as long as the track may be played.
#[derive(Debug, Clone)]
pub(crate) struct RemoteTrack {
    pub(crate) track: MediaStreamTrack,
    pub(crate) context: Option<Rc<OwnContext>>,
}

/// What is reported.
#[derive(Debug)]
pub(crate) enum Report {
    /// For the core.
    Input(Input),
    /// The other's sound, which is to be played; and whether that of another connection is played until now.
    RemoteTrack(RemoteTrack, bool),
    /// A call runs over this connection.
    Pulse {
        /// Its figures may be recorded.
        connection: RtcPeerConnection,
        /// Whether this person speaks; none where the packets don't tell.
        speaks: Option<bool>,
    },
    /// The persistent outbox has done all that it was asked for.
    OutboxIdle,
}

/// A handle on whoever takes reports; it does not keep them alive.
#[derive(Clone)]
pub(crate) struct Inbox(Rc<dyn Fn(Report)>);

impl Inbox {
    /// `take` gets each report.
    pub(crate) fn new(take: impl Fn(Report) + 'static) -> Self {
        Self(Rc::new(take))
    }

    pub(crate) fn report(&self, report: Report) {
        if !crash::is_over() {
            (self.0)(report);
        }
    }

    pub(crate) fn input(&self, input: Input) {
        self.report(Report::Input(input));
    }

    /// From socket `id`.
    pub(crate) fn socket(&self, id: OpId, event: SocketEvent) {
        self.input(Input::Socket { id, event });
    }

    /// From peer connection `id`.
    pub(crate) fn connection(&self, id: OpId, event: ConnectionEvent) {
        self.input(Input::Connection { id, event });
    }

    /// From the microphone that was asked for by request `id`.
    pub(crate) fn microphone(&self, id: OpId, event: MicrophoneEvent) {
        self.input(Input::Microphone { id, event });
    }

    /// From the persistent outbox.
    pub(crate) fn outbox(&self, event: OutboxEvent) {
        self.input(Input::Outbox(event));
    }
}
