//! A sandbox's life as others see it: up, held, reset, down.
//!
//! The caller's process owns nothing: it starts a keeper or finds one, and talks to it. Two callers at once both start one;
//! the keepers settle by a lock who stays. Deliberately absent: what a keeper does.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::faults::{Order, Report};
use super::folder::{self, StateFolder, read_json, write_json};
use super::link::{Answer, KeeperAddress, Link, Word};
use super::postgres::{Cluster, claim};
use super::{LaunchSettings, Sandbox, SandboxError};

/// How long a keeper may be unreachable during a start before that is a failure.
const UNREACHABLE_LIMIT: Duration = Duration::from_mins(1);
/// How long a keeper gets to take everything down, before it is ended by force.
const STOP_LIMIT: Duration = Duration::from_secs(25);
const PAUSE: Duration = Duration::from_millis(20);

/// Keeps an unkept sandbox alive until dropped, or until this process ends in whatever way.
#[derive(Debug)]
pub struct Hold {
    _connection: Answer,
}

/// Starts a sandbox, or joins the one that runs, and waits until it is ready.
///
/// `progress` receives lines for people. A running sandbox keeps its settings, but becomes kept if `keep` says so.
pub async fn up(
    root: &Path,
    settings: &LaunchSettings,
    progress: &mut dyn FnMut(&str),
) -> Result<Sandbox, SandboxError> {
    let state = StateFolder::of(root, &settings.demo_id)?;
    state.create()?;
    let mut keeper: Option<(Child, u64)> = None;
    let mut reachable = Instant::now();
    loop {
        if let Some(link) = Link::find(&state) {
            let asked = Instant::now();
            let answer = link.follow("GET start", progress).await;
            if asked.elapsed() > PAUSE {
                reachable = Instant::now();
            }
            match answer {
                Ok(Word::Ready(sandbox)) => return kept(&link, *sandbox, settings.keep).await,
                Ok(Word::Failed(because)) => {
                    gone(&state, keeper).await;
                    return Err(SandboxError::Keeper(because));
                }
                // It leaves, or its file is there and it is not: its lock will tell.
                Ok(_) | Err(_) => {}
            }
        }
        keeper = match keeper {
            None if state.is_kept() => None,
            None => Some(spawn_keeper(&state, settings)?),
            Some((mut child, from)) => match child.try_wait() {
                Ok(None) => Some((child, from)),
                Ok(Some(status)) if status.success() => None,
                _ => return Err(SandboxError::Keeper(why_it_ended(&state, from))),
            },
        };
        if reachable.elapsed() > UNREACHABLE_LIMIT {
            let (seconds, log) = (UNREACHABLE_LIMIT.as_secs(), state.keeper_log());
            return Err(SandboxError::Deadline { action: "start", seconds, log });
        }
        sleep(PAUSE).await;
    }
}

/// Waits until a keeper that failed has taken down what it had started; it does so by itself.
async fn gone(state: &StateFolder, keeper: Option<(Child, u64)>) {
    let begun = Instant::now();
    let mut child = keeper.map(|(child, _)| child);
    while begun.elapsed() < STOP_LIMIT {
        let has_ended = child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
        if has_ended && !state.is_kept() {
            break;
        }
        sleep(PAUSE).await;
    }
}

