//! The file of `--config`: its settings are put behind the program's name as if they had been typed, where neither the
//! command line nor the environment says otherwise. It knows no flag by name: each long flag of the command is a key.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use thiserror::Error;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;

/// Flags that say what to do with settings, and are none.
const NO_SETTINGS: [&str; 4] = ["config", "help", "print-config", "version"];

/// What keeps a file of settings from being used.
#[derive(Debug, Error)]
pub enum FileError {
    /// It can't be read.
    #[error("cannot read the settings in {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("{path}, line {line}: {message}; the file should be TOML 1.0, such as: listen = \"127.0.0.1:8787\"")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A key that is no flag.
    #[error("{path}, line {line}: there is no setting {key}{hint}")]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// The nearest known one as the sentence's end.
        hint: String,
    },
    /// A value of another type.
    #[error("{path}, line {line}: {key} takes {expected}, not {found}")]
    Type {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// What it takes.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value that the flag does not take.
    #[error("{path}, line {line}: {key}: {message}")]
    Value {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// What the flag says.
        message: String,
    },
}

/// A command line that has a file's settings in it.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// What to parse.
    pub(super) args: Vec<OsString>,
    /// The file, if one is used.
    pub(super) file: Option<PathBuf>,
    /// The keys whose values are the file's.
    pub(super) from_file: BTreeSet<String>,
}

/// Puts the settings of the file that the command line or the environment names into the command line.
pub(super) fn merge(command: &Command, args: Vec<OsString>) -> Result<Merged, FileError> {
    let without = |args| Merged { args, ..Merged::default() };
    // Whatever is wrong is told when it is all together; here only matters what was given.
    let Ok(given) = command.clone().ignore_errors(true).try_get_matches_from(&args) else { return Ok(without(args)) };
    let Some(path) = file_of(command, &given) else { return Ok(without(args)) };
    if given.subcommand_name().is_some() {
        return Ok(without(args));
    }
    let text = std::fs::read_to_string(&path).map_err(|source| FileError::Read { path: path.clone(), source })?;
    let mut merged = Merged { file: Some(path.clone()), ..Merged::default() };
    let mut settings = Vec::new();
    for (arg, values) in read(command, &path, &text)? {
        let key = arg.get_long().unwrap_or_default();
        let typed = given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        if typed || arg.get_env().is_some_and(|name| std::env::var_os(name).is_some()) {
            continue;
        }
        merged.from_file.insert(key.to_owned());
        settings.extend(values.into_iter().map(OsString::from));
    }
    let mut args = args.into_iter();
    merged.args = args.next().into_iter().chain(settings).chain(args).collect();
    Ok(merged)
}

/// The flags that a file may set.
pub(super) fn settings(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| arg.get_long().is_some_and(|name| !NO_SETTINGS.contains(&name)))
}

fn file_of(command: &Command, given: &ArgMatches) -> Option<PathBuf> {
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some("config"))?;
    let typed = given.try_get_one::<PathBuf>(arg.get_id().as_str()).ok().flatten().cloned();
    typed.or_else(|| arg.get_env().and_then(std::env::var_os).map(PathBuf::from))
}

