//! The policy of a sandbox, and the flow that its promotions go by: the settings of the checks, a file of waivers and a flow
//! file in the sandbox's own folder, so that a presenter can change them. They are compiled in, written where they are missing, and brought back by a reset.
//! The bucket for flows has them and every other flow, as the demo on AWS has.
//!
//! Deliberately absent: what they mean; the layer that reads them knows.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use serde::Serialize;

use super::SandboxError;
use super::folder::{StateFolder, create_folder, write_private};

static FLOWS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/flows");

/// The folder of the files, beside `lockstep.toml`.
const FOLDER: &str = "flows";

/// The settings of the checks.
const SETTINGS: &str = "liquibase.checks-settings.conf";

/// What is let pass.
const WAIVERS: &str = "policy-waivers.toml";

/// How a release is promoted.
const PROMOTION: &str = "promotion-flow.yaml";

/// `[promotion]` of `lockstep.toml`; the path is relative to that file.
#[derive(Serialize)]
pub(super) struct Promotion {
    flow: PathBuf,
}

impl Promotion {
    /// As every sandbox has it.
    pub(super) fn of_a_sandbox(state: &Path) -> Self {
        Self { flow: state.join(FOLDER).join(PROMOTION) }
    }
}

/// `[policy]` of `lockstep.toml`; its paths hold wherever that file is copied to.
#[derive(Serialize)]
pub(super) struct Policy {
    settings: PathBuf,
    waivers: PathBuf,
    blocks_at: &'static str,
}

impl Policy {
    /// As every sandbox has it.
    pub(super) fn of_a_sandbox(state: &Path) -> Self {
        let path = |name: &str| state.join(FOLDER).join(name);
        Self { settings: path(SETTINGS), waivers: path(WAIVERS), blocks_at: "blocker" }
    }
}

/// What is in the bucket for flows, by name: the flows, and the settings of the checks.
pub(super) fn flows() -> Vec<(&'static str, &'static [u8])> {
    let files = FLOWS.files().filter_map(|file| Some((file.path().to_str()?, file.contents())));
    files.filter(|(name, _)| *name != WAIVERS).collect()
}

/// Writes the files that are missing; with `anew` those too that somebody changed.
pub(super) fn place(state: &StateFolder, anew: bool) -> Result<(), SandboxError> {
    let folder = state.path().join(FOLDER);
    create_folder(&folder, 0o755)?;
    for name in [SETTINGS, WAIVERS, PROMOTION] {
        let path = folder.join(name);
        if let Some(file) = FLOWS.get_file(name).filter(|_| anew || !path.exists()) {
            write_private(&path, file.contents())?;
            // No secret is in it, and whoever promotes as another user has to read it.
            let readable = fs::set_permissions(&path, Permissions::from_mode(0o644));
            readable.map_err(SandboxError::file("let others read", &path))?;
        }
    }
    Ok(())
}
