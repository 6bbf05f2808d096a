use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A folder with a certificate and a key, removed with this.
struct Pair(PathBuf);

impl Pair {
    fn new(name: &str) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let pair = Self(std::env::temp_dir().join(format!("pairvoice-tls-{}-{number}", std::process::id())));
        fs::create_dir(&pair.0).unwrap();
        pair.put_cert(name);
        pair.put_key(name);
        pair
    }

    fn cert(&self) -> PathBuf {
        self.0.join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.join("key.pem")
    }

    fn put_cert(&self, name: &str) {
        fs::copy(material(name, "cert"), self.cert()).unwrap();
    }

    fn put_key(&self, name: &str) {
        fs::copy(material(name, "key"), self.key()).unwrap();
        self.mode(0o600);
    }

    fn mode(&self, mode: u32) {
        fs::set_permissions(self.key(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn load(&self) -> Result<Tls, TlsError> {
        let args = TlsArgs { tls_cert: Some(self.cert()), tls_key: Some(self.key()) };
        Tls::load(&args).map(Option::unwrap)
    }

    fn refusal(&self) -> String {
        self.load().unwrap_err().to_string()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn material(name: &str, part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tls/test-only-{name}-{part}.pem"))
}

/// The protocol that a client gets which trusts this certificate alone; an error when the server shows another one.
async fn connect(
    tls: &Tls,
    trusted: &str,
    offers: &[&str],
) -> Result<(Option<String>, ProtocolVersion), std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(material(trusted, "cert")).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = offers.iter().map(|name| name.as_bytes().to_vec()).collect();
    let (near, far) = tokio::io::duplex(16 * 1024);
    let server = async {
        let mut stream = tls.acceptor().accept(far).await?;
        stream.write_all(b"hello").await?;
        stream.shutdown().await
    };
    let client = async {
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, near).await?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await?;
        assert_eq!(heard, "hello");
        let (_, session) = stream.get_ref();
        let protocol = session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        Ok((protocol, session.protocol_version().unwrap()))
    };
    // A client that does not trust the server ends the stream, which ends the server's handshake.
    let (_, heard) = timeout(PATIENCE, async { tokio::join!(server, client) }).await.unwrap();
    heard
}

/// Waits until new connections get this certificate.
async fn serves(tls: &Tls, name: &str, mut meanwhile: impl FnMut()) {
    let seen = async {
        while connect(tls, name, &[]).await.is_err() {
            meanwhile();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("the {name} certificate was waited for"));
}

#[tokio::test]
async fn a_client_gets_the_protocol_that_it_offers() {
    let pair = Pair::new("first");
    let tls = pair.load().unwrap();
    for (offers, protocol) in [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)] {
        let (found, version) = connect(&tls, "first", offers).await.unwrap();
        assert_eq!((found.as_deref(), version), (protocol, ProtocolVersion::TLSv1_3));
    }
    assert!(connect(&tls, "first", &["smtp"]).await.is_err());
    assert!(connect(&tls, "second", &["h2"]).await.is_err());
}

#[test]
fn without_files_there_is_no_tls_and_with_one_of_them_a_sentence() {
    assert!(Tls::load(&TlsArgs::default()).unwrap().is_none());
    let file = Some(PathBuf::from("a.pem"));
    let error = Tls::load(&TlsArgs { tls_cert: file.clone(), tls_key: None }).unwrap_err();
    assert_eq!(error.to_string(), "--tls-cert a.pem needs --tls-key beside it");
    let error = Tls::load(&TlsArgs { tls_cert: None, tls_key: file }).unwrap_err();
    assert_eq!(error.to_string(), "--tls-key a.pem needs --tls-cert beside it");
}

#[test]
fn what_can_not_be_used_is_refused_by_its_name() {
    let pair = Pair::new("first");
    let (cert, key) = (pair.cert().display().to_string(), pair.key().display().to_string());
    for mode in [0o640, 0o604, 0o620, 0o601] {
        pair.mode(mode);
        assert!(pair.refusal().ends_with(&format!("chmod 600 {key}")), "{mode:o}");
    }
    pair.put_key("second");
    assert_eq!(pair.refusal(), format!("the private key {key} does not belong to the first certificate in {cert}"));
    fs::write(pair.key(), "nothing").unwrap();
    assert!(pair.refusal().starts_with(&format!("{key} holds no private key")));
    fs::remove_file(pair.key()).unwrap();
    assert!(pair.refusal().starts_with(&format!("cannot read {key}: ")));
    fs::write(pair.cert(), "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").unwrap();
    assert!(pair.refusal().starts_with(&format!("{cert} holds no certificate")));
    fs::write(pair.cert(), "").unwrap();
    assert!(pair.refusal().starts_with(&format!("{cert} holds no certificate")));
}

#[tokio::test]
async fn a_new_pair_serves_new_connections_and_a_broken_one_changes_nothing() {
    let pair = Pair::new("first");
    let tls = pair.load().unwrap();
    pair.put_cert("second");
    assert!(matches!(tls.reload(), Err(TlsError::Mismatch { .. })));
    connect(&tls, "first", &["h2"]).await.unwrap();
    pair.put_key("second");
    tls.reload().unwrap();
    connect(&tls, "second", &["h2"]).await.unwrap();
    assert!(connect(&tls, "first", &["h2"]).await.is_err());
}

#[tokio::test]
async fn changed_files_are_noticed_and_so_is_a_hangup() {
    let pair = Pair::new("first");
    let tls = Arc::new(pair.load().unwrap());
    let watch = tokio::spawn(Arc::clone(&tls).watch_every(Duration::from_millis(5)));
    pair.put_cert("second");
    pair.put_key("second");
    serves(&tls, "second", || ()).await;
    watch.abort();

    // From here on the process survives a hangup, whenever the task below begins to listen.
    let _listening = signal(SignalKind::hangup()).unwrap();
    let watch = tokio::spawn(Arc::clone(&tls).watch_every(Duration::from_hours(1)));
    pair.put_cert("first");
    pair.put_key("first");
    let hang_up = || {
        let status = Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    serves(&tls, "first", hang_up).await;
    watch.abort();
}
