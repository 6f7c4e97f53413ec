//! One running server: started on a port of its own, ready when it answers a query, stopped for sure.
//!
//! Deliberately absent: deciding whether a server that died is started again.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::{Binaries, Cluster};
use crate::sandbox::SandboxError;
use crate::sandbox::databases::{self, Access};
use crate::sandbox::folder::{self, StateFolder};
use crate::sandbox::launcher::Launcher;

/// Settings for a server that is thrown away with its machine: nothing is forced to disk, only loopback is served.
/// A commit still reaches the system's cache before it is answered, so a killed server loses none. No unix socket: its path has a length limit, and Java needs TCP anyway.
const SETTINGS: [&str; 12] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "max_wal_size=32MB",
];
/// Crash recovery of a busy server takes seconds, on a busy machine many.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How often another port is tried when one is taken between choice and use.
const PORTS_TRIED: usize = 4;

/// A server process of ours.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    /// Where this server's words begin in the log.
    log_from: u64,
}

impl Server {
    /// Spawns the server on the wanted port if that is free, else on one that is; it is not ready yet.
    ///
    /// `lock` becomes its standard input: every process of the server holds it, and nobody else.
    pub(crate) fn spawn(
        state: &StateFolder,
        binaries: &Binaries,
        cluster: &Cluster,
        launcher: &Launcher,
        (lock, wanted): (File, Option<u16>),
    ) -> Result<Self, SandboxError> {
        // The lock is ours, so no process of this cluster lives: the file is stale.
        folder::remove(&cluster.data().join("postmaster.pid"))?;
        let port = free_port(wanted).map_err(SandboxError::file("find a free port for", cluster.folder()))?;
        let log = folder::open_log(&state.postgres_log())?;
        let log_from = log.metadata().map_or(0, |found| found.len());
        let errors = log.try_clone().map_err(SandboxError::file("open", &state.postgres_log()))?;
        let mut command = launcher.postgres(&binaries.program("postgres"), cluster.folder());
        command.arg("-D").arg(cluster.data()).arg("-p").arg(port.to_string());
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        command.stdin(Stdio::from(lock)).stdout(Stdio::from(log)).stderr(Stdio::from(errors));
        let child = command.spawn().map_err(SandboxError::file("start", &binaries.program("postgres")))?;
        Ok(Self { child, port, log_from })
    }

    /// Waits until the server answers `select 1`; `Ok(false)`: its port was taken meanwhile, try another.
    pub(crate) async fn ready(&mut self, state: &StateFolder, access: &Access) -> Result<bool, SandboxError> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().map_err(SandboxError::file("await", state.path()))? {
                let telling = |line: &str| line.contains("FATAL") || line.contains("could not bind");
                let because = folder::last_words(&state.postgres_log(), self.log_from, 2, telling);
                if because.contains("could not bind") || because.contains("Address already in use") {
                    return Ok(false);
                }
                let because = format!("{because} ({status})");
                return Err(SandboxError::Postgres { action: "start", because, log: state.postgres_log() });
            }
            match databases::answers(access).await {
                Ok(()) => return Ok(true),
                Err(error) if begun.elapsed() > START_LIMIT || databases::is_refusal(&error) => {
                    return Err(SandboxError::database("answer")(error));
                }
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Where and as whom to connect.
    pub(crate) fn access(&self, cluster: &Cluster) -> Access {
        cluster.access(self.port)
    }

    /// Waits for the server's own end; safe to drop and call again.
    pub(crate) async fn ended(&mut self) -> Option<ExitStatus> {
        self.child.wait().await.ok()
    }

    /// Ends the server: fast shutdown, after five seconds without ceremony, after five more by force.
    pub(crate) async fn stop(&mut self) {
        for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
            let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) else { return };
            // It may end between the question and the signal.
            kill(Pid::from_raw(pid), signal).ok();
            if timeout(Duration::from_secs(5), self.child.wait()).await.is_ok() {
                return;
            }
        }
    }

    /// How many ports are tried before giving up.
    pub(crate) fn attempts() -> usize {
        PORTS_TRIED
    }
}

/// The wanted port if nobody has it, else one that the kernel picks.
fn free_port(wanted: Option<u16>) -> std::io::Result<u16> {
    let probe = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|free| free.local_addr());
    wanted.map_or_else(|| probe(0), |port| probe(port).or_else(|_| probe(0))).map(|address| address.port())
}
