//! The settings: command line, environment and file, validated once.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use pairvoice_relay::Secret;

pub use self::errors::{ConfigError, ReadError};
pub use self::file::FileError;
use crate::auth::{KeyArgs, KeyFile, Keys};
use crate::chat_log::Retention;
use crate::ice::{Ice, OwnRelay};
use crate::logs::LogArgs;
use crate::net::LimitArgs;
use crate::relay::RelayArgs;
use crate::tls::{Tls, TlsArgs};

mod effective;
mod errors;
mod file;
mod manual;
mod nearest;
#[cfg(test)]
mod tests;
pub(crate) mod values;

/// The options that are for tokens of an app, which --dev does without.
const KEYS: [&str; 5] = ["jwt_secret_file", "jwt_public_key_file", "jwks_file", "jwt_audience", "jwt_issuer"];

/// Signalling server for pairvoice: lets two people of a session find each other, and keeps their chat.
#[derive(Debug, Parser)]
#[command(name = "pairvoice-server", version, args_conflicts_with_subcommands = true)]
#[command(long_about = manual::ABOUT, after_long_help = manual::AFTER, after_help = "--help says more, with examples.")]
pub struct CommandLine {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// The settings in force as a file for `--config`, if `--print-config` asks for them.
    #[arg(skip)]
    pub effective: Option<String>,
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
    /// File with settings (TOML), for what neither the command line nor the environment says.
    ///
    /// Its keys are the names of these flags, without dashes in front; a flag without a value is true or false, and one that
    /// may be given more than once takes an array. Paths in it are relative to the folder in which the server is started.
    #[arg(long, env = "PAIRVOICE_CONFIG", value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// Check all settings, print them with where each is from, as a file for --config, and end.
    ///
    /// Names of files with secrets are printed, what is in them is not.
    #[arg(long, help_heading = "Settings")]
    pub print_config: bool,
    /// Address and port to listen on; port 0 takes a free one.
    ///
    /// An address of IPv6 stands in brackets: `[::]:443`.
    #[arg(
        long,
        env = "PAIRVOICE_LISTEN",
        default_value = "127.0.0.1:8787",
        value_name = "ADDRESS:PORT",
        help_heading = "Addresses"
    )]
    pub listen: SocketAddr,
    /// Address and port of /diagnostics, /metrics and /revoke, which should not be public.
    ///
    /// Without it nothing serves them; with --dev they are on the main address too.
    #[arg(long, env = "PAIRVOICE_ADMIN_LISTEN", value_name = "ADDRESS:PORT", help_heading = "Addresses")]
    pub admin_listen: Option<SocketAddr>,
    /// STUN server of another kind for the clients, such as `stun:stun.example.com:3478`; several with commas between.
    ///
    /// Browsers learn from it under which address others see them, and it learns who calls. The server's own relay is
    /// one, too; with --no-relay and without one, calls work inside one network only.
    #[arg(long, env = "PAIRVOICE_STUN", value_delimiter = ',', value_parser = values::stun, value_name = "URL", help_heading = "Addresses")]
    pub stun: Vec<String>,
    /// The keys of tokens.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Origin of a page that may connect, such as `https://app.example.com`; several with commas between.
    ///
    /// It is scheme, host and port, as browsers send it. Pages that this server serves may always connect, and so may programs
    /// that are no browsers; all of them need a token.
    #[arg(long, env = "PAIRVOICE_ALLOW_ORIGIN", value_delimiter = ',', value_parser = values::origin, value_name = "ORIGIN", help_heading = "Who may enter")]
    pub allow_origin: Vec<String>,
    /// For development on this machine only: a random secret, and GET /dev/token hands out tokens.
    #[arg(long, conflicts_with_all = KEYS, help_heading = "Who may enter")]
    pub dev: bool,
    /// File of the chat log (SQLite); it is made when missing, its folder is not.
    #[arg(
        long,
        env = "PAIRVOICE_DATABASE",
        default_value = "pairvoice.db",
        value_name = "FILE",
        help_heading = "Chat log"
    )]
    pub database: PathBuf,
    /// Remove messages that are older than so many days; without it they are kept.
    #[arg(long, env = "PAIRVOICE_CHAT_DAYS", value_parser = clap::value_parser!(u32).range(1..), value_name = "DAYS", help_heading = "Chat log")]
    pub chat_days: Option<u32>,
    /// Keep so many messages of each session, the newest ones; without it all are kept.
    #[arg(long, env = "PAIRVOICE_CHAT_MESSAGES", value_parser = clap::value_parser!(u32).range(1..), value_name = "MESSAGES", help_heading = "Chat log")]
    pub chat_messages: Option<u32>,
    /// Let one user write no more than so many MiB of text into one session; what is more waits at its author.
    #[arg(long, env = "PAIRVOICE_CHAT_USER_LIMIT", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..), value_name = "MIB", help_heading = "Chat log")]
    pub chat_user_limit: u32,
    /// Let the chat log's file grow no larger than so many MiB; without it the disk is the limit.
    ///
    /// When it is full, messages wait at their authors and the log says so.
    #[arg(long, env = "PAIRVOICE_DATABASE_LIMIT", value_parser = clap::value_parser!(u32).range(1..), value_name = "MIB", help_heading = "Chat log")]
    pub database_limit: Option<u32>,
    /// Folder with static files to serve, such as a built page.
    ///
    /// Compressed files beside them (.br, .gz) are used. Names that begin with a dot and links that lead out of the folder are
    /// not served. Its pages get a content security policy that lets them load from this server only.
    #[arg(long = "static", env = "PAIRVOICE_STATIC", value_name = "FOLDER", help_heading = "Pages")]
    pub static_dir: Option<PathBuf>,
    /// The certificate.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// The relay.
    #[command(flatten)]
    pub relay: RelayArgs,
    /// What one peer may take.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// A further name by which the admin address may be asked, without port; loopback names and its own address always may.
    #[arg(long, env = "PAIRVOICE_ADMIN_HOST", value_delimiter = ',', value_name = "NAME", help_heading = "Addresses")]
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
    /// The relay.
    pub relay: RelayArgs,
    /// The secret of the relay on the server's own port; it lasts as long as this process, and relayed addresses do not last longer.
    pub relay_secret: Option<Secret>,
    /// The secret of the TURN servers of others.
    pub turn_secret: Option<Secret>,
    /// What one peer may take.
    pub limits: LimitArgs,
    /// The certificate of the main address; without one it speaks plain HTTP.
    pub tls: Option<Arc<Tls>>,
}

