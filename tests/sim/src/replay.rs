//! Replays a recording: the inputs of a file that `session.diagnostics()` gave, through a fresh core, whose outputs are compared
//! with the recorded ones.

use std::fmt;

use pairvoice_core::{Config, Input, Output, Session};
use serde::Deserialize;
use serde_json::Value;

/// The part of the file that is replayed.
#[derive(Debug, Deserialize)]
struct File {
    timeline: Timeline,
}

#[derive(Debug, Deserialize)]
struct Timeline {
    truncated: bool,
    config: Config,
    entries: Vec<Entry>,
}

/// When, in milliseconds since the session began; what came, which is nothing at the beginning; what was made of it; the sum of
/// that, as [`sum`] reckons it.
#[derive(Debug, Deserialize)]
struct Entry(u64, Option<Input>, Vec<Value>, String);

/// Why a recording was not replayed to its end.
#[derive(Debug)]
pub enum Unequal {
    /// It is not a recording.
    Misshapen(serde_json::Error),
    /// Its start is gone.
    Truncated,
    /// The core does something else.
    Differs {
        /// The entry, from 0.
        entry: usize,
        /// When it was, in milliseconds since the session began.
        at: u64,
        /// What came.
        input: Box<Option<Input>>,
        /// What was made of it, by name.
        recorded: Vec<Value>,
        /// What is made of it now.
        now: Vec<Output>,
    },
}

impl fmt::Display for Unequal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misshapen(error) => write!(f, "this is no recording: {error}"),
            Self::Truncated => f.write_str("the recording's start is gone"),
            Self::Differs { entry, at, input, recorded, now } => {
                writeln!(f, "entry {entry}, {at} ms: {input:?}\nrecorded:")?;
                recorded.iter().try_for_each(|output| writeln!(f, "  {output}"))?;
                f.write_str("now:\n")?;
                now.iter().try_for_each(|output| writeln!(f, "  {output:?}"))
            }
        }
    }
}

/// What a replay went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Inputs.
    pub inputs: usize,
    /// Outputs, all as they were.
    pub outputs: usize,
    /// Decisions and other notes among them.
    pub notes: usize,
}

/// Replays a recording, given as JSON.
///
/// # Errors
/// [`Unequal`] says why it could not be replayed, or where the core does something else.
pub fn replay(recording: &str) -> Result<Replayed, Unequal> {
    let File { timeline } = serde_json::from_str(recording).map_err(Unequal::Misshapen)?;
    if timeline.truncated {
        return Err(Unequal::Truncated);
    }
    let mut session = Session::new(timeline.config);
    let mut replayed = Replayed::default();
    for (entry, Entry(at, input, recorded, expected)) in timeline.entries.into_iter().enumerate() {
        if let Some(input) = input.clone() {
            session.handle(input);
            replayed.inputs += 1;
        }
        let now: Vec<Output> = std::iter::from_fn(|| session.poll_output()).collect();
        if sum(&now) != expected {
            return Err(Unequal::Differs { entry, at, input: Box::new(input), recorded, now });
        }
        replayed.outputs += now.len();
        replayed.notes += now.iter().filter(|output| matches!(output, Output::Log(_))).count();
    }
    Ok(replayed)
}

/// FNV-1a over the UTF-16 code units of the outputs as JSON, as `npm/recorder.js` reckons it.
fn sum(outputs: &[Output]) -> String {
    let text = serde_json::to_string(outputs).unwrap();
    let sum = text.encode_utf16().fold(0x811c_9dc5_u32, |sum, unit| (sum ^ u32::from(unit)).wrapping_mul(0x0100_0193));
    format!("{sum:x}")
}
