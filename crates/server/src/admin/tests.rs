use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

use super::*;
use crate::Ice;
use crate::chat_log::{ChatLog, Retention};
use crate::database::DatabaseFile;

/// The admin address of a server with a chat log in a folder of its own, which goes with it.
struct Host {
    admin: Admin,
    folder: std::path::PathBuf,
}

impl Host {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("pairvoice-admin-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("chat.db");
        let chat_log = ChatLog::open(&path, Retention::default()).unwrap();
        let sessions = Arc::new(Sessions::new(chat_log, Ice::default(), Arc::default()));
        let health = Arc::new(Health::new(Arc::new(DatabaseFile::new(&path))));
        Self { admin: Admin::new(sessions, health), folder }
    }

    /// Whose tokens were revoked; empty for everybody's of the session.
    fn revoked(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.folder.join("chat.db")).unwrap();
        let mut statement = connection.prepare("select user from revoked where session = 's' order by user").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    async fn ask(&self, request: Request<Body>) -> (u16, String, String) {
        let router = self.admin.router(&Hosts::new("127.0.0.1".parse().unwrap(), &[]));
        let response = router.oneshot(request).await.unwrap();
        let of_type = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let (head, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (head.status.as_u16(), head.headers.get(header::CONTENT_TYPE).map(of_type).unwrap_or_default(), body)
    }

    async fn get(&self, path: &str, host: &str) -> (u16, String, String) {
        self.ask(Request::get(path).header(header::HOST, host).body(Body::empty()).unwrap()).await
    }

    async fn revoke(&self, content_type: &str, body: impl Into<Body>) -> u16 {
        let request = Request::post("/revoke").header(header::HOST, "localhost:1");
        self.ask(request.header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap()).await.0
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.admin.sessions.close();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn every_page_is_for_names_of_this_machine_only() {
    let host = Host::new("hosts");
    for path in ["/diagnostics", "/diagnostics.json", "/metrics", "/healthz", "/readyz"] {
        assert_eq!(host.get(path, "localhost:9000").await.0, 200, "{path}");
        let (status, _, body) = host.get(path, "rebound.example:9000").await;
        assert_eq!(status, 403, "{path}");
        assert!(body.contains("--admin-host"), "{body}");
    }
    assert_eq!(host.get("/nothing", "localhost:9000").await.0, 404);
    assert_eq!(host.get("/nothing", "rebound.example").await.0, 403);
    let (_, content_type, body) = host.get("/metrics", "127.0.0.1").await;
    assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn revocations_are_json_that_says_whom() {
    let host = Host::new("revoke");
    let json = "application/json";
    assert_eq!(host.revoke(json, r#"{"session":"s","user":"7"}"#).await, 204);
    assert_eq!(host.revoked(), ["7"]);
    for body in [r#"{"session":"s","usr":"7"}"#, r#"{"session":"s","user":null}"#, r#"{"session":""}"#, "{}"] {
        assert_eq!(host.revoke(json, body).await, 422, "{body}");
    }
    assert_eq!(host.revoke(json, "{").await, 400);
    for form in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(host.revoke(form, r#"{"session":"s"}"#).await, 415, "{form}");
    }
    let long = format!(r#"{{"session":"s"{}}}"#, " ".repeat(MAX_BODY));
    assert_eq!(host.revoke(json, long).await, 413);
    let foreign = Request::post("/revoke")
        .header(header::HOST, "localhost:1")
        .header(header::ORIGIN, "http://localhost:2")
        .header(header::CONTENT_TYPE, json)
        .body(Body::from(r#"{"session":"s"}"#))
        .unwrap();
    assert_eq!(host.ask(foreign).await.0, 403);
    assert_eq!(host.get("/revoke", "localhost:1").await.0, 405);
    assert_eq!(host.revoked(), ["7"]);
    assert_eq!(host.revoke(json, r#"{"session":"s"}"#).await, 204);
    assert_eq!(host.revoked(), ["", "7"]);
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready_and_lives() {
    let host = Host::new("ready");
    assert_eq!(host.get("/readyz", "localhost").await, (200, "text/plain; charset=utf-8".into(), "ready\n".into()));
    host.admin.readiness().stopping();
    let (status, _, body) = host.get("/readyz", "localhost").await;
    assert_eq!((status, body.as_str()), (503, "not ready: the server stops\n"));
    assert_eq!(host.get("/healthz", "localhost").await.0, 200);
}
