//! One release held against every environment: changeset by environment, with what each pair of them comes to.
//!
//! Deliberately absent: how it is drawn or written, and which rows somebody wants to see.

#[cfg(test)]
mod tests;

mod mark;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::changelog::{Changelog, Changeset, ChangesetId};
use crate::domain::drift::{ChangesetState, Comparison, Standing};
use crate::domain::names::EnvironmentName;
use crate::domain::release::{Release, Version};

pub use mark::Mark;

/// Changesets by environments. Its rows are the release's changesets in order, then what ran and is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The release.
    pub version: Version,
    changelog: Arc<Changelog>,
    unexpected: Vec<ChangesetId>,
    columns: Vec<Column>,
    /// Whether a row is something else than applied, or filtered, anywhere.
    differs: Vec<bool>,
}

/// One environment in a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: EnvironmentName,
    /// Whether it is judged.
    pub sight: Sight,
    /// What is wrong with its schema beyond its changesets, in words.
    pub schema: Option<String>,
    made_from: [Option<Arc<Comparison>>; 2],
    /// Rows that the running version needs and that have not run.
    missing: HashSet<usize>,
    /// Rows that ran and are not in the release.
    unexpected: HashSet<usize>,
    counts: [usize; Mark::ALL.len()],
    /// How many changesets the running version needs that have not run, in this release or not.
    needed: usize,
}

/// Whether an environment is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It is.
    Judged,
    /// A promotion is at work, called this: what is seen half-way is no drift.
    Promoting(String),
    /// Its ledger is not known.
    Unseen,
}

/// What is known of one environment.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name.
    pub name: EnvironmentName,
    /// Its ledger held against the release of the grid.
    pub comparison: Option<Arc<Comparison>>,
    /// Its ledger held against the release that runs there.
    pub running: Option<Arc<Comparison>>,
    /// The promotion that is at work there.
    pub promoting: Option<String>,
    /// What is wrong with its schema beyond its changesets, in words.
    pub schema: Option<String>,
}

impl Grid {
    /// Holds a release against environments, in their order.
    pub fn of(release: &Release, inputs: Vec<Input>) -> Self {
        let judged = inputs.iter().filter(|input| input.promoting.is_none());
        let strange: BTreeSet<&ChangesetId> =
            judged.filter_map(|input| input.comparison.as_deref()).flat_map(|it| &it.unexpected).collect();
        let unexpected: Vec<ChangesetId> = strange.into_iter().cloned().collect();
        let changelog = Arc::clone(&release.changelog);
        let first = changelog.changesets().len();
        let places: HashMap<&ChangesetId, usize> =
            unexpected.iter().enumerate().map(|(index, id)| (id, first + index)).collect();
        let mut differs = vec![false; first + unexpected.len()];
        let columns = inputs.into_iter().map(|input| {
            let mut column = Column::of(input, &changelog, &places);
            for (row, differs) in differs.iter_mut().enumerate() {
                let mark = column.mark(row);
                column.counts[mark as usize] += 1;
                *differs |= mark.is_difference();
            }
            column
        });
        let columns = columns.collect();
        Self { version: release.version.clone(), changelog, columns, differs, unexpected }
    }

    /// The environments, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.differs.len()
    }

    /// True when the release has no changeset and nothing ran.
    pub fn is_empty(&self) -> bool {
        self.differs.is_empty()
    }

    /// How many of the rows are changesets of the release; the others are unexpected.
    pub fn changesets(&self) -> usize {
        self.changelog.changesets().len()
    }

    /// The identity of a row.
    pub fn id(&self, row: usize) -> Option<&ChangesetId> {
        match self.changeset(row) {
            Some(changeset) => Some(&changeset.id),
            None => self.unexpected.get(row.checked_sub(self.changesets())?),
        }
    }

    /// The changeset of a row; `None` for an unexpected one.
    pub fn changeset(&self, row: usize) -> Option<&Changeset> {
        self.changelog.changesets().get(row)
    }

    /// The changelog of the release.
    pub fn changelog(&self) -> &Changelog {
        &self.changelog
    }

    /// The row with this identity.
    pub fn position(&self, id: &ChangesetId) -> Option<usize> {
        let strange = || self.unexpected.iter().position(|known| known == id);
        self.changelog.position(id).or_else(|| Some(self.changesets() + strange()?))
    }

    /// True when the row is something else than applied, or filtered, in one of the environments.
    pub fn differs(&self, row: usize) -> bool {
        self.differs.get(row).copied().unwrap_or_default()
    }

    /// How many rows differ.
    pub fn differences(&self) -> usize {
        self.differs.iter().filter(|differs| **differs).count()
    }

    /// What a row comes to in every environment.
    pub fn marks(&self, row: usize) -> impl Iterator<Item = (&Column, Mark)> {
        self.columns.iter().map(move |column| (column, column.mark(row)))
    }

    /// True when it was made from just this.
    pub fn is_made_from(&self, release: &Release, inputs: &[Input]) -> bool {
        let is_same = |one: Option<&Arc<Comparison>>, other: Option<&Arc<Comparison>>| match (one, other) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let is_column_of = |(column, input): (&Column, &Input)| {
            let [comparison, running] = &column.made_from;
            column.name == input.name
                && column.sight == input.sight()
                && (column.schema == input.schema || column.sight != Sight::Judged)
                && is_same(comparison.as_ref(), input.comparison.as_ref())
                && is_same(running.as_ref(), input.running.as_ref())
        };
        Arc::ptr_eq(&self.changelog, &release.changelog)
            && self.version == release.version
            && self.columns.len() == inputs.len()
            && self.columns.iter().zip(inputs).all(is_column_of)
    }
}

