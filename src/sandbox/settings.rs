//! What a sandbox is started with, and its form on disk (`launch.json`).
//!
//! Deliberately absent: passwords; the keeper makes its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::SandboxError;

/// Everything a keeper needs to know; kept beside the state so that a reset needs nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchSettings {
    /// The instance: 1 to 20 lower-case letters, digits and hyphens, no hyphen at either end.
    pub demo_id: String,
    /// How many times faster than AWS its operations go; at least 1.
    pub time_factor: u32,
    /// True: lives until it is taken down. False: ends when nobody holds it any more.
    pub keep: bool,
    /// This program, for the keeper and its shim.
    pub lockstep: PathBuf,
    /// The program of the promoted application.
    pub store: PathBuf,
    /// The folder with `postgres` and `initdb`; none: look in `tools`, PATH and the usual places.
    pub postgres_bin: Option<PathBuf>,
    /// The folder that `make setup` fills.
    pub tools: Option<PathBuf>,
    /// True: the configuration says that Liquibase runs as a one-off task; false: where lockstep runs.
    #[serde(default)]
    pub liquibase_as_task: bool,
    /// How Liquibase is started, up to its own arguments.
    pub liquibase: CommandTemplate,
    /// The releases that exist, oldest first.
    pub releases: Vec<ReleaseFolder>,
}

/// The beginning of a command line; the caller of the template appends to `args`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandTemplate {
    /// The program, absolute or found on PATH.
    pub program: PathBuf,
    /// The first arguments.
    pub args: Vec<String>,
    /// Variables beside PATH, HOME, `JAVA_HOME`, TMPDIR and the locale; no others are passed on.
    pub env: BTreeMap<String, String>,
}

/// One release: the changelog cut for that version, and its image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseFolder {
    /// For example `v1.0.0`.
    pub version: String,
    /// The folder that holds `changelog/changelog-master.yaml`; Liquibase's paths are relative to it.
    pub path_root: PathBuf,
    /// The image, with its tag.
    pub image: String,
}

/// Refuses an id that would not be safe as a folder name and in AWS names.
pub(super) fn check_demo_id(id: &str) -> Result<(), SandboxError> {
    let plain = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let good = (1..=20).contains(&id.len()) && plain && !id.starts_with('-') && !id.ends_with('-');
    if good { Ok(()) } else { Err(SandboxError::BadDemoId(id.to_owned())) }
}
