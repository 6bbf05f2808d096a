//! Whether the process lives, and whether it can take clients.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::metrics::Database;

/// How long an answer about the chat log is good for, and how long one is waited for.
const FRESH: Duration = Duration::from_secs(1);

const STOPPING: u8 = 1;
const NO_CHAT_LOG: u8 = 2;

/// What keeps the server from taking clients; nothing at first.
#[derive(Debug, Default)]
pub struct Readiness(AtomicU8);

impl Readiness {
    /// The server stops. There is no way back.
    pub fn stopping(&self) {
        self.0.fetch_or(STOPPING, Ordering::SeqCst);
    }

    /// Whether the chat log can be reached.
    pub fn chat_log(&self, is_reachable: bool) {
        if is_reachable {
            self.0.fetch_and(!NO_CHAT_LOG, Ordering::SeqCst);
        } else {
            self.0.fetch_or(NO_CHAT_LOG, Ordering::SeqCst);
        }
    }

    /// Why the server is not ready; `None` when it is.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self.0.load(Ordering::SeqCst) {
            0 => None,
            flags if flags & STOPPING != 0 => Some("the server stops"),
            _ => Some("the chat log can't be reached"),
        }
    }
}

/// Asks for the chat log when somebody asks for readiness, at most once a second.
#[derive(Debug)]
pub struct Health {
    readiness: Arc<Readiness>,
    database: Arc<dyn Database>,
    asked: Mutex<Option<Instant>>,
    /// A question was not answered yet: a disk can hang for long.
    is_asking: Arc<AtomicBool>,
}

impl Health {
    /// The health of a server that has this chat log.
    #[must_use]
    pub fn new(database: Arc<dyn Database>) -> Self {
        Self { readiness: Arc::default(), database, asked: Mutex::default(), is_asking: Arc::default() }
    }

    /// To be told when the server stops.
    #[must_use]
    pub fn readiness(&self) -> &Arc<Readiness> {
        &self.readiness
    }

    /// `GET /healthz`: the process lives. `GET /readyz`: 200 when it can take clients, else 503 with the reason.
    pub fn router(self: &Arc<Self>) -> Router {
        let uncached = || [(header::CACHE_CONTROL, "no-store")];
        let ready = async move |State(health): State<Arc<Self>>| match health.reason().await {
            None => (StatusCode::OK, uncached(), "ready\n".to_owned()).into_response(),
            Some(why) => (StatusCode::SERVICE_UNAVAILABLE, uncached(), format!("not ready: {why}\n")).into_response(),
        };
        Router::new()
            .route("/healthz", get(async move || (uncached(), "ok\n")))
            .route("/readyz", get(ready))
            .with_state(Arc::clone(self))
    }

    async fn reason(&self) -> Option<&'static str> {
        if self.is_due() {
            let is_reachable = !self.is_asking.swap(true, Ordering::SeqCst) && self.ask().await;
            self.readiness.chat_log(is_reachable);
        }
        self.readiness.reason()
    }

    fn is_due(&self) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = asked.is_none_or(|at| at.elapsed() >= FRESH);
        if is_due {
            *asked = Some(Instant::now());
        }
        is_due
    }

    async fn ask(&self) -> bool {
        let (database, is_asking) = (Arc::clone(&self.database), Arc::clone(&self.is_asking));
        let answer = spawn_blocking(move || {
            let is_reachable = database.is_reachable();
            is_asking.store(false, Ordering::SeqCst);
            is_reachable
        });
        timeout(FRESH, answer).await.is_ok_and(|answer| answer.unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct File(AtomicBool);

    impl Database for File {
        fn size_bytes(&self) -> Option<u64> {
            None
        }
        fn free_pages(&self) -> Option<u64> {
            None
        }
        fn is_reachable(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn a_server_is_ready_until_it_stops_or_lacks_its_chat_log() {
        let readiness = Readiness::default();
        assert_eq!(readiness.reason(), None);
        readiness.chat_log(false);
        assert_eq!(readiness.reason(), Some("the chat log can't be reached"));
        readiness.chat_log(true);
        assert_eq!(readiness.reason(), None);
        readiness.stopping();
        readiness.chat_log(false);
        readiness.chat_log(true);
        assert_eq!(readiness.reason(), Some("the server stops"));
    }

    #[tokio::test]
    async fn the_chat_log_is_asked_for_once_in_a_while() {
        let file = Arc::new(File(AtomicBool::new(false)));
        let health = Health::new(file.clone());
        assert_eq!(health.reason().await, Some("the chat log can't be reached"));
        file.0.store(true, Ordering::SeqCst);
        *health.asked.lock().unwrap() = None;
        assert_eq!(health.reason().await, None);
        // A question that hangs is not asked twice.
        health.is_asking.store(true, Ordering::SeqCst);
        *health.asked.lock().unwrap() = None;
        assert_eq!(health.reason().await, Some("the chat log can't be reached"));
    }
}
