//! How the keeper starts its children: through the shim, with a small environment, under the right account.
//!
//! Every child is spawned from the keeper's main thread: the signal that ties it to its parent is sent when the
//! spawning *thread* ends. Deliberately absent: what the children are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::unistd::{Gid, Uid, User, geteuid};
use tokio::process::Command;

use super::SandboxError;

/// What passes from the keeper's environment to a child that is not PostgreSQL.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "JAVA_HOME", "TMPDIR", "LANG", "LC_ALL"];

/// Starts children through the shim.
#[derive(Clone, Debug)]
pub(super) struct Launcher {
    lockstep: PathBuf,
    account: Option<Account>,
}

/// The user that PostgreSQL runs as when root starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

impl Launcher {
    /// Settles the account: none for an ordinary user, else `postgres`, else `nobody`.
    pub(super) fn new(lockstep: PathBuf) -> Result<Self, SandboxError> {
        Ok(Self { lockstep, account: if geteuid().is_root() { Some(Account::find()?) } else { None } })
    }

    pub(super) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// Gives a file or folder to the account.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), SandboxError> {
        let Some(account) = &self.account else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(account.uid.as_raw()), Some(account.gid.as_raw()))
            .map_err(SandboxError::file("hand over to PostgreSQL's user", path))
    }

    /// A PostgreSQL program: unprivileged, fast shutdown when the keeper dies.
    pub(super) fn postgres(&self, program: &Path, folder: &Path) -> Command {
        let account = self.account.as_ref().map_or("-", |account| account.name.as_str());
        let mut command = self.through_shim(account, "int", folder, program);
        // Without a locale in the environment a macOS server stops: "postmaster became multithreaded".
        command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
        command
    }

    /// Another tool: same user as the keeper, killed when the keeper dies.
    pub(super) fn tool(&self, program: &Path, folder: &Path) -> Command {
        let mut command = self.through_shim("-", "kill", folder, program);
        command.env_clear();
        command.envs(PASSED_ON.iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))));
        command.kill_on_drop(true);
        command
    }

    fn through_shim(&self, account: &str, death: &str, folder: &Path, program: &Path) -> Command {
        let parent = std::process::id().to_string();
        let words: [&OsStr; 6] = [
            "__exec".as_ref(),
            parent.as_ref(),
            account.as_ref(),
            death.as_ref(),
            folder.as_ref(),
            program.as_ref(),
        ];
        let mut command = Command::new(&self.lockstep);
        // A group of its own: the Ctrl-C of a terminal is not for servers.
        command.args(words).stdin(Stdio::null()).process_group(0);
        command
    }
}

impl Account {
    fn find() -> Result<Self, SandboxError> {
        let found = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
        let user = found.ok_or_else(|| SandboxError::NoAccount {
            because: "neither a user `postgres` nor `nobody` exists here".to_owned(),
        })?;
        Ok(Self { name: user.name, uid: user.uid, gid: user.gid })
    }
}
