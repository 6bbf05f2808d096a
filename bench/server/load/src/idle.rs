//! Connections that do nothing but answer pings.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, json};
use tokio::io::AsyncReadExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use crate::client::{Client, Failure, Target, instance};
use crate::report;

/// Joins at the same time: a slow server is waited for.
const JOINING: usize = 64;

/// Sessions are named anew in each run: their chat would be remembered.
pub(crate) fn session_names() -> impl Fn(usize) -> String {
    let run = fastrand::u32(..);
    move |number| format!("load-{run:08x}-{number}")
}

/// Opens connections at a rate, and holds them until standard input ends.
pub(crate) async fn hold(target: Target, count: usize, rate: u32) -> Result<(), Failure> {
    let (up, mut ups) = mpsc::channel(count.max(1));
    let name = session_names();
    let joining = Arc::new(Semaphore::new(JOINING));
    let mut pace = interval(Duration::from_secs(1) / rate.max(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..count {
        pace.tick().await;
        let permit = Arc::clone(&joining).acquire_owned().await?;
        let (target, up, session) = (target.clone(), up.clone(), name(number / 2));
        tokio::spawn(async move {
            let user = if number % 2 == 0 { "1" } else { "2" };
            let joined = Client::join(&target, &session, user, &instance(), Map::new()).await;
            drop(permit);
            let ended = match joined {
                Ok((mut client, _)) => {
                    let _ = up.send(Ok(())).await;
                    idle(&mut client).await
                }
                Err(failure) => failure,
            };
            let _ = up.send(Err(ended)).await;
        });
    }
    for _ in 0..count {
        ups.recv().await.ok_or("nobody is left")??;
    }
    report(&json!({ "up": count }))?;
    let mut input = tokio::io::stdin();
    let mut rest = Vec::new();
    tokio::select! {
        read = input.read_to_end(&mut rest) => { read?; }
        broken = ups.recv() => { broken.unwrap_or(Ok(()))?; }
    }
    Ok(())
}

/// Answers pings until the connection ends.
async fn idle(client: &mut Client) -> Failure {
    loop {
        if let Err(failure) = client.next().await {
            return failure;
        }
    }
}
