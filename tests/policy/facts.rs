//! What the checks say about PostgreSQL, asked of the real one: what rewrites a table, and what locks everybody out.

use std::fmt::Write as _;

use lockstep::domain::changelog::{Changelog, Files, Surroundings};
use lockstep::domain::policy::{Judged, Policy, Settings};
use tokio_postgres::Client;

use crate::support::postgres::Postgres;

/// The table that everything is done to, and what it needs.
const GIVEN: &str = "create table t (id int primary key, c int, s varchar(10), at timestamptz); \
    create table other (id int primary key); create index i on t (c); \
    create materialized view m as select 1 as a; create unique index on m (a); \
    create function trigger_function() returns trigger language plpgsql as $$ begin return new; end $$; \
    create trigger fires before insert on t for each row execute function trigger_function(); \
    alter table t add constraint doubtful check (c > 0) not valid; \
    create table parts (id int) partition by range (id); create table part (id int); create view v as select 1 as a";

/// What people do to tables; the server says which of it locks everybody out.
const LOCKING: &[&str] = &[
    "alter table t add column d int",
    "alter table t drop column c cascade",
    "alter table t rename to u",
    "alter table t rename column c to d",
    "alter table t rename constraint doubtful to certain",
    "alter table t alter column c type bigint",
    "alter table t alter column c set not null",
    "alter table t alter column c set default 1",
    "alter table t alter column c set statistics 100",
    "alter table t alter column c set (n_distinct = 5)",
    "alter table t alter column s set storage plain",
    "alter table t add constraint x check (c > 0)",
    "alter table t add constraint x check (c > 0) not valid",
    "alter table t validate constraint doubtful",
    "alter table t drop constraint doubtful",
    "alter table t add foreign key (c) references other not valid",
    "alter table t add unique (c)",
    "alter table t disable trigger fires",
    "alter table t enable always trigger fires",
    "alter table t enable row level security",
    "alter table t set (fillfactor = 80)",
    "alter table t set (autovacuum_enabled = false)",
    "alter table t reset (fillfactor)",
    "alter table t replica identity full",
    "alter table t cluster on i",
    "alter table t set without cluster",
    "alter table t set unlogged",
    "alter table t owner to current_user",
    "alter table t inherit other_parent",
    "truncate t",
    "drop table t",
    "drop index i",
    "create index on t (s)",
    "lock table t",
    "lock table t in share mode",
    "lock table t in access exclusive mode",
    "comment on column t.c is 'x'",
    "cluster t using i",
    "insert into t values (1)",
    "update t set c = 1",
    "delete from t",
    "select id from t for update",
    "grant select on t to public",
    "create trigger again before insert on t for each row execute function trigger_function()",
    "drop trigger fires on t",
    "create rule r as on insert to t do also notify x",
    "analyze t",
    "create policy p on t using (true)",
    "alter trigger fires on t rename to burns",
    "alter table parts attach partition part for values from (1) to (2)",
    "create table p2 partition of parts for values from (5) to (6)",
    "drop view v",
    "drop materialized view m",
    "refresh materialized view m",
    "refresh materialized view concurrently m",
    "reindex table t",
    "create view w as select 1 as a",
];

/// Whether this check finds something in a statement, when `given` is there already.
fn finds(check: &str, given: &str, sql: &str) -> bool {
    let (settings, _) = Settings::read("one", &format!("rules:\n- {{enabled: true, shortName: {check}}}\n"));
    let policy = Policy { settings: settings.unwrap(), ..Policy::default() };
    let mut text = "--liquibase formatted sql\n".to_owned();
    for (id, sql) in [("given", given), ("it", sql)] {
        write!(text, "--changeset a:{id} splitStatements:false\n{sql};\n").unwrap();
    }
    let files = Files::from([("x.sql".to_owned(), text.into_bytes())]);
    let (changelog, _) = Changelog::read(&files, "x.sql", &Surroundings::default());
    let verdict = policy.judge(&changelog, Judged::All, "2026-01-01".parse().unwrap());
    let unread: Vec<_> = verdict.findings.iter().filter(|it| it.check == "SqlParseFailure").collect();
    assert!(unread.is_empty(), "{unread:?}");
    verdict
        .findings
        .iter()
        .any(|finding| finding.check == check && finding.place.as_ref().is_some_and(|place| place.line > 3))
}

