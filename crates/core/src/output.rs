//! Everything a session asks its driver to do.

use serde::Serialize;

use crate::data::DataFailure;
use crate::decision::Decision;
use crate::device::{Change, Choices, Processing, Source, Volume};
use crate::op_id::OpId;
use crate::quality::{Hearing, Protection, QualityReport};
use crate::reason::SessionReason;
use crate::stored_message::StoredMessage;
use crate::timer::Timer;
use crate::wire::{
    Candidate, ClientEvent, Handshake, IceServer, InBand, InstanceId, MessageId, Role, UserId, VoiceState,
};

/// One thing to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Output {
    /// Connect a new socket: get the token, load socket.io-client, and report [`crate::SocketEvent::HandshakeWanted`].
    ConnectSocket {
        /// Its name from now on.
        id: OpId,
        /// Where the token comes from.
        #[serde(rename = "source")]
        token: TokenSource,
    },
    /// Get another token from the app for a socket that is open, and report [`crate::SocketEvent::Token`]. It is the last used
    /// one from then on.
    RenewToken {
        /// The socket.
        id: OpId,
    },
    /// Send the handshake of a socket that wanted it.
    Handshake {
        /// The socket.
        id: OpId,
        /// The `auth`.
        handshake: Box<Handshake>,
    },
    /// Send a handshake by HTTP (`POST /pairvoice/knock`), with the last token that the app gave, and report
    /// [`crate::Input::Knocked`].
    Knock {
        /// Names the answer.
        id: OpId,
        /// The handshake, without a token.
        handshake: Box<Handshake>,
        /// Over a connection that is made for it: those that the page has may be of another network.
        fresh: bool,
    },
    /// Keep these for the next session of this user in this browser.
    KeepIceServers {
        /// The servers.
        #[serde(rename = "servers")]
        ice_servers: Vec<IceServer>,
        /// For how long their credentials are good, in seconds; none if they stay good.
        lifetime: Option<u32>,
    },
    /// Ask by HTTP why no socket opens (`POST /pairvoice/knock?why`), and report [`crate::Input::ServerAnswered`].
    AskServer {
        /// Names the answer.
        id: OpId,
    },
    /// Say `bye` on that socket, forget it, and close it once that is acknowledged: after a second at the latest, at once when the
    /// page goes away or the socket is not open.
    Goodbye {
        /// The socket.
        id: OpId,
    },
    /// Close that socket and forget it. What was emitted before still goes out.
    CloseSocket {
        /// The socket.
        id: OpId,
    },
    /// Emit on the connected socket and report the acknowledgement.
    Emit {
        /// Names the acknowledgement.
        request: OpId,
        /// The event.
        event: ClientEvent,
    },
    /// Work on the browser's store of unsent messages, in the order given.
    Outbox(OutboxCommand),
    /// Ask the system for the addresses of this host's interfaces. The page's own browsing context may know them two seconds
    /// late (Chromium), a new one does not.
    FindAddresses {
        /// Names the question.
        id: OpId,
    },
    /// Work on a peer connection.
    Connection {
        /// The connection; [`ConnectionCommand::Offer`] and [`ConnectionCommand::Accept`] make it.
        id: OpId,
        /// What is done to it.
        command: ConnectionCommand,
    },
    /// Ask for a microphone (W3C Media Capture, `getUserMedia`). The track that is in use stays until the answer is there, and is
    /// stopped when another one is.
    OpenMicrophone {
        /// Names the request.
        id: OpId,
        /// Which one.
        source: Source,
        /// What is to be done to its sound.
        processing: Processing,
    },
    /// Stop the microphone's track, or the one that a pending request may still bring. The app's own is let go, not stopped.
    CloseMicrophone,
    /// Change what is done to the sound of the track in use (`applyConstraints`), and report
    /// [`crate::MicrophoneEvent::Applied`].
    ApplyProcessing(Processing),
    /// Report the devices by [`crate::Input::Devices`].
    ListDevices,
    /// Keep this for the next session in this browser.
    Remember(Choices),
    /// Play on this speaker (`setSinkId`); an empty id is whatever the system uses.
    UseSpeaker {
        /// `deviceId`.
        id: String,
    },
    /// Play this loud.
    SetVolume(Volume),
    /// Go on playing if the system paused it.
    ResumeSpeaker,
    /// Let sound through or not (`MediaStreamTrack.enabled`): that of the delay line while it is the one that is sent.
    EnableMicrophone(bool),
    /// Lead the sound of the track in use through a delay line as well, or no longer, and report [`crate::Input::DelayRuns`].
    DelayMicrophone(Delay),
    /// Stop playing.
    StopSpeaker,
    /// Report the time of day by [`crate::Input::Clock`].
    ReadClock {
        /// Names the question.
        id: OpId,
    },
    /// Fire after so many milliseconds.
    SetTimer {
        /// The timer.
        timer: Timer,
        /// Milliseconds.
        after: u32,
        /// Add up to a quarter at random, so that many clients don't come at once.
        spread: bool,
    },
    /// Stop a timer.
    ClearTimer(Timer),
    /// Tell the app.
    Event(Event),
    /// Write to the console.
    Log(Note),
    /// The session is over and everything is let go.
    Ended,
}

/// What is done by a delay line, which brings the microphone's sound as it was a moment ago.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Delay {
    /// There is none.
    #[default]
    Off,
    /// It takes the sound in, whether the microphone's track is enabled or not, and lets none out.
    Ready,
    /// Where the microphone's track is sent, what comes out is sent instead.
    Sent,
}

impl Delay {
    /// How old the sound is that comes out, in milliseconds.
    pub const MS: u32 = 200;
}

/// Where the token of a handshake comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenSource {
    /// The app is asked.
    App,
    /// The last one that the app gave is used again: the server took it.
    LastUsed,
}

