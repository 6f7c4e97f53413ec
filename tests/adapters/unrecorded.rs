//! What Liquibase leaves behind when it fails between a changeset and its row, or in the middle of one without a transaction:
//! what was done is never called undone.

use std::sync::Arc;

use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::ledger::LockState;
use lockstep::domain::plan::Until;
use lockstep::domain::release::Release;
use lockstep::engine::effect::{Effect, LiquibaseCall};
use tokio_postgres::Client;

use super::migrating::{ledger, release_of, update};
use super::{Rig, ended, perform, run, test};

/// From now on no row comes into the ledger, or none goes.
async fn refuse(client: &Client, what: &str) {
    let sql = format!(
        "create function refuse() returns trigger language plpgsql as $$
           begin raise exception 'No space left on device' using errcode = '53100'; end $$;
         create trigger refuse before {what} on databasechangelog for each statement execute function refuse()"
    );
    client.batch_execute(&sql).await.unwrap();
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

fn back(release: &Arc<Release>) -> Effect {
    Effect::Liquibase(test(), LiquibaseCall::Rollback(run(1), Arc::clone(release), Until::Count(1)))
}

fn because(failure: &Failure, words: &str) -> bool {
    failure.because.iter().any(|because| because.contains(words))
}

#[tokio::test]
async fn a_changeset_whose_row_cannot_be_written_or_removed_is_unknown_and_no_failure() {
    let rig = Rig::new().await;
    let (adapters, client) = (rig.adapters(), rig.client().await);
    let sql = "--liquibase formatted sql\n\
        --changeset store:1\ncreate table a (id int);\n--rollback drop table a;\n\
        --changeset store:2\ninsert into a values (1);\n--rollback delete from a;\n";
    let first =
        release_of(&rig, &adapters, sql.split("--changeset store:2").next().unwrap().to_owned()).await;
    ended(&perform(&adapters, update(&first)).await).unwrap();
    let release = release_of(&rig, &adapters, sql.to_owned()).await;

    refuse(&client, "insert").await;
    let failure = ended(&perform(&adapters, update(&release)).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
    assert_eq!(failure.what, "the row of changeset changelog/all.sql::2::store could not be written in test");
    assert!(because(&failure, "No space left on device"), "{failure}");
    assert_eq!(count(&client, "select count(*) from a").await, 1, "it has run");
    assert_eq!((ledger(&adapters).await.rows.len(), ledger(&adapters).await.lock), (1, LockState::Free));

    client.batch_execute("delete from a; drop function refuse() cascade").await.unwrap();
    ended(&perform(&adapters, update(&release)).await).unwrap();
    refuse(&client, "delete").await;
    let failure = ended(&perform(&adapters, back(&release)).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
    assert_eq!(failure.what, "the row of changeset changelog/all.sql::2::store could not be removed in test");
    assert_eq!(count(&client, "select count(*) from a").await, 0, "it is undone");
    assert_eq!(ledger(&adapters).await.rows.len(), 2);
}

#[tokio::test]
async fn a_rollback_that_fails_is_named_with_its_reason_and_is_rolled_back_itself() {
    let rig = Rig::new().await;
    let (adapters, client) = (rig.adapters(), rig.client().await);
    let sql = "--liquibase formatted sql\n\
        --changeset store:1\ncreate table a (id int);\n--rollback drop table a;\n--rollback delete from missing;\n";
    let release = release_of(&rig, &adapters, sql.to_owned()).await;
    ended(&perform(&adapters, update(&release)).await).unwrap();
    let failure = ended(&perform(&adapters, back(&release)).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Failed, "{failure}");
    assert_eq!(failure.what, "changeset changelog/all.sql::1::store could not be undone in test");
    assert!(because(&failure, "relation \"missing\" does not exist"), "{failure}");
    assert!(because(&failure, "(SQLSTATE 42P01)"), "{failure}");
    assert_eq!(count(&client, "select count(*) from pg_tables where tablename = 'a'").await, 1);
}

#[tokio::test]
async fn what_a_changeset_without_a_transaction_did_before_it_failed_is_not_called_undone() {
    let rig = Rig::new().await;
    let (adapters, client) = (rig.adapters(), rig.client().await);
    let sql = "--liquibase formatted sql\n\
        --changeset store:1 runInTransaction:false\ncreate table a (id int);\ninsert into missing values (1);\n";
    let release = release_of(&rig, &adapters, sql.to_owned()).await;
    let failure = ended(&perform(&adapters, update(&release)).await).unwrap_err();
    assert_eq!(failure.kind, FailureKind::ActionNeeded, "something of it is there: {failure}");
    assert!(because(&failure, "it does not run in a transaction"), "{failure}");
    assert_eq!(count(&client, "select count(*) from pg_tables where tablename = 'a'").await, 1);
    assert_eq!(ledger(&adapters).await.rows.len(), 0);
}
