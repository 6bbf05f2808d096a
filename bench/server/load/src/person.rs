//! One person of a session that is watched: keeps what the chat brought, over all connections.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use crate::client::{Client, Failure, PATIENCE, Packet, Target, instance};

/// A person, connected or not.
pub(crate) struct Person {
    target: Target,
    session: String,
    user: &'static str,
    /// One life of the client; changes with a take-over.
    pub(crate) instance: String,
    /// The socket, while there is one.
    pub(crate) client: Option<Client>,
    /// The IDs of acknowledged messages.
    pub(crate) written: Vec<String>,
    /// How often each message of the other came.
    seen: HashMap<String, u32>,
    sequence: u32,
    since: u64,
    log: Value,
    tip: Value,
}

impl Person {
    pub(crate) fn new(target: &Target, session: &str, user: &'static str) -> Self {
        Self {
            target: target.clone(),
            session: session.to_owned(),
            user,
            instance: instance(),
            client: None,
            written: Vec::new(),
            seen: HashMap::new(),
            sequence: 0,
            since: 0,
            log: Value::Null,
            tip: Value::Null,
        }
    }

    /// Joins, or comes back with what is known of the log.
    pub(crate) async fn join(&mut self) -> Result<(), Failure> {
        let mut known = Map::new();
        if self.since > 0 {
            known.extend(
                [("since", json!(self.since)), ("log", self.log.clone()), ("tip", self.tip.clone())].map(named),
            );
        }
        let (client, welcome) = Client::join(&self.target, &self.session, self.user, &self.instance, known).await?;
        let chat = welcome.get("chat").ok_or("a welcome without a chat")?;
        if chat.get("since").and_then(Value::as_u64) != Some(self.since) {
            return Err("the log was set back".into());
        }
        self.log = chat.get("log").cloned().unwrap_or_default();
        self.note(chat)?;
        self.client = Some(client);
        Ok(())
    }

    /// Remembers messages of an event or of a welcome; they are newer than all that is known.
    fn note(&mut self, chat: &Value) -> Result<(), Failure> {
        for message in chat.get("messages").and_then(Value::as_array).into_iter().flatten() {
            let id = message.get("id").and_then(Value::as_str).ok_or("a message without an ID")?;
            if message.get("sender").and_then(Value::as_str) != Some(self.user) {
                let times = self.seen.entry(id.to_owned()).or_default();
                *times += 1;
                if *times > 1 {
                    return Err(format!("doubled: message {id} came twice").into());
                }
            }
            self.known(message);
        }
        Ok(())
    }

    fn known(&mut self, message: &Value) {
        let seq = message.get("seq").and_then(Value::as_u64).unwrap_or_default();
        if seq > self.since {
            self.since = seq;
            self.tip = message.get("id").cloned().unwrap_or_default();
        }
    }

    fn socket(&mut self) -> Result<&mut Client, Failure> {
        self.client.as_mut().ok_or_else(|| "not connected".into())
    }

    async fn read(&mut self) -> Result<Packet, Failure> {
        let packet = self.socket()?.next().await?;
        if let Packet::Event(body) = &packet {
            let (name, data) = body.event()?;
            if name == "chat" {
                self.note(&data)?;
            }
        }
        Ok(packet)
    }

    /// Emits an event and waits for its acknowledgement, which must be `ok`.
    pub(crate) async fn ask(&mut self, name: &str, data: &Value) -> Result<Value, Failure> {
        let wanted = self.socket()?.emit(name, &data.to_string()).await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let packet =
                timeout_at(deadline, self.read()).await.map_err(|_| format!("{name} was not acknowledged"))??;
            if let Packet::Acknowledged(id, body) = packet
                && id == wanted
            {
                let answer = body.answer()?;
                let ok = answer.get("ok") == Some(&Value::Bool(true));
                return if ok { Ok(answer) } else { Err(format!("{name} was refused: {answer}").into()) };
            }
        }
    }

    /// A signal to the other.
    pub(crate) async fn signal(&mut self, body: &Value) -> Result<(), Failure> {
        self.sequence += 1;
        let envelope = json!({
            "session": self.session, "user": self.user, "instance": self.instance,
            "attempt": 1, "generation": 0, "sequence": self.sequence, "body": body,
        });
        self.ask("signal", &envelope).await.map(|_| ())
    }

    /// Writes messages that were made by [`batch`].
    pub(crate) async fn chat(&mut self, batch: &Value) -> Result<usize, Failure> {
        let answer = self.ask("chat", batch).await?;
        let accepted = answer.get("accepted").and_then(Value::as_array).ok_or("nothing was accepted")?;
        for message in accepted {
            self.written.extend(message.get("id").and_then(Value::as_str).map(str::to_owned));
            self.known(message);
        }
        Ok(accepted.len())
    }

    /// Emits a batch and breaks off before it can be acknowledged.
    pub(crate) async fn vanish_writing(&mut self, batch: &Value) -> Result<(), Failure> {
        self.socket()?.emit("chat", &batch.to_string()).await?;
        self.client = None;
        Ok(())
    }

    /// Says how far the chat was read.
    pub(crate) async fn receipt(&mut self) -> Result<(), Failure> {
        let body = json!({ "user": self.user, "delivered": self.since, "read": self.since });
        self.ask("receipt", &body).await.map(|_| ())
    }

    /// Reads for so long.
    pub(crate) async fn listen(&mut self, time: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + time;
        while let Ok(packet) = timeout_at(deadline, self.read()).await {
            packet?;
        }
        Ok(())
    }

    /// Reads until every acknowledged message of the other came.
    pub(crate) async fn until_seen(&mut self, written: &[String]) -> Result<(), Failure> {
        let all = async {
            while !written.iter().all(|id| self.seen.contains_key(id)) {
                self.read().await?;
            }
            Ok(())
        };
        timeout(PATIENCE, all).await.map_err(|_| "lost: an acknowledged message did not reach the other")?
    }
}

/// The former socket of a user whose seat another instance took: it is told so, and closed.
pub(crate) async fn superseded(mut former: Client) -> Result<(), Failure> {
    let told = async {
        let mut told = false;
        while let Ok(packet) = former.next().await {
            if let Packet::Event(body) = packet {
                told |= body.json().contains("\"opened-elsewhere\"");
            }
        }
        told
    };
    match timeout(PATIENCE, told).await {
        Ok(true) => Ok(()),
        Ok(false) => Err("the former socket was closed without opened-elsewhere".into()),
        Err(_) => Err("the former socket stays open".into()),
    }
}

/// The body of a `chat` event with so many new messages.
pub(crate) fn batch(count: usize) -> Value {
    let message = || {
        let hex = format!("{:032x}", fastrand::u128(..));
        let part = |range| hex.get(range).unwrap_or_default();
        let id = format!("{}-{}-7{}-8{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32));
        json!({ "id": id, "text": "a line of a chat, ".repeat(fastrand::usize(1..8)) })
    };
    json!({ "messages": (0..count).map(|_| message()).collect::<Vec<_>>() })
}

fn named((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}
