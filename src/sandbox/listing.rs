//! Which sandboxes there are under a root, from their folders alone.
//!
//! Deliberately absent: asking the keepers anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::folder::{StateFolder, read_json};
use super::keeper::Record;
use super::{LaunchSettings, Sandbox};

/// One sandbox in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxSummary {
    /// The instance.
    pub demo_id: String,
    /// True while a keeper lives.
    pub running: bool,
    /// When it was made; none: it never became ready.
    pub created: Option<Timestamp>,
    /// How many times faster than AWS.
    pub time_factor: u32,
    /// True when it lives until it is taken down.
    pub kept: bool,
    /// The emulated AWS under `aws`, the database server under `postgres`, each store under its environment; empty
    /// unless it is running and ready.
    pub addresses: BTreeMap<String, String>,
    /// Everything of it is in here.
    pub state_folder: PathBuf,
}

/// Every sandbox under a root, by name.
pub fn list(root: &Path) -> Vec<SandboxSummary> {
    let entries = std::fs::read_dir(root.join("sandboxes")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<SandboxSummary> = names.filter_map(|name| summary(root, &name)).collect();
    found.sort_by(|one, other| one.demo_id.cmp(&other.demo_id));
    found
}

/// The sandbox with this id, while it is running and ready.
pub fn running(root: &Path, demo_id: &str) -> Option<Sandbox> {
    let state = StateFolder::of(root, demo_id).ok()?;
    read_json(&state.ready()).ok().filter(|_| state.is_kept())
}

fn summary(root: &Path, name: &str) -> Option<SandboxSummary> {
    let state = StateFolder::of(root, name).ok()?;
    let settings: LaunchSettings = read_json(&state.launch()).ok()?;
    let running = state.is_kept();
    let ready: Option<Sandbox> = read_json(&state.ready()).ok().filter(|_| running);
    Some(SandboxSummary {
        demo_id: settings.demo_id,
        running,
        created: read_json::<Record>(&state.record()).ok().map(|record| record.created),
        time_factor: settings.time_factor,
        kept: settings.keep,
        addresses: ready.map(addresses).unwrap_or_default(),
        state_folder: state.path().to_path_buf(),
    })
}

fn addresses(sandbox: Sandbox) -> BTreeMap<String, String> {
    let postgres = format!("{}:{}", sandbox.postgres.host, sandbox.postgres.port);
    let mut addresses = sandbox.stores;
    addresses.insert("aws".to_owned(), sandbox.endpoint_url);
    addresses.insert("postgres".to_owned(), postgres);
    addresses
}
