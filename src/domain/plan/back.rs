//! The way back: which changesets a rollback undoes, in which order database and app move, and what stands in its way.
//!
//! Liquibase undoes from the newest row back and knows only what is in the changelog it is given. So what is undone
//! is the end of the ledger, every row of it must be known, and what cannot be undone is named before anything is.

use crate::domain::changelog::{ChangesetId, Rollback};
use crate::domain::compatibility::Compatibility;
use crate::domain::drift::{ChangesetState, Comparison};
use crate::domain::environment::Environment;
use crate::domain::gate::Unmet;
use crate::domain::ledger::{Ledger, LedgerRow};
use crate::domain::procedure::Procedure;
use crate::domain::release::{Catalog, ImageRef, Release};
use crate::domain::step::StepKind;

use super::{Course, Plan, PlanDigest, PlannedChangeset, planned};

/// How a plan leads back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// Which moves first.
    pub order: Order,
    /// What Liquibase is told to undo.
    pub until: Until,
    /// Whether the older image runs on the newer schema.
    pub verdict: Compatibility,
    /// True when the schema was asked to stay as it is.
    pub keeps_schema: bool,
}

/// Which of the two moves first on the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The older image cannot run on the newer schema: the schema goes back before it comes.
    DatabaseFirst,
    /// The older image runs on the newer schema: nobody notices the schema going back behind it.
    AppFirst,
    /// The schema stays as it is.
    AppOnly,
}

/// What Liquibase is told to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// Everything after the row with this tag: holds whatever else comes into the ledger.
    Tag(String),
    /// The newest so many rows. Needed where the tag is a changeset of its own, which Liquibase would undo too.
    Count(usize),
    /// Nothing.
    Nothing,
}

/// What a rollback is worked out from.
#[derive(Debug, Clone, Copy)]
pub struct RollbackFacts<'a> {
    /// Where.
    pub environment: &'a Environment,
    /// The release to go back to.
    pub target: &'a Release,
    /// Every release there is.
    pub catalog: &'a Catalog,
    /// The image that runs now.
    pub image: &'a ImageRef,
    /// What was applied.
    pub ledger: &'a Ledger,
    /// True when the schema is to stay as it is.
    pub keep_schema: bool,
}

impl Order {
    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::DatabaseFirst => "database, then app",
            Self::AppFirst => "app, then database",
            Self::AppOnly => "app only",
        }
    }

    /// The word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::DatabaseFirst => "database-first",
            Self::AppFirst => "app-first",
            Self::AppOnly => "app-only",
        }
    }
}

impl Until {
    /// The words for people.
    pub fn words(&self) -> String {
        match self {
            Self::Tag(tag) => format!("everything after tag {tag}"),
            Self::Count(1) => "the newest changeset".to_owned(),
            Self::Count(count) => format!("the newest {count} changesets"),
            Self::Nothing => "nothing".to_owned(),
        }
    }
}

impl WayBack {
    /// The lines of the canonical form. Their names must never change.
    pub(super) fn facts(&self) -> [(&'static str, String); 3] {
        let until = match &self.until {
            Until::Tag(tag) => format!("tag {tag}"),
            Until::Count(count) => format!("count {count}"),
            Until::Nothing => String::new(),
        };
        [
            ("back-order", self.order.word().to_owned()),
            ("back-until", until),
            ("back-verdict", self.verdict.word().to_owned()),
        ]
    }
}

impl RollbackFacts<'_> {
    /// The plan, the release whose changelog Liquibase undoes with, and what stands in the way.
    pub fn plan(&self) -> (Plan, Release, Vec<Unmet>) {
        let mut unmet = Vec::new();
        let (kept, undone) = self.split(&mut unmet);
        let source = self.source(undone, &mut unmet);
        let changesets: Vec<_> =
            undone.iter().rev().filter_map(|row| source.changelog.get(&row.id)).map(planned).collect();
        let verdict = Compatibility::of(&self.target.version, self.catalog, undone, self.image);
        let order = self.order(&changesets, &verdict);
        unmet.extend(self.edited(&source));
        unmet.extend(without_rollback(&changesets, &source));
        let runs = undone.is_empty() || matches!(verdict, Compatibility::Compatible(_));
        if order == Order::AppOnly {
            let how = match unmet.first() {
                None => "Let the database go back too: leave `--app-only` out.".to_owned(),
                // Each of the two ways would only lead to the other.
                Some(blocked) => {
                    format!("The database cannot go back either: {}. {}", blocked.what, blocked.how)
                }
            };
            unmet.clear();
            if !runs {
                let version = &self.target.version;
                let what = format!("{version} may not run on the schema as it is: {}", verdict.why());
                unmet.push(Unmet::on_the_way_back(what, how));
            }
        } else if runs {
            let aside = format!(
                " Or leave the schema as it is, on which {} runs: `--app-only`.",
                self.target.version
            );
            for unmet in &mut unmet {
                unmet.how.push_str(&aside);
            }
        }
        let until = until(order, kept, undone.len(), &source);
        let way = WayBack { order, until, verdict, keeps_schema: self.keep_schema };
        let plan = Plan {
            environment: self.environment.name.clone(),
            version: self.target.version.clone(),
            image_from: Some(self.image.clone()),
            image_to: self.target.image.clone(),
            image_digest: None,
            archive_digest: source.archive_digest.clone(),
            changesets: if order == Order::AppOnly { Vec::new() } else { changesets },
            already_applied: kept.len(),
            procedure: procedure(order),
            course: Course::Back(way),
            waived: Vec::new(),
            digest: PlanDigest(String::new()),
        };
        (plan.sealed(), source, unmet)
    }

