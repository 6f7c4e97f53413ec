//! What a changelog and a ledger say of each other, and what image and schema say of each other.

use std::collections::BTreeSet;

use crate::domain::changelog::{Changelog, Changeset, ChangesetId};
use crate::domain::ledger::{Ledger, LedgerRow};
use crate::domain::release::{Catalog, Version};

/// How one changeset of a release stands in one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangesetState {
    /// It ran, and what ran is what the release says.
    Applied,
    /// It has not run.
    Pending,
    /// It ran and will run again, as it asks for.
    Rerun,
    /// It ran with another content than the release has now.
    Edited,
    /// It ran; whether its content is the same cannot be told here.
    Unverified,
}

/// A release's changelog held against a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Every changeset of the release, in order, with its state.
    pub changesets: Vec<(ChangesetId, ChangesetState)>,
    /// Rows that the release does not know.
    pub unexpected: Vec<ChangesetId>,
}

impl Comparison {
    /// Holds `changelog` against `ledger`.
    pub fn of(changelog: &Changelog, ledger: &Ledger) -> Self {
        let changesets = changelog
            .changesets()
            .iter()
            .map(|changeset| (changeset.id.clone(), state(changeset, ledger.row(&changeset.id))))
            .collect();
        let unexpected = ledger
            .rows
            .iter()
            .filter(|row| changelog.get(&row.id).is_none())
            .map(|row| ChangesetId::clone(&row.id))
            .collect();
        Self { changesets, unexpected }
    }

    /// How many changesets are in this state.
    pub fn count(&self, state: ChangesetState) -> usize {
        self.changesets.iter().filter(|(_, found)| *found == state).count()
    }

    /// How many changesets of the release ran.
    pub fn applied(&self) -> usize {
        self.changesets.len() - self.count(ChangesetState::Pending)
    }

    /// The changesets that an update would run, in order.
    pub fn to_run(&self) -> impl Iterator<Item = &ChangesetId> {
        self.changesets
            .iter()
            .filter(|(_, state)| matches!(state, ChangesetState::Pending | ChangesetState::Rerun))
            .map(|(id, _)| id)
    }
}

fn state(changeset: &Changeset, row: Option<&LedgerRow>) -> ChangesetState {
    let Some(row) = row else { return ChangesetState::Pending };
    if changeset.runs_always {
        return ChangesetState::Rerun;
    }
    match (&changeset.checksum, &row.checksum) {
        // Liquibase takes a row without a sum as good and fills the sum in.
        (_, None) => ChangesetState::Applied,
        (Some(now), Some(then)) if now.is_comparable(then) => match (now == then, changeset.runs_on_change) {
            (true, _) => ChangesetState::Applied,
            (false, true) => ChangesetState::Rerun,
            (false, false) => ChangesetState::Edited,
        },
        (_, Some(_)) => ChangesetState::Unverified,
    }
}

/// Image and schema of one environment as one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pair {
    /// The schema is exactly what the running version brings.
    InStep,
    /// The running version needs changesets that the database lacks.
    AppAhead,
    /// The database has changesets of a later version than the one that runs.
    SchemaAhead,
    /// The database has rows that no release knows, or rows whose content was changed since.
    Drifted,
    /// It cannot be told, and why.
    Unknown(String),
}

impl Pair {
    /// Judges the running `version` against the database's `ledger`.
    pub fn of(version: Option<&Version>, ledger: Option<&Ledger>, catalog: Option<&Catalog>) -> Self {
        let unknown = |reason: &str| Self::Unknown(reason.to_owned());
        let Some(catalog) = catalog else { return unknown("the releases are not known") };
        let Some(ledger) = ledger else { return unknown("the database is not known") };
        let Some(version) = version else { return unknown("the running version is not known") };
        let Some(release) = catalog.get(version) else {
            return Self::Unknown(format!("{version} is not among the releases"));
        };
        let known: BTreeSet<&ChangesetId> = catalog
            .releases()
            .iter()
            .flat_map(|release| release.changelog.changesets().iter().map(|changeset| &changeset.id))
            .collect();
        let comparison = Comparison::of(&release.changelog, ledger);
        let is_strange = ledger.rows.iter().any(|row| !known.contains(&*row.id) && !is_anchor(row));
        if is_strange || comparison.count(ChangesetState::Edited) > 0 {
            Self::Drifted
        } else if comparison.count(ChangesetState::Pending) > 0 {
            Self::AppAhead
        } else if comparison.unexpected.iter().any(|id| known.contains(id)) {
            Self::SchemaAhead
        } else {
            Self::InStep
        }
    }

