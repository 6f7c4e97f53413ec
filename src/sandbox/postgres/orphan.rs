//! Takes the lock that every PostgreSQL process of a sandbox holds, ending what an earlier keeper left behind.
//!
//! The lock file is the server's standard input, so the lock is free exactly when no process of the server lives; then
//! a left `postmaster.pid` means nothing, whatever process carries that number today.
//! Deliberately absent: trust in process ids alone. A process is signalled only when it works in our data folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use crate::sandbox::SandboxError;
use crate::sandbox::folder::{StateFolder, try_lock};

/// When each means is used on a server that does not end: fast shutdown, immediate shutdown, the end.
const MEANS: [(Duration, Signal); 3] = [
    (Duration::from_millis(100), Signal::SIGINT),
    (Duration::from_secs(5), Signal::SIGQUIT),
    (Duration::from_secs(10), Signal::SIGKILL),
];
const PATIENCE: Duration = Duration::from_secs(15);

/// Waits until no PostgreSQL process of this sandbox lives, and takes their lock.
pub(crate) async fn claim(state: &StateFolder) -> Result<File, SandboxError> {
    let begun = Instant::now();
    let mut means = MEANS.iter();
    let mut next = means.next();
    loop {
        if let Some(lock) = try_lock(&state.postgres_lock())? {
            return Ok(lock);
        }
        if let Some((after, signal)) = next
            && begun.elapsed() >= *after
        {
            for pid in survivors(state) {
                // It may have ended by itself since it was found.
                kill(pid, *signal).ok();
            }
            next = means.next();
        }
        if begun.elapsed() > PATIENCE {
            return Err(SandboxError::StillRunning(state.postgres_lock()));
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The processes that work in one of this sandbox's data folders.
fn survivors(state: &StateFolder) -> Vec<Pid> {
    let folders: Vec<PathBuf> = fs::read_dir(state.path())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("postgres-"))
        .map(|entry| entry.path().join("data"))
        .collect();
    if Path::new("/proc/self/cwd").exists() { by_working_folder(&folders) } else { by_pid_file(&folders) }
}

fn by_working_folder(folders: &[PathBuf]) -> Vec<Pid> {
    let real: Vec<PathBuf> = folders.iter().filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let works_in = fs::read_link(entry.path().join("cwd")).ok()?;
            real.contains(&works_in).then(|| Pid::from_raw(pid))
        })
        .collect()
}

/// Without `/proc`: the process that `postmaster.pid` names, if its command line names the data folder.
fn by_pid_file(folders: &[PathBuf]) -> Vec<Pid> {
    let named = |folder: &PathBuf| {
        let text = fs::read_to_string(folder.join("postmaster.pid")).ok()?;
        let pid: i32 = text.lines().next()?.trim().parse().ok()?;
        let ps = std::process::Command::new("ps")
            .args(["-o", "command=", "-p", &pid.to_string()])
            .output()
            .ok()?;
        let line = String::from_utf8_lossy(&ps.stdout).into_owned();
        line.contains(&*folder.to_string_lossy()).then(|| Pid::from_raw(pid))
    };
    folders.iter().filter_map(named).collect()
}
