//! A small AWS and a real PostgreSQL on this machine, for demos, tests and trying things out.
//!
//! Owns the sandbox's processes and its life: [`up`], [`down`], [`reset`], [`list`], [`hold`], and its faults: [`order`]. One *keeper*
//! process per sandbox owns PostgreSQL, the emulated AWS and the stores; it dies with everything it owns.
//! Deliberately absent: every word of the layers above. The sandbox is handed plain settings and hands
//! back addresses and credentials; nothing outside it asks whether it is talking to a sandbox.

pub mod aws;
mod databases;
mod error;
pub mod faults;
mod folder;
mod instance;
mod keeper;
mod launcher;
mod life;
mod link;
mod listing;
mod policy;
mod postgres;
mod seeding;
mod settings;
mod shim;
pub mod story;

pub use error::SandboxError;
pub use instance::{PostgresAddress, Sandbox};
pub use life::{Hold, down, hold, order, reset, up};
pub use listing::{SandboxSummary, list, running};
pub use settings::{CommandTemplate, LaunchSettings, ReleaseFolder};

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs one of the sandbox's own processes when the first argument names one, and says its exit code.
///
/// `__sandbox STATE_FOLDER` is the keeper, `__exec …` the shim that becomes a child of the keeper.
pub fn entry(arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments;
    let word = arguments.next()?;
    if word == "__sandbox" {
        return Some(keeper::run(PathBuf::from(arguments.next()?)));
    }
    (word == "__exec").then(|| shim::run(arguments))
}
