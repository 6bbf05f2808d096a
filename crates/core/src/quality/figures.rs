//! What browsers count of a call's sound, as plain numbers that wrap.

use serde::{Deserialize, Serialize};

/// What has come of the other's sound since a connection began (W3C WebRTC Statistics, `inbound-rtp`). Counters wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "[u32; 9]", into = "[u32; 9]")]
pub struct Reception {
    /// RTP packets that came.
    pub packets: u32,
    /// RTP packets that the network lost, whether copies made up for them or not.
    pub lost: u32,
    /// Samples that were played.
    pub samples: u32,
    /// Samples that the decoder made up, without those in silence.
    pub concealed: u32,
    /// How often it began to make some up.
    pub events: u32,
    /// Energy of what was played, in millionths of `totalAudioEnergy`.
    pub energy: u32,
    /// `jitterBufferDelay` in milliseconds, a sum over all samples that left the jitter buffer.
    pub buffered: u32,
    /// How many left it.
    pub emitted: u32,
    /// Jitter now, in milliseconds.
    pub jitter: u32,
}

impl From<[u32; 9]> for Reception {
    fn from([packets, lost, samples, concealed, events, energy, buffered, emitted, jitter]: [u32; 9]) -> Self {
        Self { packets, lost, samples, concealed, events, energy, buffered, emitted, jitter }
    }
}

impl From<Reception> for [u32; 9] {
    fn from(reception: Reception) -> Self {
        let Reception { packets, lost, samples, concealed, events, energy, buffered, emitted, jitter } = reception;
        [packets, lost, samples, concealed, events, energy, buffered, emitted, jitter]
    }
}

impl Reception {
    /// What came since then. Counters that fell (a packet that was counted as lost came late) count as unchanged.
    pub(crate) fn since(self, before: Self) -> Self {
        let grown = |now: u32, before: u32| now.wrapping_sub(before).cast_signed().max(0).unsigned_abs();
        Self {
            packets: grown(self.packets, before.packets),
            lost: grown(self.lost, before.lost),
            samples: grown(self.samples, before.samples),
            concealed: grown(self.concealed, before.concealed),
            events: grown(self.events, before.events),
            energy: grown(self.energy, before.energy),
            buffered: grown(self.buffered, before.buffered),
            emitted: grown(self.emitted, before.emitted),
            jitter: self.jitter,
        }
    }

    /// The same without so many packets that were lost.
    pub(crate) fn without(self, lost: u32) -> Self {
        Self { lost: self.lost.saturating_sub(lost), ..self }
    }

    /// Packets that should have come.
    pub(crate) fn expected(&self) -> u32 {
        self.packets.saturating_add(self.lost)
    }

    /// Share of the packets that was lost, in hundred thousandths.
    pub(crate) fn loss(&self) -> u32 {
        share(self.lost, self.expected())
    }

    /// Share of the sound that was made up, in hundred thousandths.
    pub(crate) fn concealment(&self) -> u32 {
        share(self.concealed, self.samples)
    }

    /// How long sound waited in the jitter buffer, in milliseconds.
    pub(crate) fn buffer(&self) -> u32 {
        self.buffered.checked_div(self.emitted).unwrap_or_default()
    }
}

/// A share in hundred thousandths.
pub(crate) fn share(part: u32, whole: u32) -> u32 {
    let share = (u64::from(part) * 100_000).checked_div(u64::from(whole)).unwrap_or_default();
    u32::try_from(share).unwrap_or(u32::MAX).min(100_000)
}

/// What one side tells the other of how it hears them, twice a second with a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Told", into = "Told")]
pub struct Hearing {
    /// What has come.
    pub reception: Reception,
    /// How much later than at best packets come now, in milliseconds: they wait in a queue on the way.
    pub queue: u32,
    /// What comes is played: no gesture is missing, and it is not turned down to nothing.
    pub playing: bool,
    /// How many of the packets that were lost were so while nothing at all came, a quarter of a second at least: of a way that stops no
    /// copy and no smaller packet makes anything better. A counter that wraps.
    pub stopped: u32,
}

