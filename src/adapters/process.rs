//! Child processes: started in a process group of their own with nothing to read, their lines taken in batches,
//! and nothing of them left when whoever started them goes away.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::report::BATCH;

/// How long a line waits for others before they travel together.
const WAIT: Duration = Duration::from_millis(50);

/// The longest line, in bytes; a longer one is cut into several.
const LINE: usize = 64 * 1024;

/// What to start.
pub(super) struct Launch {
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments; never a secret.
    pub(super) args: Vec<OsString>,
    /// Its whole environment.
    pub(super) env: Vec<(OsString, OsString)>,
    /// The folder that it works in.
    pub(super) folder: PathBuf,
    /// What it holds, as its standard input, for as long as it lives. There is never anything to read in it.
    pub(super) lease: Option<File>,
}

/// A process that runs. Dropping it kills its whole group.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    out: Lines<tokio::process::ChildStdout>,
    err: Lines<tokio::process::ChildStderr>,
}

impl Process {
    /// Starts a process.
    pub(super) fn start(launch: Launch) -> std::io::Result<Self> {
        let mut child = Command::new(launch.program)
            .args(launch.args)
            .env_clear()
            .envs(launch.env)
            .current_dir(launch.folder)
            .stdin(launch.lease.map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let (out, err) = (Lines::new(child.stdout.take()), Lines::new(child.stderr.take()));
        Ok(Self { child, group, out, err })
    }

    /// The next lines that it wrote, on either stream; `None` when both have ended. Safe to drop while it waits:
    /// at most the lines of an unfinished batch are lost.
    pub(super) async fn lines(&mut self) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        let mut due = pin!(sleep(WAIT));
        while lines.len() < BATCH {
            let line = tokio::select! {
                biased;
                Some(line) = self.out.next(), if !self.out.is_ended => line,
                Some(line) = self.err.next(), if !self.err.is_ended => line,
                () = &mut due, if !lines.is_empty() => break,
                else => break,
            };
            if lines.is_empty() {
                due.set(sleep(WAIT));
            }
            lines.push(line);
        }
        if lines.is_empty() && self.out.is_ended && self.err.is_ended { None } else { Some(lines) }
    }

    /// Kills its whole group and waits until it is gone.
    pub(super) async fn kill(&mut self) -> std::io::Result<ExitStatus> {
        if let Some(group) = self.group {
            // An error means that nothing of it is left.
            killpg(group, Signal::SIGKILL).ok();
        }
        self.end().await
    }

    /// Asks its whole group to end, and kills what has not ended in time.
    pub(super) async fn terminate(&mut self, patience: Duration) -> std::io::Result<ExitStatus> {
        if let Some(group) = self.group {
            // An error means that nothing of it is left.
            killpg(group, Signal::SIGTERM).ok();
        }
        // What the first process of the group leaves behind is not waited for.
        timeout(patience, self.child.wait()).await.ok();
        self.kill().await
    }

    /// Waits for its end.
    pub(super) async fn end(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        // Its number may belong to another process from now on.
        self.group = None;
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // An error means that nothing of it is left.
            killpg(group, Signal::SIGKILL).ok();
        }
    }
}

/// The lines of a stream.
struct Lines<R> {
    stream: Option<R>,
    buffer: Vec<u8>,
    is_ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(stream: Option<R>) -> Self {
        Self { is_ended: stream.is_none(), stream, buffer: Vec::new() }
    }

    /// The next line; `None` once at the end. Safe to drop while it waits: what was read stays in the buffer.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(text(&line));
            }
            if self.buffer.len() >= LINE {
                return Some(text(&std::mem::take(&mut self.buffer)));
            }
            let stream = self.stream.as_mut()?;
            // A stream that cannot be read is at its end.
            if stream.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                self.stream = None;
                self.is_ended = true;
                let rest = std::mem::take(&mut self.buffer);
                return (!rest.is_empty()).then(|| text(&rest));
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        Process::start(Launch {
            program: PathBuf::from("/bin/sh"),
            args: vec!["-c".into(), script.into()],
            env: vec![("SEEN".into(), "yes".into())],
            folder: std::env::temp_dir(),
            lease: None,
        })
        .unwrap()
    }

    async fn all(process: &mut Process) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(batch) = process.lines().await {
            assert!(batch.len() <= BATCH);
            lines.extend(batch);
        }
        lines
    }

    #[tokio::test]
    async fn both_streams_are_read_to_the_end_and_nothing_is_inherited() {
        let mut process = shell("echo \"$SEEN$HOME\"; echo err >&2; printf last; exit 3");
        let mut lines = all(&mut process).await;
        lines.sort();
        assert_eq!(lines, ["err", "last", "yes"]);
        assert_eq!(process.end().await.unwrap().code(), Some(3));
    }

    #[tokio::test]
    async fn many_lines_come_in_batches_and_none_is_lost() {
        let mut process = shell("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done");
        let lines = all(&mut process).await;
        assert_eq!(lines.len(), 2000);
        assert_eq!(lines[1999], "line 1999");
    }

    #[tokio::test]
    async fn a_line_without_end_does_not_fill_the_memory() {
        let mut process = shell("head -c 300000 /dev/zero | tr '\\0' x");
        let lines = all(&mut process).await;
        assert!(lines.len() >= 4, "{}", lines.len());
        assert_eq!(lines.iter().map(String::len).sum::<usize>(), 300_000);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn dropping_it_kills_the_whole_group() {
        let mut process = shell("sleep 1000 & echo $!; wait");
        let child: i32 = process.lines().await.unwrap()[0].parse().unwrap();
        drop(process);
        let gone = async {
            // A zombie that nobody has waited for yet still has a number, but it is not running.
            while std::fs::read_to_string(format!("/proc/{child}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z "))
            {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), gone).await.expect("the grandchild was killed");
    }
}
