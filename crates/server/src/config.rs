//! The settings: command line, environment and file, validated once.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use self::errors::{ConfigError, ReadError};
pub use self::file::FileError;
use crate::auth::Secret;
use crate::chat_log::Retention;
use crate::tls::{Tls, TlsArgs};

mod effective;
mod errors;
mod file;
mod manual;
mod nearest;
#[cfg(test)]
mod tests;
mod values;

/// Shortest secret in bytes: the output size of HMAC-SHA-256 (RFC 7518 section 3.2).
const MIN_SECRET_BYTES: usize = 32;

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
    /// Address and port of /diagnostics, which should not be public.
    ///
    /// Without it nothing serves them; with --dev they are on the main address too.
    #[arg(long, env = "PAIRVOICE_ADMIN_LISTEN", value_name = "ADDRESS:PORT", help_heading = "Addresses")]
    pub admin_listen: Option<SocketAddr>,
    /// STUN server for the clients, such as `stun:stun.example.com:3478`; several with commas between.
    ///
    /// Browsers learn from it under which address others see them, and it learns who calls. Without one calls work inside one
    /// network only.
    #[arg(long, env = "PAIRVOICE_STUN", value_delimiter = ',', value_parser = values::stun, value_name = "URL", help_heading = "Addresses")]
    pub stun: Vec<String>,
    /// File with the secret that signs tokens (HS256), at least 32 bytes.
    #[arg(
        long,
        env = "PAIRVOICE_JWT_SECRET_FILE",
        required_unless_present = "dev",
        value_name = "FILE",
        help_heading = "Who may enter"
    )]
    pub jwt_secret_file: Option<PathBuf>,
    /// Origin of a page that may connect, such as `https://app.example.com`; several with commas between.
    ///
    /// It is scheme, host and port, as browsers send it. Pages that this server serves may always connect, and so may programs
    /// that are no browsers; all of them need a token.
    #[arg(long, env = "PAIRVOICE_ALLOW_ORIGIN", value_delimiter = ',', value_parser = values::origin, value_name = "ORIGIN", help_heading = "Who may enter")]
    pub allow_origin: Vec<String>,
    /// For development on this machine only: a random secret, and GET /dev/token hands out tokens.
    #[arg(long, conflicts_with = "jwt_secret_file", help_heading = "Who may enter")]
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
    /// Events a second that one connection may go on sending; four times as many at once.
    #[arg(long, env = "PAIRVOICE_RATE", default_value_t = 100, value_parser = values::rate, value_name = "EVENTS", help_heading = "Limits")]
    pub rate: u32,
    /// The certificate.
    #[command(flatten)]
    pub tls: TlsArgs,
}

/// What a token says.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// File with the secret that signs tokens.
    #[arg(long, env = "PAIRVOICE_JWT_SECRET_FILE", value_name = "FILE")]
    pub jwt_secret_file: PathBuf,
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
}

/// Everything the server runs by.
#[derive(Debug, Clone)]
pub struct Config {
    /// The main address.
    pub listen: SocketAddr,
    /// The address of /diagnostics.
    pub admin_listen: Option<SocketAddr>,
    /// The chat log's file.
    pub database: PathBuf,
    /// How much of the chat is kept.
    pub retention: Retention,
    /// Signs and checks tokens.
    pub secret: Secret,
    /// Development mode.
    pub dev: bool,
    /// Origins of other servers' pages.
    pub allow_origin: Vec<String>,
    /// Static files.
    pub static_dir: Option<PathBuf>,
    /// STUN servers.
    pub stun: Vec<String>,
    /// Events a second of one connection.
    pub rate: u32,
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
    /// Checks the arguments, reads the secret and the certificate.
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
        let tls = Tls::load(&self.tls)?.map(Arc::new);
        let secret = match self.jwt_secret_file {
            Some(path) => read_secret(&path)?,
            None if self.dev => Secret::random().map_err(ConfigError::Random)?,
            None => return Err(ConfigError::NoSecret),
        };
        Ok(Config {
            listen: self.listen,
            admin_listen: self.admin_listen,
            database: self.database,
            retention: Retention { days: self.chat_days, messages: self.chat_messages, file_mib: self.database_limit },
            secret,
            dev: self.dev,
            allow_origin: self.allow_origin,
            static_dir: self.static_dir,
            stun: self.stun,
            rate: self.rate,
            tls,
        })
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

/// Reads a secret; white space around it is not part of it.
///
/// # Errors
/// [`ConfigError`] when the file can't be read or holds too little.
pub fn read_secret(path: &PathBuf) -> Result<Secret, ConfigError> {
    let text = std::fs::read(path).map_err(|source| ConfigError::SecretFile { path: path.clone(), source })?;
    let secret = text.trim_ascii();
    if secret.len() < MIN_SECRET_BYTES {
        return Err(ConfigError::ShortSecret(path.clone()));
    }
    Ok(Secret::new(secret))
}
