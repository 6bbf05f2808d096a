//! Signals from one to the other of each pair, a window of them on their way.

use std::time::{Duration, Instant};

use serde_json::{Map, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::{mpsc, watch};

use crate::client::{Client, Failure, Packet, Target, instance};
use crate::idle::session_names;
use crate::report;

/// How long a run may take.
const LIMIT: Duration = Duration::from_mins(5);
/// What a candidate begins with: its foundation is the time of sending, in microseconds since the program began.
const FOUNDATION: &str = "\"candidate:";

/// The times of one person of a pair in a run, in microseconds: of acknowledgements or of deliveries.
enum Times {
    Acknowledged(Vec<u64>),
    Delivered(Vec<u64>),
}

type Results = mpsc::Sender<Result<Times, Failure>>;

/// Who sends, and what.
struct Sender {
    client: Client,
    session: String,
    instance: String,
    bytes: usize,
    window: u32,
    sequence: u32,
    began: Instant,
}

/// Joins all pairs; then each line of standard input, a number of signals a pair, is a run.
pub(crate) async fn run(target: Target, pairs: usize, bytes: usize, window: u32) -> Result<(), Failure> {
    let began = Instant::now();
    let (results, mut times) = mpsc::channel(pairs * 2 + 1);
    let (start, runs) = watch::channel(0);
    let name = session_names();
    for number in 0..pairs {
        let (session, instance) = (name(number), instance());
        let (receiver, _) = Client::join(&target, &session, "2", &crate::client::instance(), Map::new()).await?;
        let (client, _) = Client::join(&target, &session, "1", &instance, Map::new()).await?;
        let sender = Sender { client, session, instance, bytes, window, sequence: 0, began };
        spawn(&results, sender.serve(runs.clone(), results.clone()));
        spawn(&results, receive(receiver, runs.clone(), results.clone(), began));
    }
    report(&json!({ "up": pairs * 2 }))?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let messages: u32 = line.trim().parse()?;
        let first = Instant::now();
        start.send(messages)?;
        let (mut acknowledged, mut delivered) = (Vec::new(), Vec::new());
        let all = async {
            for _ in 0..pairs * 2 {
                match times.recv().await.ok_or("nobody is left")?? {
                    Times::Acknowledged(times) => acknowledged.extend(times),
                    Times::Delivered(times) => delivered.extend(times),
                }
            }
            Ok::<(), Failure>(())
        };
        tokio::time::timeout(LIMIT, all).await.map_err(|_| "a run did not end in time")??;
        let seconds = first.elapsed().as_secs_f64();
        let count = u32::try_from(delivered.len())?;
        report(&json!({
            "messages": count, "seconds": seconds, "perSecond": f64::from(count) / seconds,
            "deliveredUs": percentiles(delivered), "acknowledgedUs": percentiles(acknowledged),
        }))?;
    }
    Ok(())
}

/// Runs a person, whose failure ends the program.
fn spawn(results: &Results, person: impl Future<Output = Result<(), Failure>> + Send + 'static) {
    let results = results.clone();
    tokio::spawn(async move {
        if let Err(failure) = person.await {
            let _ = results.send(Err(failure)).await;
        }
    });
}

impl Sender {
    async fn serve(mut self, mut runs: watch::Receiver<u32>, results: Results) -> Result<(), Failure> {
        loop {
            tokio::select! {
                more = runs.changed() => {
                    more?;
                    let messages = *runs.borrow_and_update();
                    results.send(Ok(Times::Acknowledged(self.send_all(messages).await?))).await?;
                }
                // Between runs: pings.
                packet = self.client.next() => { packet?; }
            }
        }
    }

    async fn send_all(&mut self, messages: u32) -> Result<Vec<u64>, Failure> {
        let mut sent = vec![None; usize::try_from(messages)?];
        let mut times = Vec::with_capacity(sent.len());
        let mut next = 0;
        let mut first = None;
        while times.len() < sent.len() {
            if next < messages && next - u32::try_from(times.len())? < self.window {
                let now = Instant::now();
                let id = self.send_one().await?;
                first.get_or_insert(id);
                *sent.get_mut(usize::try_from(next)?).ok_or("sent too many")? = Some(now);
                next += 1;
                continue;
            }
            let Packet::Acknowledged(id, body) = self.client.next().await? else { continue };
            if !body.json().contains("\"delivered\"") {
                return Err(format!("not delivered: {}", body.json()).into());
            }
            let place = usize::try_from(id.wrapping_sub(first.unwrap_or_default()))?;
            let at = sent.get_mut(place).and_then(Option::take).ok_or("acknowledged twice")?;
            times.push(micros(at));
        }
        Ok(times)
    }

    async fn send_one(&mut self) -> Result<u32, Failure> {
        self.sequence += 1;
        let now = micros(self.began);
        let mut candidate = format!("candidate:{now} 1 udp 2122260223 192.0.2.1 49152 typ host generation 0 ");
        while candidate.len() < self.bytes {
            candidate.push('x');
        }
        let envelope = json!({
            "session": self.session, "user": "1", "instance": self.instance,
            "attempt": 1, "generation": 0, "sequence": self.sequence,
            "body": { "candidate": { "candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0 } },
        });
        self.client.emit("signal", &envelope.to_string()).await
    }
}

/// The other of a pair: notes when each signal came.
async fn receive(
    mut client: Client,
    mut runs: watch::Receiver<u32>,
    results: Results,
    began: Instant,
) -> Result<(), Failure> {
    let mut times = Vec::new();
    let mut wanted = 0;
    loop {
        tokio::select! {
            // A run is known before its first signal can be read.
            biased;
            more = runs.changed() => {
                more?;
                wanted = usize::try_from(*runs.borrow_and_update())?;
            }
            packet = client.next() => {
                let Packet::Event(body) = packet? else { continue };
                if !body.json().starts_with("[\"signal\"") {
                    continue;
                }
                let (_, rest) = body.json().split_once(FOUNDATION).ok_or("a signal that nobody sent")?;
                let sent: u64 = rest.split(' ').next().unwrap_or_default().parse()?;
                times.push(micros(began).saturating_sub(sent));
                if times.len() == wanted {
                    results.send(Ok(Times::Delivered(std::mem::take(&mut times)))).await?;
                }
            }
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn percentiles(mut times: Vec<u64>) -> serde_json::Value {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    json!({ "p50": at(50), "p99": at(99), "worst": times.last() })
}
