//! `[policy]` of a `lockstep.toml`: what no changelog may do, and from when on that stands in the way.
//!
//! Absent on purpose: the files that it names. They are read when something is checked, so that a change counts at once.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::file::{located, placed};
use super::{PolicyEngine, PolicySettings};
use crate::domain::policy::Severity;

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    settings: Spanned<String>,
    waivers: Option<Spanned<String>>,
    blocks_at: Option<Spanned<String>>,
    engine: Option<Spanned<String>>,
}

impl PolicyEntry {
    /// The section with its paths `beside` the file; what is wrong with it is added to `problems`.
    pub(super) fn check(self, beside: &Path, text: &str, problems: &mut Vec<String>) -> PolicySettings {
        let mut file = |given: &Spanned<String>, name: &str| {
            located(given, &format!("[policy] {name}"), text, problems).from_folder(beside)
        };
        let settings = file(&self.settings, "settings");
        let waivers = self.waivers.as_ref().map(|given| file(given, "waivers"));
        let mut wrong = |given: &Spanned<String>, name: &str, mend: &str| {
            let words = format!("[policy] {name}: `{}` is not known; {mend}", given.get_ref());
            problems.push(placed(text, Some(given.span().start), &words));
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
        PolicySettings { settings, waivers, blocks_at, engine }
    }
}
