//! Static files: those of one folder, with the headers that a page with a microphone should have.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::services::ServeDir;
use tower_http::services::fs::{Backend, TokioBackend, TokioFile};

#[cfg(test)]
mod tests;

/// For what has a name of its own for each content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For all else: it is kept, and asked for each time whether it is still so (RFC 9111 section 5.2.2.4).
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Length of the hash in a file's name, as Vite writes it.
const HASH: usize = 8;

/// Headers of every answer.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // A page's address names session and user, so not even its origin goes to whom a link in the chat leads.
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "microphone=(self), camera=(), display-capture=(), geolocation=(), payment=(), usb=(), serial=()",
        ),
    ),
];

/// What a document may do (CSP Level 3), but for where it connects to. `'wasm-unsafe-eval'` compiles the module. The hidden frames
/// of the package are empty documents, which nothing is loaded for. Workers may be of a blob, for a bundler may write them so.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; media-src 'self' blob: mediastream:; worker-src 'self' blob:; manifest-src 'self'; frame-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; connect-src 'self'";

/// Serves the files of a folder. Compressed ones beside them (`.br`, `.gz`) go to those who take them. Names that begin with a dot,
/// links that lead out of the folder and whatever is not there are answered with 404, which says nothing of the path.
pub(crate) fn service(dir: &Path) -> Router {
    let files = ServeDir::with_backend(dir, Inside(dir.to_owned())).precompressed_br().precompressed_gzip();
    Router::new().fallback_service(files).layer(middleware::from_fn(guard))
}

async fn guard(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let host = host(&request);
    let mut response = if is_hidden(&path) { not_found() } else { next.run(request).await };
    if response.status() == StatusCode::NOT_FOUND {
        response = not_found();
    }
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let document = found && is_document(&path, response.headers());
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.insert(header::CACHE_CONTROL, if found && is_hashed(&path) { FOR_EVER } else { ASK_AGAIN });
    if document {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy(host.as_ref()));
    }
    response
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

/// The host that the page was asked for at: `:authority` of HTTP/2, `Host` of HTTP/1.1.
fn host(request: &Request) -> Option<Authority> {
    let named = || request.headers().get(header::HOST)?.to_str().ok()?.parse().ok();
    request.uri().authority().cloned().or_else(named)
}

/// `'self'` means the WebSockets of the same host, too, but not in every browser that has WebAssembly.
fn policy(host: Option<&Authority>) -> HeaderValue {
    let plain = HeaderValue::from_static(POLICY);
    // Whatever might end a directive is no part of a host's name.
    let host = host
        .map(Authority::as_str)
        .filter(|host| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b)));
    let Some(host) = host else { return plain };
    HeaderValue::try_from(format!("{POLICY} ws://{host} wss://{host}")).unwrap_or(plain)
}

/// Whether a segment of the path begins with a dot. The path is decoded once, so what is encoded twice is a name with a percent sign.
fn is_hidden(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    path.split(['/', '\\']).any(|segment| segment.starts_with('.'))
}

/// Whether a browser shows it as a page. An answer that only says that nothing has changed has no type.
fn is_document(path: &str, headers: &HeaderMap) -> bool {
    let named = [".html", ".htm", ".xhtml", "/"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    match headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes) {
        Some(kind) => kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml+xml"),
        None => named,
    }
}

/// Whether a name holds a hash of the content, as in `assets/index-C9zFRZDg.js`. A word of eight letters is no hash; a hash that
/// looks like one is asked for again, which costs a round trip.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit_once("/assets/").map_or("", |(_, name)| name);
    name.split('.').any(|part| {
        let at = part.len().saturating_sub(HASH);
        part.get(..at).is_some_and(|before| before.ends_with('-')) && part.get(at..).is_some_and(is_hash)
    })
}

fn is_hash(text: &str) -> bool {
    // A capital may only begin a word.
    let some = |kind: fn(u8) -> bool| text.bytes().skip(1).any(kind);
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && some(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && some(|b| b.is_ascii_alphabetic())
}

/// Opens files of one folder only, wherever links lead.
#[derive(Debug, Clone)]
struct Inside(PathBuf);

impl Inside {
    /// The file's own path. The folder itself may be a link that is set anew when another version is put in place.
    async fn own_path(self, path: PathBuf) -> io::Result<PathBuf> {
        let folder = tokio::fs::canonicalize(&self.0).await?;
        // A name that the system does not take, or a circle of links, is as good as none.
        let path = tokio::fs::canonicalize(path).await.map_err(|_| io::ErrorKind::NotFound)?;
        if path.starts_with(folder) { Ok(path) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

type Pending<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl Backend for Inside {
    type File = TokioFile;
    type Metadata = std::fs::Metadata;
    type OpenFuture = Pending<TokioFile>;
    type MetadataFuture = Pending<std::fs::Metadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let inside = self.clone();
        Box::pin(async move { TokioBackend.open(inside.own_path(path).await?).await })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let inside = self.clone();
        Box::pin(async move { TokioBackend.metadata(inside.own_path(path).await?).await })
    }
}
