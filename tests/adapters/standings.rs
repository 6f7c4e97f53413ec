//! How changesets stand, held against what the real Liquibase says of the same changelog and the same database.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use lockstep::adapters::liquibase::find;
use lockstep::adapters::sources;
use lockstep::config::{RunnerKind, paths};
use lockstep::domain::changelog::Selection;
use lockstep::domain::drift::{ChangesetState, Comparison};
use tokio::process::Command;

use super::Rig;
use crate::support::postgres::{PASSWORD, USERNAME};

/// What is applied first.
const BEFORE: &str = "--liquibase formatted sql
--changeset ann:same
create table a (id int);
--changeset ann:reworded
insert into a values (1);
--changeset ann:edited
insert into a values (2);
--changeset ann:allowed
insert into a values (3);
--changeset ann:view runOnChange:true
create or replace view v as select id from a;
--changeset ann:quiet-view runOnChange:true
create or replace view w as select id from a;
--changeset ann:always runAlways:true
select 1;
--changeset ann:gone
create table b (id int);
--changeset ann:tested context:test
insert into a values (4);
";

/// What the release says now; `{edit}` is what was done to a changeset that ran.
const AFTER: &str = "--liquibase formatted sql
--changeset ann:same
create table a (id int);
--changeset ann:reworded
insert   into a
  values (1);
--changeset ann:edited
insert into a values ({edit});
--changeset ann:allowed
--validCheckSum: ANY
insert into a values (33);
--changeset ann:view runOnChange:true
create or replace view v as select id, 1 as one from a;
--changeset ann:quiet-view runOnChange:true
create or replace view w as select id from a;
--changeset ann:always runAlways:true
select 1;
--changeset ann:inserted
insert into a values (5);
--changeset ann:tested context:test
insert into a values (44);
--changeset ann:prod-only context:prod
insert into a values (6);
--changeset ann:not-prod context:\"!prod\"
insert into a values (7);
--changeset ann:oracle dbms:oracle
select 1 from dual;
--changeset ann:ignored ignore:true
select 2;
--changeset ann:labelled labels:blue
insert into a values (8);
";