/// As it is told: where nothing ever stopped, that is left out.
#[derive(Serialize, Deserialize)]
struct Told(Reception, u32, bool, #[serde(default, skip_serializing_if = "is_zero")] u32);

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<Told> for Hearing {
    fn from(Told(reception, queue, playing, stopped): Told) -> Self {
        Self { reception, queue, playing, stopped }
    }
}

impl From<Hearing> for Told {
    fn from(Hearing { reception, queue, playing, stopped }: Hearing) -> Self {
        Self(reception, queue, playing, stopped)
    }
}

/// What has gone over a connection since it began, sound and all else. Counters wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Traffic {
    /// Bytes that were sent, without what UDP and IP add.
    pub sent: u32,
    /// Bytes that came, in the same way.
    pub received: u32,
    /// Packets that were sent (RTP only, `packetsSent` of `outbound-rtp`).
    pub packets: u32,
    /// For how long the microphone has brought samples, in milliseconds (`totalSamplesDuration` of `media-source`); 0 where the browser
    /// does not count.
    pub captured: u32,
    /// When that was counted, in milliseconds of any clock that runs on, wrapping.
    pub at: u32,
}

impl Traffic {
    /// The microphone has brought sound since then, and no packet of it was sent.
    pub(crate) fn is_stuck_since(self, before: Self) -> bool {
        let captured = self.captured.wrapping_sub(before.captured).cast_signed();
        let took = self.at.wrapping_sub(before.at).cast_signed();
        self.packets == before.packets && captured > took / 2
    }

    /// What has gone since then: kbit/s sent and received, and for how long. Counters that fell belong to another pair of
    /// candidates, and count from nothing.
    pub(crate) fn since(self, before: Self) -> (u32, u32, u32) {
        let took = self.at.wrapping_sub(before.at).max(1);
        let rate = |now: u32, before: u32| {
            let grown = now.wrapping_sub(before).cast_signed().max(0).unsigned_abs();
            grown.saturating_mul(8) / took
        };
        (rate(self.sent, before.sent), rate(self.received, before.received), took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_wrap_or_fall_give_what_came_since() {
        let before = Reception { packets: u32::MAX - 1, lost: 7, buffered: 100, ..Reception::default() };
        let now = Reception { packets: 8, lost: 6, buffered: 500, emitted: 10, ..Reception::default() };
        let since = now.since(before);
        assert_eq!((since.packets, since.lost, since.buffer()), (10, 0, 40));
        assert_eq!((share(1, 3), share(1, 0), share(9, 3)), (33_333, 0, 100_000));
    }

    #[test]
    fn a_microphone_that_brings_nothing_is_no_fault_of_its_packets() {
        let before = Traffic { packets: 9, captured: 1_000, at: 5_000, ..Traffic::default() };
        let after = |packets, captured| Traffic { packets, captured, at: 6_000, ..Traffic::default() };
        assert!(after(9, 2_000).is_stuck_since(before));
        assert!(!after(12, 2_000).is_stuck_since(before), "packets flow");
        assert!(!after(9, 1_000).is_stuck_since(before), "it is frozen");
        assert!(!after(9, 40).is_stuck_since(before), "it is another one");
    }

    #[test]
    fn a_hearing_survives_as_numbers() {
        let reception = [1, 2, 3, 4, 5, 6, 7, 8, 9].into();
        let hearing = Hearing { reception, queue: 10, playing: true, stopped: 0 };
        for (stopped, text) in [(0, "[[1,2,3,4,5,6,7,8,9],10,true]"), (7, "[[1,2,3,4,5,6,7,8,9],10,true,7]")] {
            let hearing = Hearing { stopped, ..hearing };
            assert_eq!(serde_json::to_string(&hearing).unwrap(), text);
            assert_eq!(serde_json::from_str::<Hearing>(text).unwrap(), hearing);
        }
    }
}
