//! Ledgers held against releases, worked out when one of them changes and never while drawing.

use std::collections::HashMap;
use std::sync::Arc;

use super::effect::Effect;
use super::{EnvironmentState, State};
use crate::domain::changelog::{Changelog, Checksums};
use crate::domain::drift::{ChangesetState, Comparison};
use crate::domain::failure::Failure;
use crate::domain::ledger::Rows;
use crate::domain::release::{Catalog, Release, Version};

/// The ledger of one environment held against the releases that matter there.
#[derive(Debug, Clone, Default)]
pub struct Standings {
    running: Option<Held>,
    next: Option<Held>,
    newest: Option<Held>,
}

/// A comparison, with what it was made from.
#[derive(Debug, Clone)]
struct Held {
    release: Release,
    rows: Rows,
    comparison: Arc<Comparison>,
}

/// What Liquibase was asked about releases whose checksums cannot all be worked out here, by the digest of their
/// archives: their changelogs with what it told, once it has.
pub(super) type Asked = HashMap<String, Option<Arc<Changelog>>>;

impl Standings {
    /// Against the release that runs; `None` when the release or the ledger is not known.
    pub fn running(&self) -> Option<&Comparison> {
        self.running.as_ref().map(|held| &*held.comparison)
    }

    /// Against the release that would come next, or that runs.
    pub fn next(&self) -> Option<&Comparison> {
        self.next.as_ref().map(|held| &*held.comparison)
    }

    /// Against the newest release: what is to come, whichever way it takes.
    pub fn newest(&self) -> Option<&Comparison> {
        self.newest.as_ref().map(|held| &*held.comparison)
    }

    /// Against the release that runs, to be kept.
    pub fn running_shared(&self) -> Option<Arc<Comparison>> {
        self.running.as_ref().map(|held| Arc::clone(&held.comparison))
    }

    /// Against the newest release, to be kept.
    pub fn newest_shared(&self) -> Option<Arc<Comparison>> {
        self.newest.as_ref().map(|held| Arc::clone(&held.comparison))
    }

    /// The version of the newest release that was compared with.
    pub fn newest_version(&self) -> Option<&Version> {
        self.newest.as_ref().map(|held| &held.release.version)
    }
}

impl State {
    /// Brings every comparison up to date; what nothing changed for stays as it is. Asks Liquibase, once, about
    /// releases with a changeset whose state hangs on a checksum that only it can tell.
    pub(super) fn compare(&mut self) -> Vec<Effect> {
        let Some(catalog) = self.catalog.value() else { return Vec::new() };
        let mut all = Vec::with_capacity(self.environments.len());
        for environment in &self.environments {
            let known = &environment.standings;
            let mut made: Vec<Held> =
                [&known.running, &known.next, &known.newest].into_iter().flatten().cloned().collect();
            let mut hold = |release: Option<&Release>| hold(environment, release?, &mut made);
            all.push(Standings {
                running: hold(environment.version().and_then(|version| catalog.get(&version))),
                next: hold(self.next(environment)),
                newest: hold(catalog.newest()),
            });
        }
        for (environment, standings) in self.environments.iter_mut().zip(all) {
            environment.standings = standings;
        }
        self.ask_checksums()
    }

    /// What Liquibase told about a release counts from now on.
    pub(super) fn checksums_told(&mut self, archive_digest: &str, told: &Result<Arc<Checksums>, Failure>) {
        match told {
            Ok(told) => {
                let releases = self.catalog.value().map(Catalog::releases).unwrap_or_default();
                let release = releases.iter().find(|release| release.archive_digest == archive_digest);
                let Some(release) = release else { return };
                let completed = Arc::new(release.changelog.completed(told));
                self.asked.insert(archive_digest.to_owned(), Some(completed));
                self.complete_catalog();
            }
            Err(failure) => self.say(Err(failure.clone())),
        }
    }

    /// Puts what Liquibase told into releases that were read again.
    pub(super) fn complete_catalog(&mut self) {
        let asked = &self.asked;
        self.catalog.revise(|catalog| {
            for (archive_digest, changelog) in asked {
                if let Some(changelog) = changelog {
                    catalog.put_changelog(archive_digest, changelog);
                }
            }
        });
    }

    fn ask_checksums(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for environment in &self.environments {
            let Standings { running, next, newest } = &environment.standings;
            for held in [running, next, newest].into_iter().flatten() {
                let comparison = &held.comparison;
                if comparison.count(ChangesetState::Unknown) > 0
                    && comparison.changesets().any(|(changeset, standing)| {
                        standing.state == ChangesetState::Unknown && changeset.checksum().is_none()
                    })
                    && !self.asked.contains_key(&held.release.archive_digest)
                {
                    self.asked.insert(held.release.archive_digest.clone(), None);
                    effects.push(Effect::AskChecksums(Arc::new(held.release.clone())));
                }
            }
        }
        effects
    }
}

/// The comparison of an environment with a release: one of those `made` already, or a new one.
fn hold(environment: &EnvironmentState, release: &Release, made: &mut Vec<Held>) -> Option<Held> {
    let ledger = environment.ledger.value()?;
    let same = made.iter().find(|held| {
        held.rows.is_same(&ledger.rows)
            && held.release.version == release.version
            && Arc::ptr_eq(&held.release.changelog, &release.changelog)
    });
    if let Some(held) = same {
        return Some(held.clone());
    }
    let selection = &environment.environment.selection;
    let comparison = Arc::new(Comparison::of(&release.changelog, ledger, selection));
    let held = Held { release: release.clone(), rows: ledger.rows.clone(), comparison };
    made.push(held.clone());
    Some(held)
}
