//! What single values have to look like.

/// An origin (RFC 6454 section 6.2) as browsers send it: `scheme://host` or `scheme://host:port`.
///
/// # Errors
/// A sentence that says what does not fit.
pub(super) fn origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err("--allow-origin names each origin: with a wildcard any page could act for its visitors".into());
    }
    if text == "null" {
        return Err("null is the origin of files and sandboxed frames, whoever made them, and can't be allowed".into());
    }
    let form = || format!("{text} is no origin; give scheme://host or scheme://host:port");
    let (scheme, authority) = text.split_once("://").ok_or_else(form)?;
    if text.chars().any(char::is_uppercase) {
        return Err(format!("browsers send origins in lower case: {}", text.to_lowercase()));
    }
    if !text.is_ascii() {
        return Err(format!("browsers send {text} in its ASCII form (xn--…); give that"));
    }
    if let Some((origin, rest)) = authority.split_once(['/', '?', '#']) {
        return Err(format!("an origin ends before the path: {scheme}://{origin}, without /{rest}"));
    }
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    let (host, port) = host_and_port(authority).ok_or_else(form)?;
    if !scheme_fits || !is_host(host) {
        return Err(form());
    }
    if matches!((scheme, port), ("http", Some(80)) | ("https", Some(443))) {
        return Err(format!("browsers leave a scheme's usual port away: {scheme}://{host}"));
    }
    Ok(text.to_owned())
}

/// The address of a STUN server (RFC 7064 section 3.1): `stun:host`, `stun:host:port`, or the same with `stuns`.
///
/// # Errors
/// A sentence that says what is expected.
pub(super) fn stun(text: &str) -> Result<String, String> {
    let server = text.strip_prefix("stun:").or_else(|| text.strip_prefix("stuns:"));
    match server.and_then(host_and_port) {
        Some((host, _)) if is_host(host) => Ok(text.to_owned()),
        _ => Err(format!("--stun takes stun:HOST:PORT, not {text}")),
    }
}

/// The address of a TURN server (RFC 7065 section 3.1): `turn:host`, `turn:host:port`, or the same with `turns`, and with
/// `?transport=udp` or `?transport=tcp` behind it.
///
/// # Errors
/// A sentence that says what is expected.
pub(crate) fn turn(text: &str) -> Result<String, String> {
    let server = text.strip_prefix("turn:").or_else(|| text.strip_prefix("turns:"));
    let server = server.map(|server| server.split_once('?').unwrap_or((server, "transport=udp")));
    match server.and_then(|(server, transport)| Some((host(server)?, transport))) {
        Some((_, "transport=udp" | "transport=tcp")) => Ok(text.to_owned()),
        _ => Err(format!("--turn takes turn:HOST:PORT?transport=udp, or tcp, or turns: for TLS, not {text}")),
    }
}

/// A host with or without port.
///
/// # Errors
/// A sentence that says what is expected.
pub(crate) fn relay_host(text: &str) -> Result<String, String> {
    host(text).map(|_| text.to_owned()).ok_or_else(|| format!("--relay-host takes HOST or HOST:PORT, not {text}"))
}

/// Splits `host` or `host:port`; nothing when it is neither.
pub(crate) fn host(text: &str) -> Option<(&str, Option<u16>)> {
    host_and_port(text).filter(|(host, _)| is_host(host))
}

/// Events a second.
///
/// # Errors
/// A sentence that says what is expected.
pub(crate) fn rate(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("with a rate of 0 no connection could send anything; give 1 or more events a second".into()),
        Ok(rate) if rate <= MAX_RATE => Ok(rate),
        _ => Err(format!("a rate is a whole number of events a second, from 1 to {MAX_RATE}")),
    }
}

/// More than one connection carries.
const MAX_RATE: u32 = 1_000_000;

/// Splits `host:port` and `[address]:port`; nothing when the port is not one.
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end_of_host = authority.rfind(']').unwrap_or(0);
    match authority.rsplit_once(':') {
        Some((host, port)) if host.len() > end_of_host => {
            let digits = port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port != 0)?;
            Some((host, Some(port)))
        }
        _ => Some((authority, None)),
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_send_them() {
        for text in [
            "https://a",
            "http://a.example:8080",
            "https://[::1]:8443",
            "capacitor://localhost",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(origin(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_a_sentence() {
        for (text, words) in [
            ("*", "wildcard"),
            ("https://*.example.com", "wildcard"),
            ("null", "can't be allowed"),
            ("app.example.com", "is no origin"),
            ("https://", "is no origin"),
            ("://a", "is no origin"),
            ("https://a:0", "is no origin"),
            ("https://a:65536", "is no origin"),
            ("https://a:+1", "is no origin"),
            ("https://u@a", "is no origin"),
            ("https://a b", "is no origin"),
            ("https://[::g]", "is no origin"),
            ("https://a/", "without /"),
            ("https://a/path", "without /path"),
            ("https://a?q", "ends before the path"),
            ("https://A.example", "https://a.example"),
            ("https://bücher.example", "xn--"),
            ("https://a:443", "usual port"),
            ("http://a:80", "usual port"),
        ] {
            let error = origin(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn stun_servers_have_a_scheme_and_a_host() {
        for text in ["stun:a", "stun:a.example:3478", "stuns:[2001:db8::1]:5349", "stun:192.0.2.1"] {
            assert_eq!(stun(text).as_deref(), Ok(text));
        }
        for text in
            ["a.example", "turn:a", "stun:", "stun::3478", "stun:a:0", "stun:a:x", "stun://a", "stun:a?transport=udp"]
        {
            assert!(stun(text).is_err(), "{text}");
        }
    }

    #[test]
    fn turn_servers_have_a_scheme_a_host_and_a_transport() {
        for text in ["turn:a", "turn:a:3478?transport=udp", "turns:[2001:db8::1]:5349?transport=tcp"] {
            assert_eq!(turn(text).as_deref(), Ok(text));
        }
        for text in ["a", "stun:a", "turn:", "turn:a:0", "turn:a?transport=tls", "turn:a?", "turn://a"] {
            assert!(turn(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_lets_something_through() {
        assert_eq!(rate("100"), Ok(100));
        for text in ["0", "-1", "1.5", "", "1000001", "99999999999"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
