//! The log of the process, on standard error: lines for people or JSON, and nothing secret in either.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use thiserror::Error;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

pub use self::quoted::{Quoted, short};

mod json;
mod quoted;
mod text;

/// How the log is written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs")]
pub struct LogArgs {
    /// How lines of the log are written: for people, or as one JSON object each.
    #[arg(long, env = "PAIRVOICE_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Time, level, message, fields.
    #[default]
    Text,
    /// One JSON object with `time`, `level`, `message` and the fields at its top.
    Json,
}

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogsError {
    /// `RUST_LOG` is not a filter.
    #[error("RUST_LOG={text} is not a filter of log lines, such as warn or pairvoice_server=debug: {source}")]
    Filter {
        /// What it says.
        text: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The process has a log already.
    #[error("the log is set up already")]
    Twice(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Lets the process log to standard error, as much as the environment variable `RUST_LOG` says, `info` without it.
///
/// # Errors
/// [`LogsError`] when `RUST_LOG` can't be read, or on a second call.
pub fn init(args: &LogArgs) -> Result<(), LogsError> {
    let text = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let filter = if text.trim().is_empty() { Ok(EnvFilter::new("info")) } else { EnvFilter::try_new(&text) };
    let filter = filter.map_err(|source| LogsError::Filter { text, source })?;
    let stderr = io::stderr();
    let lines = subscriber(args.log_format, filter, io::stderr, stderr.is_terminal());
    Ok(tracing::subscriber::set_global_default(lines)?)
}

/// Writes lines that both the filter and [`may_be_read`] let through.
fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
    colors: bool,
) -> Box<dyn Subscriber + Send + Sync + 'static>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter.and(filter_fn(may_be_read));
    let lines = layer().with_writer(writer).with_ansi(colors);
    match format {
        LogFormat::Text => Box::new(registry().with(lines.event_format(text::Text).with_filter(filter))),
        LogFormat::Json => Box::new(registry().with(lines.event_format(json::Json).with_filter(filter))),
    }
}

/// Libraries print tokens, descriptions and texts at DEBUG, and keys at TRACE: `RUST_LOG` can't ask for these.
fn may_be_read(meta: &Metadata<'_>) -> bool {
    let own = meta.target().split("::").next().is_some_and(|name| name.starts_with("pairvoice_"));
    own || *meta.level() <= Level::INFO
}

/// Whether a field of this name holds a session ID of Socket.IO or Engine.IO.
fn is_key(name: &str) -> bool {
    matches!(name, "sid" | "socket_id" | "session_id")
}

#[cfg(test)]
pub(crate) mod tests;
