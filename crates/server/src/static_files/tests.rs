use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A folder with a page, and a file beside it that is nobody's business; removed with this.
struct Site(PathBuf);

impl Site {
    fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let site = Self(std::env::temp_dir().join(format!("pairvoice-static-{}-{number}", std::process::id())));
        for (name, text) in [
            ("secret", "secret"),
            ("www/index.html", "<p>page"),
            ("www/assets/index-C9zFRZDg.js", "plain"),
            ("www/assets/index-C9zFRZDg.js.br", "brotli"),
            ("www/assets/index-C9zFRZDg.js.gz", "gzip"),
            ("www/assets/module-D5cYDByh.wasm", "wasm"),
            ("www/assets/my-settings.js", "plain"),
            ("www/.env", "secret"),
            ("www/.git/config", "secret"),
            ("www/under/page.html", "<p>under"),
        ] {
            let path = site.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        symlink(site.0.join("secret"), site.0.join("www/out.txt")).unwrap();
        symlink(&site.0, site.0.join("www/up")).unwrap();
        symlink("index.html", site.0.join("www/in.html")).unwrap();
        fs::write(site.0.join("www/linked.js"), "plain").unwrap();
        symlink(site.0.join("secret"), site.0.join("www/linked.js.br")).unwrap();
        symlink("www", site.0.join("current")).unwrap();
        symlink("circle", site.0.join("www/circle")).unwrap();
        site
    }