impl Input {
    fn sight(&self) -> Sight {
        match (&self.comparison, &self.promoting) {
            (_, Some(run)) => Sight::Promoting(run.clone()),
            (Some(_), None) => Sight::Judged,
            (None, None) => Sight::Unseen,
        }
    }
}

impl Column {
    fn of(input: Input, changelog: &Changelog, places: &HashMap<&ChangesetId, usize>) -> Self {
        let sight = input.sight();
        let is_judged = sight == Sight::Judged;
        let comparison = input.comparison.as_ref().filter(|_| is_judged);
        let strange = comparison.into_iter().flat_map(|comparison| &comparison.unexpected);
        let unexpected = strange.filter_map(|id| places.get(id).copied()).collect();
        let running = input.running.as_ref().filter(|_| is_judged);
        let (needed, missing) = running.map(|running| needs(running, changelog)).unwrap_or_default();
        let counts = [0; Mark::ALL.len()];
        let made_from = [input.comparison, input.running];
        let schema = input.schema.filter(|_| sight == Sight::Judged);
        Self { name: input.name, sight, schema, made_from, missing, unexpected, counts, needed }
    }

    /// What its ledger comes to against the release, where that is judged.
    fn comparison(&self) -> Option<&Comparison> {
        self.made_from[0].as_deref().filter(|_| self.sight == Sight::Judged)
    }

    /// What a row comes to here.
    pub fn mark(&self, row: usize) -> Mark {
        let Some(comparison) = self.comparison() else { return Mark::NotJudged };
        match comparison.standing(row) {
            Some(standing) => Mark::of(standing, self.missing.contains(&row)),
            None if self.unexpected.contains(&row) => Mark::Unexpected,
            None => Mark::Absent,
        }
    }

    /// How a changeset of the release stands here; `None` for an unexpected row, and where nothing is judged.
    pub fn standing(&self, row: usize) -> Option<&Standing> {
        self.comparison()?.standing(row)
    }

    /// How many rows come to this here.
    pub fn count(&self, mark: Mark) -> usize {
        self.counts[mark as usize]
    }

    /// True when the database is not what it should be. What is pending is to come, and no drift.
    pub fn is_drifted(&self) -> bool {
        self.schema.is_some()
            || self.needed > 0
            || Mark::ALL.into_iter().any(|mark| mark.is_drift() && self.count(mark) > 0)
    }

    /// How many changesets the running version needs that have not run.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// True when a promotion of the release fails here, or repeats what was done.
    pub fn breaks(&self) -> bool {
        Mark::ALL.into_iter().any(|mark| mark.breaks() && self.count(mark) > 0)
    }

    /// What there is, most important first, such as `1 edited, 14 applied`.
    pub fn words(&self) -> String {
        let mut words: Vec<String> = Mark::BY_WEIGHT
            .into_iter()
            .filter(|mark| self.count(*mark) > 0)
            .map(|mark| format!("{} {}", self.count(mark), mark.word()))
            .collect();
        if self.needed > self.missing.len() {
            words.insert(
                0,
                format!("{} missing that this release does not have", self.needed - self.missing.len()),
            );
        }
        if let Some(schema) = &self.schema {
            words.insert(0, schema.clone());
        }
        if words.is_empty() { "nothing ran".to_owned() } else { words.join(", ") }
    }
}

/// How many changesets of the version that runs have not run, and which of them this changelog has too.
fn needs(running: &Comparison, changelog: &Changelog) -> (usize, HashSet<usize>) {
    let is_pending = |standing: &Standing| standing.state == ChangesetState::Pending;
    let pending: Vec<&Changeset> = running
        .changesets()
        .filter(|(_, standing)| is_pending(standing))
        .map(|(changeset, _)| changeset)
        .collect();
    let known = pending.iter().filter_map(|changeset| changelog.position(&changeset.id));
    (pending.len(), known.collect())
}
