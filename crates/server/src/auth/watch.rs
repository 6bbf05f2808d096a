//! Reads the keys again when they change.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::Keys;

/// How often the JWKS file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    length: u64,
    /// A file that was put in the place of another has another number.
    inode: u64,
}

impl Stamp {
    /// Nothing when there is no file that can be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = path.metadata().ok()?;
        Some(Self { modified: file.modified().ok()?, length: file.len(), inode: file.ino() })
    }
}

impl Keys {
    /// Reads all files again upon SIGHUP, and when the JWKS file changes, for as long as it is polled. What can't be read or
    /// used leaves the keys as they were, with one warning for each change. To be called within the runtime; a SIGHUP counts
    /// from the call on, before the future is polled.
    pub fn watch(self: Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let hangup = signal(SignalKind::hangup());
        async move {
            let hangup = hangup.inspect_err(|error| tracing::warn!(%error, "SIGHUP will not read the keys again"));
            self.follow(hangup.ok()).await;
        }
    }

    async fn follow(self: Arc<Self>, mut hangup: Option<Signal>) {
        let is_watched = self.jwks_file().is_some();
        let mut tried = self.set.load().stamp;
        self.warn_of_skipped();
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_asked = tokio::select! {
                () = received(hangup.as_mut()) => true,
                _ = ticks.tick(), if is_watched => false,
            };
            let (keys, before) = (Arc::clone(&self), tried);
            // A file on a slow disk must not hold up what else runs here.
            let looked = tokio::task::spawn_blocking(move || keys.look(before, is_asked)).await;
            tried = looked.unwrap_or(tried);
        }
    }

    /// Reads the files again if that is asked for or the JWKS file is not as it was at the last try; returns how it is now.
    fn look(&self, tried: Option<Stamp>, is_asked: bool) -> Option<Stamp> {
        let now = self.jwks_file().and_then(Stamp::of);
        if is_asked || now != tried {
            match self.reload() {
                Ok(()) => {
                    tracing::info!(keys = self.len(), "the keys were read again");
                    self.warn_of_skipped();
                }
                Err(error) => tracing::warn!(%error, "the keys stay as they were"),
            }
        }
        now
    }

    fn jwks_file(&self) -> Option<&Path> {
        self.source.as_ref()?.jwks_file.as_deref()
    }

    fn warn_of_skipped(&self) {
        for sentence in &self.set.load().skipped {
            tracing::warn!("{sentence}");
        }
    }
}

/// Waits for a signal, for ever if there is none to wait for.
async fn received(signal: Option<&mut Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}
