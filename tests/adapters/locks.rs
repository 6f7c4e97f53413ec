//! Looking at locks: a real server with real sessions, and a real Liquibase that is killed while it holds its lock.

use std::time::Duration;

use lockstep::adapters::Adapters;
use lockstep::domain::Timestamp;
use lockstep::domain::failure::FailureKind;
use lockstep::domain::ledger::Ledger;
use lockstep::domain::lock::{Lock, LockSight, Since, Verdict};
use lockstep::domain::names::RunId;
use lockstep::domain::observation::Observation;
use lockstep::engine::effect::{DatabaseCall, Effect, LiquibaseCall};
use lockstep::engine::event::EventKind;

use super::migrating::release;
use super::{Rig, ended, perform, run, test};
use crate::sandbox::tools::{every_process, kill, until};

const TABLE: &str = "create table databasechangeloglock (id int primary key, locked boolean not null,
  lockgranted timestamp, lockedby varchar(255));";

async fn look(adapters: &Adapters) -> LockSight {
    let events = perform(adapters, Effect::Database(test(), DatabaseCall::ReadLocks(3))).await;
    match events.as_slice() {
        [EventKind::Observed(name, 3, Observation::Locks(Ok(sight)))] if *name == test() => sight.clone(),
        other => panic!("{other:?}"),
    }
}

async fn liquibase_lock(adapters: &Adapters) -> Lock {
    let [lock, _] = look(adapters).await.locks();
    lock
}

