//! The settings that are in force, as a file that `--config` takes.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::file::{Kind, Merged, settings, takes_many};

/// Every setting with its value and where that is from. A flag whose environment value `--help` hides holds a secret itself,
/// and is not shown.
pub(super) fn effective(command: &Command, matches: &ArgMatches, merged: &Merged) -> String {
    let mut text = String::new();
    let mut headings = BTreeSet::new();
    let mut all: Vec<&Arg> = settings(command).collect();
    // Under each heading once, in the order in which the headings come.
    let order: Vec<Option<&str>> = all.iter().map(|arg| arg.get_help_heading()).collect();
    all.sort_by_key(|arg| order.iter().position(|heading| *heading == arg.get_help_heading()));
    for arg in all {
        let heading = arg.get_help_heading().unwrap_or("Options");
        if headings.insert(heading) {
            let _ = writeln!(text, "{}# {heading}", if text.is_empty() { "" } else { "\n" });
        }
        let key = arg.get_long().unwrap_or_default();
        let _ = match value(arg, matches) {
            None => writeln!(text, "# {key} is not set"),
            Some(_) if arg.is_hide_env_values_set() => writeln!(text, "# {key} is set and not shown"),
            Some(value) => writeln!(text, "{key} = {value} # {}", source(arg, matches, merged)),
        };
    }
    text
}

/// The value in TOML, nothing when there is none.
fn value(arg: &Arg, matches: &ArgMatches) -> Option<String> {
    let id = arg.get_id().as_str();
    match arg.get_action() {
        ArgAction::SetTrue => return Some(matches.get_flag(id).to_string()),
        ArgAction::SetFalse => return Some((!matches.get_flag(id)).to_string()),
        ArgAction::Count => return Some(matches.get_count(id).to_string()),
        _ => {}
    }
    let plain = matches!(Kind::of(arg), Kind::Boolean | Kind::Integer);
    let mut values = matches.get_raw(id)?.map(|value| {
        let value = value.to_string_lossy();
        if plain { value.into_owned() } else { quoted(&value) }
    });
    if takes_many(arg) { Some(format!("[{}]", values.collect::<Vec<_>>().join(", "))) } else { values.next() }
}

fn source(arg: &Arg, matches: &ArgMatches, merged: &Merged) -> String {
    match (matches.value_source(arg.get_id().as_str()), &merged.file, arg.get_long()) {
        (Some(ValueSource::CommandLine), Some(file), Some(key)) if merged.from_file.contains(key) => {
            quoted(&file.to_string_lossy()).trim_matches('"').to_owned()
        }
        (Some(ValueSource::CommandLine), ..) => "command line".into(),
        (Some(ValueSource::EnvVariable), ..) => arg.get_env().unwrap_or_default().to_string_lossy().into_owned(),
        _ => "default".into(),
    }
}

/// A basic string of TOML 1.0.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_as_toml_wants_them() {
        let text = "C:\\a \"b\"\n\u{7f}ü";
        let parsed: toml::Table = toml::from_str(&format!("a = {}", quoted(text))).unwrap();
        assert_eq!(parsed.get("a").and_then(toml::Value::as_str), Some(text));
    }
}
