//! What can go wrong with a sandbox, as sentences: what happened, to what, how to mend it.
//!
//! Deliberately absent: passwords. No variant holds one, and none is built from a command line or environment.

use std::io;
use std::path::{Path, PathBuf};

/// Why a sandbox could not be started, found, reset or stopped.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The id would not be safe as a folder name and in AWS names.
    #[error(
        "{0:?} cannot be a demo id. Use 1 to 20 lower-case letters, digits and hyphens, with no hyphen at either end."
    )]
    BadDemoId(String),
    /// No folder of that name is there.
    #[error("There is no sandbox {demo_id} in {}. Start one with `lockstep demo up`.", .root.display())]
    Absent {
        /// The id that was asked for.
        demo_id: String,
        /// The folder that holds all sandboxes.
        root: PathBuf,
    },
    /// The sandbox exists, but nothing of it runs.
    #[error("The sandbox {0} is not running. Start it with `lockstep demo up`.")]
    NotRunning(String),
    /// A file or folder of the sandbox could not be used.
    #[error("Could not {action} {}: {source}. Check that this user owns the folder and that the disk has room.", .path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No PostgreSQL on this machine can be used.
    #[error("No usable PostgreSQL was found ({tried}). Run `make setup`, or install PostgreSQL 14 or newer.")]
    NoPostgres {
        /// The candidates and why each was refused.
        tried: String,
    },
    /// The machine's rules for users stop root from starting PostgreSQL, which never runs as root.
    #[error(
        "PostgreSQL refuses to run as root, and {because}. Run lockstep as an ordinary user, or add a user `postgres`."
    )]
    NoAccount {
        /// What stands in the way.
        because: String,
    },
    /// The user that PostgreSQL runs as cannot enter the state folder.
    #[error(
        "PostgreSQL runs as the user {account}, who cannot reach {}. Choose a folder outside of private homes, \
         for example under /var/lib, or run lockstep as an ordinary user.",
        .path.display()
    )]
    Unreachable {
        /// The user PostgreSQL runs as.
        account: String,
        /// The folder it needs.
        path: PathBuf,
    },
    /// PostgreSQL's own programs failed.
    #[error("PostgreSQL could not {action}: {because}. Its log is {}.", .log.display())]
    Postgres {
        /// What was tried, as a verb.
        action: &'static str,
        /// Its last words.
        because: String,
        /// Where it says more.
        log: PathBuf,
    },
    /// An earlier server of this sandbox does not end.
    #[error("An earlier PostgreSQL of this sandbox still runs and does not end ({}). End it by hand.", .0.display())]
    StillRunning(PathBuf),
    /// A statement failed.
    #[error("The sandbox's database refused to {action}: {because}. `lockstep demo reset` makes it anew.")]
    Database {
        /// What was tried, as a verb.
        action: String,
        /// What the server said.
        because: String,
    },
    /// The start state needs a release that the settings do not name.
    #[error(
        "The sandbox starts with release {version}, and no changelog of that version was given. Cut it first, then start again."
    )]
    MissingRelease {
        /// The version that the start state names.
        version: String,
    },
    /// Liquibase failed or was not there.
    #[error("Liquibase could not apply {version}: {because}. {mend}")]
    Liquibase {
        /// The release that was being applied.
        version: String,
        /// Its last words.
        because: String,
        /// What to do about it.
        mend: String,
    },
    /// The emulated AWS or a store did not start.
    #[error("The sandbox's AWS could not {action}: {because}. `lockstep demo reset` makes it anew.")]
    Cloud {
        /// What was tried, as a verb.
        action: &'static str,
        /// What it said.
        because: String,
    },
    /// A fault could not be set or cleared; the sentence is complete.
    #[error("{0}")]
    Fault(String),
    /// The keeper process said so; the sentence is complete.
    #[error("{0}")]
    Keeper(String),
    /// Something took longer than it may.
    #[error("The sandbox did not {action} within {seconds} seconds. Its log is {}.", .log.display())]
    Deadline {
        /// What was awaited, as a verb.
        action: &'static str,
        /// How long it was awaited.
        seconds: u64,
        /// Where to look.
        log: PathBuf,
    },
}

impl SandboxError {
    /// Makes the closure that turns an input or output error on `path` into a sentence.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { action, path, source }
    }

    /// Makes the closure that turns a driver's error into what the server said.
    pub(super) fn database(action: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let action = action.into();
        move |error| {
            let because = error.as_db_error().map_or_else(|| chain(&error), |said| said.message().to_owned());
            Self::Database { action, because }
        }
    }
}

/// The error and its causes: the driver's own text alone is only "error connecting to server".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
