//! Lines for programs: one JSON object each, with its fields at the top.
//!
//! Spans are left out: those of the Socket.IO libraries hold whole session IDs.

use std::fmt::{self, Debug};
use std::io;

use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::is_key;
use super::quoted::short;

/// The format `json`.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        let line = write_line(&time, meta.level().as_str(), meta.target(), &fields).map_err(|_| fmt::Error)?;
        writeln!(writer, "{}", String::from_utf8_lossy(&line))
    }
}

/// One object: `time` (RFC 3339), `level`, `message`, the fields, and `target`, the module that speaks.
fn write_line(time: &str, level: &str, target: &str, fields: &Fields) -> Result<Vec<u8>, serde_json::Error> {
    use serde::ser::{SerializeMap, Serializer as _};
    let mut line = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut line, Visible);
    let mut object = serializer.serialize_map(None)?;
    object.serialize_entry("time", time)?;
    object.serialize_entry("level", level)?;
    object.serialize_entry("message", &fields.message)?;
    for (name, value) in &fields.rest {
        object.serialize_entry(name, value)?;
    }
    object.serialize_entry("target", target)?;
    object.end()?;
    Ok(line)
}

/// Compact JSON in which whatever can't be seen, or could reorder the text on a screen, is written as `\u…`; a parser gives
/// the same text back.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for c in fragment.chars() {
            let is_escape = c.escape_debug().nth(1).is_some();
            if is_escape && !c.is_ascii() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else if c == '\u{7f}' {
                writer.write_all(b"\\u007f")?;
            } else {
                writer.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Message and fields of one event, in their order.
#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(String, Value)>,
}

impl Fields {
    fn push(&mut self, field: &Field, value: impl Into<Value>) {
        let name = match field.name() {
            // One object has each name once.
            reserved @ ("time" | "level" | "target") => format!("{reserved}_"),
            name => name.to_owned(),
        };
        self.rest.push((name, value.into()));
    }

    fn push_text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => text.clone_into(&mut self.message),
            name if is_key(name) => self.push(field, short(text)),
            _ => self.push(field, text),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.push_text(field, &format!("{value:?}"));
    }
}
