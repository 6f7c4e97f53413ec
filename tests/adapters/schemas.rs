//! Schemas of real databases: every kind of object with a difference that matters and, where there is one, with a
//! difference that does not; what a proposal brings about; and scratch databases that leave nothing behind.

use std::future::{pending, ready};
use std::sync::Arc;

use lockstep::adapters::Adapters;
use lockstep::config::EnvironmentSettings;
use lockstep::domain::failure::FailureKind;
use lockstep::domain::names::EnvironmentName;
use lockstep::domain::schema::{Difference, DifferenceKind, Schema, diff, proposal};
use lockstep::runtime::{Clock, Sink};
use tokio_postgres::Client;

use super::migrating::release;
use super::{Rig, test};
use crate::support::postgres::USERNAME;

/// Two databases, A and B, on one server.
struct Two {
    _rig: Rig,
    adapters: Adapters,
    names: [EnvironmentName; 2],
    clients: [Client; 2],
}

impl Two {
    async fn empty() -> Self {
        let mut rig = Rig::new().await;
        let server = rig.server.clone().unwrap();
        let database = server.create_database().await;
        let names = [test(), EnvironmentName::parse("staging").unwrap()];
        let mut environment = rig.settings.environments[0].environment.clone();
        environment.name = names[1].clone();
        environment.database.clone_from(&database);
        let aws = rig.settings.aws.clone();
        rig.settings.environments.push(EnvironmentSettings { environment, address: None, aws });
        let clients = [rig.client().await, server.connect(&database).await];
        let adapters = rig.adapters();
        Self { _rig: rig, adapters, names, clients }
    }

    async fn run(&self, index: usize, sql: &str) {
        let done = self.clients[index].batch_execute(sql).await;
        done.unwrap_or_else(|error| panic!("{:?}\n{sql}", error.as_db_error().map(ToString::to_string)));
    }

    async fn schemas(&self) -> [Arc<Schema>; 2] {
        let [a, b] = &self.names;
        [self.adapters.schema(a).await.unwrap(), self.adapters.schema(b).await.unwrap()]
    }

    async fn differences(&self) -> Vec<Difference> {
        let [a, b] = self.schemas().await;
        let differences = diff(&a, &b);
        let differs = differences.iter().any(Difference::is_real);
        assert_eq!(a.digest() != b.digest(), differs, "{differences:#?}");
        differences
    }

    /// Takes away whatever a case made.
    async fn clear(&self) {
        for index in [0, 1] {
            self.run(
                index,
                &format!(
                    "drop schema if exists public, audit cascade; create schema public; \
                     create extension if not exists plpgsql; grant usage on schema public to public; \
                     reassign owned by schema_reader to {USERNAME}; drop owned by schema_reader"
                ),
            )
            .await;
        }
    }
}

/// What both have, what A and B have besides, how they differ, and whether the proposal brings B all the way.
struct Case {
    both: &'static str,
    a: &'static str,
    b: &'static str,
    differences: &'static [&'static str],
    closes: bool,
}

const fn real(
    both: &'static str,
    a: &'static str,
    b: &'static str,
    differences: &'static [&'static str],
    closes: bool,
) -> Case {
    Case { both, a, b, differences, closes }
}

/// Both say the same in different ways.
const fn cosmetic(
    both: &'static str,
    a: &'static str,
    b: &'static str,
    differences: &'static [&'static str],
) -> Case {
    Case { both, a, b, differences, closes: true }
}

const T: &str = "create table t (id int, a varchar(10), n numeric(8,2), d timestamptz);";

