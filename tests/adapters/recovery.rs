//! Looks and deeds after a crash: what was done without a row, and letting a stale lock go, on a real server.

use std::time::Duration;

use lockstep::adapters::Adapters;
use lockstep::domain::failure::{Failure, FailureKind};
use lockstep::domain::lock::Grant;
use lockstep::domain::observation::Observation;
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::EventKind;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::deploying::deploy;
use super::{Rig, ended, perform, run, test};
use crate::sandbox::tools::until;

const TABLES: &str = "create table databasechangeloglock (id int primary key, locked boolean not null,
    lockgranted timestamp, lockedby varchar(255));
  create table databasechangelog (id varchar(255) not null, author varchar(255) not null,
    filename varchar(255) not null, dateexecuted timestamp not null, orderexecuted int not null,
    exectype varchar(10) not null, md5sum varchar(35), description varchar(255), comments varchar(255),
    tag varchar(255), liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10));
  insert into databasechangeloglock values (1, false, null, null);";

const RUN: &str = "r-20261121-135959000-test";

fn row(id: &str) -> String {
    format!(
        "insert into databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype)
         select '{id}', 'store', 'a.sql', localtimestamp, count(*) + 1, 'EXECUTED' from databasechangelog"
    )
}

fn lock(by: &str) -> String {
    format!(
        "update databasechangeloglock set locked = true, lockgranted = '2026-11-21 14:00:00', lockedby = '{by}'"
    )
}

fn own() -> String {
    format!("vm#{RUN} (10.0.0.2)")
}

async fn trail(adapters: &Adapters) -> Vec<String> {
    let events = perform(adapters, Effect::Database(test(), DatabaseCall::ReadTrail(3))).await;
    match events.as_slice() {
        [EventKind::Observed(name, 3, Observation::Trail(Ok(trail)))] if *name == test() => {
            trail.objects.clone()
        }
        other => panic!("{other:?}"),
    }
}

async fn sight(adapters: &Adapters) -> Option<Grant> {
    let events = perform(adapters, Effect::Database(test(), DatabaseCall::ReadLocks(1))).await;
    match events.as_slice() {
        [EventKind::Observed(_, _, Observation::Locks(Ok(sight)))] => sight.liquibase.clone(),
        other => panic!("{other:?}"),
    }
}

