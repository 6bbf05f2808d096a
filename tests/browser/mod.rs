//! The browser layer in a real browser: `wasm-pack test --headless --chrome`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // The lints' own exception knows test functions only.

mod api;
mod conversion;
mod microphone;
mod peer_connection;
mod small_parts;

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

/// Waits until something holds; the runner's time limit ends a wait in vain.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        TimeoutFuture::new(5).await;
    }
}
