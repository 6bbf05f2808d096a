//! Streams of bytes: TCP, and TLS in it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use pairvoice_relay::{Framing, Path, Splitter, Transport};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::RelayHost;
use crate::sessions::lock;

/// Frames that wait for a slow stream; what comes then is late, and is dropped.
const WAITING: usize = 32;
/// How long a stream may be without an allocation, whatever comes.
const USELESS: Duration = Duration::from_secs(10);
/// What is read at once, in bytes.
const READ: usize = 4 * 1024;

impl RelayHost {
    /// Serves a stream that begins with a frame of STUN, to its end. `number` was never given to another one.
    pub(crate) async fn serve_stream(&self, stream: impl AsyncRead + AsyncWrite, client: SocketAddr, number: u64) {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let (sender, mut frames) = mpsc::channel(WAITING);
        lock(&self.streams).insert(number, sender);
        let path = Path { transport: Transport::Stream(number), client };
        let reading = async {
            let (mut splitter, mut bytes, mut out) = (Splitter::default(), BytesMut::with_capacity(READ), Vec::new());
            let mut useful = Instant::now();
            loop {
                bytes.clear();
                if self.serves(path) {
                    useful = Instant::now();
                }
                match tokio::time::timeout_at(useful + USELESS, reader.read_buf(&mut bytes)).await {
                    Ok(Ok(1..)) => {
                        let fed: Result<(), Framing> = splitter.feed(&bytes, |frame| self.take(path, frame, &mut out));
                        if fed.is_err() {
                            break;
                        }
                    }
                    Err(_) if self.serves(path) => {}
                    _ => break,
                }
            }
        };
        let writing = async {
            while let Some(first) = frames.recv().await {
                // What waits goes out at once.
                let mut together: Vec<Bytes> = vec![first];
                while let Ok(next) = frames.try_recv() {
                    together.push(next);
                }
                if writer.write_all(&together.concat()).await.is_err() || writer.flush().await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
        lock(&self.streams).remove(&number);
        self.closed(path);
    }
}
