//! What an environment had before: where a rollback goes that nobody gave a release.
//!
//! The journal says what lockstep proved there. Where it says nothing, the ledger may: an update that ended with the
//! last changeset of a release, before a later one began. Absent on purpose: the releases that merely exist.

use crate::domain::changelog::Selection;
use crate::domain::drift::{ChangesetState, Comparison};
use crate::domain::environment::Environment;
use crate::domain::journal::History;
use crate::domain::ledger::Ledger;
use crate::domain::release::{Catalog, Release, Version};

/// The release that `environment` had before it ran `running`, as far as anything proves it.
pub fn earlier<'a>(
    environment: &Environment,
    running: &Version,
    history: &History,
    ledger: &Ledger,
    catalog: &'a Catalog,
) -> Option<&'a Release> {
    let proven = history.before(&environment.name, Some(running)).and_then(|version| catalog.get(version));
    let older = catalog.releases().iter().rev().filter(|release| release.version < *running);
    proven.or_else(|| older.into_iter().find(|release| has_stood(release, ledger, &environment.selection)))
}

/// True when an update ended with all of `release` and nothing more, and something came after it.
fn has_stood(release: &Release, ledger: &Ledger, selection: &Selection) -> bool {
    let is_known = |id| release.changelog.get(id).is_some();
    let Some(last) = ledger.rows.iter().rposition(|row| is_known(&row.id)) else { return false };
    let (row, next) = (&ledger.rows[last], ledger.rows.get(last + 1));
    let is_apart = row.deployment.is_some() && next.is_some_and(|next| next.deployment != row.deployment);
    let until = Ledger { rows: ledger.rows[..=last].to_vec().into(), ..Ledger::default() };
    is_apart && Comparison::of(&release.changelog, &until, selection).count(ChangesetState::Pending) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::drift::tests::{catalog, ledger};
    use crate::domain::gate::{Admission, Gate};
    use crate::domain::journal::Entry;
    use crate::domain::names::{EnvironmentName, RunId};

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    /// Where test goes back to from v3.0.0, with these updates in its ledger, each by its number of changesets.
    fn found(history: &History, updates: &[usize]) -> Option<String> {
        let environment = Environment {
            name: EnvironmentName::parse("test").unwrap(),
            after: Vec::new(),
            gate: Gate::new(Admission::Confirm),
            production: false,
            service: "store-test".to_owned(),
            database: "test".to_owned(),
            selection: Selection::default(),
        };
        let mut ledger = ledger(updates.iter().sum());
        let deployments = updates.iter().enumerate().flat_map(|(index, count)| vec![index; *count]);
        for (row, deployment) in ledger.rows.iter_mut().zip(deployments) {
            row.deployment = Some(deployment.to_string().into());
        }
        let catalog = catalog();
        let found = earlier(&environment, &version("v3.0.0"), history, &ledger, &catalog);
        found.map(|release| release.version.to_string())
    }

    #[test]
    fn the_ledger_proves_a_release_that_an_update_ended_with_and_no_other() {
        let nothing = History::default();
        for (updates, wanted) in [
            (&[1, 1, 1][..], Some("v2.0.0")),
            (&[1, 2], Some("v1.0.0")),
            (&[2, 1], Some("v2.0.0")),
            (&[3], None),
            // v2.0.0 is there, and so it stands: nothing came after it.
            (&[2], None),
            (&[], None),
        ] {
            assert_eq!(found(&nothing, updates).as_deref(), wanted, "{updates:?}");
        }
    }

    #[test]
    fn what_the_journal_proves_goes_before_what_the_ledger_tells() {
        let mut history = History::default();
        let (run, environment) = (RunId::from_text("r-1-test"), EnvironmentName::parse("test").unwrap());
        history.add(
            Timestamp::UNIX_EPOCH,
            &Entry::Began {
                run: run.clone(),
                environment: environment.clone(),
                version: version("v1.0.0"),
                plan: String::new(),
                by: "ana".to_owned(),
                aim: None,
                reason: None,
                overridden: None,
            },
        );
        let result = Ok("proven".to_owned());
        let concluded = Entry::Concluded { run, environment, result, schema: None };
        assert_eq!(found(&history, &[3]), None, "it only began");
        history.add(Timestamp::UNIX_EPOCH, &concluded);
        assert_eq!(found(&history, &[3]).as_deref(), Some("v1.0.0"));
        assert_eq!(found(&history, &[1, 1, 1]).as_deref(), Some("v1.0.0"));
    }
}