/// Runs the real Liquibase in `folder` and returns everything it said.
async fn liquibase(rig: &Rig, folder: &Path, arguments: &[&str]) -> String {
    let line = find(RunnerKind::Auto, paths::tools().as_deref()).unwrap().command_line();
    let server = rig.server.as_ref().unwrap();
    let output = Command::new(&line.program)
        .args(&line.args)
        .args(["--show-banner=false", "--headless=true"])
        .args(arguments)
        .env_clear()
        .envs(line.env)
        .env("LIQUIBASE_COMMAND_URL", format!("jdbc:postgresql://127.0.0.1:{}/{}", server.port, rig.database))
        .env("LIQUIBASE_COMMAND_USERNAME", USERNAME)
        .env("LIQUIBASE_COMMAND_PASSWORD", PASSWORD)
        .env("LIQUIBASE_COMMAND_CHANGELOG_FILE", "root.sql")
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The ids after `root.sql::` in lines of Liquibase's output that are nothing but an identity.
fn listed(output: &str) -> BTreeSet<String> {
    let ids = output.lines().filter_map(|line| line.trim().strip_prefix("root.sql::"));
    ids.filter_map(|id| id.strip_suffix("::ann")).map(str::to_owned).collect()
}

/// What lockstep says of the same.
async fn comparison(rig: &Rig, folder: &Path, selection: &Selection) -> Comparison {
    let (changelog, problems) = sources::read(folder, "root.sql").unwrap();
    assert!(problems.iter().all(|problem| !problem.is_error), "{problems:?}");
    let ledger = super::migrating::ledger(&rig.adapters()).await;
    Comparison::of(&Arc::new(changelog), &ledger, selection)
}

fn ids(comparison: &Comparison, state: ChangesetState) -> BTreeSet<String> {
    let found = comparison.changesets().filter(|(_, standing)| standing.state == state);
    found.map(|(changeset, _)| changeset.id.id.clone()).collect()
}

fn set<const N: usize>(ids: [&str; N]) -> BTreeSet<String> {
    ids.map(str::to_owned).into()
}

#[tokio::test]
async fn what_is_pending_edited_and_unexpected_is_what_liquibase_says() {
    let rig = Rig::new().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(folder.path().join("root.sql"), text).unwrap();
    write(BEFORE);
    let said = liquibase(&rig, folder.path(), &["update", "--contexts=test"]).await;
    assert!(said.contains("Update has been successful"), "{said}");

    // Nothing that ran was edited in a way that counts.
    write(&AFTER.replace("{edit}", "2"));
    let runs = [
        ("", "", Selection::default()),
        ("test", "", Selection { contexts: vec!["test".to_owned()], label_filter: None }),
        (
            "prod",
            "!blue",
            Selection { contexts: vec!["prod".to_owned()], label_filter: Some("!blue".to_owned()) },
        ),
    ];
    for (contexts, labels, selection) in &runs {
        // The one bound to tests has another content now, which counts only where it would run.
        let edited = if *contexts == "prod" { set([]) } else { set(["tested"]) };
        let ours = comparison(&rig, folder.path(), selection).await;
        assert_eq!(ids(&ours, ChangesetState::Edited), edited, "contexts `{contexts}`");
        let (contexts, labels) = (format!("--contexts={contexts}"), format!("--label-filter={labels}"));
        let said = liquibase(&rig, folder.path(), &["status", "--verbose", &contexts, &labels]).await;
        if edited.is_empty() {
            let mut to_run: BTreeSet<_> = ours.to_run().map(|changeset| changeset.id.id.clone()).collect();
            assert_eq!(listed(&said), to_run, "{contexts} {labels}: {said}");
            to_run.remove("always");
            assert_eq!(to_run, set(["inserted", "prod-only", "view"]));
            // A row whose changeset is gone.
            let said =
                liquibase(&rig, folder.path(), &["unexpected-changesets", "--verbose", &contexts, &labels])
                    .await;
            let mut unexpected: BTreeSet<_> = ours.unexpected.iter().map(|id| id.id.clone()).collect();
            assert_eq!(unexpected, set(["gone"]));
            // Liquibase counts what this run leaves out as unexpected too; it is in the release all the same.
            let left_out = ours.changesets().filter(|(_, it)| it.row.is_some() && !it.exclusions.is_empty());
            unexpected.extend(left_out.map(|(changeset, _)| changeset.id.id.clone()));
            assert_eq!(listed(&said), unexpected, "{said}");
        } else {
            assert!(said.contains("1 changesets check sum"), "{said}");
        }
    }

    // What ran with another text is named with both sums.
    write(&AFTER.replace("{edit}", "22"));
    let ours = comparison(&rig, folder.path(), &Selection::default()).await;
    let said = liquibase(&rig, folder.path(), &["validate"]).await;
    let ledger = super::migrating::ledger(&rig.adapters()).await;
    let mut expected = BTreeSet::new();
    for (changeset, standing) in ours.changesets().filter(|(_, it)| it.state == ChangesetState::Edited) {
        let stored = ledger.rows[standing.row.unwrap()].checksum.as_ref().unwrap();
        let now = changeset.checksum().unwrap();
        expected.insert(format!("{} was: {stored} but is now: {now}", changeset.id));
    }
    let told: BTreeSet<_> = said
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(" but is now: "))
        .map(str::to_owned)
        .collect();
    assert_eq!(told, expected, "{said}");
    assert_eq!(ids(&ours, ChangesetState::Edited), set(["edited", "tested"]));
    assert_eq!(ids(&ours, ChangesetState::Filtered), set(["ignored", "oracle"]));
    assert_eq!(ids(&ours, ChangesetState::Rerun), set(["always", "view"]));
}

#[tokio::test]
async fn a_row_of_the_older_checksum_is_compared_in_its_own_version() {
    let rig = Rig::new().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("root.sql"), BEFORE).unwrap();
    liquibase(&rig, folder.path(), &["update", "--contexts=test"]).await;
    // Liquibase names the sums of version 8 that it wants when the rows hold other ones.
    let client = rig.client().await;
    let zeros = "update databasechangelog set md5sum = '8:00000000000000000000000000000000'";
    client.batch_execute(zeros).await.unwrap();
    let said = liquibase(&rig, folder.path(), &["validate"]).await;
    let ours = comparison(&rig, folder.path(), &Selection::default()).await;
    let expected: BTreeSet<_> = ours
        .changesets()
        .filter(|(_, standing)| standing.state == ChangesetState::Edited)
        .map(|(changeset, _)| {
            let now = changeset.sums.v8.as_ref().unwrap();
            format!("{} was: 8:00000000000000000000000000000000 but is now: {now}", changeset.id)
        })
        .collect();
    let told: BTreeSet<_> = said
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(" but is now: "))
        .map(str::to_owned)
        .collect();
    assert_eq!(told, expected, "{said}");
    assert_eq!(expected.len(), 6, "{expected:?}");
}
