//! By which names the admin address may be asked.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::is_loopback;

/// The names of this machine: a page whose own name was pointed at it (DNS rebinding) asks by another one.
#[derive(Debug, Clone)]
pub struct Hosts {
    bound: IpAddr,
    names: Vec<String>,
}

impl Hosts {
    /// Loopback names, the address that is listened on, and further names without port. All addresses are good if all are
    /// listened on, for a page can't point an address anywhere.
    #[must_use]
    pub fn new(bound: IpAddr, names: &[String]) -> Self {
        Self { bound, names: names.to_vec() }
    }

    /// Whether a `Host` header names this machine (RFC 9110 section 7.2).
    #[must_use]
    pub fn allow(&self, host: &str) -> bool {
        if let Some(ip) = address(host) {
            return ip.is_loopback() || ip == self.bound || self.bound.is_unspecified();
        }
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host();
        is_loopback(host) || self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether a request names this machine, once, and does not come from another one's page.
    fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
            return Err("a request names its host, once");
        };
        if !self.allow(host) {
            return Err("this address is for this machine's own names; see --admin-host");
        }
        let foreign = headers.get_all(header::ORIGIN).iter().any(|origin| {
            let name = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            name.is_none_or(|(_, name)| !name.eq_ignore_ascii_case(host))
        });
        if foreign { Err("pages of other origins may not ask here") } else { Ok(()) }
    }
}

/// Lets a request through if it is for [`Hosts`].
pub(super) async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    match hosts.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
    }
}

/// The address of a host that is one, with or without port.
fn address(host: &str) -> Option<IpAddr> {
    let bare = || host.parse().ok().or_else(|| host.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    host.parse::<SocketAddr>().map(|socket| socket.ip()).ok().or_else(bare)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn hosts(bound: &str) -> Hosts {
        Hosts::new(bound.parse().unwrap(), &["metrics.example".to_owned()])
    }

    #[test]
    fn names_of_this_machine_are_allowed() {
        for host in
            ["localhost", "localhost:9000", "127.0.0.1:9000", "[::1]:9000", "[::1]", "a.localhost", "Metrics.example:1"]
        {
            assert!(hosts("10.0.0.5").allow(host), "{host}");
        }
        for host in
            ["", "example.com", "localhost.example.com", "10.0.0.6", "x@localhost", "metrics.example.com", "a b"]
        {
            assert!(!hosts("10.0.0.5").allow(host), "{host}");
        }
        assert!(hosts("10.0.0.5").allow("10.0.0.5:9000"));
        assert!(hosts("0.0.0.0").allow("10.0.0.6:9000") && hosts("::").allow("[2001:db8::1]"));
        assert!(!hosts("0.0.0.0").allow("example.com"));
    }

    #[test]
    fn pages_of_others_are_refused() {
        let request = |pairs: &[(header::HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, HeaderValue::from_static(value));
            }
            hosts("127.0.0.1").check(&headers)
        };
        let host = (header::HOST, "localhost:9000");
        assert!(request(std::slice::from_ref(&host)).is_ok());
        assert!(request(&[host.clone(), (header::ORIGIN, "http://localhost:9000")]).is_ok());
        for origin in ["null", "http://localhost:8787", "https://example.com", "http://metrics.example"] {
            assert!(request(&[host.clone(), (header::ORIGIN, origin)]).is_err(), "{origin}");
        }
        assert!(request(&[]).is_err());
        assert!(request(&[host.clone(), host]).is_err());
    }
}