/// The settings of a file, each as what would stand on a command line.
fn read<'a>(command: &'a Command, path: &Path, text: &str) -> Result<Vec<(&'a Arg, Vec<String>)>, FileError> {
    let line = |offset: usize| text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| FileError::Broken {
        path: path.to_owned(),
        line: line(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let mut found = Vec::new();
    for (key, value) in table.get_ref() {
        let (name, line) = (key.get_ref().as_ref(), line(key.span().start));
        let at = || (path.to_owned(), name.to_owned());
        let Some(arg) = settings(command).find(|arg| arg.get_long() == Some(name)) else {
            let known = settings(command).filter_map(Arg::get_long);
            let hint = nearest(name, known).map_or_else(
                || "; --help lists them, and each stands at the top of the file, under no heading".to_owned(),
                |near| format!("; did you mean {near}?"),
            );
            let (path, key) = at();
            return Err(FileError::UnknownKey { path, line, key, hint });
        };
        let values = values(arg, value.get_ref()).map_err(|(expected, found)| {
            let (path, key) = at();
            FileError::Type { path, line, key, expected, found }
        })?;
        try_out(arg, &values).map_err(|message| {
            let (path, key) = at();
            FileError::Value { path, line, key, message }
        })?;
        found.push((arg, words(arg, &values)));
    }
    Ok(found)
}

/// What would stand on a command line.
fn words(arg: &Arg, values: &[String]) -> Vec<String> {
    let name = arg.get_long().unwrap_or_default();
    let word = |value: &String| match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => vec![format!("--{name}"); usize::from(value == "true")],
        ArgAction::Count => vec![format!("--{name}"); value.parse::<u8>().unwrap_or_default().into()],
        _ => vec![format!("--{name}={value}")],
    };
    values.iter().flat_map(word).collect()
}

/// A flag's values as text, or what it takes and what stands there.
fn values(arg: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, (&'static str, &'static str)> {
    match value {
        DeValue::Array(array) if takes_many(arg) => {
            array.iter().map(|item| single(arg, item.get_ref())).collect::<Result<_, _>>()
        }
        value => single(arg, value).map(|value| vec![value]),
    }
}

fn single(arg: &Arg, value: &DeValue<'_>) -> Result<String, (&'static str, &'static str)> {
    let expected = Kind::of(arg);
    let text = match (value, expected) {
        (DeValue::Boolean(on), Kind::Boolean) => Some(on.to_string()),
        (DeValue::Integer(number), Kind::Integer | Kind::Other) => {
            i128::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        (DeValue::Float(number), Kind::Other) => Some(number.as_str().to_owned()),
        (DeValue::String(text), Kind::Text | Kind::Other) => Some(text.to_string()),
        _ => None,
    };
    text.ok_or((expected.name(takes_many(arg)), name_of(value)))
}

/// The TOML type of a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// On or off.
    Boolean,
    /// A whole number.
    Integer,
    /// A string, and nothing else.
    Text,
    /// Text that may look like a number.
    Other,
}

impl Kind {
    /// What this flag takes.
    pub(super) fn of(arg: &Arg) -> Self {
        match arg.get_action() {
            ArgAction::SetTrue | ArgAction::SetFalse => return Self::Boolean,
            ArgAction::Count => return Self::Integer,
            _ => {}
        }
        let value = arg.get_value_parser().type_id();
        let is = |kinds: &[TypeId]| kinds.iter().any(|kind| value == *kind);
        if is(&[TypeId::of::<bool>()]) {
            Self::Boolean
        } else if is(&[
            TypeId::of::<u8>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<usize>(),
        ]) || is(&[
            TypeId::of::<i8>(),
            TypeId::of::<i16>(),
            TypeId::of::<i32>(),
            TypeId::of::<i64>(),
            TypeId::of::<isize>(),
        ]) {
            Self::Integer
        } else if is(&[TypeId::of::<String>(), TypeId::of::<PathBuf>(), TypeId::of::<OsString>()]) {
            Self::Text
        } else {
            Self::Other
        }
    }

    fn name(self, many: bool) -> &'static str {
        match (self, many) {
            (Self::Boolean, _) => "true or false",
            (Self::Integer, false) => "a whole number",
            (Self::Integer, true) => "a whole number or an array of them",
            (Self::Text, false) => "a string in quotes",
            (Self::Text | Self::Other, true) => "a string in quotes or an array of them",
            (Self::Other, false) => "a single value",
        }
    }
}

fn name_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// Whether a flag may be given more than once.
pub(super) fn takes_many(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append) || arg.get_value_delimiter().is_some()
}

/// What the flag itself says to these values, without the others.
fn try_out(arg: &Arg, values: &[String]) -> Result<(), String> {
    if !arg.get_action().takes_values() {
        return Ok(());
    }
    let alone = Arg::new("value")
        .long("value")
        .action(ArgAction::Append)
        .value_parser(arg.get_value_parser().clone())
        .value_delimiter(arg.get_value_delimiter());
    let command = Command::new("setting").no_binary_name(true).disable_help_flag(true).arg(alone);
    let Err(error) = command.try_get_matches_from(values.iter().map(|value| format!("--value={value}"))) else {
        return Ok(());
    };
    Err(match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(valid))) if !valid.is_empty() => format!("give one of {}", valid.join(", ")),
        (None, _) => "this value does not fit".into(),
    })
}
