//! What a changelog and a ledger say of each other, and what image and schema say of each other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::changelog::{Changelog, Changeset, ChangesetId, Exclusion, Selection};
use crate::domain::ledger::{Ledger, LedgerRow};
use crate::domain::release::{Catalog, Version};

/// How one changeset of a release stands in one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangesetState {
    /// It ran, and what ran is what the release says.
    Applied,
    /// It has not run.
    Pending,
    /// It ran and will run again, as it asks for.
    Rerun,
    /// It ran with another content than the release has now: Liquibase refuses to run this release here.
    Edited,
    /// It has not run and will not: it belongs to other runs.
    Filtered,
    /// It ran; whether its content is the same cannot be told here.
    Unknown,
}

impl ChangesetState {
    /// Every state, in the order in which they are counted.
    pub const ALL: [Self; 6] =
        [Self::Applied, Self::Pending, Self::Rerun, Self::Edited, Self::Filtered, Self::Unknown];

    /// The word for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Rerun => "will rerun",
            Self::Edited => "edited",
            Self::Filtered => "filtered",
            Self::Unknown => "unknown",
        }
    }
}

/// One changeset of a release held against a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How it stands.
    pub state: ChangesetState,
    /// It ran before one that stands in front of it in the release; or it has not run and one behind it has.
    pub is_out_of_order: bool,
    /// Where its row is in the ledger, from 0.
    pub row: Option<usize>,
    /// Why a run leaves it out; empty when none does.
    pub exclusions: Vec<Exclusion>,
    /// Why its state is unknown.
    pub reason: Option<String>,
    /// It is pending, and the same id and author ran under another path: running it would repeat that.
    pub ran_as: Option<ChangesetId>,
}

impl Standing {
    /// True when a promotion of the release would fail here, or repeat what was done.
    pub fn breaks(&self) -> bool {
        self.state == ChangesetState::Edited || self.ran_as.is_some()
    }
}

/// A release's changelog held against a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    changelog: Arc<Changelog>,
    standings: Vec<Standing>,
    /// How many changesets are in each state, in the order of `ChangesetState::ALL`.
    counts: [usize; ChangesetState::ALL.len()],
    applied: usize,
    out_of_order: usize,
    /// Rows that the release does not know.
    pub unexpected: Vec<ChangesetId>,
}

impl Comparison {
    /// Holds `changelog` against `ledger`, as a run with `selection` would.
    pub fn of(changelog: &Arc<Changelog>, ledger: &Ledger, selection: &Selection) -> Self {
        let mut rows: Vec<Option<usize>> = vec![None; changelog.changesets().len()];
        let mut unexpected = Vec::new();
        for (index, row) in ledger.rows.iter().enumerate() {
            match changelog.position(&row.id) {
                // Of several rows of one changeset the latest counts, and of those the one with the lower number.
                Some(position) => {
                    let is_newer = rows[position].is_none_or(|known| {
                        let known = &ledger.rows[known];
                        (row.executed_at, -row.order) > (known.executed_at, -known.order)
                    });
                    if is_newer {
                        rows[position] = Some(index);
                    }
                }
                None if row.is_anchor() => {}
                None => unexpected.push(ChangesetId::clone(&row.id)),
            }
        }
        let standing =
            |(changeset, row): (&Changeset, &Option<usize>)| standing(changeset, *row, ledger, selection);
        let standings = changelog.changesets().iter().zip(&rows).map(standing).collect();
        let mut comparison =
            Self { changelog: Arc::clone(changelog), standings, unexpected, ..Self::default() };
        comparison.find_out_of_order(ledger);
        comparison.find_moved();
        comparison.tally();
        comparison
    }

    /// The changelog that was compared.
    pub fn changelog(&self) -> &Arc<Changelog> {
        &self.changelog
    }

    /// Every changeset of the release with how it stands, in order.
    pub fn changesets(&self) -> impl DoubleEndedIterator<Item = (&Changeset, &Standing)> + ExactSizeIterator {
        self.changelog.changesets().iter().zip(&self.standings)
    }

    /// How the changeset at this position of the release stands.
    pub fn standing(&self, position: usize) -> Option<&Standing> {
        self.standings.get(position)
    }

    /// How many changesets are in this state.
    pub fn count(&self, state: ChangesetState) -> usize {
        self.counts[state as usize]
    }

