//! `[policy]` of a `lockstep.toml`: what no changelog may do, and from when on that stands in the way.
//!
//! Absent on purpose: the files that it names. They are read when something is checked, so that a change counts at once.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{PolicyEngine, PolicySettings};
use crate::domain::policy::Severity;

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    settings: PathBuf,
    waivers: Option<PathBuf>,
    blocks_at: Option<Spanned<String>>,
    engine: Option<Spanned<String>>,
}

impl PolicyEntry {
    /// The section with its paths `beside` the file; what is wrong with it is added to `problems`.
    pub(super) fn check(self, beside: &Path, text: &str, problems: &mut Vec<String>) -> PolicySettings {
        let mut wrong = |given: &Spanned<String>, name: &str, mend: &str| {
            let line = text.get(..given.span().start).unwrap_or("").matches('\n').count() + 1;
            problems
                .push(format!("line {line}: [policy] {name}: `{}` is not known; {mend}", given.get_ref()));
        };
        let blocks_at = self.blocks_at.map_or(Severity::Blocker, |given| {
            Severity::parse(given.get_ref()).unwrap_or_else(|| {
                wrong(&given, "blocks_at", "write info, minor, major, critical or blocker");
                Severity::Blocker
            })
        });
        let engine = self.engine.map_or(PolicyEngine::Lockstep, |given| match given.get_ref().as_str() {
            "lockstep" => PolicyEngine::Lockstep,
            "liquibase" => PolicyEngine::Liquibase,
            _ => {
                wrong(&given, "engine", "write lockstep or liquibase");
                PolicyEngine::Lockstep
            }
        });
        let waivers = self.waivers.map(|path| beside.join(path));
        PolicySettings { settings: beside.join(self.settings), waivers, blocks_at, engine }
    }
}
