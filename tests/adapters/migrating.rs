//! Real Liquibase on a real server: progress, failure, cancelling, and what it is never started for.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use lockstep::adapters::Adapters;
use lockstep::adapters::liquibase::find;
use lockstep::config::{RunnerKind, paths};
use lockstep::domain::changelog::Selection;
use lockstep::domain::drift::{ChangesetState, Comparison};
use lockstep::domain::failure::FailureKind;
use lockstep::domain::ledger::{Ledger, LockState};
use lockstep::domain::log::{Level, Source};
use lockstep::domain::observation::Observation;
use lockstep::domain::plan::Until;
use lockstep::domain::release::Release;
use lockstep::engine::effect::{DatabaseCall, Effect, LiquibaseCall};
use lockstep::engine::event::{EventKind, Progress, StepOutcome};
use lockstep::runtime::{Clock, Perform as _, Sink};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Rig, ended, logged, perform, run, test};

/// A release whose changesets are these statements.
pub(crate) async fn release(rig: &Rig, adapters: &Adapters, statements: &[&str]) -> Arc<Release> {
    let mut sql = "--liquibase formatted sql\n".to_owned();
    for (index, statement) in statements.iter().enumerate() {
        sql.push_str(
            &["--changeset store:", &(index + 1).to_string(), "\n", statement, ";\n--rollback empty\n"]
                .concat(),
        );
    }
    release_of(rig, adapters, sql).await
}

/// A release with this formatted SQL.
pub(super) async fn release_of(rig: &Rig, adapters: &Adapters, sql: String) -> Arc<Release> {
    find(RunnerKind::Jvm, paths::tools().as_deref())
        .unwrap_or_else(|failure| panic!("this test runs the real Liquibase: {failure}"));
    let master =
        "databaseChangeLog:\n  - include: {file: all.sql, relativeToChangelogFile: true}\n".to_owned();
    let path = rig.releases.path().join("store-demo1-changelog-v1.0.0.zip");
    let mut writer = ZipWriter::new(File::create(path).unwrap());
    for (name, text) in [("changelog/changelog-master.yaml", master), ("changelog/all.sql", sql)] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    let events = perform(adapters, Effect::ReadReleases).await;
    let [EventKind::Releases(Ok(catalog))] = events.as_slice() else { panic!("{events:?}") };
    Arc::new(catalog.newest().unwrap().clone())
}

pub(super) fn update(release: &Arc<Release>) -> Effect {
    Effect::Liquibase(test(), LiquibaseCall::Update(run(1), release.clone()))
}

pub(super) fn applied(events: &[EventKind]) -> Vec<&str> {
    let ids = events.iter().filter_map(|event| match event {
        EventKind::Step(_, _, Progress::Applied(id)) => Some(id.id.as_str()),
        _ => None,
    });
    ids.collect()
}

