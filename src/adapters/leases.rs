//! What shows that something of a run lives on this machine: a file that is locked for as long as it does.
//!
//! The process that runs it holds the lock until the end is on record, and every Liquibase that it starts inherits it as its
//! standard input: the system lets a lock go with the last process that holds it, however that one ends. So a Liquibase
//! that outlives whoever started it is seen, also before it is connected to any database.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use crate::domain::names::RunId;

/// Between two attempts while somebody looks whether the lock is held, which takes no time.
const PAUSE: Duration = Duration::from_millis(5);

/// The leases of the runs of one instance on this machine. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Leases(Option<Arc<Parts>>);

struct Parts {
    folder: PathBuf,
    /// Held until the end of a run is on record.
    held: Mutex<HashMap<RunId, File>>,
}

impl Leases {
    /// Leases in `folder`, which is made when the first one is taken.
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(Some(Arc::new(Parts { folder, held: Mutex::default() })))
    }

    /// Takes the lease of `run`, and clears away those of runs of which nothing lives.
    pub(super) async fn take(&self, run: &RunId) -> io::Result<()> {
        let Some(parts) = &self.0 else { return Ok(()) };
        fs::create_dir_all(&parts.folder)?;
        parts.clear_away();
        let path = parts.path(run);
        loop {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            match file.try_lock() {
                // Somebody may have cleared it away between opening and locking.
                Ok(()) if is_same(&file, &path) => {
                    parts.held().insert(run.clone(), file);
                    return Ok(());
                }
                Ok(()) | Err(TryLockError::WouldBlock) => sleep(PAUSE).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// The lease of `run`, to be inherited by a process that it starts.
    pub(super) fn share(&self, run: &RunId) -> io::Result<Option<File>> {
        let Some(parts) = &self.0 else { return Ok(None) };
        parts.held().get(run).map(File::try_clone).transpose()
    }

    /// Lets the lease of `run` go, as far as this process holds it.
    pub(super) fn end(&self, run: &RunId) {
        if let Some(parts) = &self.0 {
            parts.held().remove(run);
        }
    }

    /// True when something of `run` lives on this machine, this process included.
    pub(super) fn is_held(&self, run: &RunId) -> io::Result<bool> {
        let Some(parts) = &self.0 else { return Ok(false) };
        let file = match File::open(parts.path(run)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        // Shared, so that two who look at the same time do not take each other for the run.
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Parts {
    fn path(&self, run: &RunId) -> PathBuf {
        self.folder.join(format!("{run}.lease"))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<RunId, File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left over is in nobody's way: what cannot be cleared away stays.
    fn clear_away(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_lease = path.extension().is_some_and(|extension| extension == "lease");
            let Some(file) = is_lease.then(|| File::open(&path).ok()).flatten() else { continue };
            if file.try_lock().is_ok() {
                fs::remove_file(&path).ok();
            }
        }
    }
}

fn is_same(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::process::{Launch, Process};

    fn run(name: &str) -> RunId {
        RunId::from_text(name)
    }

    #[tokio::test]
    async fn a_lease_is_held_while_its_process_lives_and_others_see_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, others) = (Leases::at(folder.path().join("runs")), Leases::at(folder.path().join("runs")));
        assert!(!others.is_held(&run("r-1")).unwrap(), "nobody took it");
        mine.take(&run("r-1")).await.unwrap();
        assert!(others.is_held(&run("r-1")).unwrap() && mine.is_held(&run("r-1")).unwrap());
        assert!(!others.is_held(&run("r-2")).unwrap());
        mine.end(&run("r-1"));
        assert!(!others.is_held(&run("r-1")).unwrap());
        others.take(&run("r-2")).await.unwrap();
        assert!(!folder.path().join("runs/r-1.lease").exists(), "what nobody holds is cleared away");
        assert!(folder.path().join("runs/r-2.lease").exists());
    }

    #[tokio::test]
    async fn a_child_keeps_the_lease_of_whoever_started_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, others) = (Leases::at(folder.path().into()), Leases::at(folder.path().into()));
        mine.take(&run("r-1")).await.unwrap();
        // It ends when its standard error, which this test reads, is closed.
        let mut child = Process::start(Launch {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), "echo begun; exec sleep 1000".into()],
            env: vec![],
            folder: folder.path().into(),
            lease: mine.share(&run("r-1")).unwrap(),
        })
        .unwrap();
        assert_eq!(child.lines().await.unwrap(), ["begun"]);
        drop(mine);
        assert!(others.is_held(&run("r-1")).unwrap(), "the child holds it");
        drop(child);
        let gone = async {
            while others.is_held(&run("r-1")).unwrap() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the lease goes with the child");
    }
}