    async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
        self.ask_in("www", "GET", path, headers).await
    }

    async fn ask_in(
        &self,
        folder: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = service(&self.0.join(folder)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_page_comes_with_its_policy() {
    let site = Site::new();
    let (status, headers, body) = site.ask("/?session=s", &[("host", "app.example:8443")]).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "<p>page"));
    assert_eq!(text(&headers, "content-type"), "text/html");
    assert_eq!(text(&headers, "x-content-type-options"), "nosniff");
    assert_eq!(text(&headers, "referrer-policy"), "no-referrer");
    assert_eq!(text(&headers, "cross-origin-opener-policy"), "same-origin");
    assert!(text(&headers, "permissions-policy").starts_with("microphone=(self), camera=()"));
    assert_eq!(text(&headers, "cache-control"), "no-cache");
    let policy = text(&headers, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
    assert!(policy.ends_with("; connect-src 'self' ws://app.example:8443 wss://app.example:8443"), "{policy}");
    let (_, headers, _) = site.ask("/under/page.html", &[]).await;
    assert!(text(&headers, "content-security-policy").ends_with("connect-src 'self'"));
    for path in ["/assets/index-C9zFRZDg.js", "/nothing"] {
        assert_eq!(text(&site.ask(path, &[]).await.1, "content-security-policy"), "", "{path}");
    }
}

#[tokio::test]
async fn a_host_adds_no_directive() {
    let site = Site::new();
    for host in ["a;script-src *", "a *", "*", "a,b", "u@a", "'unsafe-inline'"] {
        let (_, headers, _) = site.ask("/", &[("host", host)]).await;
        assert!(text(&headers, "content-security-policy").ends_with("connect-src 'self'"), "{host}");
    }
    // Where HTTP/2 has its host.
    let (_, headers, _) = site.ask("https://a.example/", &[]).await;
    assert!(text(&headers, "content-security-policy").ends_with("wss://a.example"));
}

#[tokio::test]
async fn the_compressed_file_goes_to_those_who_take_it() {
    let site = Site::new();
    for (accepts, encoding, sent) in [
        ("gzip, deflate, br", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip", "gzip", "gzip"),
        ("identity", "", "plain"),
    ] {
        let (_, headers, body) = site.ask("/assets/index-C9zFRZDg.js", &[("accept-encoding", accepts)]).await;
        assert_eq!((text(&headers, "content-encoding"), body.as_str()), (encoding, sent), "{accepts}");
        assert_eq!(text(&headers, "content-type"), "text/javascript");
        assert!(text(&headers, "vary").eq_ignore_ascii_case("accept-encoding"));
    }
    let (_, headers, body) = site.ask("/assets/module-D5cYDByh.wasm", &[("accept-encoding", "br")]).await;
    assert_eq!((text(&headers, "content-type"), body.as_str()), ("application/wasm", "wasm"));
}

#[tokio::test]
async fn hashed_names_are_kept_and_others_asked_for_again() {
    let site = Site::new();
    let (_, headers, _) = site.ask("/assets/index-C9zFRZDg.js", &[]).await;
    assert_eq!(text(&headers, "cache-control"), "public, max-age=31536000, immutable");
    let (status, headers, _) = site.ask("/assets/gone-C9zFRZDg.js", &[]).await;
    assert_eq!((status, text(&headers, "cache-control")), (StatusCode::NOT_FOUND, "no-cache"));
    let (_, headers, _) = site.ask("/assets/my-settings.js", &[]).await;
    assert_eq!(text(&headers, "cache-control"), "no-cache");
    for (name, stamp) in [("if-none-match", "etag"), ("if-modified-since", "last-modified")] {
        let (_, headers, _) = site.ask("/", &[]).await;
        let (status, headers, body) = site.ask("/", &[(name, text(&headers, stamp))]).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{name}");
        // A browser takes the headers of this answer over.
        assert!(!text(&headers, "content-security-policy").is_empty());
    }
}

#[tokio::test]
async fn what_is_not_for_others_is_not_there() {
    let site = Site::new();
    for path in [
        "/nothing",
        "/.env",
        "/%2eenv",
        "/%2Eenv",
        "/.git/config",
        "/%2egit/config",
        "/under%2f..%2f.env",
        "/under%5c.env",
        "/../secret",
        "/%2e%2e/secret",
        "/under/../../secret",
        "/out.txt",
        "/up/secret",
        "/up/www/index.html/x",
        "/up",
        "/index.html/x",
        "/%00",
        "/%ff",
        "/circle",
        &format!("/{}", "a".repeat(300)),
    ] {
        for method in ["GET", "HEAD"] {
            let (status, headers, body) = site.ask_in("www", method, path, &[]).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
            assert!(body.is_empty() || body == "not found\n", "{method} {path}: {body}");
            assert_eq!(text(&headers, "x-content-type-options"), "nosniff");
        }
    }
    let (status, _, body) = site.ask("/linked.js", &[("accept-encoding", "br")]).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "plain"));
}

#[tokio::test]
async fn links_inside_are_followed_and_the_folder_may_be_one() {
    let site = Site::new();
    assert_eq!(site.ask("/in.html", &[]).await.2, "<p>page");
    assert_eq!(site.ask_in("current", "GET", "/in.html", &[]).await.2, "<p>page");
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let site = Site::new();
    assert_eq!(site.ask_in("www", "POST", "/", &[]).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let (status, headers, body) = site.ask_in("www", "HEAD", "/", &[]).await;
    assert_eq!((status, text(&headers, "content-length"), body.as_str()), (StatusCode::OK, "7", ""));
}

#[test]
fn a_hash_is_told_from_a_word() {
    for name in ["index-C9zFRZDg.js", "pairvoice_bg-D5cYDByh.wasm", "a.b-x_-4S9aB.css", "index-C9zFRZDg.js.map"] {
        assert!(is_hashed(&format!("/assets/{name}")), "{name}");
        assert!(!is_hashed(&format!("/{name}")), "{name}");
    }
    for name in [
        "my-settings.js",
        "My-Settings.js",
        "photo-20240101.jpg",
        "C9zFRZDg.js",
        "a-C9zFRZD.js",
        "a-C9z$RZDg.js",
        "é-C9zFRZ.js",
        "",
    ] {
        assert!(!is_hashed(&format!("/assets/{name}")), "{name}");
    }
}
