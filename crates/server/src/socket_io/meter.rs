//! Sees what goes out: counts the Socket.IO packets in the frames of a WebSocket (RFC 6455 section 5.2), and in the payload of a poll.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::engine::Engine;

/// The first character of an Engine.IO packet that carries a Socket.IO packet.
const MESSAGE: u8 = b'4';
/// What stands between the packets of a poll.
const SEPARATOR: u8 = 0x1e;
const OPCODE: u8 = 0x0f;
const TEXT: u8 = 0x01;
const LENGTH: u8 = 0x7f;

/// Socket.IO packets in the payload of a poll.
pub(crate) fn packets(payload: &[u8]) -> usize {
    payload.split(|byte| *byte == SEPARATOR).filter(|packet| packet.first() == Some(&MESSAGE)).count()
}

/// Where in a stream of unmasked frames the next byte stands.
#[derive(Debug, Default)]
enum Place {
    #[default]
    Start,
    /// After the first byte.
    Length { text: bool },
    /// Within an extended length: bytes that are missing, and what was read of it.
    Extended { text: bool, missing: u8, length: u64 },
    /// Within the payload; `text` until its first byte was seen.
    Payload { text: bool, message: bool, left: u64 },
}

/// Counts frames that carry a Socket.IO packet.
#[derive(Debug, Default)]
pub(crate) struct Frames(Place);

impl Frames {
    /// Takes what was written; tells how many packets ended in it.
    pub(crate) fn written(&mut self, mut bytes: &[u8]) -> usize {
        let mut packets = 0;
        while let Some((&byte, rest)) = bytes.split_first() {
            self.0 = match std::mem::take(&mut self.0) {
                Place::Start => {
                    bytes = rest;
                    Place::Length { text: byte & OPCODE == TEXT }
                }
                Place::Length { text } => {
                    bytes = rest;
                    match byte & LENGTH {
                        126 => Place::Extended { text, missing: 2, length: 0 },
                        127 => Place::Extended { text, missing: 8, length: 0 },
                        0 => Place::Start,
                        left => Place::Payload { text, message: false, left: left.into() },
                    }
                }
                Place::Extended { text, missing, length } => {
                    bytes = rest;
                    let length = (length << 8) | u64::from(byte);
                    match missing - 1 {
                        0 => Place::Payload { text, message: false, left: length },
                        missing => Place::Extended { text, missing, length },
                    }
                }
                Place::Payload { text, message, left } => {
                    let message = message || (text && byte == MESSAGE);
                    let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    bytes = bytes.get(here..).unwrap_or_default();
                    match left - here as u64 {
                        0 => {
                            packets += usize::from(message);
                            Place::Start
                        }
                        left => Place::Payload { text: false, message, left },
                    }
                }
            };
        }
        packets
    }
}

/// The stream under a WebSocket of this server.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    stream: S,
    frames: Frames,
    engine: Arc<Engine>,
}

impl<S> Metered<S> {
    pub(crate) fn new(stream: S, engine: Arc<Engine>) -> Self {
        Self { stream, frames: Frames::default(), engine }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        let packets = self.frames.written(buf.get(..written).unwrap_or_default());
        if packets > 0 {
            self.engine.unsent.sent(packets);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            short @ 0..126 => frame.push(u8::try_from(short).unwrap()),
            middle @ 126..=65_535 => {
                frame.push(126);
                frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
            }
            long => {
                frame.push(127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn packets_are_counted_however_the_bytes_are_cut() {
        let mut stream = Vec::new();
        stream.extend(frame(1, b"0{\"sid\":\"4\"}"));
        stream.extend(frame(1, b"4"));
        stream.extend(frame(1, b"2"));
        stream.extend(frame(1, format!("4{}", "4".repeat(300)).as_bytes()));
        stream.extend(frame(9, b"4"));
        stream.extend(frame(8, b""));
        stream.extend(frame(1, format!("4{}", "x".repeat(70_000)).as_bytes()));
        for size in [1, 2, 3, 7, 1_000, stream.len()] {
            let mut frames = Frames::default();
            let counted: usize = stream.chunks(size).map(|chunk| frames.written(chunk)).sum();
            assert_eq!(counted, 3, "in pieces of {size}");
        }
        assert_eq!(Frames::default().written(&frame(1, b"4abc")[..5]), 0, "a packet counts once all of it is out");
    }

    #[test]
    fn the_payload_of_a_poll_may_hold_several() {
        assert_eq!(packets(b"4a\x1e2\x1e4b\x1e1"), 2);
        assert_eq!(packets(b""), 0);
    }
}
