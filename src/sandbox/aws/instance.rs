//! One running store process: started, listened to, stopped.
//!
//! The process gets a cleared environment and dies with us: its standard input is a pipe it watches
//! (`--exit-with-parent`). Absent on purpose: which configuration becomes which environment
//! ([`super::launch`]), and what to do when a store ends by itself ([`super::place`]).

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::durations::floor;

/// The words on standard output after which a store is reachable.
const LISTENING: &str = "listening on ";

/// Takes each line a store prints.
pub(super) type Printed = Arc<dyn Fn(&str) + Send + Sync>;

/// A store process; clones are the same process.
#[derive(Clone)]
pub(super) struct Instance {
    id: Arc<str>,
    listening: watch::Receiver<Option<SocketAddr>>,
    ended: watch::Receiver<Option<i32>>,
    quit: CancellationToken,
}

impl Instance {
    /// Starts the program with exactly these variables.
    pub(super) fn start(
        id: &str,
        program: &Path,
        variables: BTreeMap<String, String>,
        printed: Printed,
    ) -> io::Result<Self> {
        let child = Command::new(program)
            .arg("--exit-with-parent")
            .env_clear()
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let process = child.id().ok_or_else(|| io::Error::other("the store ended before it had a number"))?;
        let (address, listening) = watch::channel(None);
        let (exit, ended) = watch::channel(None);
        let quit = CancellationToken::new();
        tokio::spawn(attend(child, process, printed, address, exit, quit.clone()));
        Ok(Self { id: id.into(), listening, ended, quit })
    }

    /// The identifier of 32 hexadecimal digits its log stream is named by.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Waits until the store listens; `None` when it ended instead.
    pub(super) async fn listening(&self) -> Option<SocketAddr> {
        let mut listening = self.listening.clone();
        // The sender goes with the process, so an error means that it ended without ever listening.
        listening.wait_for(Option::is_some).await.ok().and_then(|address| *address)
    }

    /// Waits for the end of the process and returns its exit code; 128 plus the signal when one ended it.
    pub(super) async fn ended(&self) -> i32 {
        let mut ended = self.ended.clone();
        // The task that attends the process only goes before its end with the whole runtime.
        ended.wait_for(Option::is_some).await.ok().and_then(|code| *code).unwrap_or(-1)
    }

    /// Asks the store to end, insists after a while, and waits for its end.
    pub(super) async fn stop(&self) {
        self.quit.cancel();
        self.ended().await;
    }
}

/// Owns the process from its start to its end.
async fn attend(
    mut child: Child,
    process: u32,
    printed: Printed,
    address: watch::Sender<Option<SocketAddr>>,
    exit: watch::Sender<Option<i32>>,
    quit: CancellationToken,
) {
    // Held to the end: closing it tells the store that its parent is gone.
    let stdin = child.stdin.take();
    let stdout =
        child.stdout.take().map(|pipe| tokio::spawn(listen(pipe, Arc::clone(&printed), Some(address))));
    let stderr = child.stderr.take().map(|pipe| tokio::spawn(listen(pipe, printed, None)));
    let status = tokio::select! {
        status = child.wait() => status,
        () = quit.cancelled() => end(&mut child, process).await,
    };
    drop(stdin);
    for reader in [stdout, stderr].into_iter().flatten() {
        // What the process printed last is still in the pipe; a grandchild may hold the pipe open for ever.
        let mut reader = reader;
        if tokio::time::timeout(Duration::from_secs(1), &mut reader).await.is_err() {
            reader.abort();
        }
    }
    exit.send_replace(Some(status.map_or(-1, exit_code)));
}

async fn end(child: &mut Child, process: u32) -> io::Result<std::process::ExitStatus> {
    if let Ok(process) = i32::try_from(process) {
        // The child is not reaped yet, so the number is still its own; it may just have ended by itself.
        let _ = kill(Pid::from_raw(process), Signal::SIGTERM);
    }
    if let Ok(status) = tokio::time::timeout(floor::STOP, child.wait()).await {
        return status;
    }
    child.start_kill()?;
    child.wait().await
}

async fn listen(
    pipe: impl AsyncRead + Unpin,
    printed: Printed,
    address: Option<watch::Sender<Option<SocketAddr>>>,
) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 => {}
            _ => return,
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        let said = text.strip_prefix(LISTENING).and_then(|said| said.parse::<SocketAddr>().ok());
        if let (Some(said), Some(address)) = (said, &address) {
            address.send_replace(Some(said));
        }
        if !text.is_empty() {
            printed(text);
        }
    }
}

fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A store of a few lines of shell, in a folder that lives as long as it does.
    fn shell(lines: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store");
        // Another process writes it: were it open for writing here, a test that forks at this moment would
        // inherit it open, and the system would refuse to run it ("text file busy").
        let script = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let made =
            std::process::Command::new("/bin/sh").args(["-c", script, "sh", lines]).arg(&path).status();
        assert!(made.expect("a shell").success());
        (folder, path)
    }

    fn start(program: &Path, variables: &[(&str, &str)]) -> (Instance, Arc<Mutex<Vec<String>>>) {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&lines);
        let printed: Printed = Arc::new(move |line| kept.lock().expect("no panic").push(line.to_owned()));
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        (Instance::start("1", program, variables, printed).expect("starts"), lines)
    }

    #[tokio::test]
    async fn the_address_and_every_line_of_a_store_arrive() {
        let (_folder, program) =
            shell("echo hello $NAME; echo listening on 127.0.0.1:4711; echo bad >&2; exit 3");
        let (instance, lines) = start(&program, &[("NAME", "world")]);
        assert_eq!(instance.ended().await, 3);
        assert_eq!(instance.listening().await, Some("127.0.0.1:4711".parse().expect("an address")));
        let mut lines = lines.lock().expect("no panic").clone();
        lines.sort();
        assert_eq!(lines, ["bad", "hello world", "listening on 127.0.0.1:4711"]);
    }

    #[tokio::test]
    async fn a_store_sees_nothing_of_our_own_environment() {
        let (_folder, program) = shell("/usr/bin/env");
        let (instance, lines) = start(&program, &[("NAME", "world")]);
        assert_eq!(instance.ended().await, 0);
        let lines = lines.lock().expect("no panic");
        assert!(lines.iter().any(|line| line == "NAME=world"), "{lines:?}");
        // A shell sets PWD and the like by itself.
        assert!(
            !lines.iter().any(|line| line.starts_with("CARGO") || line.starts_with("HOME=")),
            "{lines:?}"
        );
    }

    #[tokio::test]
    async fn a_store_that_ends_without_listening_is_noticed() {
        let (_folder, program) = shell("exit 1");
        let (instance, _) = start(&program, &[]);
        assert_eq!(instance.listening().await, None);
        assert_eq!(instance.ended().await, 1);
    }

    #[tokio::test]
    async fn stopping_ends_the_process_even_when_it_ignores_the_request() {
        let (_folder, program) =
            shell("trap '' TERM; echo $$; echo listening on 127.0.0.1:1; while :; do read line; done");
        let (instance, lines) = start(&program, &[]);
        instance.listening().await;
        instance.stop().await;
        assert!(matches!(instance.ended().await, 137 | 143));
        let process = lines.lock().expect("no panic")[0].parse().expect("a process number");
        assert!(kill(Pid::from_raw(process), None).is_err(), "process {process} is still there");
    }
}