/// Takes a sandbox down and waits until nothing of it is left; says whether anything was running.
pub async fn down(root: &Path, demo_id: &str) -> Result<bool, SandboxError> {
    let state = StateFolder::of(root, demo_id)?;
    if !state.exists() {
        return Ok(false);
    }
    let begun = Instant::now();
    let mut asked = None;
    let mut was_running = false;
    while state.is_kept() {
        was_running = true;
        let address = read_json::<KeeperAddress>(&state.keeper()).ok();
        if let (Some(link), Some(pid)) = (Link::find(&state), address.map(|address| address.pid))
            && asked != Some(pid)
            && link.ask("POST stop").await.is_ok()
        {
            asked = Some(pid);
        }
        if begun.elapsed() > STOP_LIMIT
            && let Some(pid) = address.and_then(|address| i32::try_from(address.pid).ok())
        {
            // It holds the lock, so it lives under this number. PostgreSQL and the stores end with it.
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
        if begun.elapsed() > STOP_LIMIT * 2 {
            let (seconds, log) = (begun.elapsed().as_secs(), state.keeper_log());
            return Err(SandboxError::Deadline { action: "stop", seconds, log });
        }
        sleep(PAUSE).await;
    }
    let orphans = state.postgres_lock().exists() && folder::try_lock(&state.postgres_lock())?.is_none();
    drop(claim(&state).await?);
    for file in [state.keeper(), state.ready()] {
        folder::remove(&file)?;
    }
    Ok(was_running || orphans)
}

/// Brings a sandbox, running or not, back to its start state, with the ports and the password it had.
///
/// It runs afterwards. State that cannot even be started is thrown away and made anew.
pub async fn reset(
    root: &Path,
    demo_id: &str,
    progress: &mut dyn FnMut(&str),
) -> Result<Sandbox, SandboxError> {
    let state = StateFolder::of(root, demo_id)?;
    if !state.exists() {
        return Err(SandboxError::Absent { demo_id: demo_id.to_owned(), root: root.to_path_buf() });
    }
    let settings: LaunchSettings = read_json(&state.launch())?;
    let because = match up(root, &settings, progress).await {
        Ok(_) => match Link::find(&state) {
            Some(link) => match link.follow("POST reset", progress).await {
                Ok(Word::Ready(sandbox)) => return Ok(*sandbox),
                Ok(Word::Failed(because)) => because,
                Ok(_) => "it was stopped meanwhile".to_owned(),
                Err(error) => error.to_string(),
            },
            None => "it was stopped meanwhile".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    progress(&format!("starting over, because the state could not be brought back: {because}"));
    down(root, demo_id).await?;
    Cluster::remove_all(&state)?;
    folder::remove(&state.aws())?;
    up(root, &settings, progress).await
}

/// Holds a running sandbox.
pub async fn hold(root: &Path, demo_id: &str) -> Result<Hold, SandboxError> {
    let state = StateFolder::of(root, demo_id)?;
    let not_running = || SandboxError::NotRunning(demo_id.to_owned());
    let link = Link::find(&state).ok_or_else(not_running)?;
    let connection = link.ask("GET hold").await.map_err(|_| not_running())?;
    Ok(Hold { _connection: connection })
}

/// Sets, clears or lists faults of a running sandbox, and says what is set afterwards.
pub async fn order(root: &Path, demo_id: &str, order: &Order) -> Result<Report, SandboxError> {
    let state = StateFolder::of(root, demo_id)?;
    let not_running = || SandboxError::NotRunning(demo_id.to_owned());
    let link = Link::find(&state).ok_or_else(not_running)?;
    let body = serde_json::to_string(order).map_err(|error| SandboxError::Fault(error.to_string()))?;
    match link.tell("faults", &body).await {
        Ok(Ok(report)) => {
            serde_json::from_str(&report).map_err(|error| SandboxError::Fault(error.to_string()))
        }
        Ok(Err(because)) if !because.is_empty() => Err(SandboxError::Fault(because)),
        Ok(Err(_)) | Err(_) => Err(not_running()),
    }
}

async fn kept(link: &Link, sandbox: Sandbox, keep: bool) -> Result<Sandbox, SandboxError> {
    if !keep || sandbox.kept {
        return Ok(sandbox);
    }
    link.ask("POST keep").await.map_err(|_| SandboxError::NotRunning(sandbox.demo_id.clone()))?;
    Ok(Sandbox { kept: true, ..sandbox })
}

/// Starts a keeper as a daemon of its own, and says where its words begin in the log.
fn spawn_keeper(state: &StateFolder, settings: &LaunchSettings) -> Result<(Child, u64), SandboxError> {
    write_json(&state.launch(), settings)?;
    let log = folder::open_log(&state.keeper_log())?;
    let from = log.metadata().map_or(0, |found| found.len());
    let errors = log.try_clone().map_err(SandboxError::file("open", &state.keeper_log()))?;
    let mut command = Command::new(&settings.lockstep);
    command.arg("__sandbox").arg(state.path()).current_dir(state.path());
    command.stdin(Stdio::null()).stdout(Stdio::from(log)).stderr(Stdio::from(errors));
    let child = command.spawn().map_err(SandboxError::file("start", &settings.lockstep))?;
    Ok((child, from))
}

/// The last line of the keeper's log, without its time.
fn why_it_ended(state: &StateFolder, from: u64) -> String {
    let line = folder::last_words(&state.keeper_log(), from, 1, |_| true);
    let because = line.split_once(' ').map_or(line.as_str(), |(_, text)| text).to_owned();
    format!("{because}.")
}
