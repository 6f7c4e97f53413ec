//! The full logs of this console's runs, copied out of the journal's folder into one file where the person works.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::RunId;
use crate::runtime::journal;

/// Copies the logs of these runs, the first one first, into a new file in `into`; returns where it is.
pub(super) fn save(journal: &Path, runs: &[RunId], into: &Path) -> Result<PathBuf, Failure> {
    let failed = |what: &Path, error: io::Error| {
        Failure::new(FailureKind::Failed, format!("the log could not be saved to {}", what.display()))
            .because(error)
            .hint("Start lockstep in a folder that can be written to; the logs are beside the journal.")
    };
    let (path, mut file) = create(into, runs).map_err(|error| failed(into, error))?;
    for run in runs {
        let copied = File::open(journal::log_of(journal, run)).and_then(|mut log| {
            writeln!(file, "# {run}")?;
            io::copy(&mut log, &mut file)
        });
        // A run that wrote nothing has no log.
        if let Err(error) = copied.or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(0),
            _ => Err(error),
        }) {
            fs::remove_file(&path).ok();
            return Err(failed(&path, error));
        }
    }
    Ok(path)
}

/// A new file, named after the last run. One that is there stays as it is.
fn create(into: &Path, runs: &[RunId]) -> io::Result<(PathBuf, File)> {
    let last = runs.last().map_or_else(String::new, |run| format!("-{run}"));
    let mut number = 1;
    loop {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let path = into.join(format!("lockstep-log{last}{again}.txt"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            opened => return opened.map(|file| (path, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_of_all_runs_are_in_one_new_file() {
        let root = tempfile::tempdir().unwrap();
        let [one, two, silent] = ["r-1-dev", "r-2-test", "r-3-prod"].map(RunId::from_text);
        fs::create_dir_all(root.path().join("logs")).unwrap();
        fs::write(journal::log_of(root.path(), &one), "first\n").unwrap();
        fs::write(journal::log_of(root.path(), &two), "second\nthird\n").unwrap();
        let runs = [one, silent, two];
        let path = save(root.path(), &runs, root.path()).unwrap();
        let text = "# r-1-dev\nfirst\n# r-2-test\nsecond\nthird\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_ne!(save(root.path(), &runs, root.path()).unwrap(), path, "what is there is kept");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let root = tempfile::tempdir().unwrap();
        let nowhere = root.path().join("nowhere");
        let failure = save(root.path(), &[RunId::from_text("r-1-dev")], &nowhere).unwrap_err();
        assert!(failure.what.contains("nowhere"), "{failure}");
    }
}