async fn run(client: &Client, sql: &str) {
    let done = client.batch_execute(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {:?}", error.as_db_error().map(ToString::to_string)));
}

/// Whether a statement makes the server write the table `t` anew.
async fn rewrites(client: &Client, given: &str, sql: &str) -> bool {
    let file = "select pg_relation_filenode('t')";
    run(client, "begin").await;
    run(client, given).await;
    let before: u32 = client.query_one(file, &[]).await.unwrap().get(0);
    run(client, sql).await;
    let after: u32 = client.query_one(file, &[]).await.unwrap().get(0);
    run(client, "rollback").await;
    before != after
}

#[tokio::test]
async fn a_type_change_is_found_exactly_when_the_server_writes_the_table_anew() {
    let postgres = Postgres::shared();
    let client = postgres.connect(&postgres.create_database().await).await;
    let pairs = [
        ("varchar(10)", "varchar(20)"),
        ("varchar(10)", "varchar"),
        ("varchar(10)", "text"),
        ("varchar(20)", "varchar(10)"),
        ("varchar", "varchar(10)"),
        ("text", "varchar"),
        ("text", "varchar(10)"),
        ("text", "char(3)"),
        ("char(3)", "text"),
        ("char(3)", "char(5)"),
        ("char(3)", "varchar(5)"),
        ("int", "bigint"),
        ("int", "int4"),
        ("int", "text"),
        ("smallint", "int"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric(12,3)"),
        ("numeric(10,2)", "numeric(8,2)"),
        ("numeric(10,2)", "numeric"),
        ("numeric(10)", "numeric(12)"),
        ("numeric", "numeric(10,2)"),
        ("timestamp(3)", "timestamp(6)"),
        ("timestamp(3)", "timestamp"),
        ("timestamp(6)", "timestamp(3)"),
        ("timestamptz(3)", "timestamptz(5)"),
        ("time(0)", "time(3)"),
        ("timetz(0)", "timetz"),
        ("interval(3)", "interval(6)"),
        ("varbit(5)", "varbit(8)"),
        ("varbit(5)", "varbit"),
        ("varbit(5)", "varbit(3)"),
        ("bit(5)", "bit(8)"),
        ("cidr", "inet"),
        ("inet", "cidr"),
        ("varchar(5)[]", "varchar(9)[]"),
        ("json", "jsonb"),
        ("date", "timestamp"),
        ("real", "double precision"),
    ];
    let mut wrong = Vec::new();
    for (from, to) in pairs {
        let given = format!("create table t (c {from})");
        let sql = format!("alter table t alter column c type {to}");
        let (ours, theirs) = (finds("PgTypeRewrite", &given, &sql), rewrites(&client, &given, &sql).await);
        if ours != theirs {
            wrong.push(format!("{from} → {to}: found {ours}, rewritten {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_new_column_is_found_exactly_when_the_server_writes_the_table_anew() {
    let postgres = Postgres::shared();
    let client = postgres.connect(&postgres.create_database().await).await;
    let given = "create table t (c int)";
    for column in [
        "int",
        "int default 0",
        "int not null default 0",
        "text default 'random()'",
        "text default lower('X') || 'y'",
        "timestamptz default now()",
        "timestamptz default clock_timestamp()",
        "date default current_date",
        "uuid default gen_random_uuid()",
        "float default random()",
        "text default current_setting('x.y', true)",
        "text default md5('x')",
        "jsonb default jsonb_build_object('a', 1)",
        "interval default make_interval(days => 1)",
        "int default extract(year from now())",
        "bigserial",
        "int generated by default as identity",
        "int generated always as (c * 2) stored",
    ] {
        let sql = format!("alter table t add column d {column}");
        let (ours, theirs) = (finds("PgVolatileDefault", given, &sql), rewrites(&client, given, &sql).await);
        assert_eq!(ours, theirs, "{column}");
    }
}

#[tokio::test]
async fn a_lock_timeout_is_asked_for_exactly_where_the_server_locks_everybody_out() {
    let postgres = Postgres::shared();
    let client = postgres.connect(&postgres.create_database().await).await;
    run(&client, GIVEN).await;
    let mut wrong = Vec::new();
    for &sql in LOCKING {
        run(&client, "begin").await;
        let given = "create table other_parent (id int, c int, s varchar(10), at timestamptz)";
        run(&client, given).await;
        let there = "select oid from pg_class where relnamespace = 'public'::regnamespace and relname <> 'other_parent'";
        let there: Vec<u32> = client.query(there, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        run(&client, sql).await;
        let modes = "select mode from pg_locks where pid = pg_backend_pid() and relation = any($1)";
        let rows = client.query(modes, &[&there]).await.unwrap();
        let modes: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        run(&client, "rollback").await;
        let theirs = modes.iter().any(|mode| mode == "AccessExclusiveLock");
        let ours = finds("PgLockTimeout", GIVEN, sql);
        if ours != theirs {
            wrong.push(format!("{sql}: found {ours}, locks {modes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_the_server_refuses_inside_a_transaction_is_found() {
    let postgres = Postgres::shared();
    let client = postgres.connect(&postgres.create_database().await).await;
    run(&client, GIVEN).await;
    for (sql, is_refused) in [
        ("create index concurrently j on t (s)", true),
        ("drop index concurrently i", true),
        ("reindex table concurrently t", true),
        ("reindex (concurrently) index i", true),
        ("create index j on t (s)", false),
        ("refresh materialized view concurrently m", false),
    ] {
        run(&client, "begin").await;
        let result = client.batch_execute(sql).await;
        run(&client, "rollback").await;
        assert_eq!(result.is_err(), is_refused, "{sql}");
        assert_eq!(finds("PgConcurrentlyInTransaction", GIVEN, sql), is_refused, "{sql}");
    }
}
