//! The command line, validated once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use thiserror::Error;

use crate::auth::{KeyArgs, KeyError, KeyFile, Keys};
use crate::chat_log::Retention;
use crate::logs::LogArgs;
use crate::net::LimitArgs;

/// The options that are for tokens of an app, which --dev does without.
const KEYS: [&str; 5] = ["jwt_secret_file", "jwt_public_key_file", "jwks_file", "jwt_audience", "jwt_issuer"];

/// Signalling server for pairvoice: lets two people of a session find each other, and keeps their chat.
#[derive(Debug, Parser)]
#[command(name = "pairvoice-server", version, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign a token that lets one user into one session, and print it.
    Token(TokenArgs),
}

/// How to serve.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "PAIRVOICE_LISTEN", default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    /// File of the chat log (SQLite); it is made when missing.
    #[arg(long, env = "PAIRVOICE_DATABASE", default_value = "pairvoice.db")]
    pub database: PathBuf,
    /// Remove messages that are older than so many days; without it they are kept.
    #[arg(long, env = "PAIRVOICE_CHAT_DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub chat_days: Option<u32>,
    /// Keep so many messages of each session, the newest ones; without it all are kept.
    #[arg(long, env = "PAIRVOICE_CHAT_MESSAGES", value_parser = clap::value_parser!(u32).range(1..))]
    pub chat_messages: Option<u32>,
    /// Let one user write no more than so many MiB of text into one session; what is more waits at its author.
    #[arg(long, env = "PAIRVOICE_CHAT_USER_LIMIT", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub chat_user_limit: u32,
    /// Let the chat log's file grow no larger than so many MiB; when it is full, messages wait at their authors.
    #[arg(long, env = "PAIRVOICE_DATABASE_LIMIT", value_parser = clap::value_parser!(u32).range(1..))]
    pub database_limit: Option<u32>,
    /// The keys of tokens.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// For development on this machine only: a random secret, and GET /dev/token hands out tokens.
    #[arg(long, conflicts_with_all = KEYS)]
    pub dev: bool,
    /// Origin of a page that may connect, such as `https://app.example.com`; pages that this server serves always may.
    #[arg(long, env = "PAIRVOICE_ALLOW_ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<String>,
    /// Folder with static files to serve.
    #[arg(long = "static", env = "PAIRVOICE_STATIC")]
    pub static_dir: Option<PathBuf>,
    /// STUN server for the clients, such as `stun:stun.example.com:3478`.
    #[arg(long, env = "PAIRVOICE_STUN", value_delimiter = ',')]
    pub stun: Vec<String>,
    /// What one peer may take.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Serve /diagnostics, /metrics and /revoke on this address, which should not be public; with --dev they are on the main
    /// address too.
    #[arg(long, env = "PAIRVOICE_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// A further name by which the admin address may be asked, without port; loopback names and its own address always may.
    #[arg(long, env = "PAIRVOICE_ADMIN_HOST", value_delimiter = ',')]
    pub admin_host: Vec<String>,
    /// How to log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What a token says.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// File with the secret that signs the token; of several, the first one does. KID= in front of it is the key ID that the
    /// token names.
    #[arg(long, env = "PAIRVOICE_JWT_SECRET_FILE", value_delimiter = ',', value_name = "[KID=]FILE", required = true)]
    pub jwt_secret_file: Vec<KeyFile>,
    /// The session.
    #[arg(long)]
    pub session: String,
    /// The user.
    #[arg(long)]
    pub user: String,
    /// The other user: nobody else gets in beside the two.
    #[arg(long)]
    pub peer: Option<String>,
    /// How long it is valid.
    #[arg(long, default_value_t = 12)]
    pub hours: u32,
    /// The audience, as the server's --jwt-audience.
    #[arg(long, env = "PAIRVOICE_JWT_AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    pub audience: Option<String>,
    /// The issuer, as the server's --jwt-issuer.
    #[arg(long, env = "PAIRVOICE_JWT_ISSUER", value_parser = NonEmptyStringValueParser::new())]
    pub issuer: Option<String>,
}

/// What keeps the server from starting.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Development mode would hand out tokens to a network.
    #[error("--dev hands out tokens to everybody who asks, so it listens on a loopback address only, not on {0}")]
    DevNotLoopback(SocketAddr),
    /// Not the URL of a STUN server.
    #[error("--stun takes stun:HOST:PORT, not {0}")]
    Stun(String),
}

/// Everything the server runs by.
#[derive(Debug, Clone)]
pub struct Config {
    /// The main address.
    pub listen: SocketAddr,
    /// The admin address.
    pub admin_listen: Option<SocketAddr>,
    /// Names by which the admin address may be asked.
    pub admin_host: Vec<String>,
    /// The chat log's file.
    pub database: PathBuf,
    /// How much of the chat is kept.
    pub retention: Retention,
    /// Signs and checks tokens.
    pub keys: Arc<Keys>,
    /// Development mode.
    pub dev: bool,
    /// Origins of other servers' pages.
    pub allow_origin: Vec<String>,
    /// Static files.
    pub static_dir: Option<PathBuf>,
    /// STUN servers.
    pub stun: Vec<String>,
    /// What one peer may take.
    pub limits: LimitArgs,
}

impl ServeArgs {
    /// Checks the arguments and reads the keys.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        if self.dev && !self.listen.ip().is_loopback() {
            return Err(ConfigError::DevNotLoopback(self.listen));
        }
        if let Some(url) = self.stun.iter().find(|url| !url.starts_with("stun:") && !url.starts_with("stuns:")) {
            return Err(ConfigError::Stun(url.clone()));
        }
        let keys = Arc::new(if self.dev { Keys::dev()? } else { Keys::load(&self.keys)? });
        Ok(Config {
            listen: self.listen,
            admin_listen: self.admin_listen,
            admin_host: self.admin_host,
            database: self.database,
            retention: Retention {
                days: self.chat_days,
                messages: self.chat_messages,
                user_bytes: Some(u64::from(self.chat_user_limit) * 1024 * 1024),
                file_mib: self.database_limit,
            },
            keys,
            dev: self.dev,
            allow_origin: self.allow_origin,
            static_dir: self.static_dir,
            stun: self.stun,
            limits: self.limits,
        })
    }
}