/// What is done to the browser's store of unsent messages, which all tabs of this user share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OutboxCommand {
    /// Read all messages of this server, session and user.
    Load,
    /// Keep a message, in the place of the one with the same ID.
    Put(StoredMessage),
    /// Remove the message with this ID.
    Remove(MessageId),
    /// Tell the other tabs of this user that something is left for them.
    Announce,
}

/// What is done to a peer connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ConnectionCommand {
    /// Make it with one `sendrecv` audio transceiver and the data channels, and set a local offer.
    Offer {
        /// The servers to gather candidates with.
        ice_servers: Vec<IceServer>,
        /// In a browsing context of its own, which asks the system for this host's addresses: those that the page's own
        /// context knows may be two seconds old.
        own_context: bool,
    },
    /// Make it, set the remote offer, take its transceiver as `sendrecv`, and set a local answer.
    Accept {
        /// The servers to gather candidates with.
        ice_servers: Vec<IceServer>,
        /// The offer.
        sdp: String,
        /// As for an offer.
        own_context: bool,
        /// The offerer begins the DTLS handshake (`setup:active`, RFC 8842 section 5.2): it will be the first who can.
        passive: bool,
    },
    /// Set the remote answer.
    Answer {
        /// The answer.
        sdp: String,
    },
    /// Gather with these servers from now on (`setConfiguration`); what was gathered stays.
    Configure {
        /// The servers.
        ice_servers: Vec<IceServer>,
    },
    /// Set a local offer that restarts ICE (RFC 8445 section 9), on the same connection.
    Restart,
    /// Set the remote offer of a restart and a local answer, on the same connection.
    AcceptRestart {
        /// The offer.
        sdp: String,
    },
    /// Send a heartbeat and report what arrived since the last time.
    Pulse {
        /// When the next one follows, in milliseconds.
        next: u32,
        /// For how long the other should hold this side's sound back, in milliseconds.
        target: u32,
        /// How this side hears the other, if that is told with this one.
        hearing: Option<Hearing>,
    },
    /// Look closely whether steady sound goes on, and report by [`crate::ConnectionEvent::Hushed`] when it stops and when it is
    /// back. A look that itself comes late judges nothing.
    Watch {
        /// Or look no more.
        on: bool,
    },
    /// Report whether the microphone brings anything, by [`crate::ConnectionEvent::Captured`].
    Measure,
    /// Report how packets travel and how many, by [`crate::ConnectionEvent::Figures`].
    FindPath,
    /// Send sound in this way from now on.
    Protect(Protection),
    /// What works on the packets of sound has stopped: put another in its place.
    Renew,
    /// Hold the other's sound back for so long, in milliseconds (`jitterBufferTarget`); 0 is as the browser sees fit.
    Buffer(u32),
    /// Add a remote candidate, or the end of a generation's candidates; or one again, under another foundation, so that a
    /// browser that has given the connection up pings it.
    AddCandidate(Candidate),
    /// Send the microphone's track, or nothing (`replaceTrack`).
    SendMicrophone,
    /// Send no sound until [`ConnectionCommand::SendMicrophone`].
    SendNothing,
    /// Play what it brings, instead of what another connection brings.
    Play,
    /// Send over the reliable data channel.
    InBand(Box<InBand>),
    /// Close it and forget it.
    Close,
}

/// What the app may want to know and state does not keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// A message of the other arrived for the first time.
    Message(MessageId),
    /// The other is gone.
    PeerLeft(UserId),
    /// The other types or stops typing.
    Typing(bool),
    /// App data of the other arrived.
    Data {
        /// What it is about.
        topic: String,
        /// Whether it is a string, not bytes.
        text: bool,
        /// The bytes in base64.
        payload: String,
    },
    /// What became of [`crate::Input::SendData`].
    DataDone {
        /// The app's name for it.
        id: u32,
        /// Why it did not arrive; none when it did.
        failure: Option<DataFailure>,
    },
    /// A second of a call has passed.
    Quality(Box<QualityReport>),
    /// Somebody begins to speak or stops.
    Speaking {
        /// This person, not muted.
        own: bool,
        /// The other.
        peer: bool,
    },
    /// Another microphone is used than before.
    MicrophoneChanged {
        /// The name of the one before, or of the one that was wanted; none when there was none.
        from: Option<String>,
        /// The name of the one that is used now, or none.
        to: Option<String>,
        /// Why.
        why: Change,
    },
}

/// A line for the console.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Note {
    /// An attempt begins.
    Roles {
        /// Our part in it.
        role: Role,
        /// The other.
        peer: UserId,
        /// The offerer's instance.
        offerer: InstanceId,
        /// Its number.
        attempt: u32,
    },
    /// Voice changed its state.
    Voice(VoiceState),
    /// Something does not work, and what is done about it; only at debug level.
    Recovery(Decision),
    /// A signal came too late, twice, or from someone else; only at debug level.
    Dropped {
        /// Offer, answer, candidate, restart, end, give-up.
        kind: &'static str,
        /// How many were dropped so far.
        count: u32,
    },
    /// A frame of the server or the other does not have the form of the protocol.
    Unreadable {
        /// The event's name, or `in-band`.
        event: &'static str,
        /// How many were unreadable so far.
        count: u32,
    },
    /// The server did not let us in.
    Refused {
        /// The word for programs.
        code: String,
        /// The server's sentence for developers.
        message: String,
    },
    /// No socket opens, and something was found out about it.
    NotConnected {
        /// The word for programs.
        reason: SessionReason,
        /// The server's sentence for developers, or what it answered.
        cause: String,
    },
    /// What the app must supply could not be had.
    AppFailed {
        /// Its own error message.
        cause: String,
    },
}
