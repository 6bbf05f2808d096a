//! People who come, talk, break off, take over, come back and leave, for a long time.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Failure, Target, instance};
use crate::idle::session_names;
use crate::person::{Person, batch, superseded};
use crate::report;

/// How long a deaf socket stays open: longer than the server waits for an answer to its ping.
const DEAF: Duration = Duration::from_secs(25);
/// Failures that are printed.
const SHOWN: u64 = 10;

/// How often each thing happened.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Counts {
    fn add(&self, name: &'static str, times: usize) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(name).or_default();
        *count += times as u64;
        *count
    }
}

/// Lets sessions live one after the other, so many at the same time, and reports what happened.
pub(crate) async fn run(target: Target, minutes: f64, sessions: usize, pause: u64) -> Result<(), Failure> {
    let end = Instant::now() + Duration::try_from_secs_f64(minutes * 60.0)?;
    let counts = Counts::default();
    for name in ["lives", "failures", "lost", "doubled"] {
        counts.add(name, 0);
    }
    let name = Arc::new(session_names());
    let mut places = JoinSet::new();
    for place in 0..sessions {
        let (target, counts, name) = (target.clone(), counts.clone(), Arc::clone(&name));
        places.spawn(async move {
            // Their steps are spread over the pause.
            let offset = pause * place as u64 / sessions as u64;
            tokio::time::sleep(Duration::from_millis(offset)).await;
            for life in 0.. {
                if Instant::now() >= end {
                    break;
                }
                let session = name(life * sessions + place);
                if let Err(failure) = live(&target, &counts, &session, Duration::from_millis(pause)).await {
                    failed(&counts, &session, &failure);
                }
                counts.add("lives", 1);
            }
        });
    }
    while places.join_next().await.is_some() {}
    let counts = counts.0.lock().unwrap_or_else(PoisonError::into_inner);
    report(&json!(*counts))
}

fn failed(counts: &Counts, session: &str, failure: &Failure) {
    let text = failure.to_string();
    for kind in ["lost", "doubled"] {
        counts.add(kind, usize::from(text.starts_with(kind)));
    }
    if counts.add("failures", 1) <= SHOWN {
        let _ = writeln!(std::io::stderr(), "{session}: {text}");
    }
}

/// The life of one session.
async fn live(target: &Target, counts: &Counts, session: &str, pause: Duration) -> Result<(), Failure> {
    let (mut a, mut b) = (Person::new(target, session, "1"), Person::new(target, session, "2"));
    a.join().await?;
    // Waits in the seat until the other comes.
    a.signal(&json!({ "offer": { "sdp": "v=0\r\n".repeat(200) } })).await?;
    a.listen(pause).await?;
    b.join().await?;
    counts.add("joins", 2);
    for _ in 0..fastrand::u8(2..6) {
        talk(&mut a, &mut b, counts).await?;
        pass(&mut a, &mut b, pause).await?;
        if fastrand::bool() {
            incident(&mut a, &mut b, counts, pause).await?;
        } else {
            incident(&mut b, &mut a, counts, pause).await?;
        }
    }
    a.until_seen(&b.written).await?;
    b.until_seen(&a.written).await?;
    // Half of them leave; of the others the server learns by their sockets alone.
    for person in [&mut a, &mut b] {
        if fastrand::bool() {
            person.ask("bye", &json!(null)).await?;
            counts.add("byes", 1);
        }
    }
    Ok(())
}

/// What two people do who are both there.
async fn talk(a: &mut Person, b: &mut Person, counts: &Counts) -> Result<(), Failure> {
    let candidate = json!({ "candidate": { "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0" } });
    for _ in 0..3 {
        a.signal(&candidate).await?;
        b.signal(&candidate).await?;
    }
    counts.add("signals", 6);
    for person in [a, b] {
        person.ask("typing", &json!({ "on": true })).await?;
        let written = person.chat(&batch(fastrand::usize(1..5))).await?;
        counts.add("messages", written);
        person.ask("typing", &json!({ "on": false })).await?;
        person.receipt().await?;
    }
    Ok(())
}

async fn pass(a: &mut Person, b: &mut Person, time: Duration) -> Result<(), Failure> {
    tokio::try_join!(a.listen(time), b.listen(time)).map(|_| ())
}

/// Something happens to a person while the other stays.
async fn incident(who: &mut Person, other: &mut Person, counts: &Counts, pause: Duration) -> Result<(), Failure> {
    match fastrand::u8(0..6) {
        0 => {
            counts.add("breaks while writing", 1);
            let unacknowledged = batch(2);
            who.vanish_writing(&unacknowledged).await?;
            away(who, other, counts, pause).await?;
            // Known by its ID if it had arrived.
            let written = who.chat(&unacknowledged).await?;
            counts.add("messages", written);
        }
        1 => {
            counts.add("breaks", 1);
            who.client = None;
            away(who, other, counts, pause).await?;
        }
        2 => {
            counts.add("deaf sockets", 1);
            let deaf = who.client.take();
            tokio::spawn(async move {
                tokio::time::sleep(DEAF).await;
                drop(deaf);
            });
            away(who, other, counts, pause).await?;
        }
        3 => {
            counts.add("take-overs", 1);
            let former = who.client.take().ok_or("not connected")?;
            who.instance = instance();
            who.join().await?;
            superseded(former).await?;
        }
        4 => {
            counts.add("byes", 1);
            who.ask("bye", &json!(null)).await?;
            who.client = None;
            who.instance = instance();
            away(who, other, counts, pause).await?;
        }
        _ => {}
    }
    pass(who, other, pause).await
}

/// The other goes on writing to somebody who is not there, and who then comes back.
async fn away(who: &mut Person, other: &mut Person, counts: &Counts, pause: Duration) -> Result<(), Failure> {
    let written = other.chat(&batch(fastrand::usize(1..5))).await?;
    counts.add("messages", written);
    other.signal(&json!({ "candidate": { "candidate": "" } })).await?;
    other.listen(pause).await?;
    who.join().await?;
    counts.add("returns", 1);
    Ok(())
}