/// A cosmetic difference has its reason behind it.
const CASES: &[Case] = &[
    // Tables.
    real(
        "",
        "create table t (id int not null, a text default 'x')",
        "",
        &["- table t", "- column t.a", "- column t.id"],
        true,
    ),
    real("", "", T, &["+ table t", "+ column t.a", "+ column t.d", "+ column t.id", "+ column t.n"], false),
    real("", "create table t ()", "create unlogged table t ()", &["~ table t (persistence)"], false),
    real(T, "alter table t enable row level security", "", &["~ table t (row security)"], false),
    real(
        "create table p (id int) partition by range (id);",
        "create table p1 partition of p for values from (1) to (2)",
        "create table p1 partition of p for values from (1) to (3)",
        &["~ table p1 (bounds)"],
        false,
    ),
    cosmetic(
        "",
        "create table t (a int, b int)",
        "create table t (b int, a int)",
        &["~ table t (position): only the order of the columns"],
    ),
    cosmetic(
        "",
        T,
        "create table t (x int); alter table t drop column x; alter table t add id int, add a varchar(10), add n numeric(8,2), add d timestamptz",
        &[],
    ),
    cosmetic(T, "alter table t set (fillfactor = 70)", "", &["~ table t (storage): only how it is stored"]),
    cosmetic(T, "comment on table t is 'x'", "", &["~ table t (comment): only a comment"]),
    cosmetic(
        "",
        "",
        "create table databasechangelog (orderexecuted int); create table databasechangeloglock (locked bool unique)",
        &[],
    ),
    // Columns.
    real(T, "", "alter table t add note text", &["+ column t.note"], false),
    real(
        T,
        "alter table t add note text not null default 'x', add \"Odd name\" int",
        "",
        &["- column t.Odd name", "- column t.note"],
        true,
    ),
    real(T, "", "alter table t alter a type text", &["~ column t.a (type)"], false),
    real(
        T,
        "alter table t alter a set default 'x'",
        "alter table t alter a set default 'y'",
        &["~ column t.a (default)"],
        true,
    ),
    real(T, "", "alter table t alter a set default 'y'", &["~ column t.a (default)"], true),
    real(T, "alter table t alter a set not null", "", &["~ column t.a (nullability)"], true),
    real(T, "", "alter table t alter a set not null", &["~ column t.a (nullability)"], true),
    real(
        "",
        "create table t (id int generated always as identity)",
        "create table t (id int generated by default as identity)",
        &["~ column t.id (identity)"],
        false,
    ),
    real(
        "",
        "create table t (id int generated always as identity (start with 7))",
        "create table t (id int not null)",
        &["~ column t.id (identity)"],
        true,
    ),
    real(
        "",
        "create table t (a int, b int generated always as (a + 1) stored)",
        "create table t (a int, b int generated always as (a + 2) stored)",
        &["~ column t.b (generated)"],
        false,
    ),
    real(
        "",
        "create table t (a text collate \"C\")",
        "create table t (a text)",
        &["~ column t.a (collation)"],
        false,
    ),
    cosmetic(
        T,
        "alter table t alter n set default 0",
        "alter table t alter n set default '0.00'",
        &["~ column t.n (default): the same default, written in another way"],
    ),
    cosmetic(
        T,
        "alter table t alter d set default now()",
        "alter table t alter d set default current_timestamp",
        &["~ column t.d (default): the same default, written in another way"],
    ),
    cosmetic(
        "create table t (a varchar(9) default 'x');",
        "alter table t alter a type text",
        "alter table t alter a type text, alter a set default 'x'",
        &["~ column t.a (default): the same default, written in another way"],
    ),
    cosmetic(
        T,
        "alter table t alter a set default null",
        "",
        &["~ column t.a (default): the same default, written in another way"],
    ),
    cosmetic(
        T,
        "comment on column t.a is 'x'",
        "comment on column t.a is 'y'",
        &["~ column t.a (comment): only a comment"],
    ),
    cosmetic(
        "",
        "create table t (a int8, b varchar, c decimal)",
        "create table t (a bigint, b character varying, c numeric)",
        &[],
    ),
    // Constraints.
    real(
        T,
        "alter table t add primary key (id)",
        "alter table t alter id set not null",
        &["- constraint t.t_pkey"],
        true,
    ),
    real(
        T,
        "alter table t add unique (a)",
        "alter table t add unique (a, id)",
        &["- constraint t.t_a_key", "+ constraint t.t_a_id_key"],
        false,
    ),
    real(
        "create table u (id int primary key); create table t (id int);",
        "alter table t add foreign key (id) references u on delete cascade",
        "alter table t add foreign key (id) references u",
        &["~ constraint t.t_id_fkey (definition)"],
        true,
    ),
    real(
        T,
        "alter table t add check (n > 0)",
        "alter table t add check (n >= 0)",
        &["~ constraint t.t_n_check (definition)"],
        true,
    ),
    real(
        T,
        "alter table t add check (n > 0)",
        "alter table t add check (n > 0) not valid",
        &["~ constraint t.t_n_check (definition)"],
        true,
    ),
    real(
        "create table t (r int4range);",
        "alter table t add exclude using gist (r with &&)",
        "",
        &["- constraint t.t_r_excl"],
        true,
    ),
    real(
        T,
        "alter table t add constraint positive check (n > 0)",
        "alter table t add constraint above check (n > 0)",
        &["~ constraint t.positive (name)"],
        true,
    ),
    cosmetic(
        T,
        "alter table t add constraint t_n_check1 check (n > 0)",
        "alter table t add check (n > 0)",
        &["~ constraint t.t_n_check1 (name): PostgreSQL made the name up"],
    ),
    cosmetic(
        T,
        "alter table t add check (a in ('x', 'y'))",
        "alter table t add check (a = any (array['x', 'y']))",
        &["~ constraint t.t_a_check (definition): the same, written in another way"],
    ),
    // Indexes.
    real(T, "create index on t (a)", "", &["- index t_a_idx"], true),
    real(T, "create index i on t (a)", "create index i on t (a desc)", &["~ index i (definition)"], true),
    real(T, "create index i on t (a)", "create index j on t (a)", &["~ index i (name)"], true),
    real(
        T,
        "create index i on t (a) where a <> 'x'",
        "create unique index i on t (a) where a <> 'x'",
        &["~ index i (definition)"],
        true,
    ),
    cosmetic(
        T,
        "create index on t (a)",
        "create index t_a_idx1 on t (a)",
        &["~ index t_a_idx (name): PostgreSQL made the name up"],
    ),
    // Views.
    real(
        T,
        "create view v as select id from t",
        "create view v as select id from t where id > 0",
        &["~ view v (definition)"],
        true,
    ),
    real(
        T,
        "create view v as select id from t; create view b as select * from v",
        "",
        &["- view b", "- view v"],
        true,
    ),
    real(
        T,
        "create view v with (security_barrier) as select id from t",
        "create view v as select id from t",
        &["~ view v (options)"],
        false,
    ),
    cosmetic(T, "create view v as select id from t", "create view v as SELECT  t.id /* x */ FROM t;", &[]),
    real(T, "create materialized view m as select id from t", "", &["- materialized view m"], true),
    real(
        T,
        "create materialized view m as select id from t",
        "create materialized view m as select id from t where id = 1",
        &["~ materialized view m (definition)"],
        false,
    ),
    real(
        "create view v as select 1 as a;",
        "create rule r as on insert to v do instead nothing",
        "",
        &["- rule v.r"],
        true,
    ),
    // Routines and triggers.
    real(
        "",
        "create function f(int) returns int language sql as 'select 1'",
        "",
        &["- routine f(integer)", "- grant f(integer) to public"],
        true,
    ),
    real(
        "",
        "create function f() returns int language sql as 'select 1'",
        "create function f() returns int language sql as 'select 2'",
        &["~ routine f() (definition)"],
        true,
    ),
    real(
        "",
        "create procedure f() language sql as 'select 1'",
        "create procedure f() language sql security definer as 'select 1'",
        &["~ routine f() (definition)"],
        true,
    ),
    real(
        "",
        "create aggregate g(int) (sfunc = int4pl, stype = int, initcond = '0')",
        "",
        &["- routine g(integer)", "- grant g(integer) to public"],
        true,
    ),
    cosmetic(
        "",
        "create function f() returns int language plpgsql as 'begin return 1; end'",
        "create function f() returns int language plpgsql as 'BEGIN\n  RETURN 1; -- one\nEND'",
        &["~ routine f() (definition): only spaces, comments or the case of letters"],
    ),
    real(
        "create table t (id int); create function f() returns trigger language plpgsql as 'begin return new; end';",
        "create trigger g before insert on t for each row execute function f()",
        "create trigger g after insert on t for each row execute function f()",
        &["~ trigger t.g (definition)"],
        true,
    ),
    real(
        "create table t (id int); create function f() returns trigger language plpgsql as 'begin return new; end'; create trigger g before insert on t for each row execute function f();",
        "",
        "alter table t disable trigger g",
        &["~ trigger t.g (enabled)"],
        false,
    ),
    real(
        T,
        "create policy p on t for select using (a = 'x')",
        "create policy p on t for select using (a = 'y')",
        &["~ policy t.p (definition)"],
        true,
    ),
    cosmetic(
        T,
        "create policy p on t using (a in ('x', 'y'))",
        "create policy p on t using (a = any (array['x', 'y']))",
        &["~ policy t.p (definition): the same, written in another way"],
    ),
    // Sequences, types, extensions, schemas.
    real("", "create sequence s increment 5", "create sequence s", &["~ sequence s (definition)"], false),
    real("", "create sequence s increment 5 cycle", "", &["- sequence s"], true),
    real(
        "",
        "create table t (id serial)",
        "create table t (id int not null)",
        &["~ column t.id (default)", "- sequence t_id_seq"],
        true,
    ),
    cosmetic(
        "",
        "create table t (id serial)",
        "create table t (id serial); alter sequence t_id_seq rename to t_id_seq7",
        &[
            "~ sequence t_id_seq (name): PostgreSQL made the name up",
            "~ column t.id (default): the same default, written in another way",
        ],
    ),
    real(
        "",
        "create type mood as enum ('x', 'good', 'bad')",
        "create type mood as enum ('good', 'bad')",
        &["~ type mood (definition)"],
        true,
    ),
    real(
        "",
        "create type mood as enum ('bad', 'good')",
        "create type mood as enum ('good', 'bad')",
        &["~ type mood (definition)"],
        false,
    ),
    real("", "create type pair as (a int, b text)", "", &["- type pair", "- grant pair to public"], true),
    real(
        "",
        "create domain price as numeric(8,2) default 0 check (value > 0)",
        "create domain price as numeric(8,2)",
        &["~ domain price (definition)"],
        false,
    ),
    real(
        "",
        "create domain price as numeric(8,2) default 0 not null check (value > 0)",
        "",
        &["- domain price", "- grant price to public"],
        true,
    ),
    real(
        "",
        "create type span as range (subtype = int)",
        "",
        &["- type span", "- grant span to public"],
        true,
    ),
    real("", "", "drop extension plpgsql", &["- extension plpgsql"], true),
    real(
        "",
        "create schema audit; create table audit.t (id int)",
        "",
        &["- schema audit", "- table audit.t", "- column audit.t.id"],
        true,
    ),
    // Rights.
    real(T, "grant select, update (a) on t to schema_reader", "", &["- grant t to schema_reader"], true),
    real(T, "", "grant select on t to schema_reader", &["+ grant t to schema_reader"], false),
    real(
        T,
        "grant select on t to schema_reader",
        "grant select on t to schema_reader with grant option",
        &["~ grant t to schema_reader (privileges)", "~ grant t to schema_reader (grantable)"],
        false,
    ),
    real(
        "create function f() returns int language sql as 'select 1';",
        "revoke execute on function f from public",
        "",
        &["+ grant f() to public"],
        false,
    ),
    real(T, "alter table t owner to schema_reader", "", &["~ table t (owner)"], true),
    cosmetic(T, "grant all on t to current_user", "", &[]),
];