async fn release(adapters: &Adapters, grant: &Grant) -> Result<String, Failure> {
    let effect = Effect::Database(test(), DatabaseCall::ReleaseLock(grant.clone()));
    assert!(effect.is_mutation());
    match perform(adapters, effect).await.as_slice() {
        [EventKind::LetGo(name, result)] if *name == test() => result.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_done_after_the_newest_row_is_named_and_what_has_its_row_is_not() {
    let rig = Rig::new().await;
    let (client, adapters) = (rig.client().await, rig.adapters());
    assert_eq!(trail(&adapters).await, [""; 0], "without Liquibase's tables there is nothing to tell");
    client.batch_execute(TABLES).await.unwrap();
    assert_eq!(trail(&adapters).await, [""; 0], "its own tables are nobody's changeset");
    client.batch_execute("create table t1 (id int)").await.unwrap();
    client.batch_execute(&row("1")).await.unwrap();
    assert_eq!(trail(&adapters).await, [""; 0], "t1 came before its row");
    // Data leaves nothing in the catalogs, and neither does looking after them.
    for statement in ["insert into t1 values (1)", "analyze t1", "vacuum t1"] {
        client.batch_execute(statement).await.unwrap();
    }
    assert_eq!(trail(&adapters).await, [""; 0]);
    for statement in [
        "create table t2 (id int primary key)",
        "alter table t1 add column note text",
        "create function f() returns int language sql return 1",
        "create type mood as enum ('ok')",
    ] {
        client.batch_execute(statement).await.unwrap();
    }
    assert_eq!(
        trail(&adapters).await,
        ["index t2_pkey", "table t1", "table t2", "function f", "type mood"],
        "each once, relations first, by name"
    );
    client.batch_execute(&row("2")).await.unwrap();
    assert_eq!(trail(&adapters).await, [""; 0]);
}

#[tokio::test]
async fn what_somebody_did_by_hand_before_liquibase_took_its_lock_is_not_taken_for_a_changeset() {
    let rig = Rig::new().await;
    let (client, adapters) = (rig.client().await, rig.adapters());
    client.batch_execute(TABLES).await.unwrap();
    client.batch_execute(&row("1")).await.unwrap();
    client.batch_execute("create table by_hand (id int)").await.unwrap();
    assert_eq!(trail(&adapters).await, ["table by_hand"]);
    client.batch_execute(&lock(&own())).await.unwrap();
    assert_eq!(trail(&adapters).await, [""; 0], "Liquibase had done nothing before it took its lock");
    client.batch_execute("create table by_liquibase (id int)").await.unwrap();
    assert_eq!(trail(&adapters).await, ["table by_liquibase"]);
}

#[tokio::test]
async fn a_stale_lock_is_let_go_with_its_proof_and_only_once() {
    let rig = Rig::new().await;
    let client = rig.client().await;
    client.batch_execute(TABLES).await.unwrap();
    client.batch_execute(&lock(&own())).await.unwrap();
    let adapters = rig.adapters();
    let grant = sight(&adapters).await.unwrap();
    // Two at once: the advisory lock lets one of them look and act, and the other finds nothing left to do.
    let (one, other) = tokio::join!(release(&adapters, &grant), release(&adapters, &grant));
    let (done, refused) = if one.is_ok() { (one, other) } else { (other, one) };
    assert!(done.unwrap().contains("no session named r-20261121-135959000-test is connected"));
    assert_eq!(refused.unwrap_err().kind, FailureKind::Refused);
    assert_eq!(sight(&adapters).await, None);
}

#[tokio::test]
async fn a_lock_whose_holder_may_live_or_that_is_another_one_now_stays() {
    let rig = Rig::new().await;
    let (client, adapters) = (rig.client().await, rig.adapters());
    client.batch_execute(TABLES).await.unwrap();
    client.batch_execute(&lock(&own())).await.unwrap();
    let grant = sight(&adapters).await.unwrap();
    let refused = async |why: &str| {
        let failure = release(&adapters, &grant).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
        assert!(failure.because[0].contains(why), "{failure}");
    };
    client.batch_execute(&format!("set application_name = '{RUN}'")).await.unwrap();
    refused("Liquibase of this run is connected").await;
    client.batch_execute(&format!("set application_name = '{RUN} watch'")).await.unwrap();
    refused("the run itself is").await;
    client.batch_execute("set application_name = 'psql'").await.unwrap();
    client.batch_execute(&lock("build-7 (10.0.0.7)")).await.unwrap();
    refused("build-7 (10.0.0.7) holds it now").await;
    // A promotion that has begun may be about to take the lock.
    client.batch_execute(&lock(&own())).await.unwrap();
    let begun = Effect::Database(test(), DatabaseCall::Lock(run(7)));
    ended(&perform(&adapters, begun).await).unwrap();
    refused("is promoting to test").await;
    perform(&adapters, Effect::Database(test(), DatabaseCall::Unlock(run(7)))).await;
    let held = "select locked and lockedby like 'vm#%' from databasechangeloglock";
    assert!(client.query_one(held, &[]).await.unwrap().get::<_, bool>(0), "it is still held");
    release(&adapters, &grant).await.unwrap();
}

#[tokio::test]
async fn a_lock_whose_letting_go_is_not_answered_may_be_gone_or_not() {
    let mut rig = Rig::new().await;
    rig.settings.deadlines.look = Duration::from_secs(2);
    let (client, adapters) = (rig.client().await, rig.adapters());
    client.batch_execute(TABLES).await.unwrap();
    client.batch_execute(&lock(&own())).await.unwrap();
    let grant = sight(&adapters).await.unwrap();
    // Whoever reads the table may; whoever writes it has to wait.
    client.batch_execute("begin; lock table databasechangeloglock in share mode").await.unwrap();
    let failure = release(&adapters, &grant).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure}");
}

/// Stops the server's process behind a session, so that it answers nothing until it goes on.
fn signal(process: i32, signal: Signal) {
    kill(Pid::from_raw(process), signal).unwrap();
}

#[tokio::test]
async fn a_run_that_is_given_up_while_its_lock_is_looked_at_leaves_no_lock_and_asks_for_no_update() {
    let rig = Rig::new().await;
    let (adapters, client) = (rig.adapters(), rig.client().await);
    ended(&perform(&adapters, Effect::Database(test(), DatabaseCall::Lock(run(1)))).await).unwrap();
    let holder = "select pid from pg_stat_activity where application_name = 'r-1-test'";
    let holder: i32 = client.query_one(holder, &[]).await.unwrap().get(0);
    signal(holder, Signal::SIGSTOP);
    // It asks first whether the lock is its own still, and gets no answer.
    let deploying = perform(&adapters, deploy("v1.1.0", Some("v1.0.0")));
    let giving_up = async {
        perform(&adapters, Effect::Cancel(test(), run(1))).await;
        let unlocking = perform(&adapters, Effect::Database(test(), DatabaseCall::Unlock(run(1))));
        tokio::join!(unlocking, async { signal(holder, Signal::SIGCONT) });
        perform(&adapters, Effect::Forget(run(1))).await;
    };
    let (deployed, ()) = tokio::join!(deploying, giving_up);
    assert_eq!(ended(&deployed).unwrap_err().kind, FailureKind::Interrupted);
    assert_eq!(rig.cloud.count("UpdateService"), 0);
    until("the lock is free", async || {
        let held = "select count(*) from pg_locks where locktype = 'advisory'
                    and database = (select oid from pg_database where datname = current_database())";
        client.query_one(held, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
}
