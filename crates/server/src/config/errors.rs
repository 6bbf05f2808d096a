//! What is wrong with settings, as sentences that say what to change.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use super::FileError;
use crate::auth::KeyError;
use crate::tls::TlsError;

/// What keeps the settings from being read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The command line or the environment; also help and version, which were asked for.
    #[error("{0}")]
    Usage(#[from] clap::Error),
    /// Command line, environment and file do not go together.
    #[error("{error}\nSettings of {file} take part in this.")]
    Together {
        /// What clap says.
        error: clap::Error,
        /// The file.
        file: String,
    },
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
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
    /// What only an administrator should see would be where everybody is.
    #[error("--listen {listen} and --admin-listen {admin} are one port; give --admin-listen one of its own")]
    SamePort {
        /// The main address.
        listen: SocketAddr,
        /// The address of /diagnostics.
        admin: SocketAddr,
    },
    /// The chat log's file has no place.
    #[error("there is no folder {folder} for --database {file}; make it with: mkdir -p {folder}")]
    NoDatabaseFolder {
        /// The folder.
        folder: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// The chat log would be a folder.
    #[error("--database {0} is a folder; give the name of a file in it")]
    DatabaseIsFolder(PathBuf),
    /// No static files.
    #[error("--static {path} can't be served: {source}")]
    Static {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file for a folder.
    #[error("--static {0} is not a folder")]
    StaticNoFolder(PathBuf),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
}
