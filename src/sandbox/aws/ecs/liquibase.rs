//! The container of Liquibase: the real one of this machine as a child, with what the container is told.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::containers::{End, Prepared};
use crate::sandbox::aws::durations::task::STOP_TIMEOUT;
use crate::sandbox::launcher::Launcher;

/// The least time that a Liquibase gets to end by itself, whatever the pace is.
const FAIR_CHANCE: Duration = Duration::from_secs(2);

/// Runs Liquibase to its end, or until it is to stop.
pub(super) async fn run(prepared: &Prepared<'_>, stop: &CancellationToken) -> End {
    let mut child = match start(prepared) {
        Ok(child) => child,
        Err(error) => return End::Never(format!("CannotStartContainerError: {error}")),
    };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let lines = async { tokio::join!(file(out, prepared), file(err, prepared)) };
    let ended = async {
        tokio::select! {
            status = child.wait() => status,
            () = stop.cancelled() => end(&mut child, prepared).await,
        }
    };
    let (status, _) = tokio::join!(ended, lines);
    match status {
        Ok(status) => End::Code(code(status)),
        Err(error) => End::Never(format!("CannotInspectContainerError: {error}")),
    }
}

fn start(prepared: &Prepared<'_>) -> io::Result<Child> {
    let settings = &prepared.world.settings;
    let Some((lockstep, liquibase)) = &settings.liquibase else {
        return Err(io::Error::other("this sandbox was given no Liquibase"));
    };
    let launcher = Launcher::new(lockstep.clone()).map_err(|error| io::Error::other(error.to_string()))?;
    let mut command = launcher.tool(&liquibase.program, prepared.folder);
    let mut variables = prepared.variables.clone();
    flags(&mut command, liquibase.args.is_empty(), &mut variables);
    command.args(&liquibase.args).args(&prepared.command).envs(&liquibase.env).envs(variables);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// What the image's own command does with `JAVA_OPTS`; where Java is started directly, it is done here.
fn flags(
    command: &mut Command,
    is_own_command: bool,
    variables: &mut std::collections::BTreeMap<String, String>,
) {
    if !is_own_command && let Some(flags) = variables.remove("JAVA_OPTS") {
        command.args(flags.split_whitespace());
    }
}

async fn end(child: &mut Child, prepared: &Prepared<'_>) -> io::Result<ExitStatus> {
    if let Some(process) = child.id().and_then(|id| i32::try_from(id).ok()) {
        // The child is not reaped yet, so the number is still its own; it may just have ended by itself.
        kill(Pid::from_raw(process), Signal::SIGTERM).ok();
    }
    let patience = prepared.world.pace.scaled(STOP_TIMEOUT).max(FAIR_CHANCE);
    if let Ok(status) = tokio::time::timeout(patience, child.wait()).await {
        return status;
    }
    child.start_kill()?;
    child.wait().await
}

/// Files every line of a stream.
async fn file(stream: Option<impl AsyncRead + Unpin>, prepared: &Prepared<'_>) {
    let Some(stream) = stream else { return };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        // CloudWatch takes no empty events.
        if !text.trim().is_empty() {
            prepared.say(text.trim_end());
        }
        line.clear();
    }
}

/// The exit code of a container: 128 plus the signal when one ended it.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
