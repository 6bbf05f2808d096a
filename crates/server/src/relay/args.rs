//! The flags of the relay, and of TURN servers of others.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, value_parser};

use crate::config::values;

/// The relay for people between whom there is no direct path.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Relay")]
pub struct RelayArgs {
    /// Do not relay voice.
    ///
    /// Without it the port of --listen serves STUN and TURN as well, over UDP, TCP and TLS, for the two people of each session
    /// and nobody else. Nothing but the other person can be reached through it.
    #[arg(long, env = "PAIRVOICE_NO_RELAY")]
    pub no_relay: bool,
    /// Address by which the server is known where it stands behind 1:1 NAT; one of IPv4, one of IPv6, or both with a comma between.
    ///
    /// Without it that is the address of --listen, or the one from which the system would send.
    #[arg(long, env = "PAIRVOICE_EXTERNAL_ADDRESS", value_delimiter = ',', value_name = "ADDRESS")]
    pub external_address: Vec<IpAddr>,
    /// Name, and port if it is another, by which clients reach the relay.
    ///
    /// Without it that is the one by which they reached the server, which a proxy in front of it is for HTTP only.
    #[arg(long, env = "PAIRVOICE_RELAY_HOST", value_parser = values::relay_host, value_name = "HOST[:PORT]")]
    pub relay_host: Option<String>,
    /// Relayed addresses that there may be at once. A call takes two to twelve of them.
    #[arg(long, env = "PAIRVOICE_RELAY_ALLOCATIONS", default_value_t = 8_000, value_parser = value_parser!(u32).range(2..=8_000), value_name = "ALLOCATIONS")]
    pub relay_allocations: u32,
    /// TURN server of another kind (coturn) for the clients, such as `turn:turn.example.com:3478?transport=udp`; several with commas
    /// between.
    ///
    /// They come beside the server's own relay, or in its place with --no-relay. They have to take credentials that are made
    /// with the secret in --turn-secret-file.
    #[arg(long, env = "PAIRVOICE_TURN", value_delimiter = ',', value_parser = values::turn, requires = "turn_secret_file", value_name = "URL")]
    pub turn: Vec<String>,
    /// File with the secret that the TURN servers of --turn share with this one (coturn: static-auth-secret).
    #[arg(long, env = "PAIRVOICE_TURN_SECRET_FILE", requires = "turn", value_name = "FILE")]
    pub turn_secret_file: Option<PathBuf>,
    /// Seconds for which credentials for relays are good. Clients are given others before that.
    #[arg(long, env = "PAIRVOICE_TURN_LIFETIME", default_value_t = 3_600, value_parser = value_parser!(u32).range(10..=86_400), value_name = "SECONDS")]
    pub turn_lifetime: u32,
}