    /// The rows that stay and those that came after everything that the target knows.
    fn split(&self, unmet: &mut Vec<Unmet>) -> (&[LedgerRow], &[LedgerRow]) {
        let is_of_target = |row: &LedgerRow| row.is_anchor() || self.target.changelog.get(&row.id).is_some();
        let rows = &self.ledger.rows;
        let end = rows.iter().rposition(is_of_target).map_or(0, |position| position + 1);
        let (kept, undone) = rows.split_at(end);
        // What is in no release was there before and stays; what a later release brought would have to go.
        let stuck = kept.iter().filter(|row| !is_of_target(row) && self.catalog.knows(&row.id));
        unmet.extend(stuck.map(|row| {
            Unmet::on_the_way_back(
                format!("changeset {} ran before changesets of {}", row.id.id, self.target.version),
                "Liquibase undoes from the newest row back. Undo it by hand.",
            )
        }));
        (kept, undone)
    }

    /// The newest release that knows every row that is undone; else the newest there is, with what it does not know.
    fn source(&self, undone: &[LedgerRow], unmet: &mut Vec<Unmet>) -> Release {
        let knows_all =
            |release: &&Release| undone.iter().all(|row| release.changelog.get(&row.id).is_some());
        let releases = self.catalog.releases();
        let running = self.image.version().and_then(|version| self.catalog.get(&version));
        let known = running.filter(knows_all).or_else(|| releases.iter().rev().find(knows_all));
        if let Some(release) = known {
            return release.clone();
        }
        let source = self.catalog.newest().unwrap_or(self.target);
        let strange = undone.iter().filter(|row| source.changelog.get(&row.id).is_none());
        unmet.extend(strange.map(|row| {
            Unmet::on_the_way_back(
                format!("changeset {} is not in {}", row.id.id, source.version),
                "Liquibase undoes only what its changelog knows. Bring that changeset back into a release.",
            )
        }));
        source.clone()
    }

    fn order(&self, changesets: &[PlannedChangeset], verdict: &Compatibility) -> Order {
        match verdict {
            _ if self.keep_schema || changesets.is_empty() => Order::AppOnly,
            Compatibility::Compatible(_) => Order::AppFirst,
            Compatibility::Incompatible(_) | Compatibility::Unknown(_) => Order::DatabaseFirst,
        }
    }

    /// Liquibase validates the whole changelog before it undoes anything.
    fn edited(&self, source: &Release) -> Vec<Unmet> {
        let comparison = Comparison::of(&source.changelog, self.ledger, &self.environment.selection);
        let edited = comparison.changesets().filter(|(_, standing)| standing.state == ChangesetState::Edited);
        let edited = edited.map(|(changeset, _)| {
            Unmet::on_the_way_back(
                format!("changeset {} was edited after it ran here", changeset.id.id),
                "Liquibase refuses a changelog with edited changesets. Restore its text.",
            )
        });
        edited.collect()
    }
}