    /// The words for people.
    pub fn words(&self) -> &'static str {
        match self {
            Self::InStep => "in step",
            Self::AppAhead => "app ahead",
            Self::SchemaAhead => "schema ahead",
            Self::Drifted => "drifted",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// `liquibase tag` on an empty table writes a row of its own.
fn is_anchor(row: &LedgerRow) -> bool {
    row.id.path == "liquibase-internal"
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::changelog::{Checksum, Files};
    use crate::domain::release::{ImageRef, Release};

    /// A catalog with v1 = {1}, v2 = {1, 2}, v3 = {1, 2, 3}.
    pub(crate) fn catalog() -> Catalog {
        Catalog::new((1..=3).map(release).collect())
    }

    pub(crate) fn release(count: usize) -> Release {
        let version = Version::parse(&format!("v{count}.0.0")).unwrap();
        let mut text = "--liquibase formatted sql\n".to_owned();
        for number in 1..=count {
            let changeset = "--changeset store:N\ncreate table tN (id int);\n--rollback drop table tN;\n";
            text.push_str(&changeset.replace('N', &number.to_string()));
        }
        let files = Files::from([("changelog/all.sql".to_owned(), text.into_bytes())]);
        let (changelog, problems) = Changelog::read(&files, "changelog/all.sql");
        assert_eq!(problems, []);
        Release {
            image: ImageRef::of_release("registry/store", &version),
            version,
            archive: "all.zip".to_owned(),
            archive_digest: "0".repeat(64),
            changelog: Arc::new(changelog),
        }
    }

    pub(crate) fn ledger(count: usize) -> Ledger {
        let release = release(count);
        let rows = release.changelog.changesets().iter().enumerate().map(|(index, changeset)| LedgerRow {
            id: changeset.id.clone().into(),
            order: i32::try_from(index).unwrap() + 1,
            executed_at: Timestamp::UNIX_EPOCH,
            checksum: changeset.checksum.clone(),
            tag: None,
            deployment: None,
        });
        Ledger { rows: rows.collect(), ..Ledger::default() }
    }

    fn pair(version: &str, ledger: &Ledger) -> Pair {
        Pair::of(Some(&Version::parse(version).unwrap()), Some(ledger), Some(&catalog()))
    }

    #[test]
    fn image_and_schema_are_one_state() {
        assert_eq!(pair("v2.0.0", &ledger(2)), Pair::InStep);
        assert_eq!(pair("v2.0.0", &ledger(1)), Pair::AppAhead);
        assert_eq!(pair("v1.0.0", &ledger(2)), Pair::SchemaAhead);
        assert_eq!(pair("v9.0.0", &ledger(2)), Pair::Unknown("v9.0.0 is not among the releases".to_owned()));
    }

    #[test]
    fn an_edited_or_a_strange_row_is_drift() {
        let mut edited = ledger(2);
        edited.rows[0].checksum = Some(Checksum::stored("9:00000000000000000000000000000000"));
        assert_eq!(pair("v2.0.0", &edited), Pair::Drifted);
        let mut strange = ledger(2);
        Arc::make_mut(&mut strange.rows[1].id).id = "by hand".to_owned();
        assert_eq!(pair("v2.0.0", &strange), Pair::Drifted);
    }

    #[test]
    fn a_sum_of_another_version_is_not_compared() {
        let mut old = ledger(1);
        old.rows[0].checksum = Some(Checksum::stored("8:00000000000000000000000000000000"));
        let comparison = Comparison::of(&release(1).changelog, &old);
        assert_eq!(comparison.count(ChangesetState::Unverified), 1);
        assert_eq!(comparison.applied(), 1);
    }

    #[test]
    fn what_an_update_would_run_is_what_is_pending_in_order() {
        let comparison = Comparison::of(&release(3).changelog, &ledger(1));
        let ids: Vec<_> = comparison.to_run().map(|id| id.id.as_str()).collect();
        assert_eq!(ids, ["2", "3"]);
        assert_eq!(comparison.applied(), 1);
    }
}
