//! Reading ledgers and taking locks on a real server.

use lockstep::domain::Timestamp;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::ledger::{Ledger, LockState};
use lockstep::domain::observation::Observation;
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::EventKind;

use super::{Rig, ended, perform, run, test};
use crate::support::postgres::{PASSWORD, USERNAME};

pub(super) const TABLES: &str = "
create table databasechangelog (id varchar(255) not null, author varchar(255) not null,
  filename varchar(255) not null, dateexecuted timestamp not null, orderexecuted integer not null,
  exectype varchar(10) not null, md5sum varchar(35), description varchar(255), comments varchar(255),
  tag varchar(255), liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10));
create table databasechangeloglock (id integer primary key, locked boolean not null, lockgranted timestamp,
  lockedby varchar(255));
insert into databasechangeloglock values (1, false);
insert into databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype, md5sum, tag, deployment_id)
values ('2', 'store', 'a.sql', '2026-11-21 14:00:01.5', 2, 'EXECUTED', null, 'v1', '5225940244'),
       ('1', 'store', 'a.sql', '2026-11-21 14:00:01', 1, 'EXECUTED', '9:00000000000000000000000000000000', null, null);
";

pub(super) async fn read(adapters: &lockstep::adapters::Adapters) -> Result<Ledger, Failure> {
    let events = perform(adapters, Effect::Database(test(), DatabaseCall::ReadLedger(7))).await;
    match events.as_slice() {
        [EventKind::Observed(name, 7, Observation::Ledger(ledger))] if *name == test() => ledger.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_ledger_of_an_empty_database_is_empty_and_stays_unmade() {
    let rig = Rig::new().await;
    assert_eq!(read(&rig.adapters()).await, Ok(Ledger::default()));
    let made =
        rig.client().await.query("select 1 from pg_tables where schemaname = 'public'", &[]).await.unwrap();
    assert_eq!(made.len(), 0);
}

#[tokio::test]
async fn rows_come_in_the_order_they_ran_and_the_lock_with_its_holder() {
    let rig = Rig::new().await;
    let client = rig.client().await;
    client.batch_execute(TABLES).await.unwrap();
    let adapters = rig.adapters();
    let ledger = read(&adapters).await.unwrap();
    let ids: Vec<_> = ledger.rows.iter().map(|row| row.id.to_string()).collect();
    assert_eq!(ids, ["a.sql::1::store", "a.sql::2::store"]);
    assert_eq!(ledger.rows[1].executed_at, "2026-11-21T14:00:01.5Z".parse::<Timestamp>().unwrap());
    assert_eq!(ledger.rows[0].checksum.as_ref().map(|sum| sum.as_str().len()), Some(34));
    assert_eq!((ledger.rows[1].checksum.as_ref(), ledger.last_tag()), (None, Some("v1")));
    assert_eq!((ledger.lock, ledger.promoting), (LockState::Free, None));

    let lock = "update databasechangeloglock set locked = true, lockedby = 'vm#r-7', lockgranted = '2026-11-21 14:00'";
    client.batch_execute(lock).await.unwrap();
    let since = "2026-11-21T14:00:00Z".parse().ok();
    assert_eq!(read(&adapters).await.unwrap().lock, LockState::Held { by: "vm#r-7".to_owned(), since });
    // Both looks used one connection, and AWS was asked once for everything.
    let open = client
        .query_one("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'lockstep'", &[])
        .await
        .unwrap();
    assert_eq!(open.get::<_, i64>(0), 1);
    assert_eq!((rig.cloud.count("DescribeDBInstances"), rig.cloud.count("GetSecretValue")), (1, 2));
}

#[tokio::test]
async fn a_connection_that_died_is_replaced_without_a_word() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    read(&adapters).await.unwrap();
    let killed = "select pg_terminate_backend(pid, 5000) from pg_stat_activity \
                  where datname = current_database() and application_name = 'lockstep'";
    assert_eq!(rig.client().await.query(killed, &[]).await.unwrap().len(), 1);
    assert_eq!(read(&adapters).await, Ok(Ledger::default()));
}

#[tokio::test]
async fn a_password_that_was_changed_is_fetched_again_once() {
    let rig = Rig::new().await;
    "outdated".clone_into(&mut rig.cloud.facts().password);
    let adapters = rig.adapters();
    let failure = read(&adapters).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Configuration);
    assert_eq!(failure.because[0], format!("password authentication failed for user \"{USERNAME}\""));
    let refused = format!("{USERNAME} may not log in to 127.0.0.1:");
    assert!(failure.because[1].starts_with(&refused), "{failure}");
    assert_eq!(rig.cloud.count("GetSecretValue"), 4);
    PASSWORD.clone_into(&mut rig.cloud.facts().password);
    assert_eq!(read(&adapters).await, Ok(Ledger::default()));
}

#[tokio::test]
async fn a_server_that_is_gone_and_a_database_that_is_missing_are_told_apart() {
    let mut rig = Rig::new().await;
    rig.settings.environments[0].environment.database = "missing".to_owned();
    let failure = read(&rig.adapters()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Configuration);
    assert_eq!(failure.because[0], "database \"missing\" does not exist");
    rig.cloud.facts().database = 1;
    let failure = read(&rig.adapters()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.because.iter().any(|cause| cause.contains("Connection refused")), "{failure}");
    assert!(failure.because.iter().any(|cause| cause.contains("127.0.0.1:1/missing")), "{failure}");
}

#[tokio::test]
async fn a_second_lock_is_refused_with_the_holders_name_until_the_first_is_let_go() {
    let rig = Rig::new().await;
    let (first, second) = (rig.adapters(), rig.adapters());
    let lock = |number| Effect::Database(test(), DatabaseCall::Lock(run(number)));
    assert!(ended(&perform(&first, lock(1)).await).is_ok());
    assert_eq!(read(&second).await.unwrap().promoting.as_deref(), Some("r-1-test"));
    let failure = ended(&perform(&second, lock(2)).await).unwrap_err();
    assert_eq!((failure.kind, failure.what.as_str()), (FailureKind::Refused, "could not lock test"));
    assert!(failure.because[0].starts_with("r-1-test holds it since 20"), "{failure}");
    assert!(failure.because[0].ends_with("Z, from 127.0.0.1"), "{failure}");

    let events = perform(&first, Effect::Database(test(), DatabaseCall::Unlock(run(1)))).await;
    assert_eq!(events, [EventKind::Unlocked(run(1))]);
    assert!(ended(&perform(&second, lock(2)).await).is_ok());
    assert_eq!(read(&first).await.unwrap().promoting.as_deref(), Some("r-2-test"));
}

#[tokio::test]
async fn a_lock_dies_with_its_holder() {
    let rig = Rig::new().await;
    let first = rig.adapters();
    let lock = |number| Effect::Database(test(), DatabaseCall::Lock(run(number)));
    assert!(ended(&perform(&first, lock(1)).await).is_ok());
    drop(first);
    // The server notices a closed connection a moment later.
    let freed = async { while ended(&perform(&rig.adapters(), lock(2)).await).is_err() {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), freed).await.expect("the lock was let go");
}