#[tokio::test]
async fn looking_at_an_empty_database_finds_free_locks_and_makes_nothing() {
    let rig = Rig::new().await;
    let words = look(&rig.adapters()).await.locks().map(|lock| lock.verdict.word());
    assert_eq!(words, ["free", "free"]);
    let made = "select 1 from pg_tables where schemaname = 'public'";
    assert_eq!(rig.client().await.query(made, &[]).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_lock_that_nobody_connected_can_hold_is_stale_and_its_sql_frees_this_very_one() {
    let rig = Rig::new().await;
    let held = "insert into databasechangeloglock values
      (1, true, '2026-11-21 14:00:00.25', 'o''neill#r-20261121-135959000-test (10.0.0.7)')";
    let client = rig.client().await;
    client.batch_execute(&[TABLE, held].concat()).await.unwrap();
    let adapters = rig.adapters();
    let lock = liquibase_lock(&adapters).await;
    assert!(matches!(lock.verdict, Verdict::Stale(_)), "{lock:?}");
    let release = lock.release.unwrap();
    // Somebody else took it in the meantime: that one stays.
    client
        .batch_execute("update databasechangeloglock set lockgranted = lockgranted + interval '1s'")
        .await
        .unwrap();
    assert_eq!(client.execute(&release, &[]).await.unwrap(), 0);
    let again = liquibase_lock(&adapters).await.release.unwrap();
    assert_eq!(client.execute(&again, &[]).await.unwrap(), 1);
    assert_eq!(liquibase_lock(&adapters).await.verdict, Verdict::Free);
}

#[tokio::test]
async fn a_strangers_lock_cannot_be_judged_while_a_session_may_be_its_holder() {
    let rig = Rig::new().await;
    let client = rig.client().await;
    // Its session, which is the test's own, waits for one more.
    let other = rig.client().await;
    let held = "insert into databasechangeloglock values (1, true, localtimestamp, 'build-7 (10.0.0.7)');
      commit; begin; lock table databasechangeloglock in share mode;";
    client.batch_execute(&[TABLE, held].concat()).await.unwrap();
    let waits = other.batch_execute("update databasechangeloglock set lockedby = 'hunter2' where id = 1");
    let judged = async {
        let adapters = rig.adapters();
        let is_waiting = async || look(&adapters).await.sessions.iter().any(|it| !it.blocked_by.is_empty());
        until("the second session waits", is_waiting).await;
        let lock = liquibase_lock(&adapters).await;
        assert!(matches!(lock.verdict, Verdict::Unclear(_)), "{lock:?}");
        let sessions = lock.holder.unwrap().sessions;
        let [holder, waiting] = sessions.as_slice() else { panic!("{sessions:?}") };
        assert_eq!(waiting.blocked_by, [holder.process]);
        assert_eq!(waiting.waits_for.as_deref(), Some("Lock: relation"));
        assert_eq!(waiting.query.as_deref(), Some("update databasechangeloglock set lockedby = …"));
        assert_eq!(holder.state.as_deref(), Some("idle in transaction"));
        client.batch_execute("rollback").await.unwrap();
    };
    let (waited, ()) = tokio::join!(waits, judged);
    waited.unwrap();
}

#[tokio::test]
async fn the_lock_of_a_killed_liquibase_is_alive_until_its_session_ends_and_its_time_needs_no_zone() {
    let rig = Rig::new().await;
    let (client, database) = (rig.client().await, &rig.database);
    client.batch_execute(&format!("alter database {database} set timezone = 'Asia/Tokyo'")).await.unwrap();
    let adapters = rig.adapters();
    let release = release(&rig, &adapters, &["select pg_sleep(600)"]).await;
    // Its processes have to be told from those of tests that run beside this one.
    let run = RunId::from_text(format!("r-{}-killed", std::process::id()));
    let update = perform(&adapters, Effect::Liquibase(test(), LiquibaseCall::Update(run.clone(), release)));
    let watched = async {
        let adapters = rig.adapters();
        let is_sleeping = async || {
            look(&adapters)
                .await
                .sessions
                .iter()
                .any(|it| it.waits_for.as_deref() == Some("Timeout: PgSleep"))
        };
        until("Liquibase runs its changeset", is_sleeping).await;
        let sight = look(&adapters).await;
        let [lock, _] = sight.locks();
        assert!(matches!(lock.verdict, Verdict::Alive(_)), "{lock:?}");
        let holder = lock.holder.clone().unwrap();
        assert_eq!(holder.run.as_ref(), Some(&run));
        let Since::At(since) = holder.since else { panic!("{holder:?}") };
        assert!(since <= sight.at && lock.held_for(sight.at).unwrap() < Duration::from_mins(2), "{since}");
        let session = holder.sessions.iter().find(|session| session.name == run.as_str()).unwrap();
        assert_eq!(session.query.as_deref(), Some("select pg_sleep(600)"));

        kill_jvm(&run);
        // The server does not notice before the statement ends.
        assert!(matches!(liquibase_lock(&adapters).await.verdict, Verdict::Alive(_)));
        let gone = format!("select pg_terminate_backend({}, 20000)", session.process);
        assert!(client.query_one(&gone, &[]).await.unwrap().get::<_, bool>(0));
    };
    let (events, ()) = tokio::join!(update, watched);
    assert!(ended(&events).is_err(), "{events:?}");
    // The run itself, which watched, is gone as well.
    until("nobody of the run is connected", async || {
        matches!(liquibase_lock(&rig.adapters()).await.verdict, Verdict::Stale(_))
    })
    .await;
    let lock = liquibase_lock(&rig.adapters()).await;
    assert!(
        lock.verdict.why().unwrap().starts_with(&format!("no session named {run} is connected")),
        "{lock:?}"
    );
    assert!(client.execute(&lock.release.unwrap(), &[]).await.unwrap() == 1);
}

#[tokio::test]
async fn locksteps_own_lock_names_its_run_and_since_when() {
    let rig = Rig::new().await;
    let holder = rig.adapters();
    assert!(ended(&perform(&holder, Effect::Database(test(), DatabaseCall::Lock(run(7)))).await).is_ok());
    let sight = look(&rig.adapters()).await;
    let [liquibase, own] = sight.locks();
    assert_eq!((liquibase.verdict.word(), own.verdict.word()), ("free", "alive"));
    let found = own.holder.unwrap();
    assert_eq!((found.run, found.address.as_deref()), (Some(run(7)), Some("127.0.0.1")));
    assert!(matches!(found.since, Since::At(at) if at <= sight.at && at > Timestamp::UNIX_EPOCH));
}

fn kill_jvm(run: &RunId) {
    let flag = format!("-Dliquibase.hostDescription={run}");
    let is_it = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).split('\0').any(|argument| argument == flag)
    };
    let found: Vec<_> = every_process().into_iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "one JVM belongs to {run}");
    kill(found[0]);
}

