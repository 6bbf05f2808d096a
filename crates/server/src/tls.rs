//! TLS by rustls: a certificate that is read again when its files change.

use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use clap::Args;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, version};

use crate::auth::is_credential;

#[cfg(test)]
mod tests;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What is spoken inside (RFC 7301): HTTP/2 for pages, HTTP/1.1 for WebSockets, TURN (RFC 7443) for the relay.
const PROTOCOLS: [&[u8]; 3] = [b"h2", b"http/1.1", b"stun.turn"];
/// The bits of a file's mode by which its group and others get at it.
const OF_OTHERS: u32 = 0o077;

/// The certificate of the main address.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsArgs {
    /// File with the certificate and those that lead to its root (PEM), the server's own first; needs --tls-key.
    ///
    /// With both the main address speaks TLS 1.2 and 1.3 only. Files that change are read again within some seconds, or at once
    /// upon SIGHUP; connections stay as they are, and what can't be used leaves the former certificate in force.
    #[arg(long, env = "PAIRVOICE_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// File with the certificate's private key (PEM), which nobody but its owner may read.
    #[arg(long, env = "PAIRVOICE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// What keeps a certificate from being used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// Only one of the two files.
    #[error("{given} needs {missing} beside it")]
    Half {
        /// The flag that was given, with its file.
        given: String,
        /// The flag that is missing.
        missing: &'static str,
    },
    /// A file can't be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Others get at the private key.
    #[error("others than its owner may use the private key {0}; change that with: chmod 600 {0}")]
    OpenKey(PathBuf),
    /// No certificate.
    #[error("{0} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    NoCertificate(PathBuf),
    /// No key.
    #[error("{0} holds no private key in PEM (-----BEGIN PRIVATE KEY-----) without a passphrase")]
    NoKey(PathBuf),
    /// Two files of different pairs.
    #[error("the private key {key} does not belong to the first certificate in {cert}")]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The library can't use it.
    #[error("the certificate {cert} with the key {key} can't be used: {source}")]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// A certificate that can be changed while connections are accepted.
#[derive(Debug)]
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    /// How the files were when they were read last, whether they could be used or not.
    seen: Mutex<Stamps>,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

/// The certificate that new connections get.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// What changes with a file: modification time in seconds and nanoseconds, length, mode and inode; none while it is missing.
type Stamp = Option<(i64, i64, u64, u32, u64)>;
type Stamps = (Stamp, Stamp);

impl Tls {
    /// Reads both files; nothing when neither is given.
    ///
    /// # Errors
    /// [`TlsError`] names the file and what to change.
    pub fn load(args: &TlsArgs) -> Result<Option<Self>, TlsError> {
        let half = |flag: &str, path: &Path| format!("{flag} {}", path.display());
        let (cert, key) = match (&args.tls_cert, &args.tls_key) {
            (Some(cert), Some(key)) => (cert.clone(), key.clone()),
            (Some(cert), None) => return Err(TlsError::Half { given: half("--tls-cert", cert), missing: "--tls-key" }),
            (None, Some(key)) => return Err(TlsError::Half { given: half("--tls-key", key), missing: "--tls-cert" }),
            (None, None) => return Ok(None),
        };
        let provider = Arc::new(ring::default_provider());
        // Before they are read: what changes meanwhile is noticed by the next look.
        let seen = Mutex::new((stamp(&cert), stamp(&key)));
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&cert, &key, &provider)?)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|source| TlsError::Unusable { cert: cert.clone(), key: key.clone(), source })?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Some(Self { cert, key, seen, current, config: Arc::new(config) }))
    }

    /// Does the handshakes. It stays good when the certificate changes.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Reads both files again, for connections that come from now on.
    ///
    /// # Errors
    /// [`TlsError`] names the file; the former certificate stays in force.
    pub fn reload(&self) -> Result<(), TlsError> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.stamps();
        let pair = read(&self.cert, &self.key, self.config.crypto_provider())?;
        self.current.0.store(Arc::new(pair));
        Ok(())
    }

    /// Reads the files again upon SIGHUP and when they change, for ever. What can't be used is told in the log.
    pub async fn watch(self: Arc<Self>) {
        self.watch_every(LOOK_EVERY).await;
    }

    async fn watch_every(self: Arc<Self>, pause: Duration) {
        let mut hangups = signal(SignalKind::hangup()).ok();
        let mut looks = interval_at(Instant::now() + pause, pause);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = next(&mut hangups) => true,
                _ = looks.tick() => false,
            };
            let tls = Arc::clone(&self);
            // A file may be on a disk that takes its time.
            let _ = tokio::task::spawn_blocking(move || tls.look(asked)).await;
        }
    }

    fn look(&self, asked: bool) {
        if !asked && *self.seen.lock().unwrap_or_else(PoisonError::into_inner) == self.stamps() {
            return;
        }
        match self.reload() {
            Ok(()) => tracing::info!(cert = %self.cert.display(), "read the certificate again"),
            Err(error) => tracing::warn!("the former certificate stays: {error}"),
        }
    }

    fn stamps(&self) -> Stamps {
        (stamp(&self.cert), stamp(&self.key))
    }
}

async fn next(hangups: &mut Option<Signal>) {
    match hangups {
        Some(hangups) => {
            hangups.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn stamp(path: &Path) -> Stamp {
    let file = std::fs::metadata(path).ok()?;
    Some((file.mtime(), file.mtime_nsec(), file.len(), file.mode(), file.ino()))
}

fn read(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let no_certificate = || TlsError::NoCertificate(cert.to_owned());
    let (text, _) = contents(cert)?;
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|_| no_certificate())?;
    if chain.is_empty() {
        return Err(no_certificate());
    }
    let (text, mode) = contents(key)?;
    if mode & OF_OTHERS != 0 && !is_credential(key) {
        return Err(TlsError::OpenKey(key.to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(&text).map_err(|_| TlsError::NoKey(key.to_owned()))?;
    let (cert, key) = (cert.to_owned(), key.to_owned());
    CertifiedKey::from_der(chain, private, provider).map_err(|source| match source {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch { cert, key },
        source => TlsError::Unusable { cert, key, source },
    })
}

/// What stands in a file, and its mode.
fn contents(path: &Path) -> Result<(Vec<u8>, u32), TlsError> {
    let read = || {
        let mut file = std::fs::File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        Ok((text, mode))
    };
    read().map_err(|source| TlsError::Read { path: path.to_owned(), source })
}
