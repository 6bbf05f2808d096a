//! Which ICE servers a client is told, and with which credentials.

use pairvoice_relay::{Credentials, Secret};
use pairvoice_wire::{IceServer, IceServers, SessionId, UserId};

use crate::auth::now_s;

/// The ICE servers of this server's clients.
#[derive(Debug, Default)]
pub struct Ice {
    /// STUN servers of others.
    pub stun: Vec<String>,
    /// TURN servers of others, and the secret that they share with this one.
    pub turn: Option<(Vec<String>, Secret)>,
    /// The relay on the port of this server.
    pub own: Option<OwnRelay>,
    /// For how long credentials are good, in seconds.
    pub lifetime_s: u32,
}

/// The relay on the port of this server.
#[derive(Debug)]
pub struct OwnRelay {
    /// What credentials are made with.
    pub secret: Secret,
    /// Name and port by which clients reach it, where that is not the one by which they reached the server.
    pub host: Option<String>,
    /// Whether it is reached by TLS, too.
    pub tls: bool,
}

impl Ice {
    /// The servers for a user. `host` is the `Host` by which the client reached this server.
    #[must_use]
    pub fn servers(&self, session: &SessionId, user: &UserId, host: Option<&str>) -> IceServers {
        let mut servers = Vec::new();
        if !self.stun.is_empty() {
            servers.push(IceServer { urls: self.stun.clone(), username: None, credential: None });
        }
        let until_s = now_s() + u64::from(self.lifetime_s);
        let with = |urls, secret: &Secret| {
            let Credentials { username, password } = secret.credentials(session.as_str(), user.as_str(), until_s);
            IceServer { urls, username: Some(username), credential: Some(password) }
        };
        let own = self.own.as_ref().and_then(|own| Some((own, urls(own.host.as_deref().or(host)?, own.tls)?)));
        servers.extend(own.map(|(own, urls)| with(urls, &own.secret)));
        servers.extend(self.turn.as_ref().map(|(urls, secret)| with(urls.clone(), secret)));
        let lifetime = servers.iter().any(IceServer::is_relay).then_some(self.lifetime_s);
        IceServers { ice_servers: servers, ice_lifetime: lifetime }
    }

    /// Whether people of different networks reach each other.
    pub(crate) fn is_for_all_networks(&self) -> bool {
        self.own.is_some() || self.turn.is_some() || !self.stun.is_empty()
    }
}

/// The relay's URLs (RFC 7065), of which each also serves STUN; UDP first, for it is the best for voice.
fn urls(host: &str, tls: bool) -> Option<Vec<String>> {
    let (name, port) = crate::config::values::host(host)?;
    let port = port.unwrap_or(if tls { 443 } else { 80 });
    let url = |scheme, transport| format!("{scheme}:{name}:{port}?transport={transport}");
    let mut urls = vec![url("turn", "udp"), url("turn", "tcp")];
    urls.extend(tls.then(|| url("turns", "tcp")));
    Some(urls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_is_where_the_page_was_found() {
        assert_eq!(
            urls("a.example:8443", true).unwrap(),
            [
                "turn:a.example:8443?transport=udp",
                "turn:a.example:8443?transport=tcp",
                "turns:a.example:8443?transport=tcp"
            ]
        );
        assert_eq!(urls("a.example", true).unwrap().last().unwrap(), "turns:a.example:443?transport=tcp");
        assert_eq!(urls("[::1]", false).unwrap(), ["turn:[::1]:80?transport=udp", "turn:[::1]:80?transport=tcp"]);
        for bad in ["", "a b", "a?x", "a:0", "a/b", "a\"", "[::g]"] {
            assert_eq!(urls(bad, true), None, "{bad}");
        }
    }

    #[test]
    fn who_has_a_relay_has_credentials_for_a_while() {
        let (session, user) = (SessionId::parse("s").unwrap(), UserId::parse("7").unwrap());
        let none = Ice::default().servers(&session, &user, Some("a"));
        assert_eq!(none, IceServers::default());
        let own = OwnRelay { secret: Secret::new(b"own"), host: None, tls: false };
        let ice = Ice { stun: vec!["stun:b".into()], own: Some(own), lifetime_s: 60, ..Ice::default() };
        let servers = ice.servers(&session, &user, Some("a"));
        assert_eq!((servers.ice_servers.len(), servers.ice_lifetime), (2, Some(60)));
        assert!(servers.ice_servers[1].username.is_some() && servers.ice_servers[1].credential.is_some());
        let nowhere = ice.servers(&session, &user, None);
        assert_eq!((nowhere.ice_servers.len(), nowhere.ice_lifetime), (1, None), "it is not known where the relay is");
    }
}
