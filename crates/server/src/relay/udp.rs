//! Datagrams.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use pairvoice_relay::{Path, Transport};
use socket2::SockRef;
use tokio::net::UdpSocket;

use super::RelayHost;

/// What the system may hold of datagrams that were not read yet, in bytes: some hundred calls for a tenth of a second.
const BUFFER: usize = 4 * 1024 * 1024;
/// Longest datagram that is read; what is longer is cut and refused.
const LONGEST: usize = 2_048;
/// Datagrams that are taken before others get their turn.
const BATCH: usize = 64;

impl RelayHost {
    /// Binds the address.
    ///
    /// # Errors
    /// The system's.
    pub(crate) async fn bind(&self, address: SocketAddr) -> io::Result<()> {
        let udp = UdpSocket::bind(address).await?;
        // The system gives as much as it allows.
        let _ = SockRef::from(&udp).set_recv_buffer_size(BUFFER);
        let _ = self.udp.set(Arc::new(udp));
        Ok(())
    }

    /// Serves datagrams until the future is dropped.
    pub(crate) async fn serve_datagrams(&self) {
        let Some(udp) = self.udp.get() else { return std::future::pending().await };
        let (mut bytes, mut out) = ([0; LONGEST], Vec::with_capacity(LONGEST));
        loop {
            // An error is that of a datagram which was sent before (ICMP), and nothing to stop for.
            let _ = udp.readable().await;
            for _ in 0..BATCH {
                match udp.try_recv_from(&mut bytes) {
                    Ok((length, client)) => {
                        let path = Path { transport: Transport::Udp, client };
                        self.take(path, bytes.get(..length).unwrap_or_default(), &mut out);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => {}
                }
            }
            tokio::task::yield_now().await;
        }
    }
}