    /// How many changesets of the release ran.
    pub fn applied(&self) -> usize {
        self.applied
    }

    /// How many changesets ran, or would run, in another order than that of the release.
    pub fn out_of_order(&self) -> usize {
        self.out_of_order
    }

    /// The changesets that an update would run, in order.
    pub fn to_run(&self) -> impl Iterator<Item = &Changeset> {
        self.changesets()
            .filter(|(_, standing)| matches!(standing.state, ChangesetState::Pending | ChangesetState::Rerun))
            .map(|(changeset, _)| changeset)
    }

    /// The first changeset in this state.
    pub fn first(&self, state: ChangesetState) -> Option<&Changeset> {
        self.changesets().find(|(_, standing)| standing.state == state).map(|(changeset, _)| changeset)
    }

    /// Marks what ran out of order: the fewest changesets without which the others ran in the release's order.
    fn find_out_of_order(&mut self, ledger: &Ledger) {
        let ran: Vec<(usize, usize)> = self
            .changesets()
            .enumerate()
            .filter(|(_, (changeset, _))| !changeset.runs_always && !changeset.runs_on_change)
            .filter_map(|(position, (_, standing))| Some((position, standing.row?)))
            .collect();
        let orders: Vec<i32> = ran.iter().map(|(_, row)| ledger.rows[*row].order).collect();
        let in_order = longest_rising(&orders);
        for (index, (position, _)) in ran.iter().enumerate() {
            self.standings[*position].is_out_of_order = in_order.binary_search(&index).is_err();
        }
        let last = in_order.last().map_or(0, |index| ran[*index].0);
        for standing in self.standings.iter_mut().take(last) {
            standing.is_out_of_order |= standing.state == ChangesetState::Pending;
        }
    }

    /// Counts once what is asked for at every drawing.
    fn tally(&mut self) {
        for standing in &self.standings {
            self.counts[standing.state as usize] += 1;
            self.applied += usize::from(standing.row.is_some());
            self.out_of_order += usize::from(standing.is_out_of_order);
        }
    }

    /// Finds pending changesets that ran under another path.
    fn find_moved(&mut self) {
        if self.unexpected.is_empty() {
            return;
        }
        let elsewhere: HashMap<(&str, &str), &ChangesetId> =
            self.unexpected.iter().map(|id| ((id.id.as_str(), id.author.as_str()), id)).collect();
        for (changeset, standing) in self.changelog.changesets().iter().zip(&mut self.standings) {
            if standing.state == ChangesetState::Pending {
                let found = elsewhere.get(&(changeset.id.id.as_str(), changeset.id.author.as_str()));
                standing.ran_as = found.map(|id| (*id).clone());
            }
        }
    }
}

fn standing(changeset: &Changeset, row: Option<usize>, ledger: &Ledger, selection: &Selection) -> Standing {
    let exclusions = changeset.filter.exclusions(selection);
    let (state, reason) = match row {
        None if exclusions.is_empty() => (ChangesetState::Pending, None),
        None => (ChangesetState::Filtered, None),
        // Liquibase looks at no more than that it ran.
        Some(_) if !exclusions.is_empty() => (ChangesetState::Applied, None),
        Some(row) => ran(changeset, &ledger.rows[row]),
    };
    Standing { state, is_out_of_order: false, row, exclusions, reason, ran_as: None }
}

/// The state of a changeset that ran: its sum is compared in the version that the row holds.
pub(crate) fn ran(changeset: &Changeset, row: &LedgerRow) -> (ChangesetState, Option<String>) {
    if changeset.runs_always {
        return (ChangesetState::Rerun, None);
    }
    // Liquibase takes a row without a sum as good and fills the sum in.
    let Some(stored) = &row.checksum else { return (ChangesetState::Applied, None) };
    let Some(algorithm) = stored.algorithm() else {
        let reason = format!("its row holds the checksum {stored}, whose version is not known here");
        return (ChangesetState::Unknown, Some(reason));
    };
    match changeset.sums.get(algorithm) {
        Ok(now) if now == stored => (ChangesetState::Applied, None),
        Ok(_) if changeset.runs_on_change => (ChangesetState::Rerun, None),
        Ok(now) if changeset.accepts(stored, now) => (ChangesetState::Applied, None),
        Ok(_) => (ChangesetState::Edited, None),
        Err(reason) => (ChangesetState::Unknown, Some(reason.clone())),
    }
}

