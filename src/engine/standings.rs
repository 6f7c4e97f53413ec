//! Ledgers held against releases, worked out when one of them changes and never while drawing.

use std::sync::Arc;

use super::State;
use crate::domain::drift::Comparison;
use crate::domain::release::{Release, Version};

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
    version: Version,
    archive_digest: String,
    ledger: u64,
    comparison: Arc<Comparison>,
}

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
        self.newest.as_ref().map(|held| &held.version)
    }
}

impl State {
    /// Brings every comparison up to date. What nothing changed for stays as it is.
    pub(super) fn compare(&mut self) {
        let Some(catalog) = self.catalog.value() else { return };
        let mut all = Vec::with_capacity(self.environments.len());
        for environment in &self.environments {
            let known = &environment.standings;
            let mut made: Vec<Held> =
                [&known.running, &known.next, &known.newest].into_iter().flatten().cloned().collect();
            let mut hold = |release: Option<&Release>| {
                let (release, ledger) = (release?, environment.ledger.value()?);
                let generation = environment.ledger.generation();
                let same = made.iter().find(|held| {
                    held.archive_digest == release.archive_digest
                        && held.version == release.version
                        && held.ledger == generation
                });
                if let Some(held) = same {
                    return Some(held.clone());
                }
                let selection = &environment.environment.selection;
                let held = Held {
                    version: release.version.clone(),
                    archive_digest: release.archive_digest.clone(),
                    ledger: generation,
                    comparison: Arc::new(Comparison::of(&release.changelog, ledger, selection)),
                };
                made.push(held.clone());
                Some(held)
            };
            all.push(Standings {
                running: hold(environment.version().and_then(|version| catalog.get(&version))),
                next: hold(self.next(environment)),
                newest: hold(catalog.newest()),
            });
        }
        for (environment, standings) in self.environments.iter_mut().zip(all) {
            environment.standings = standings;
        }
    }
}
