//! A client of Engine.IO 4 and Socket.IO 5 over WebSocket: as much of both as the load takes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Map, Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// What went wrong, in a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long one answer is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Validity of a token in seconds.
const TOKEN_S: u64 = 12 * 3600;
/// Thousands of connections have a buffer each.
const BUFFER_BYTES: usize = 4 * 1024;

/// The server, and how one gets in.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    key: EncodingKey,
    sources: usize,
    opened: Arc<AtomicUsize>,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, key: EncodingKey, sources: u8) -> Self {
        Self { address, key, sources: sources.into(), opened: Arc::default() }
    }

    fn token(&self, session: &str, user: &str) -> Result<String, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = json!({ "sub": user, "session": session, "iat": now, "exp": now + TOKEN_S });
        Ok(jsonwebtoken::encode(&Header::default(), &claims, &self.key)?)
    }

    /// A TCP connection: each from the next of the source addresses, for an address has a bounded number of ports.
    async fn dial(&self) -> Result<TcpStream, Failure> {
        let socket = TcpSocket::new_v4()?;
        if self.sources > 0 {
            let place = self.opened.fetch_add(1, Ordering::Relaxed) % self.sources;
            let source = Ipv4Addr::new(127, 0, 0, u8::try_from(place + 2)?);
            socket.bind((source, 0).into())?;
        }
        socket.set_nodelay(true)?;
        Ok(socket.connect(self.address).await?)
    }
}

/// One socket of the namespace.
pub(crate) struct Client {
    stream: WebSocketStream<TcpStream>,
    last_id: u32,
}

/// What a server sent.
pub(crate) enum Packet {
    /// An event: a JSON array of its name and its data.
    Event(Body),
    /// The acknowledgement of an event of this ID: a JSON array.
    Acknowledged(u32, Body),
    /// A connect error.
    Refused(Body),
    /// Engine.IO's open packet, and Socket.IO's answer to a CONNECT.
    Opened,
    Connected,
}

/// The JSON of a packet.
pub(crate) struct Body {
    text: Utf8Bytes,
    at: usize,
}

impl Body {
    pub(crate) fn json(&self) -> &str {
        self.text.as_str().get(self.at..).unwrap_or_default()
    }

    /// Name and data of an event.
    pub(crate) fn event(&self) -> Result<(String, Value), Failure> {
        let (name, data): (String, Value) = serde_json::from_str(self.json())?;
        Ok((name, data))
    }

    /// The first of an acknowledgement's arguments.
    pub(crate) fn answer(&self) -> Result<Value, Failure> {
        let [answer]: [Value; 1] = serde_json::from_str(self.json())?;
        Ok(answer)
    }
}

/// A new instance ID: 128 random bits.
pub(crate) fn instance() -> String {
    format!("{:032x}", fastrand::u128(..))
}

impl Client {
    /// Joins a session, and returns with the welcome. `more` are further fields of the handshake.
    pub(crate) async fn join(
        target: &Target,
        session: &str,
        user: &str,
        instance: &str,
        more: Map<String, Value>,
    ) -> Result<(Self, Value), Failure> {
        let mut auth = json!({
            "v": 1, "token": target.token(session, user)?,
            "sessionId": session, "userId": user, "instance": instance,
        });
        if let Some(fields) = auth.as_object_mut() {
            fields.extend(more);
        }
        timeout(PATIENCE, Self::enter(target, &auth)).await.map_err(|_| "no welcome in time")?
    }

    async fn enter(target: &Target, auth: &Value) -> Result<(Self, Value), Failure> {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", target.address);
        let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(0);
        let (stream, _) = client_async_with_config(url, target.dial().await?, Some(config)).await?;
        let mut client = Self { stream, last_id: 0 };
        loop {
            match client.next().await? {
                Packet::Opened => client.write(format!("40/pairvoice,{auth}")).await?,
                Packet::Connected => {}
                Packet::Event(body) => {
                    let (name, welcome) = body.event()?;
                    return if name == "welcome" { Ok((client, welcome)) } else { Err("no welcome came first".into()) };
                }
                Packet::Refused(body) => return Err(format!("refused: {}", body.json()).into()),
                Packet::Acknowledged(..) => return Err("an acknowledgement of nothing".into()),
            }
        }
    }

    /// Emits an event, whose data is JSON, and returns the ID that its acknowledgement will have.
    pub(crate) async fn emit(&mut self, name: &str, data: &str) -> Result<u32, Failure> {
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        self.write(format!("42/pairvoice,{id}[\"{name}\",{data}]")).await?;
        Ok(id)
    }

    async fn write(&mut self, text: String) -> Result<(), Failure> {
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// The next packet. Pings are answered on the way; the end of the connection is a failure. May be cancelled.
    pub(crate) async fn next(&mut self) -> Result<Packet, Failure> {
        loop {
            let message = self.stream.next().await.ok_or("the server ended the connection")??;
            let text = match message {
                Message::Text(text) => text,
                Message::Close(_) => return Err("the server closed the connection".into()),
                _ => continue,
            };
            if text.as_str() == "2" {
                self.write("3".into()).await?;
            } else if text.as_str() != "6" {
                return parse(&text);
            }
        }
    }
}

fn parse(text: &Utf8Bytes) -> Result<Packet, Failure> {
    let whole = text.as_str();
    if whole.starts_with('0') {
        return Ok(Packet::Opened);
    }
    let (kind, rest) = whole.split_once("/pairvoice,").unwrap_or((whole, ""));
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let id = rest.get(..digits).unwrap_or_default().parse();
    let body = Body { at: whole.len() - rest.len() + digits, text: text.clone() };
    match kind {
        "40" => Ok(Packet::Connected),
        "42" => Ok(Packet::Event(body)),
        "43" => Ok(Packet::Acknowledged(id?, body)),
        "44" => Ok(Packet::Refused(body)),
        "41" | "41/pairvoice" => Err("the server disconnected the socket".into()),
        _ => Err(format!("a packet of another kind: {kind}").into()),
    }
}
