//! Looking at one ledger again and again: nothing that changes is missed, and what did not change is not sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use lockstep::adapters::Adapters;
use lockstep::domain::ledger::Ledger;
use lockstep::domain::names::EnvironmentName;
use lockstep::domain::observation::Observation;
use lockstep::engine::effect::{DatabaseCall, Effect};
use lockstep::engine::event::EventKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::ledgers::{TABLES, read};
use super::{Rig, perform};

/// More rows, which are not the newest.
const MANY: &str = "
insert into databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype, md5sum, deployment_id)
select 'many-' || n, 'store', 'many.sql', timestamp '2026-11-20' + n * interval '1 second', -n, 'EXECUTED',
       '9:' || md5(n::text), '5225940000' from generate_series(1, 2000) n
";

/// A rig with rows, a client that changes them, and adapters that have looked once.
async fn looked(rows: &str) -> (Rig, Client, Adapters) {
    let rig = Rig::new().await;
    let client = rig.client().await;
    client.batch_execute(TABLES).await.unwrap();
    client.batch_execute(rows).await.unwrap();
    let adapters = rig.adapters();
    read(&adapters).await.unwrap();
    (rig, client, adapters)
}

/// Looks again, and holds what is seen against what adapters see that have never looked before.
async fn look_again(rig: &Rig, adapters: &Adapters, after: &str) -> Ledger {
    let seen = read(adapters).await.unwrap();
    assert_eq!(seen, read(&rig.adapters()).await.unwrap(), "after {after}");
    seen
}

/// Every way in which a table comes to hold something else, one after the other.
const CHANGES: &[&str] = &[
    "insert into databasechangelog select '3', author, filename, '2026-11-21 14:00:03', 3, exectype, md5sum, \
     description, comments, tag, liquibase, contexts, labels, deployment_id from databasechangelog where id = '1'",
    // Liquibase's `tag`.
    "update databasechangelog set tag = 'v3' where id = '3'",
    // A changeset that ran again.
    "update databasechangelog set md5sum = '9:11111111111111111111111111111111', orderexecuted = 4, \
     dateexecuted = '2026-11-21 14:00:04', exectype = 'RERAN' where id = '1'",
    // `clear-checksums`.
    "update databasechangelog set md5sum = null",
    // A rollback, and one that is followed by an update before the next look.
    "delete from databasechangelog where id = '3'",
    "delete from databasechangelog where id = '2'; \
     insert into databasechangelog values ('5', 'store', 'a.sql', '2026-11-21 14:00:05', 5, 'EXECUTED')",
    // A row that was executed before all others, says its date.
    "update databasechangelog set dateexecuted = '2026-11-01' where id = '5'",
    // Another table under the name: as many rows, all of them old.
    "alter table databasechangelog rename to first; alter table another rename to databasechangelog",
    // Other values without another version of any row.
    "alter table databasechangelog drop column tag; \
     alter table databasechangelog add column tag varchar(255) default 'fast'",
    "alter table databasechangelog rename column author to other; \
     alter table databasechangelog rename column exectype to author",
    // Rows that are in another table.
    "create table child () inherits (databasechangelog); insert into child select * from only databasechangelog",
    "update child set id = 'of the child'",
    "truncate databasechangelog",
    "insert into databasechangelog select * from another_one",
    "drop table databasechangelog cascade",
    // No table at all.
    "create view databasechangelog as select * from first",
    "update first set author = 'behind the view'",
];

#[tokio::test]
async fn every_kind_of_change_is_seen_at_the_next_look() {
    let (rig, client, adapters) = looked(
        "create table another as select * from databasechangelog; update another set author = 'somebody'; \
         create table another_one as select * from another",
    )
    .await;
    let mut before = read(&adapters).await.unwrap();
    for change in CHANGES {
        for statement in change.split("; ") {
            client.batch_execute(statement).await.unwrap();
        }
        let seen = look_again(&rig, &adapters, change).await;
        assert_ne!(seen, before, "nothing changed by {change}");
        before = seen;
    }
    client.batch_execute("vacuum full first").await.unwrap();
    assert_eq!(look_again(&rig, &adapters, "a rewrite of the same").await, before);
}

#[tokio::test]
async fn what_is_under_way_during_a_look_is_seen_when_it_has_ended() {
    let (rig, client, adapters) = looked("").await;
    let row = |id: &str| {
        format!(
            "insert into databasechangelog select '{id}', author, filename, dateexecuted, 9, exectype \
             from databasechangelog where id = '1'"
        )
    };
    // Began first, ends last: its number is lower than those of rows that were read meanwhile.
    let slow = rig.client().await;
    slow.batch_execute(&format!("begin; {}", row("slow"))).await.unwrap();
    // The number of a savepoint is not listed among those under way.
    let saved = rig.client().await;
    saved.batch_execute("begin; create temporary table own (); savepoint here").await.unwrap();
    saved.batch_execute("update databasechangelog set tag = 'saved' where id = '1'").await.unwrap();
    for id in ["between", "after"] {
        client.batch_execute(&row(id)).await.unwrap();
    }
    assert_eq!(look_again(&rig, &adapters, "rows beside what is under way").await.rows.len(), 4);
    let again = read(&adapters).await.unwrap();
    assert!(again.rows.is_same(&read(&adapters).await.unwrap().rows), "rows stay the same in memory");

    saved.batch_execute("commit").await.unwrap();
    let seen = look_again(&rig, &adapters, "the savepoint").await;
    assert_eq!(seen.rows[0].tag.as_deref(), Some("saved"));
    client.batch_execute("delete from databasechangelog where id = 'between'").await.unwrap();
    slow.batch_execute("commit").await.unwrap();
    let seen = look_again(&rig, &adapters, "the slow one").await;
    let mut ids: Vec<_> = seen.rows.iter().map(|row| row.id.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["1", "2", "after", "slow"]);
    slow.batch_execute("begin; delete from databasechangelog where id = 'slow'; rollback").await.unwrap();
    assert!(read(&adapters).await.unwrap().rows.is_same(&seen.rows), "what was rolled back changed nothing");
}

