use std::collections::HashSet;

use super::*;

#[derive(Debug)]
struct File;

impl Database for File {
    fn size_bytes(&self) -> Option<u64> {
        Some(8_192)
    }
    fn free_pages(&self) -> Option<u64> {
        Some(1)
    }
    fn is_reachable(&self) -> bool {
        true
    }
}

fn line(text: &str, start: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(start)).map(|rest| rest.trim().to_owned())
}

#[test]
fn everything_is_counted_under_its_name() {
    let metrics = Metrics::new();
    metrics.watch_rooms(Box::new(|| (2, 3)));
    metrics.watch_database(Arc::new(File));
    metrics.joined();
    metrics.knocked(KnockOutcome::Signals);
    metrics.refused(&Code::Unauthorized);
    metrics.socket_opened(Transport::Polling);
    metrics.socket_closed(Transport::Polling);
    metrics.socket_opened(Transport::WebSocket);
    metrics.connection_opened();
    metrics.connection_opened();
    metrics.connection_closed();
    metrics.connection_refused(ConnectionRefusal::PerAddress);
    metrics.hung_up(HangUp::UnsentAge);
    metrics.event("chat", EventOutcome::Refused);
    metrics.signal("offer", SignalOutcome::from(pairvoice_wire::Outcome::Parked));
    metrics.voice(VoiceState::Unavailable, Some(VoiceReason::NoRelay));
    metrics.voice(VoiceState::Connected, None);
    metrics.time_to_connect(0.3);
    metrics.chat_messages(2, 10);
    metrics.queued_bytes(100);
    metrics.queued_bytes(-40);
    metrics.log_lines_dropped(7);
    let text = metrics.encode().unwrap();
    for (name, value) in [
        ("pairvoice_joins_total", "1"),
        ("pairvoice_knocks_total{outcome=\"signals\"}", "1"),
        ("pairvoice_knocks_total{outcome=\"gone\"}", "0"),
        ("pairvoice_refusals_total{code=\"unauthorized\"}", "1"),
        ("pairvoice_sockets{transport=\"polling\"}", "0"),
        ("pairvoice_sockets{transport=\"websocket\"}", "1"),
        ("pairvoice_connections ", "1"),
        ("pairvoice_connections_opened_total", "2"),
        ("pairvoice_connections_refused_total{reason=\"per-address\"}", "1"),
        ("pairvoice_hang_ups_total{reason=\"unsent-age\"}", "1"),
        ("pairvoice_hang_ups_total{reason=\"token\"}", "0"),
        ("pairvoice_events_total{event=\"chat\",outcome=\"refused\"}", "1"),
        ("pairvoice_events_total{event=\"chat\",outcome=\"done\"}", "0"),
        ("pairvoice_signals_total{kind=\"offer\",outcome=\"parked\"}", "1"),
        ("pairvoice_voice_states_total{state=\"unavailable\",reason=\"no-relay\"}", "1"),
        ("pairvoice_voice_states_total{state=\"connected\",reason=\"\"}", "1"),
        ("pairvoice_voice_connect_seconds_bucket{le=\"0.25\"}", "0"),
        ("pairvoice_voice_connect_seconds_bucket{le=\"0.5\"}", "1"),
        ("pairvoice_voice_connect_seconds_count", "1"),
        ("pairvoice_chat_messages_total", "2"),
        ("pairvoice_chat_text_bytes_total", "10"),
        ("pairvoice_queued_bytes ", "60"),
        ("pairvoice_log_lines_dropped_total", "7"),
        ("pairvoice_rooms ", "2"),
        ("pairvoice_seats ", "3"),
        ("pairvoice_database_size_bytes ", "8192"),
        ("pairvoice_database_free_pages ", "1"),
    ] {
        assert_eq!(line(&text, name).as_deref(), Some(value), "{name}\n{text}");
    }
    let start: f64 = line(&text, "pairvoice_process_start_time_seconds ").unwrap().parse().unwrap();
    assert!(start > 1_600_000_000.0);
    assert!(text.contains(&format!("pairvoice_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"))));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn each_name_has_a_help_text_of_its_own() {
    let metrics = Metrics::new();
    metrics.watch_rooms(Box::new(|| (0, 0)));
    metrics.watch_database(Arc::new(File));
    metrics.refused(&Code::Busy);
    metrics.signal("end", SignalOutcome::Dropped);
    metrics.voice(VoiceState::Off, None);
    let text = metrics.encode().unwrap();
    let described: HashSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()).collect();
    let typed: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(typed.len(), described.len(), "{text}");
    assert_eq!(typed.iter().copied().collect::<HashSet<_>>(), described);
    for sample in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(described.iter().any(|name| sample.starts_with(name)), "{sample}");
        assert!(sample.starts_with("pairvoice_"), "{sample}");
    }
    assert!(!text.contains(".."), "{text}");
}

#[test]
fn what_a_client_makes_up_is_one_series() {
    let metrics = Metrics::new();
    let before = metrics.encode().unwrap().lines().count();
    for index in 0..1_000 {
        metrics.refused(&Code::Other(format!("made-up-{index}")));
        metrics.event(&format!("made-up-{index}"), EventOutcome::Malformed);
    }
    let text = metrics.encode().unwrap();
    assert_eq!(line(&text, "pairvoice_refusals_total{code=\"other\"}").as_deref(), Some("1000"));
    assert_eq!(line(&text, "pairvoice_events_total{event=\"other\",outcome=\"malformed\"}").as_deref(), Some("1000"));
    // A description of two lines appears with the first refusal.
    assert_eq!(text.lines().count(), before + 4);
}
