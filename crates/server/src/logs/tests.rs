use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::{debug, info, info_span, warn};

use super::*;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written by `work` in this thread.
pub(crate) fn written(format: LogFormat, filter: &str, work: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let into = buffer.clone();
    let lines = subscriber(format, EnvFilter::new(filter), move || into.clone(), false);
    tracing::subscriber::with_default(lines, work);
    String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
}

/// A line of the text format without its time.
fn text(work: impl FnOnce()) -> String {
    let line = written(LogFormat::Text, "info", work);
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    rest.to_owned()
}

const FORGED: [&str; 7] = [
    "s user=admin",
    "s\" user=\"admin",
    "s\u{202e}nimda",
    "s\u{85}2030-01-01T00:00:00Z",
    "s\u{2028}level=ERROR",
    "\u{feff}\u{200b}s",
    "s\\",
];

#[test]
fn a_line_for_people_has_time_level_message_and_quoted_fields() {
    let line = text(|| info!(room = "s", socket = 3_u64, connection = Some(5_u64), none = None::<u64>, "joined"));
    assert_eq!(line, " INFO pairvoice_server::logs::tests: joined room=\"s\" socket=3 connection=5\n");
    let line = text(|| warn!(error = %"disk\nfull", address = %"127.0.0.1:1", "it said \"no\"\n"));
    let rest = r#"it said "no"\n error="disk\nfull" address=127.0.0.1:1"#;
    assert_eq!(line, format!(" WARN pairvoice_server::logs::tests: {rest}\n"));
}

#[test]
fn names_forge_neither_lines_nor_fields() {
    for name in FORGED {
        let fields = [
            text(|| info!(room = name, socket = 1, "joined")),
            text(|| info!(room = %name, socket = 1, "joined")),
            text(|| info!(room = ?name, socket = 1, "joined")),
            text(|| info!(room = %Quoted(name), socket = 1, "joined")),
        ];
        for line in fields {
            assert!(line.ends_with(" socket=1\n") && line.lines().count() == 1, "{line:?}");
            let visible = |c: char| c == '\n' || c.is_ascii_graphic() || c == ' ';
            assert!(line.chars().all(visible), "{line:?}");
            let room = line.strip_prefix(" INFO pairvoice_server::logs::tests: joined room=\"").unwrap();
            let end = room.strip_suffix("\" socket=1\n").unwrap().replace("\\\\", "").replace("\\\"", "");
            assert!(!end.contains('"'), "{line:?}");
        }
        let line = text(|| info!("user {} offers", Quoted(name)));
        assert!(line.ends_with("\" offers\n") && line.lines().count() == 1 && line.is_ascii(), "{line:?}");
    }
}

#[test]
fn a_line_for_programs_is_one_object_with_its_fields_at_the_top() {
    let line = written(LogFormat::Json, "info", || {
        info!(room = "s", socket = 3_u64, delta = -1_i64, ok = true, connection = 5_u64, time = "x", "joined");
    });
    let mut object: Value = serde_json::from_str(&line).unwrap();
    let time = object["time"].take();
    assert!(time.as_str().is_some_and(|time| time.len() == 27 && time.ends_with('Z')), "{time}");
    let wanted = json!({
        "time": null, "level": "INFO", "message": "joined", "room": "s", "socket": 3, "delta": -1, "ok": true,
        "connection": 5, "time_": "x", "target": "pairvoice_server::logs::tests",
    });
    assert_eq!(object, wanted);
    assert!(line.starts_with("{\"time\":\""));
}

#[test]
fn programs_read_the_very_name_and_people_see_no_trick() {
    for name in FORGED.into_iter().chain(["a\u{e0041}\u{7f}", "é"]) {
        let line = written(LogFormat::Json, "info", || info!(room = name, "joined"));
        assert_eq!(line.lines().count(), 1);
        let object: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["room"], name);
        assert!(line.replace('é', "").trim_end().chars().all(|c| c.is_ascii_graphic() || c == ' '), "{line:?}");
    }
}

#[test]
fn session_ids_are_shortened_and_spans_left_out() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let line = written(format, "info", || {
            let _span = info_span!("close", sid = "AAAABBBBCCCCDDDD").entered();
            info!(sid = "AAAABBBBCCCCDDDD", "gone");
            info!(sid = %"AAAABBBBCCCCDDDD", "gone");
        });
        assert!(line.contains("AAAA") && !line.contains("BBBB"), "{line}");
    }
}

#[test]
fn libraries_are_never_read_below_info() {
    let filter = "trace,socketioxide::client=trace,[close{sid}]=trace";
    let lines = written(LogFormat::Text, filter, || {
        debug!(target: "socketioxide::client", "token");
        debug!(target: "engineioxide_core::packet", "token");
        debug!(target: "log", "token");
        debug!(target: "hyper::proto", "token");
        info!(target: "hyper::proto", "a library");
        debug!(target: "pairvoice_server::lines", "own");
    });
    assert!(!lines.contains("token"), "{lines}");
    assert!(lines.contains("INFO hyper::proto: a library") && lines.contains("DEBUG pairvoice_server::lines: own"));
}
