//! The data folder of a server: made once per major version, with a password that never leaves private files.
//!
//! `initdb` works under another name and the result is renamed, so a half-made cluster is never taken for a good one.
//! Deliberately absent: starting a server on it.

use std::fs;
use std::path::{Path, PathBuf};

use super::Binaries;
use crate::sandbox::SandboxError;
use crate::sandbox::databases::Access;
use crate::sandbox::folder::{self, StateFolder};
use crate::sandbox::launcher::Launcher;
use crate::sandbox::shim::NO_FOLDER;

/// The superuser that `initdb` makes; the only user of the server.
pub(crate) const USER: &str = "lockstep";

/// One major version's folder with its data.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    folder: PathBuf,
    password: String,
}

impl Cluster {
    /// Takes the cluster as it is, or makes it.
    pub(crate) async fn ensure(
        state: &StateFolder,
        binaries: &Binaries,
        launcher: &Launcher,
    ) -> Result<Self, SandboxError> {
        let folder = state.path().join(format!("postgres-{}", binaries.major()));
        folder::create_folder(&folder, 0o700)?;
        launcher.hand_over(&folder)?;
        let cluster = Self { folder, password: password(state)? };
        if !cluster.data().join("PG_VERSION").exists() {
            cluster.make(state, binaries, launcher).await?;
        }
        Ok(cluster)
    }

    /// Removes the clusters of every major version.
    pub(crate) fn remove_all(state: &StateFolder) -> Result<(), SandboxError> {
        let entries = fs::read_dir(state.path()).map_err(SandboxError::file("read", state.path()))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with("postgres-") {
                folder::remove(&entry.path())?;
            }
        }
        Ok(())
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where and as whom to connect to a server of this cluster that listens on `port`.
    pub(crate) fn access(&self, port: u16) -> Access {
        Access { port, user: USER, password: self.password.clone() }
    }

    /// Says that the start state is complete, and what it was made from.
    pub(crate) fn seeded(&self) -> PathBuf {
        self.folder.join("seeded")
    }

    async fn make(
        &self,
        state: &StateFolder,
        binaries: &Binaries,
        launcher: &Launcher,
    ) -> Result<(), SandboxError> {
        let fresh = self.folder.join("data.new");
        let word = self.folder.join("word");
        folder::remove(&fresh)?;
        folder::remove(&self.data())?;
        folder::write_private(&word, self.password.as_bytes())?;
        launcher.hand_over(&word)?;
        let mut command = launcher.postgres(&binaries.program("initdb"), &self.folder);
        command.arg("-D").arg(&fresh).args(["-U", USER, "-A", "scram-sha-256", "-N", "-E", "UTF8"]);
        // What was written ahead is kept in whole files of this many megabytes, several of them.
        command.args(["--locale=C", "--wal-segsize=1"]).arg("--pwfile").arg(&word);
        let output = command.output().await.map_err(SandboxError::file("start", &binaries.program("initdb")));
        folder::remove(&word)?;
        let output = output?;
        if output.status.code() == Some(i32::from(NO_FOLDER)) {
            let account = launcher.account().map(|account| account.name.clone()).unwrap_or_default();
            return Err(SandboxError::Unreachable { account, path: self.folder.clone() });
        }
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let because = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            return Err(SandboxError::Postgres {
                action: "make its data folder",
                because: because.trim().trim_end_matches('.').to_owned(),
                log: state.keeper_log(),
            });
        }
        fs::rename(&fresh, self.data()).map_err(SandboxError::file("write", &self.data()))
    }
}

/// The superuser's password: made once, so that addresses handed out stay good.
fn password(state: &StateFolder) -> Result<String, SandboxError> {
    let path = state.password();
    if !path.exists() {
        folder::write_private(&path, folder::random_word()?.as_bytes())?;
    }
    fs::read_to_string(&path).map_err(SandboxError::file("read", &path))
}
