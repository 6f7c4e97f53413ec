//! The public address of a store: a small TCP forwarder whose target can change under it.
//!
//! It stands for App Runner's own load balancer. A connection keeps the store it began with; new ones go to
//! the newest. Absent on purpose: HTTP, but for the answers given while no store runs and while
//! the application is to look unwell.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::sandbox::faults::{Board, Effect};

/// What a caller reads while nothing runs behind the address, as behind App Runner's proxy.
const NOTHING_RUNS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain\r\ncontent-length: 32\r\nconnection: close\r\n\r\n\
    No instance of the service runs.";
/// What a caller of `/health` reads while the fault says so: the store's own form, with a reason of its own.
const UNWELL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\ncontent-length: 70\r\nconnection: close\r\n\r\n\
    {\"status\":\"unhealthy\",\"reason\":\"the payment provider does not answer\"}";
/// How long a caller may take to send the request that gets that answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// One public address on the loopback interface.
pub(super) struct Forward {
    address: SocketAddr,
    target: Arc<Mutex<Option<Arc<Target>>>>,
}

/// Whose address it is, and whether its application is to look unwell.
#[derive(Clone, Default)]
pub(super) struct Patient {
    pub(super) environment: String,
    pub(super) faults: Board,
}

/// Where connections go, and how many are open there.
pub(super) struct Target {
    address: SocketAddr,
    open: watch::Sender<usize>,
}

/// Counts as an open connection for as long as it lives.
struct Open(Arc<Target>);

impl Forward {
    /// Opens the wanted port when it is free and any other when not; serves until `closing`.
    pub(super) async fn open(
        wanted: Option<u16>,
        patient: Patient,
        closing: CancellationToken,
    ) -> io::Result<Self> {
        let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = match wanted {
            Some(port) => match bind(port).await {
                Ok(listener) => listener,
                Err(_taken) => bind(0).await?,
            },
            None => bind(0).await?,
        };
        let address = listener.local_addr()?;
        let target: Arc<Mutex<Option<Arc<Target>>>> = Arc::default();
        let accepting = accept(listener, Arc::clone(&target), patient, closing.clone());
        tokio::spawn(async move { closing.run_until_cancelled(accepting).await });
        Ok(Self { address, target })
    }

    /// The public address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends new connections to a store, or to none, and returns where they went before.
    pub(super) fn point_at(&self, address: Option<SocketAddr>) -> Option<Arc<Target>> {
        let target = address.map(|address| Arc::new(Target { address, open: watch::Sender::new(0) }));
        std::mem::replace(&mut *self.target.lock().unwrap_or_else(PoisonError::into_inner), target)
    }
}

impl Patient {
    /// True when the caller asks for the health of an application that is to look unwell.
    async fn is_unwell(&self, caller: &TcpStream) -> bool {
        let (environment, unwell) = (Some(self.environment.as_str()), |effect| effect == Effect::Unwell);
        if self.faults.standing(environment, unwell).is_none() {
            return false;
        }
        let mut first = [0; 16];
        // The first words of a request arrive together.
        let read = tokio::time::timeout(PATIENCE, caller.peek(&mut first)).await;
        let asks = matches!(read, Ok(Ok(count)) if first[..count].starts_with(b"GET /health"));
        asks && self.faults.strike(environment, None, unwell).is_some()
    }
}

impl Target {
    /// Waits until no connection is open to this target, but no longer than `limit`.
    pub(super) async fn drained(&self, limit: Duration) {
        let mut open = self.open.subscribe();
        // Both outcomes mean that the wait is over.
        tokio::time::timeout(limit, open.wait_for(|open| *open == 0)).await.ok();
    }
}

impl Open {
    fn new(target: &Arc<Target>) -> Self {
        target.open.send_modify(|open| *open += 1);
        Self(Arc::clone(target))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

async fn accept(
    listener: TcpListener,
    target: Arc<Mutex<Option<Arc<Target>>>>,
    patient: Patient,
    closing: CancellationToken,
) {
    loop {
        let Ok((caller, _)) = listener.accept().await else {
            // Out of file descriptors: a pause lets open connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Counted under the lock: whoever swaps the target afterwards sees this connection.
        let open = target.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Open::new);
        let (closing, patient) = (closing.clone(), patient.clone());
        tokio::spawn(async move { closing.run_until_cancelled(carry(caller, open, &patient)).await });
    }
}

async fn carry(mut caller: TcpStream, open: Option<Open>, patient: &Patient) {
    // Without it small answers wait for the caller's delayed acknowledgement; failing only costs time.
    caller.set_nodelay(true).ok();
    if patient.is_unwell(&caller).await {
        tokio::time::timeout(PATIENCE, say(&mut caller, UNWELL)).await.ok();
        return;
    }
    if let Some(open) = &open
        && let Ok(mut store) = TcpStream::connect(open.0.address).await
    {
        store.set_nodelay(true).ok();
        // A reset by either side ends the connection; there is nobody to tell.
        tokio::io::copy_bidirectional(&mut caller, &mut store).await.ok();
        return;
    }
    tokio::time::timeout(PATIENCE, say(&mut caller, NOTHING_RUNS)).await.ok();
}

async fn say(caller: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    // The request is read first: closing with unread data would reset the connection under the answer.
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") && request.len() < 65_536 {
        let read = caller.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&chunk[..read]);
    }
    caller.write_all(answer).await?;
    caller.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    tokio::io::copy(&mut reader, &mut writer).await.ok();
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn a_connection_keeps_its_store_after_the_swap_and_the_drain_waits_for_it() {
        let forward = Forward::open(None, Patient::default(), CancellationToken::new()).await.expect("opens");
        forward.point_at(Some(echo().await));
        let mut caller = TcpStream::connect(forward.address()).await.expect("connects");
        let mut byte = [0];
        caller.write_all(b"a").await.expect("sent");
        caller.read_exact(&mut byte).await.expect("echoed");
        let former = forward.point_at(Some(echo().await)).expect("the former target");
        let mut drained = tokio::spawn(async move { former.drained(Duration::from_mins(1)).await });
        caller.write_all(b"b").await.expect("sent");
        caller.read_exact(&mut byte).await.expect("the old store still answers");
        assert_eq!(byte, *b"b");
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut drained).await.is_err());
        drop(caller);
        tokio::time::timeout(Duration::from_secs(10), drained).await.expect("drains").expect("no panic");
    }

    #[tokio::test]
    async fn a_caller_reads_503_while_nothing_runs() {
        let forward = Forward::open(None, Patient::default(), CancellationToken::new()).await.expect("opens");
        let mut caller = TcpStream::connect(forward.address()).await.expect("connects");
        caller.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
        let mut answer = String::new();
        caller.read_to_string(&mut answer).await.expect("answered");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        let body = answer.split("\r\n\r\n").nth(1).expect("a body");
        assert!(answer.contains(&format!("content-length: {}\r\n", body.len())), "{answer}");
    }

    #[tokio::test]
    async fn a_taken_port_is_replaced_by_a_free_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = taken.local_addr().expect("an address").port();
        let forward =
            Forward::open(Some(port), Patient::default(), CancellationToken::new()).await.expect("opens");
        assert_ne!(forward.address().port(), port);
    }
}