#[tokio::test]
async fn a_restored_database_is_read_anew() {
    let (rig, client, adapters) = looked("").await;
    drop(client);
    let server = rig.server.as_ref().unwrap();
    let (name, copy) = (&rig.database, server.free_name());
    let maintenance = server.connect("postgres").await;
    let run = async |sql: String| maintenance.batch_execute(&sql).await.unwrap();
    run(format!("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'"))
        .await;
    run(format!("create database {copy} template {name}")).await;
    let other = server.connect(&copy).await;
    other.batch_execute("update databasechangelog set author = 'restored'").await.unwrap();
    read(&adapters).await.unwrap();
    drop(other);
    run(format!("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{copy}'"))
        .await;
    run(format!("drop database {name} with (force)")).await;
    run(format!("create database {name} template {copy}")).await;
    let seen = look_again(&rig, &adapters, "the restoration").await;
    assert!(seen.rows.iter().all(|row| row.id.author == "restored"), "{seen:?}");
}

#[tokio::test]
async fn rows_are_sent_once_and_only_new_ones_later() {
    let rig = Rig::new().await;
    let client = rig.client().await;
    client.batch_execute(TABLES).await.unwrap();
    client.batch_execute(MANY).await.unwrap();
    let (port, sent) = counted(rig.server.as_ref().unwrap().port).await;
    rig.cloud.facts().database = port;
    let adapters = rig.adapters();
    let first = read(&adapters).await.unwrap();
    assert_eq!(first.rows.len(), 2002);
    let whole = sent.swap(0, Ordering::SeqCst);
    assert!(whole > 150_000, "{whole} bytes hold 2002 rows");

    let second = read(&adapters).await.unwrap();
    assert!(second.rows.is_same(&first.rows));
    let nothing = sent.swap(0, Ordering::SeqCst);
    assert!(nothing < 2_500, "{nothing} bytes came although nothing had changed");

    let new = MANY.replace("(1, 2000)", "(3001, 3002)");
    client.batch_execute(&new).await.unwrap();
    let third = read(&adapters).await.unwrap();
    assert_eq!((third.rows.len(), second.rows.len()), (2004, 2002));
    let two = sent.swap(0, Ordering::SeqCst);
    assert!(two < 4_000, "{two} bytes came for two rows");

    // Everything is another version now; the texts are still held once.
    client.batch_execute("update databasechangelog set tag = 'all'").await.unwrap();
    let fourth = read(&adapters).await.unwrap();
    assert!(sent.load(Ordering::SeqCst) > 150_000);
    assert!(fourth.rows.iter().zip(third.rows.iter()).all(|(new, old)| Arc::ptr_eq(&new.id, &old.id)));
}

#[tokio::test]
async fn a_crowd_of_looks_goes_sixteen_at_a_time_and_each_gets_its_answer() {
    let mut rig = Rig::new().await;
    let client = rig.client().await;
    client.batch_execute(TABLES).await.unwrap();
    rig.settings.environments = (0..20)
        .map(|number| {
            let mut environment = rig.settings.environments[0].clone();
            environment.environment.name = EnvironmentName::parse(&format!("crowd-{number}")).unwrap();
            environment
        })
        .collect();
    let names: Vec<_> = rig.settings.environments.iter().map(|it| it.environment.name.clone()).collect();
    let look = async |adapters: &Adapters, name: &EnvironmentName| {
        let effect = Effect::Database(name.clone(), DatabaseCall::ReadLedger(1));
        perform(adapters, effect).await
    };
    let waiting =
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let (crowd, stranger) = (rig.adapters(), rig.adapters());
    client.batch_execute("begin; lock table databasechangelog").await.unwrap();
    // A transaction sees the list of sessions as it was when it first looked.
    let watcher = rig.client().await;
    let until = async |count: usize| while watcher.query(waiting, &[]).await.unwrap().len() < count {};
    let release = async {
        until(16).await;
        let last = async {
            // One look more, of somebody else: whoever could come by themselves has come when it waits too.
            until(17).await;
            assert_eq!(watcher.query(waiting, &[]).await.unwrap().len(), 17);
            client.batch_execute("rollback").await.unwrap();
        };
        tokio::join!(look(&stranger, &names[0]), last)
    };
    let all = join_all(names.iter().map(|name| look(&crowd, name)));
    let both = async { tokio::join!(all, release) };
    let (answers, _) = timeout(Duration::from_mins(1), both).await.expect("everybody gets an answer");
    assert_eq!(answers.len(), 20);
    for answer in answers {
        assert!(matches!(&answer[..], [EventKind::Observed(_, 1, Observation::Ledger(Ok(_)))]), "{answer:?}");
    }
}

/// A way to the server at `port` that counts the bytes which come from it.
async fn counted(port: u16) -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            tokio::spawn(async move { copy(&mut from_client, &mut to_server).await.ok() });
            let counter = counter.clone();
            tokio::spawn(async move {
                let mut bytes = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                    counter.fetch_add(count as u64, Ordering::SeqCst);
                    if to_client.write_all(&bytes[..count]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (own, sent)
}
