//! What keeps others waiting: statements that hold a lock on a table in use for longer than a moment.
//!
//! Tables that the same changeset makes are nobody's yet and are left out, and so are those that an earlier one makes
//! which is pending together with it.

use super::{CHANGELOG, Check, Judge};
use crate::domain::policy::deed::{Act, Deed, Rule};
use crate::domain::policy::scene::Scene;

pub(super) const CHECKS: &[Check] = &[
    Check {
        short_name: "PgCreateIndexConcurrently",
        id: "77469c49-140f-5890-aca3-786b8be2c2f0",
        title: "Index made without CONCURRENTLY",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "CREATE INDEX takes SHARE on the table: every write waits until all of it has been read and sorted. \
            With CONCURRENTLY it takes SHARE UPDATE EXCLUSIVE, under which rows are read and written as ever.",
        mend: "Write `create index concurrently` on {table}, alone in a changeset with `runInTransaction:false`. \
            If it fails, drop the invalid index that it leaves.",
        judge: Judge::Done(|scene, act| {
            matches!(act.deed, Deed::CreateIndex { is_concurrent: false })
                && !scene.is_new(act.table.as_ref())
        }),
    },
    Check {
        short_name: "PgConcurrentlyInTransaction",
        id: "74f2372c-2465-5e12-82fd-f62ccff22cfa",
        title: "CONCURRENTLY inside a transaction",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "PostgreSQL refuses CREATE INDEX, DROP INDEX and REINDEX with CONCURRENTLY inside a transaction block, \
            and Liquibase opens one for every changeset.",
        mend: "Put it alone into a changeset with `runInTransaction:false`.",
        judge: Judge::Done(|scene, act| {
            let is_concurrent = matches!(
                act.deed,
                Deed::CreateIndex { is_concurrent: true }
                    | Deed::DropIndex { is_concurrent: true }
                    | Deed::Reindex { is_concurrent: true }
            );
            is_concurrent && scene.runs_in_transaction()
        }),
    },
    Check {
        short_name: "PgDropIndexConcurrently",
        id: "f158c3ef-f925-580d-add1-63aca675a6cf",
        title: "Index dropped without CONCURRENTLY",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "DROP INDEX takes ACCESS EXCLUSIVE on the table: it waits for every query that runs on it, and whoever \
            comes later waits behind it. With CONCURRENTLY (9.2 and later) it takes SHARE UPDATE EXCLUSIVE.",
        mend: "Write `drop index concurrently {object}`, alone in a changeset with `runInTransaction:false`.",
        judge: Judge::Done(|scene, act| {
            matches!(act.deed, Deed::DropIndex { is_concurrent: false })
                && !scene.is_new_index(act.object.as_deref())
        }),
    },
    Check {
        short_name: "PgReindexConcurrently",
        id: "a87a4f00-6097-5c17-b493-cf418b40ff5b",
        title: "REINDEX without CONCURRENTLY",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "REINDEX takes SHARE on the table and ACCESS EXCLUSIVE on the index that it makes again: writes wait, \
            and so does every query that would use the index. With CONCURRENTLY (12 and later) none does.",
        mend: "Write `reindex … concurrently`, alone in a changeset with `runInTransaction:false`.",
        judge: Judge::Done(|scene, act| {
            matches!(act.deed, Deed::Reindex { is_concurrent: false }) && !scene.is_new(act.table.as_ref())
        }),
    },
    Check {
        short_name: "PgForeignKeyNotValid",
        id: "aed24315-cf5c-5cac-82ad-f7ffcbb32ef0",
        title: "Foreign key without NOT VALID",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "ADD FOREIGN KEY takes SHARE ROW EXCLUSIVE on both tables while it looks every row up: writes to both \
            wait. With NOT VALID only new rows are looked up; VALIDATE CONSTRAINT then takes SHARE UPDATE EXCLUSIVE \
            and ROW SHARE, under which rows are written as ever.",
        mend: "Add it to {table} with `not valid`, and `alter table {table} validate constraint …` in a changeset \
            of its own.",
        judge: Judge::Done(|scene, act| adds(scene, act, |rule| matches!(rule, Rule::Foreign))),
    },
    Check {
        short_name: "PgCheckNotValid",
        id: "88c978cc-57a1-57c3-9232-7989cbaee931",
        title: "Check constraint without NOT VALID",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "ADD CHECK takes ACCESS EXCLUSIVE while it reads the whole table: nobody reads or writes meanwhile. \
            With NOT VALID (9.2 and later) it reads nothing; VALIDATE CONSTRAINT then takes SHARE UPDATE EXCLUSIVE.",
        mend: "Add it to {table} with `not valid`, and `alter table {table} validate constraint …` in a changeset \
            of its own.",
        judge: Judge::Done(|scene, act| adds(scene, act, |rule| matches!(rule, Rule::Check { .. }))),
    },
    Check {
        short_name: "PgConstraintUsingIndex",
        id: "1bf6e72d-40f6-5b4c-a64d-2372c60cfaca",
        title: "Unique or primary key without USING INDEX",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "ADD UNIQUE and ADD PRIMARY KEY make their index under ACCESS EXCLUSIVE: nobody reads or writes the \
            table until it is ready. With USING INDEX (9.1 and later) the index is there already.",
        mend: "Make the index with `create unique index concurrently` first, then `alter table {table} add \
            constraint … unique using index …`.",
        judge: Judge::Done(|scene, act| {
            let builds = |rule: &Rule| {
                matches!(rule, Rule::Unique { uses_index: false } | Rule::Primary { uses_index: false })
            };
            adds(scene, act, builds)
        }),
    },
    Check {
        short_name: "PgLockTimeout",
        id: "f651880e-c24d-5247-a29a-f2e4dca82eb7",
        title: "ACCESS EXCLUSIVE without a lock_timeout",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "ACCESS EXCLUSIVE waits for every query on the table that runs already, and every query that comes \
            later waits behind it, even a SELECT: one long report stops the application. With lock_timeout \
            (9.3 and later) the statement gives up instead, and can be tried again.",
        mend: "Write `set local lock_timeout = '5s';` in front of it, in the same changeset.",
        judge: Judge::Done(|scene, act| {
            let is_new = scene.is_new(act.table.as_ref())
                || matches!(act.deed, Deed::DropIndex { .. }) && scene.is_new_index(act.object.as_deref());
            act.locks_out() && !scene.has_lock_timeout() && !is_new
        }),
    },
    Check {
        short_name: "PgVacuumFull",
        id: "285ecffe-3071-5e3e-ab49-f5afb6630d95",
        title: "VACUUM FULL or CLUSTER",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "Both write the whole table and all its indexes anew under ACCESS EXCLUSIVE, and need room for a \
            second copy meanwhile.",
        mend: "Leave it out of the changelog: plain `vacuum`, or a tool such as pg_repack that copies the table \
            while it is used.",
        judge: Judge::Done(|scene, act| {
            matches!(act.deed, Deed::VacuumFull | Deed::Cluster) && !scene.is_new(act.table.as_ref())
        }),
    },
    Check {
        short_name: "PgRefreshConcurrently",
        id: "072a2651-b987-57dc-94fa-3a06e1faa8c4",
        title: "Materialized view refreshed without CONCURRENTLY",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "REFRESH MATERIALIZED VIEW takes ACCESS EXCLUSIVE: whoever reads the view waits until its query has \
            run. With CONCURRENTLY (9.4 and later) the old rows can be read meanwhile.",
        mend: "Give {table} a unique index on columns without a condition, and write `refresh materialized view \
            concurrently {table}`.",
        judge: Judge::Done(|_, act| matches!(act.deed, Deed::RefreshView { is_concurrent: false })),
    },
];

/// True when a constraint is added that looks at the rows of a table which may have some.
fn adds(scene: &Scene, act: &Act, is_meant: fn(&Rule) -> bool) -> bool {
    let constraints = match &act.deed {
        Deed::AddConstraint(constraint) => std::slice::from_ref(constraint),
        Deed::AddColumn(column) => column.constraints.as_slice(),
        _ => &[],
    };
    constraints.iter().any(|constraint| is_meant(&constraint.rule) && !constraint.is_not_valid)
        && !scene.is_new(act.table.as_ref())
}