pub(super) async fn ledger(adapters: &Adapters) -> Ledger {
    let events = perform(adapters, Effect::Database(test(), DatabaseCall::ReadLedger(1))).await;
    match events.as_slice() {
        [EventKind::Observed(_, _, Observation::Ledger(Ok(ledger)))] => ledger.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_update_reports_every_row_once_and_leaves_what_the_release_says() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let statements = ["create table a (id int)", "select pg_sleep(1)", "create table b (id int)"];
    let release = release(&rig, &adapters, &statements).await;

    let events =
        perform(&adapters, Effect::Liquibase(test(), LiquibaseCall::Validate(run(1), release.clone()))).await;
    assert!(ended(&events).is_ok(), "{events:?}");

    let events = perform(&adapters, update(&release)).await;
    assert_eq!(ended(&events), Ok(StepOutcome::Done("3 changesets were applied".to_owned())));
    assert_eq!(applied(&events), ["1", "2", "3"]);
    let position = |wanted: &str| {
        events.iter().position(|event| match event {
            EventKind::Step(_, _, Progress::Applied(id)) => id.id == wanted,
            EventKind::Step(_, _, Progress::Advanced(words)) => words == wanted,
            _ => false,
        })
    };
    assert!(
        position("1") < position("running changelog/all.sql::3::store"),
        "rows are reported while it runs: {events:?}"
    );
    let lines = logged(&events);
    assert!(lines.contains(&"Running Changeset: changelog/all.sql::1::store"), "{lines:#?}");
    let is_liquibase = |event: &EventKind| match event {
        EventKind::Log(_, lines) => {
            lines.iter().all(|line| line.source == Source::Liquibase && line.level == Level::Normal)
        }
        _ => true,
    };
    assert!(events.iter().all(is_liquibase), "{events:?}");

    let found = ledger(&adapters).await;
    let comparison = Comparison::of(&release.changelog, &found, &Selection::default());
    assert_eq!(comparison.count(ChangesetState::Applied), 3, "{comparison:?}");
    assert_eq!(found.lock, LockState::Free);

    let again = perform(&adapters, update(&release)).await;
    assert_eq!(ended(&again), Ok(StepOutcome::Done("nothing was pending".to_owned())));
    let tag = Effect::Liquibase(test(), LiquibaseCall::Tag(run(1), release, "before-4".to_owned()));
    assert_eq!(ended(&perform(&adapters, tag).await), Ok(StepOutcome::Done("tagged as before-4".to_owned())));
    assert_eq!(ledger(&adapters).await.last_tag(), Some("before-4"));
}

#[tokio::test]
async fn a_failing_changeset_is_named_with_its_reason_and_what_was_done_before_it() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let release =
        release(&rig, &adapters, &["create table a (id int)", "insert into missing values (1)"]).await;
    let events = perform(&adapters, update(&release)).await;
    let failure = ended(&events).unwrap_err();
    assert_eq!(applied(&events), ["1"]);
    assert_eq!(failure.kind, FailureKind::ActionNeeded);
    assert_eq!(failure.what, "changeset changelog/all.sql::2::store failed in test");
    assert_eq!(
        failure.because,
        [
            "ERROR: relation \"missing\" does not exist Position: 13 (SQLSTATE 42P01)",
            "the statement was: insert into missing values (1)",
            "before it, 1 changeset was applied",
        ]
    );
    let is_error = |event: &EventKind| match event {
        EventKind::Log(_, lines) => lines.iter().any(|line| line.level == Level::Error),
        _ => false,
    };
    assert!(events.iter().any(is_error), "{events:?}");

    let events = perform(&adapters, update(&release)).await;
    assert_eq!(ended(&events).unwrap_err().kind, FailureKind::Failed);
}

#[tokio::test]
async fn liquibase_is_not_started_while_somebody_holds_its_lock() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["create table a (id int)"]).await;
    let held = "create table databasechangeloglock (id int primary key, locked boolean not null,
                  lockgranted timestamp, lockedby varchar(255));
                insert into databasechangeloglock values (1, true, '2026-11-21 14:00', 'vm#r-7 (10.0.0.7)')";
    rig.client().await.batch_execute(held).await.unwrap();
    let events = perform(&adapters, update(&release)).await;
    let failure = ended(&events).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(failure.because, ["vm#r-7 (10.0.0.7) holds Liquibase's lock since 2026-11-21T14:00:00Z"]);
    assert_eq!(logged(&events), Vec::<&str>::new());
    assert!(matches!(ledger(&adapters).await.lock, LockState::Held { .. }));
}

#[tokio::test]
async fn an_update_that_takes_too_long_is_cancelled_and_leaves_no_lock() {
    let mut rig = Rig::new().await;
    rig.settings.deadlines.liquibase = Duration::from_secs(15);
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["create table a (id int)", "select pg_sleep(600)"]).await;
    let events = perform(&adapters, update(&release)).await;
    let failure = ended(&events).unwrap_err();
    assert_eq!(applied(&events), ["1"]);
    assert_eq!(failure.kind, FailureKind::ActionNeeded);
    assert_eq!(failure.because[0], "ERROR: canceling statement due to user request (SQLSTATE 57014)");
    assert_eq!(ledger(&adapters).await.lock, LockState::Free);
}

/// Where it says that it runs changeset 2.
const SECOND: &str = "all.sql::2";

/// Carries `effect` out, and another one as soon as it says that it came that far.
async fn interrupted(adapters: &Adapters, effect: Effect, other: Effect, words: &str) -> Vec<EventKind> {
    let (sink, mut queue) = Sink::queue(Clock::system());
    let mut events = Vec::new();
    let drain = async {
        let mut other = Some(other);
        while let Some(event) = queue.recv().await {
            if matches!(&event.kind, EventKind::Step(_, _, Progress::Advanced(said)) if said.contains(words))
                && let Some(other) = other.take()
            {
                assert_eq!(perform(adapters, other).await, []);
            }
            events.push(event.kind);
        }
    };
    tokio::join!(adapters.perform(effect, sink), drain);
    events
}

