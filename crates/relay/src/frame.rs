//! What comes first on a connection, and where frames end in a stream of bytes (RFC 8656 section 12.5, RFC 7983).

use crate::message::{HEADER, padded};

/// Longest frame of a stream in bytes; browsers send datagrams that fit an Ethernet frame.
const LONGEST: usize = 4 * 1024;
/// Bytes before the data of `ChannelData`.
pub(crate) const CHANNEL_HEADER: usize = 4;

/// Whether a connection that begins with this byte is for the relay: the two highest bits of a STUN message are zero, and no
/// method of ours has a higher type. Letters begin HTTP, 0x16 begins TLS.
#[must_use]
pub const fn is_relay(first: u8) -> bool {
    first <= 0x03
}

/// Whether a frame is `ChannelData`.
pub(crate) const fn is_channel(first: u8) -> bool {
    first >= 0x40 && first <= 0x4F
}

/// What arrived is no frame of STUN or TURN, and where the next one begins is not known: the stream has to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing;

impl std::fmt::Display for Framing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a stream that is neither STUN nor ChannelData")
    }
}

impl std::error::Error for Framing {}

/// Finds the frames in a stream of bytes. It never holds more than one frame.
#[derive(Debug, Default)]
pub struct Splitter {
    held: Vec<u8>,
}

impl Splitter {
    /// Takes what has arrived, and calls with each frame that is complete, without what fills it up.
    ///
    /// # Errors
    /// [`Framing`] when what comes next is no frame; nothing more can be read from the stream then.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), Framing> {
        loop {
            if self.held.is_empty() {
                // The usual case: whole frames, which need not be copied.
                let Some((frame, filled)) = length(bytes)? else { break };
                let Some((taken, rest)) = bytes.split_at_checked(filled) else { break };
                each(taken.get(..frame).unwrap_or_default());
                bytes = rest;
                continue;
            }
            let wanted = match length(&self.held)? {
                Some((_, filled)) => filled,
                None => CHANNEL_HEADER,
            };
            let (taken, rest) = bytes.split_at(wanted.saturating_sub(self.held.len()).min(bytes.len()));
            self.held.extend(taken);
            bytes = rest;
            match length(&self.held)? {
                Some((frame, filled)) if self.held.len() >= filled => {
                    each(self.held.get(..frame).unwrap_or_default());
                    self.held.clear();
                }
                _ if bytes.is_empty() => return Ok(()),
                _ => {}
            }
        }
        self.held.extend(bytes);
        Ok(())
    }
}

/// The length of the frame that begins here, and the length with what fills it up; nothing while too little is there.
fn length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Framing> {
    let Some(first) = bytes.first() else { return Ok(None) };
    if !is_relay(*first) && !is_channel(*first) {
        return Err(Framing);
    }
    let Some([_, _, high, low]) = bytes.first_chunk::<CHANNEL_HEADER>() else { return Ok(None) };
    let body = usize::from(u16::from_be_bytes([*high, *low]));
    let (frame, filled) = if is_channel(*first) {
        (CHANNEL_HEADER + body, padded(CHANNEL_HEADER + body))
    } else {
        (HEADER + body, HEADER + body)
    };
    if filled > LONGEST { Err(Framing) } else { Ok(Some((frame, filled))) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, Framing> {
        let (mut splitter, mut frames) = (Splitter::default(), Vec::new());
        for piece in pieces {
            splitter.feed(piece, |frame| frames.push(frame.to_vec()))?;
        }
        Ok(frames)
    }

    #[test]
    fn frames_are_found_and_padding_is_left_out() {
        let stun = [&[0, 1, 0, 4][..], &[9; 20]].concat();
        let channel = [0x40, 0, 0, 5, 1, 2, 3, 4, 5];
        let stream = [&stun[..], &channel, &[0; 3], &[0x41, 0, 0, 0], &stun].concat();
        let frames = split(&[&stream]).unwrap();
        assert_eq!(frames, [stun.clone(), channel.to_vec(), vec![0x41, 0, 0, 0], stun]);
    }

    #[test]
    fn other_protocols_and_frames_that_are_too_long_end_the_stream() {
        for bad in [
            &b"GET / HTTP/1.1"[..],
            &[0x16, 3, 1],
            &[0x80],
            &[0x04],
            &[0x50],
            &[0xFF],
            &[0, 1, 0xFF, 0xFC],
            &[0x40, 0, 0x10, 0],
        ] {
            assert_eq!(split(&[bad]), Err(Framing), "{bad:?}");
        }
        assert_eq!(split(&[&[0x40, 0, 0, 1, 7, 0, 0, 0, 0x20]]), Err(Framing), "behind a good frame");
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_makes_no_difference(
            bodies in prop::collection::vec((any::<bool>(), 0_usize..300), 1..8),
            cuts in prop::collection::vec(1_usize..50, 1..200),
        ) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            for (channel, length) in bodies {
                let length = if channel { length } else { padded(length) };
                let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
                let mut frame = vec![if channel { 0x40 } else { 0 }, 1, high, low];
                frame.resize(frame.len() + length + if channel { 0 } else { HEADER - 4 }, 7);
                stream.extend(&frame);
                stream.resize(padded(stream.len()), 0);
                expected.push(frame);
            }
            let mut rest = &stream[..];
            let pieces: Vec<&[u8]> = cuts.iter().cycle().map_while(|cut| {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                rest = after;
                (!piece.is_empty()).then_some(piece)
            }).collect();
            prop_assert_eq!(split(&pieces).unwrap(), expected);
        }

        #[test]
        fn nothing_makes_it_panic_or_hold_much(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..64)) {
            let mut splitter = Splitter::default();
            for piece in pieces {
                if splitter.feed(&piece, |frame| assert!(frame.len() <= LONGEST)).is_err() {
                    break;
                }
                prop_assert!(splitter.held.len() <= LONGEST);
            }
        }
    }
}
