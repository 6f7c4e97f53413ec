//! A release held against every environment, and the version with which a promotion breaks next.

use std::sync::Arc;

use super::{EnvironmentState, State};
use crate::domain::changelog::ChangesetId;
use crate::domain::drift::{ChangesetState, Comparison, Standing, ran};
use crate::domain::grid::{Grid, Input};
use crate::domain::journal::PastRun;
use crate::domain::ledger::LedgerRow;
use crate::domain::names::EnvironmentName;
use crate::domain::release::{Catalog, Release, Version};

impl State {
    /// A release, the newest one by default, held against these environments. `None` while it is not known.
    pub fn grid(&self, version: Option<&Version>, environments: &[EnvironmentName]) -> Option<Grid> {
        let catalog = self.catalog.value()?;
        let release = version.map_or_else(|| catalog.newest(), |version| catalog.get(version))?;
        let chosen = self.environments.iter().filter(|it| environments.contains(&it.environment.name));
        Some(Grid::of(release, chosen.map(|environment| environment.input(release)).collect()))
    }

    /// The newest release held against every environment, unless `known` is just that.
    pub fn grid_anew(&self, known: Option<&Grid>) -> Option<Grid> {
        let release = self.catalog.value()?.newest()?;
        let inputs: Vec<Input> = self.environments.iter().map(|it| it.input(release)).collect();
        let is_known = known.is_some_and(|known| known.is_made_from(release, &inputs));
        (!is_known).then(|| Grid::of(release, inputs))
    }

    /// The first release after the one that runs in `environment` with which a promotion there fails because of this
    /// changeset, which stands like this, or would repeat it. At the latest `version`, with which it does.
    pub fn breaks_with(
        &self,
        environment: &EnvironmentState,
        standing: &Standing,
        id: &ChangesetId,
        version: &Version,
    ) -> Version {
        let running = environment.version();
        let row = environment.row(Some(standing), id);
        let is_broken = |changeset| match row {
            Some(row) => ran(changeset, row).0 == ChangesetState::Edited,
            // It ran under another path: whichever release has it under this one runs it again.
            None => true,
        };
        let releases = self.catalog.value().map(Catalog::releases).unwrap_or_default().iter();
        let mut later = releases.filter(|release| Some(&release.version) > running.as_ref());
        later
            .find(|release| release.changelog.get(id).is_some_and(is_broken))
            .map_or_else(|| version.clone(), |release| release.version.clone())
    }

    /// The run of the journal in which a changeset was applied to an environment.
    pub fn applied_by(&self, environment: &EnvironmentName, row: &LedgerRow) -> Option<&PastRun> {
        let is_during = |past: &&PastRun| {
            let ended = past.conclusion.as_ref().map(|(ended, _)| *ended);
            past.environment == *environment
                && past.began <= row.executed_at
                && ended.is_none_or(|ended| row.executed_at <= ended)
        };
        self.history.runs().iter().rev().find(is_during)
    }
}

impl EnvironmentState {
    fn input(&self, release: &Release) -> Input {
        let standings = &self.standings;
        let ledger = self.ledger.value();
        let comparison = match standings.newest_shared() {
            Some(known) if standings.newest_version() == Some(&release.version) => Some(known),
            _ => ledger.map(|ledger| {
                Arc::new(Comparison::of(&release.changelog, ledger, &self.environment.selection))
            }),
        };
        Input {
            name: self.environment.name.clone(),
            comparison,
            running: standings.running_shared(),
            promoting: ledger.and_then(|ledger| ledger.promoting.clone()),
            schema: self.schemas.drifts().first().map(|drift| drift.words(|at| format!("{at:.0}"))),
        }
    }

    /// The row of a changeset that stands like this, or of one that is not in the release.
    pub fn row(&self, standing: Option<&Standing>, id: &ChangesetId) -> Option<&LedgerRow> {
        let rows = &self.ledger.value()?.rows;
        match standing {
            Some(standing) => rows.get(standing.row?),
            None => rows.iter().rev().find(|row| *row.id == *id),
        }
    }
}