#[tokio::test]
async fn an_aborted_update_rolls_its_changeset_back_and_leaves_no_lock() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let statements = ["create table a (id int)", "create table b (id int); select pg_sleep(600)"];
    let release = release(&rig, &adapters, &statements).await;
    let events = interrupted(&adapters, update(&release), Effect::Cancel(test(), run(1)), SECOND).await;
    let failure = ended(&events).unwrap_err();
    assert_eq!(applied(&events), ["1"]);
    assert_eq!(failure.kind, FailureKind::ActionNeeded);
    assert_eq!(failure.what, "what Liquibase did in test was aborted");
    assert_eq!(
        failure.because,
        ["changelog/all.sql::2::store was cancelled and rolled back", "before it, 1 changeset was applied"]
    );
    assert_eq!(ledger(&adapters).await.lock, LockState::Free);
    let row = rig.client().await.query_one("select to_regclass('b') is null", &[]).await.unwrap();
    assert!(row.get::<_, bool>(0), "what the changeset did before is rolled back too");
    let sessions = "select count(*) from pg_stat_activity where application_name like 'r-1-test%'";
    assert_eq!(rig.client().await.query_one(sessions, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_liquibase_that_does_not_end_when_it_is_aborted_is_killed_and_its_lock_let_go() {
    let mut rig = Rig::new().await;
    rig.settings.deadlines.look = Duration::from_secs(3);
    let adapters = rig.adapters();
    // What touches Liquibase's own tables is never cancelled.
    let statements = ["create table a (id int)", "select pg_sleep(600), 'databasechangelog'"];
    let release = release(&rig, &adapters, &statements).await;
    let events = interrupted(&adapters, update(&release), Effect::Cancel(test(), run(1)), SECOND).await;
    let failure = ended(&events).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
    assert_eq!(failure.because.last().map(String::as_str), Some("its lock was let go"), "{failure}");
    assert_eq!(ledger(&adapters).await.lock, LockState::Free);
    let sessions = "select count(*) from pg_stat_activity where application_name = 'r-1-test'";
    assert_eq!(rig.client().await.query_one(sessions, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_rollback_reports_every_row_that_goes() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["select 1", "select 2", "select 3"]).await;
    perform(&adapters, update(&release)).await;
    let back = Effect::Liquibase(test(), LiquibaseCall::Rollback(run(1), release, Until::Count(2)));
    let events = perform(&adapters, back).await;
    assert_eq!(ended(&events), Ok(StepOutcome::Done("2 changesets were undone".to_owned())));
    assert_eq!(applied(&events), ["3", "2"]);
    assert_eq!(ledger(&adapters).await.rows.len(), 1);
}

#[tokio::test]
async fn liquibase_tells_a_checksum_that_hangs_on_its_own_process_without_any_database() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["select 1", "select '${java.version}'"]).await;
    assert!(release.changelog.changesets()[1].checksum().is_none());
    let events = perform(&adapters, Effect::AskChecksums(release.clone())).await;
    let [EventKind::Checksums(digest, Ok(told))] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(*digest, release.archive_digest);
    assert_eq!(told.len(), 2);
    let first = &release.changelog.changesets()[0];
    assert_eq!(told.get(&first.id), first.checksum());

    // It is the one that an update stores.
    perform(&adapters, update(&release)).await;
    let completed = Arc::new(release.changelog.completed(told));
    let comparison = Comparison::of(&completed, &ledger(&adapters).await, &Selection::default());
    assert_eq!(comparison.count(ChangesetState::Applied), 2, "{comparison:?}");
}

#[tokio::test]
async fn a_validation_that_is_aborted_ends_liquibase_and_is_no_failure_of_the_release() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["select 1"]).await;
    let validate = Effect::Liquibase(test(), LiquibaseCall::Validate(run(1), release));
    let events = interrupted(&adapters, validate, Effect::Cancel(test(), run(1)), "started").await;
    assert_eq!(ended(&events).unwrap_err().kind, FailureKind::Interrupted, "{events:?}");
    assert!(!logged(&events).iter().any(|line| line.contains("No validation errors")), "{events:?}");
}
