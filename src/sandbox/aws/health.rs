//! One health check of a store, over real TCP or HTTP.
//!
//! An HTTP check passes on status 200 to 299. Absent on purpose: how often to check and what to conclude.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::configuration::HealthCheckConfiguration;

/// Makes one check; anything but a pass within `patience` is a failure.
pub(super) async fn passes(
    address: SocketAddr,
    check: &HealthCheckConfiguration,
    patience: Duration,
) -> bool {
    let attempt = async {
        match check.protocol.as_str() {
            "HTTP" => status(address, &check.path).await.is_some_and(|status| (200..300).contains(&status)),
            _ => TcpStream::connect(address).await.is_ok(),
        }
    };
    tokio::time::timeout(patience, attempt).await.unwrap_or(false)
}

/// The status a GET is answered with.
async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: AppRunner-HealthCheck\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // Read to the end: hanging up on a store in the middle of its answer would fill its log with complaints.
    (&mut stream).take(65_536).read_to_end(&mut answer).await.ok()?;
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    async fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let asked = stream.read(&mut request).await.unwrap_or(0);
                stream.write_all(if asked > 0 { answer.as_bytes() } else { b"" }).await.ok();
            }
        });
        address
    }

    #[tokio::test]
    async fn only_a_status_of_two_hundred_and_something_is_healthy() {
        let http =
            HealthCheckConfiguration { protocol: "HTTP".into(), ..HealthCheckConfiguration::default() };
        let tcp = HealthCheckConfiguration::default();
        let table = [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", false),
            ("hello\r\n", false),
            ("", false),
        ];
        for (answer, healthy) in table {
            let address = answering(answer).await;
            assert_eq!(passes(address, &http, Duration::from_secs(10)).await, healthy, "{answer}");
            assert!(passes(address, &tcp, Duration::from_secs(10)).await, "a TCP check only connects");
        }
    }

    #[tokio::test]
    async fn a_port_nobody_listens_on_is_unhealthy() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        assert!(!passes(address, &HealthCheckConfiguration::default(), Duration::from_secs(10)).await);
    }
}