/// Takes the lock for a look that does not end by itself.
async fn share(rig: &Rig) -> tokio_postgres::Client {
    let holder = rig.adapters();
    assert!(ended(&perform(&holder, Effect::Database(test(), DatabaseCall::Lock(run(1)))).await).is_ok());
    let client = rig.client().await;
    let sql = "select (classid::bigint << 32) | objid::bigint from pg_locks l join pg_database d \
               on d.oid = l.database where locktype = 'advisory' and datname = current_database()";
    let key: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    perform(&holder, Effect::Database(test(), DatabaseCall::Unlock(run(1)))).await;
    client.query_one("select pg_advisory_lock_shared($1)", &[&key]).await.unwrap();
    client
}

async fn at_rest(adapters: &Adapters) -> Ledger {
    let events = perform(adapters, Effect::Database(test(), DatabaseCall::ReadLedgerAtRest(3))).await;
    match events.as_slice() {
        [EventKind::Observed(_, 3, Observation::Ledger(Ok(ledger)))] => ledger.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_look_at_rest_names_the_promotion_that_is_at_work_and_leaves_no_lock() {
    let rig = Rig::new().await;
    let adapters = rig.adapters();
    let held = "select count(*) from pg_locks l join pg_database d on d.oid = l.database \
                where locktype = 'advisory' and datname = current_database()";
    assert_eq!(at_rest(&adapters).await.promoting, None);
    assert_eq!(rig.client().await.query_one(held, &[]).await.unwrap().get::<_, i64>(0), 0);
    let promoting = rig.adapters();
    assert!(ended(&perform(&promoting, Effect::Database(test(), DatabaseCall::Lock(run(7)))).await).is_ok());
    assert_eq!(at_rest(&adapters).await.promoting.as_deref(), Some("r-7-test"));
    perform(&promoting, Effect::Database(test(), DatabaseCall::Unlock(run(7)))).await;
    assert_eq!(at_rest(&adapters).await.promoting, None);
}

#[tokio::test]
async fn two_looks_at_rest_do_not_hinder_each_other_and_are_no_promotion() {
    let rig = Rig::new().await;
    let _look = share(&rig).await;
    assert_eq!(at_rest(&rig.adapters()).await.promoting, None);
    assert_eq!(look(&rig.adapters()).await.locks().map(|lock| lock.verdict.word()), ["free", "free"]);
}

#[tokio::test]
async fn a_promotion_waits_for_a_look_and_begins_when_it_has_ended() {
    let rig = Rig::new().await;
    let reader = share(&rig).await;
    let adapters = rig.adapters();
    let promotion = perform(&adapters, Effect::Database(test(), DatabaseCall::Lock(run(7))));
    let look = async {
        let tries = async || {
            let sql = "select 1 from pg_stat_activity where datname = current_database() \
                       and application_name = 'r-7-test' and query like 'select pg_try_advisory_lock%'";
            !reader.query(sql, &[]).await.unwrap().is_empty()
        };
        until("the promotion tries to take its lock", tries).await;
        reader.batch_execute("select pg_advisory_unlock_all()").await.unwrap();
    };
    let (events, ()) = tokio::join!(promotion, look);
    assert!(ended(&events).is_ok(), "{events:?}");
}

#[tokio::test]
async fn a_look_that_never_ends_stops_a_promotion_with_its_name() {
    let mut rig = Rig::new().await;
    rig.settings.deadlines.look = Duration::from_secs(2);
    let _reader = share(&rig).await;
    let events = perform(&rig.adapters(), Effect::Database(test(), DatabaseCall::Lock(run(7)))).await;
    let failure = ended(&events).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(
        failure.because,
        ["a session called `lockstep drift` holds it for a look and does not let go"]
    );
}