impl CommandLine {
    /// Reads the command line, the environment and the file that they name.
    ///
    /// # Errors
    /// [`ReadError`] says what to change. Help and version are `ReadError::Usage`, too.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, ReadError> {
        let mut command = Self::command();
        let merged = file::merge(&command, args.into_iter().collect())?;
        let parsed = command.try_get_matches_from_mut(&merged.args);
        let matches = parsed.map_err(|error| match &merged.file {
            Some(file) if error.use_stderr() => ReadError::Together { error, file: file.display().to_string() },
            _ => ReadError::Usage(error),
        })?;
        let mut line = Self::from_arg_matches(&matches)?;
        if line.serve.print_config {
            line.effective = Some(effective::effective(&command, &matches, &merged));
        }
        Ok(line)
    }
}

impl ServeArgs {
    /// Checks the arguments, reads the keys and the certificate.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        if self.dev && !self.listen.ip().is_loopback() {
            return Err(ConfigError::DevNotLoopback(self.listen));
        }
        if let Some(admin) = self.admin_listen.filter(|admin| meet(*admin, self.listen)) {
            return Err(ConfigError::SamePort { listen: self.listen, admin });
        }
        check_database(&self.database)?;
        if let Some(path) = &self.static_dir {
            check_static(path)?;
        }
        let secret = self.relay.turn_secret_file.as_deref().map(crate::auth::secret).transpose()?;
        let relay_secret = (!self.relay.no_relay).then(crate::auth::random_secret).transpose()?;
        let relay_secret = relay_secret.map(|bytes| Secret::new(&bytes));
        let turn_secret = secret.map(|bytes| Secret::new(&bytes));
        let tls = Tls::load(&self.tls)?.map(Arc::new);
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
            relay_secret,
            turn_secret,
            relay: self.relay,
            limits: self.limits,
            tls,
        })
    }
}

impl Config {
    /// The ICE servers of the clients.
    #[must_use]
    pub fn ice(&self) -> Ice {
        let host = self.relay.relay_host.clone();
        Ice {
            stun: self.stun.clone(),
            turn: self.turn_secret.clone().map(|secret| (self.relay.turn.clone(), secret)),
            own: self.relay_secret.clone().map(|secret| OwnRelay { secret, host, tls: self.tls.is_some() }),
            lifetime_s: self.relay.turn_lifetime,
        }
    }
}

/// Whether two addresses can't be listened on at once: one port, and one address or all of them.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let all = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || all)
}

fn check_database(file: &Path) -> Result<(), ConfigError> {
    if file.is_dir() {
        return Err(ConfigError::DatabaseIsFolder(file.to_owned()));
    }
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(ConfigError::NoDatabaseFolder { folder: folder.to_owned(), file: file.to_owned() })
        }
        _ => Ok(()),
    }
}

fn check_static(path: &Path) -> Result<(), ConfigError> {
    let folder = std::fs::read_dir(path).map(|_| ());
    match folder {
        Err(source) if source.kind() == std::io::ErrorKind::NotADirectory => {
            Err(ConfigError::StaticNoFolder(path.to_owned()))
        }
        folder => folder.map_err(|source| ConfigError::Static { path: path.to_owned(), source }),
    }
}