#[tokio::test]
async fn every_kind_of_difference_is_seen_told_and_where_it_can_be_proposed_away() {
    let two = Two::empty().await;
    two.run(0, "create role schema_reader").await;
    let mut wrong = Vec::new();
    for Case { both, a, b, differences, closes } in CASES {
        two.clear().await;
        let case = format!("{both} | {a} | {b}");
        assert_eq!(two.differences().await, [], "before {case}");
        two.run(0, &format!("{both}{a}")).await;
        two.run(1, &format!("{both}{b}")).await;
        let found = two.differences().await;
        let mut told: Vec<String> = found
            .iter()
            .map(|difference| match difference.kind {
                DifferenceKind::Real => difference.short(),
                DifferenceKind::Cosmetic(why) => format!("{}: {why}", difference.short()),
            })
            .collect();
        told.sort();
        let mut expected = differences.to_vec();
        expected.sort_unstable();
        if told != expected {
            wrong.push(format!("{case}\n  told {told:?}\n  not  {expected:?}"));
        }
        let sql = proposal(&found);
        let done = two.clients[1].batch_execute(&sql).await;
        if let Err(error) = done {
            wrong.push(format!("{case}\n  {:?}\n{sql}", error.as_db_error().map(ToString::to_string)));
            continue;
        }
        let left = two.differences().await.iter().any(Difference::is_real);
        if left == *closes {
            wrong.push(format!("{case}\n  closes: {closes}\n{sql}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SHOP: &str = "
create type mood as enum ('good', 'bad');
create domain price as numeric(10,2) default 0 check (value >= 0);
create table orders (id bigserial primary key, status varchar(20) default 'new' not null, p price, m mood,
  twice int generated always as (1 + 1) stored, at timestamptz default now(), unique (at), check (status in ('a', 'b')));
create table \"Order Items\" (id int generated always as identity (start with 5) primary key,
  \"order\" bigint references orders (id) on delete cascade, during int4range, exclude using gist (during with &&));
create index on orders (status) where status <> 'x';
create unique index lower_status on orders (lower(status));
create view z as select id, status from orders;
create view a as select * from z;
create materialized view totals as select count(*) as n from orders;
create unique index on totals (n);
create function f(a int, b text default 'x;') returns int language plpgsql as $$ begin return a; end $$;
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
revoke execute on function touch from public;
create trigger touched before insert on orders for each row execute function touch();
create rule quiet as on insert to z do instead nothing;
alter table orders enable row level security;
create policy own on orders for select using (status = 'new');
create sequence lonely increment 5;
create table parts (id int not null, d date) partition by range (d);
create table parts_1 partition of parts for values from ('2020-01-01') to ('2021-01-01');
create index on parts (id);
create schema audit;
create table audit.log (at timestamptz default now() not null, what text);
grant select, insert on orders to schema_reader;
grant usage on schema audit to schema_reader with grant option;
";

#[tokio::test]
async fn a_whole_schema_that_is_proposed_to_an_empty_database_is_there_afterwards() {
    let two = Two::empty().await;
    two.run(0, "create role schema_reader").await;
    two.run(0, SHOP).await;
    let differences = two.differences().await;
    let sql = proposal(&differences);
    assert!(!sql.contains("-- destructive") && !sql.contains("-- by hand"), "{sql}");
    two.run(1, &sql).await;
    let left = two.differences().await;
    assert!(!left.iter().any(Difference::is_real), "{left:#?}\n{sql}");
}

#[tokio::test]
async fn a_look_at_what_has_not_changed_gives_the_same_schema_again_and_writes_nothing() {
    let two = Two::empty().await;
    two.run(0, "create table t (id int)").await;
    let [first, _] = two.schemas().await;
    let [again, _] = two.schemas().await;
    assert!(Arc::ptr_eq(&first, &again));
    // Rows are none of its business.
    two.run(0, "insert into t select generate_series(1, 1000); analyze t").await;
    assert!(Arc::ptr_eq(&first, &two.schemas().await[0]));
    two.run(0, "alter table t rename to u").await;
    assert!(!Arc::ptr_eq(&first, &two.schemas().await[0]));
    let killed = "select pg_terminate_backend(pid, 5000) from pg_stat_activity \
                  where datname = current_database() and application_name = 'lockstep'";
    assert_eq!(two.clients[0].query(killed, &[]).await.unwrap().len(), 1);
    assert_eq!(two.schemas().await[0].objects().count(), 5);
}

/// The scratch databases of the server.
async fn scratches(client: &Client) -> Vec<String> {
    let query = "select datname::text from pg_database where datname like 'lockstep%' order by 1";
    client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn nowhere() -> Sink {
    // What is reported to a queue that nobody holds is dropped.
    Sink::queue(Clock::system()).0
}

#[tokio::test]
async fn a_release_is_built_in_a_scratch_database_that_is_gone_afterwards() {
    let rig = Rig::new().await;
    let (adapters, client) = (rig.adapters(), rig.client().await);
    let statements = ["create table t (id int primary key)", "create index on t (id)"];
    let release = release(&rig, &adapters, &statements).await;
    client.batch_execute("create table t (id int primary key); create index on t (id)").await.unwrap();
    // One that was left behind, one that is in use, and one that is none.
    client.batch_execute("create database lockstep_scratch_left").await.unwrap();
    client.batch_execute("create database lockstep_scratch_used").await.unwrap();
    client.batch_execute("create database lockstepxscratch_other").await.unwrap();
    let owner = rig.server.as_ref().unwrap().connect(&rig.database).await;
    owner.batch_execute("set application_name = 'lockstep_scratch_used'").await.unwrap();

    let built = adapters.release_schema(&release, Some(&test()), nowhere(), pending()).await.unwrap();
    let real = adapters.schema(&test()).await.unwrap();
    assert_eq!(diff(&built, &real), []);
    assert_eq!(scratches(&client).await, ["lockstep_scratch_used", "lockstepxscratch_other"]);
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(client.query_one(tables, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_release_that_cannot_be_built_or_is_interrupted_leaves_no_scratch_database() {
    let rig = Rig::new().await;
    let (adapters, client) = (rig.adapters(), rig.client().await);
    let release = release(&rig, &adapters, &["create table a (id int)", "select 1 / 0"]).await;
    let failure = adapters.release_schema(&release, Some(&test()), nowhere(), pending()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Failed);
    assert_eq!(failure.what, "could not build v1.0.0 in a scratch database");
    assert!(failure.because.iter().any(|cause| cause.contains("division by zero")), "{failure}");
    assert_eq!(scratches(&client).await, Vec::<String>::new());

    let failure = adapters.release_schema(&release, Some(&test()), nowhere(), ready(())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Interrupted);
    assert_eq!(scratches(&client).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_user_who_may_make_no_database_is_told_so() {
    let rig = Rig::new().await;
    let (adapters, client) = (rig.adapters(), rig.client().await);
    let release = release(&rig, &adapters, &["select 1"]).await;
    let other = "create role schema_guest login password 'schema_guest'";
    client.batch_execute(other).await.unwrap();
    "schema_guest".clone_into(&mut rig.cloud.facts().username);
    "schema_guest".clone_into(&mut rig.cloud.facts().password);
    let failure = adapters.release_schema(&release, Some(&test()), nowhere(), pending()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Configuration);
    assert_eq!(failure.because, ["permission denied to create database"]);
}