/// The places of a longest rising run of `numbers`, in order.
fn longest_rising(numbers: &[i32]) -> Vec<usize> {
    // For every length the place where the lowest-ending run of that length ends, and for every place what comes
    // before it in such a run.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    for (place, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers[*end] < *number);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(place) = next {
        run.push(place);
        next = before[place];
    }
    run.reverse();
    run
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
    /// Judges the running `version` by its changelog held against the database.
    pub fn of(version: Option<&Version>, running: Option<&Comparison>, catalog: Option<&Catalog>) -> Self {
        let unknown = |reason: &str| Self::Unknown(reason.to_owned());
        let Some(catalog) = catalog else { return unknown("the releases are not known") };
        let Some(version) = version else { return unknown("the running version is not known") };
        if catalog.get(version).is_none() {
            return Self::Unknown(format!("{version} is not among the releases"));
        }
        let Some(running) = running else { return unknown("the database is not known") };
        let is_strange = running.unexpected.iter().any(|id| !catalog.knows(id));
        if is_strange || running.count(ChangesetState::Edited) > 0 {
            Self::Drifted
        } else if running.count(ChangesetState::Pending) > 0 {
            Self::AppAhead
        } else if !running.unexpected.is_empty() {
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

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::changelog::{Checksum, Files, Surroundings};
    use crate::domain::compatibility::OldestImages;
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
        let (changelog, problems) = Changelog::read(&files, "changelog/all.sql", &Surroundings::default());
        assert_eq!(problems, []);
        Release {
            image: ImageRef::of_release("registry/store", &version),
            version,
            archive: "all.zip".to_owned(),
            archive_digest: count.to_string().repeat(64),
            changelog: Arc::new(changelog),
            oldest_images: OldestImages::new(),
        }
    }

    pub(crate) fn ledger(count: usize) -> Ledger {
        let release = release(count);
        let rows = release.changelog.changesets().iter().enumerate().map(|(index, changeset)| LedgerRow {
            id: changeset.id.clone().into(),
            order: i32::try_from(index).unwrap() + 1,
            executed_at: Timestamp::UNIX_EPOCH,
            checksum: changeset.checksum().cloned(),
            tag: None,
            deployment: Some(index.to_string().into()),
        });
        Ledger { rows: rows.collect(), ..Ledger::default() }
    }

    fn compare(count: usize, ledger: &Ledger) -> Comparison {
        Comparison::of(&release(count).changelog, ledger, &Selection::default())
    }

    fn pair(version: usize, ledger: &Ledger) -> Pair {
        let running = (1..=3).contains(&version).then(|| compare(version, ledger));
        let version = Version::parse(&format!("v{version}.0.0")).unwrap();
        Pair::of(Some(&version), running.as_ref(), Some(&catalog()))
    }

    fn states(comparison: &Comparison) -> Vec<&'static str> {
        comparison.changesets().map(|(_, standing)| standing.state.word()).collect()
    }

    /// The changelog of a text of formatted SQL.
    fn changelog(text: &str) -> Arc<Changelog> {
        let text = format!("--liquibase formatted sql\n{text}");
        let files = Files::from([("changelog/all.sql".to_owned(), text.into_bytes())]);
        Arc::new(Changelog::read(&files, "changelog/all.sql", &Surroundings::default()).0)
    }

    #[test]
    fn image_and_schema_are_one_state() {
        assert_eq!(pair(2, &ledger(2)), Pair::InStep);
        assert_eq!(pair(2, &ledger(1)), Pair::AppAhead);
        assert_eq!(pair(1, &ledger(2)), Pair::SchemaAhead);
        assert_eq!(pair(9, &ledger(2)), Pair::Unknown("v9.0.0 is not among the releases".to_owned()));
    }

    #[test]
    fn an_edited_or_a_strange_row_is_drift() {
        let mut edited = ledger(2);
        edited.rows[0].checksum = Some(Checksum::stored("9:00000000000000000000000000000000"));
        assert_eq!(pair(2, &edited), Pair::Drifted);
        let mut strange = ledger(2);
        Arc::make_mut(&mut strange.rows[1].id).id = "by hand".to_owned();
        assert_eq!(pair(2, &strange), Pair::Drifted);
    }

    #[test]
    fn a_sum_is_compared_in_the_version_of_its_row() {
        let mut rows = ledger(3);
        let now = release(3).changelog.changesets()[0].sums.v8.clone().unwrap();
        rows.rows[0].checksum = Some(now);
        rows.rows[1].checksum = Some(Checksum::stored("8:00000000000000000000000000000000"));
        rows.rows[2].checksum = Some(Checksum::stored("7:00000000000000000000000000000000"));
        let comparison = compare(3, &rows);
        assert_eq!(states(&comparison), ["applied", "edited", "unknown"]);
        assert_eq!(
            comparison.standing(2).unwrap().reason.as_deref(),
            Some(
                "its row holds the checksum 7:00000000000000000000000000000000, whose version is not known here"
            )
        );
        rows.rows[1].checksum = None;
        assert_eq!(states(&compare(3, &rows))[1], "applied");
    }

    #[test]
    fn what_an_update_would_run_is_what_is_pending_in_order() {
        let comparison = compare(3, &ledger(1));
        let ids: Vec<_> = comparison.to_run().map(|changeset| changeset.id.id.as_str()).collect();
        assert_eq!(ids, ["2", "3"]);
        assert_eq!(comparison.applied(), 1);
    }

    #[test]
    fn attributes_decide_what_a_difference_means() {
        let sets = "--changeset store:1 runOnChange:true\nselect 1;\n\
                    --changeset store:2 runAlways:true\nselect 2;\n\
                    --changeset store:3 context:test\nselect 3;\n\
                    --changeset store:4 dbms:oracle\nselect 4;\n\
                    --changeset store:5\n--validCheckSum: ANY\nselect 5;\n\
                    --changeset store:6\nselect 6;\n";
        let changelog = changelog(sets);
        let mut rows = ledger(6);
        for row in rows.rows.iter_mut() {
            row.checksum = Some(Checksum::stored("9:00000000000000000000000000000000"));
        }
        let selection = Selection { contexts: vec!["prod".to_owned()], label_filter: None };
        let ran = Comparison::of(&changelog, &rows, &selection);
        assert_eq!(states(&ran), ["will rerun", "will rerun", "applied", "applied", "applied", "edited"]);
        let none = Comparison::of(&changelog, &Ledger::default(), &selection);
        assert_eq!(states(&none), ["pending", "pending", "filtered", "filtered", "pending", "pending"]);
        assert_eq!(none.standing(2).unwrap().exclusions, [Exclusion::Context("test".to_owned())]);
    }

    #[test]
    fn the_one_that_ran_late_is_out_of_order_and_not_all_behind_it() {
        let mut rows = ledger(3);
        rows.rows[0].order = 9;
        let comparison = compare(3, &rows);
        let marks: Vec<_> = comparison.changesets().map(|(_, standing)| standing.is_out_of_order).collect();
        assert_eq!(marks, [true, false, false]);
        rows.rows.remove(0);
        let comparison = compare(3, &rows);
        assert_eq!((comparison.out_of_order(), states(&comparison)[0]), (1, "pending"));
        assert_eq!(compare(3, &ledger(2)).out_of_order(), 0);
    }

    #[test]
    fn a_changeset_whose_file_was_moved_would_run_again() {
        let mut rows = ledger(2);
        Arc::make_mut(&mut rows.rows[1].id).path = "old/all.sql".to_owned();
        let comparison = compare(2, &rows);
        let standing = comparison.standing(1).unwrap();
        assert_eq!(standing.ran_as.as_ref().map(|id| id.path.as_str()), Some("old/all.sql"));
        assert!(standing.breaks());
    }

    #[test]
    fn of_several_rows_of_one_changeset_the_latest_counts() {
        let mut rows = ledger(1);
        let mut later = rows.rows[0].clone();
        later.executed_at = Timestamp::UNIX_EPOCH + Duration::from_secs(1);
        later.checksum = Some(Checksum::stored("9:00000000000000000000000000000000"));
        rows.rows.insert(0, later);
        assert_eq!(states(&compare(1, &rows)), ["edited"]);
    }

    #[test]
    fn paths_are_compared_in_one_form() {
        let mut rows = ledger(1);
        Arc::make_mut(&mut rows.rows[0].id).path = "classpath:changelog/./all.sql".to_owned();
        assert_eq!(states(&compare(1, &rows)), ["applied"]);
    }
}
