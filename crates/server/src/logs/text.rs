//! Lines for people: time, level, who speaks, message, fields.
//!
//! Spans are left out: those of the Socket.IO libraries hold whole session IDs.

use std::fmt::{self, Debug, Display, Write};

use tracing::field::{Field as Key, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::is_key;
use super::quoted::{Field, Printable, Quoted, short};

/// The format `text`.
pub(super) struct Text;

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        SystemTime.format_time(&mut writer)?;
        let meta = event.metadata();
        let color = match *meta.level() {
            _ if !writer.has_ansi_escapes() => None,
            Level::ERROR => Some(31),
            Level::WARN => Some(33),
            Level::INFO => Some(32),
            Level::DEBUG | Level::TRACE => Some(34),
        };
        match color {
            Some(color) => write!(writer, " \u{1b}[{color}m{:>5}\u{1b}[0m", meta.level())?,
            None => write!(writer, " {:>5}", meta.level())?,
        }
        writeln!(writer, " {}:{}{}", meta.target(), fields.message, fields.rest)
    }
}

/// Message and fields of one event, each with a space before it.
#[derive(Default)]
struct Fields {
    message: String,
    rest: String,
}

impl Fields {
    fn push(&mut self, name: &str, value: impl Display) {
        // Writing into a String can't fail.
        let _ = write!(self.rest, " {name}={value}");
    }
}

impl Visit for Fields {
    fn record_str(&mut self, key: &Key, value: &str) {
        match key.name() {
            "message" => self.message = format!(" {}", Printable(value)),
            name if is_key(name) => self.push(name, Quoted(short(value))),
            name => self.push(name, Quoted(value)),
        }
    }

    fn record_debug(&mut self, key: &Key, value: &dyn Debug) {
        let value = format!("{value:?}");
        match key.name() {
            "message" => self.message = format!(" {}", Printable(&value)),
            name if is_key(name) => self.push(name, Field(short(&value))),
            name => self.push(name, Field(&value)),
        }
    }
}