/// The way back takes no action of a flow: those are written for the way forward.
fn procedure(order: Order) -> Procedure {
    use StepKind::{Evidence, Health, Lock, Recheck, Service, Undo};
    Procedure::plain(match order {
        Order::DatabaseFirst => &[Lock, Recheck, Undo, Service, Health, Evidence],
        Order::AppFirst => &[Lock, Recheck, Service, Health, Undo, Evidence],
        Order::AppOnly => &[Lock, Recheck, Service, Health, Evidence],
    })
}

fn without_rollback(changesets: &[PlannedChangeset], source: &Release) -> Vec<Unmet> {
    let missing = changesets.iter().filter(|changeset| changeset.rollback == Rollback::Missing);
    let version = &source.version;
    let unmet = missing.map(|changeset| {
        Unmet::on_the_way_back(
            format!("changeset {} has no rollback", changeset.id.id),
            format!(
                "Go on with a newer release that mends what is wrong. Or write its rollback, which is no part of its \
                 checksum, and build {version} again: `lockstep release build {version}`."
            ),
        )
    });
    unmet.collect()
}

/// A tag names the place whatever happens; but Liquibase undoes the tagged row too when it is a changeset of its own.
fn until(order: Order, kept: &[LedgerRow], undone: usize, source: &Release) -> Until {
    let is_changeset = |id: &ChangesetId| source.changelog.get(id).is_some_and(|it| it.tag().is_some());
    match kept.last() {
        _ if order == Order::AppOnly || undone == 0 => Until::Nothing,
        Some(LedgerRow { tag: Some(tag), id, .. })
            if !is_changeset(id) && kept.iter().filter(|row| row.tag.as_ref() == Some(tag)).count() == 1 =>
        {
            Until::Tag(tag.to_string())
        }
        _ => Until::Count(undone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::changelog::{Changelog, Files, Selection, Surroundings};
    use crate::domain::drift::tests::{ledger, release};
    use crate::domain::gate::{Admission, Gate};
    use crate::domain::names::EnvironmentName;

    /// What stands in the way from v2.0.0, whose second changeset has no rollback, back to v1.0.0, each with how to mend
    /// it. `runs` is true where v2.0.0 says that the older image runs on its schema.
    fn blocked(keep_schema: bool, runs: bool) -> Vec<(String, String)> {
        let mut newer = release(2);
        let text = "--liquibase formatted sql\n--changeset store:1\ncreate table t1 (id int);\n--rollback drop table t1;\n\
                    --changeset store:2\ncreate table t2 (id int);\n";
        let files = Files::from([("changelog/all.sql".to_owned(), text.as_bytes().to_vec())]);
        newer.changelog = Changelog::read(&files, "changelog/all.sql", &Surroundings::default()).0.into();
        if runs {
            newer.oldest_images.insert(newer.version.clone(), release(1).version);
        }
        let (target, image) = (release(1), newer.image.clone());
        let environment = Environment {
            name: EnvironmentName::parse("test").unwrap(),
            after: Vec::new(),
            gate: Gate::new(Admission::Confirm),
            production: false,
            service: "store-test".to_owned(),
            database: "test".to_owned(),
            selection: Selection::default(),
        };
        let facts = RollbackFacts {
            environment: &environment,
            target: &target,
            catalog: &Catalog::new(vec![release(1), newer]),
            image: &image,
            ledger: &ledger(2),
            keep_schema,
        };
        facts.plan().2.into_iter().map(|unmet| (unmet.what, unmet.how)).collect()
    }

    #[test]
    fn each_way_that_is_blocked_leads_on_and_never_only_to_the_other() {
        const MISSING: &str = "changeset 2 has no rollback";
        const MEND: &str = "Go on with a newer release that mends what is wrong. Or write its rollback, which is no part \
                            of its checksum, and build v2.0.0 again: `lockstep release build v2.0.0`.";
        let [(what, how)] = &blocked(false, false)[..] else { panic!() };
        assert_eq!((what.as_str(), how.as_str()), (MISSING, MEND), "the app alone could not go back either");
        let [(what, how)] = &blocked(true, false)[..] else { panic!() };
        assert!(what.starts_with("v1.0.0 may not run on the schema as it is: "), "{what}");
        assert_eq!(*how, format!("The database cannot go back either: {MISSING}. {MEND}"));

        let [(_, how)] = &blocked(false, true)[..] else { panic!() };
        let aside = format!("{MEND} Or leave the schema as it is, on which v1.0.0 runs: `--app-only`.");
        assert_eq!(*how, aside);
        assert_eq!(blocked(true, true), [], "that way is open");
    }
}
