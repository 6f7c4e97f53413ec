//! What reads or writes a whole table, or fails because of the rows in it.

use super::{CHANGELOG, Check, Judge};
use crate::domain::policy::deed::{Deed, Default};

pub(super) const CHECKS: &[Check] = &[
    Check {
        short_name: "PgAddNotNullColumn",
        id: "54326e4b-e626-55d9-aad3-d3d3b2b6d231",
        title: "Column added as NOT NULL without a default",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "The rows that are there have no value for the new column: PostgreSQL refuses the statement unless the \
            table is empty. An application that is still running and does not know the column could not insert \
            either.",
        mend: "Give `{object}` a constant default, which costs nothing since PostgreSQL 11; or add it without NOT \
            NULL to {table}, fill it, and ask for NOT NULL in a later release.",
        judge: Judge::Done(|scene, act| {
            let fails = |column: &crate::domain::policy::deed::Column| {
                column.is_not_null && column.default == Default::Nothing
            };
            matches!(&act.deed, Deed::AddColumn(column) if fails(column)) && !scene.is_new(act.table.as_ref())
        }),
    },
    Check {
        short_name: "PgSetNotNull",
        id: "0e748f7a-a6b3-5e6c-aba8-519925b2e5d8",
        title: "SET NOT NULL without a validated check",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "SET NOT NULL reads the whole table under ACCESS EXCLUSIVE. Since PostgreSQL 12 it reads nothing when a \
            valid constraint `check (column is not null)` proves the same.",
        mend: "First `alter table {table} add constraint … check ({object} is not null) not valid`, then `validate \
            constraint` in a changeset of its own; after SET NOT NULL the constraint can go.",
        judge: Judge::Done(|scene, act| {
            matches!(act.deed, Deed::SetNotNull)
                && !scene.is_new(act.table.as_ref())
                && !scene.is_proven_not_null(act.table.as_ref(), act.object.as_deref())
        }),
    },
    Check {
        short_name: "PgVolatileDefault",
        id: "94b475a6-28e3-51bb-8053-369b6d937e5b",
        title: "Column added with a value of its own for every row",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "A default that is the same for all rows is kept once, in the catalog, since PostgreSQL 11. One that is \
            made for every row (a volatile function, a sequence, an identity, a stored generated column) writes the \
            whole table and its indexes anew under ACCESS EXCLUSIVE. A function that is not known here is taken \
            for volatile, as PostgreSQL takes it.",
        mend: "Add `{object}` to {table} without the default, set the default with `alter column … set default`, \
            which counts for new rows only, and fill the old ones in portions.",
        judge: Judge::Done(|scene, act| {
            matches!(&act.deed, Deed::AddColumn(column) if column.default == Default::PerRow)
                && !scene.is_new(act.table.as_ref())
        }),
    },
    Check {
        short_name: "PgTypeRewrite",
        id: "21549a71-e85d-51ed-961e-742ec8f5e492",
        title: "Type change that writes the table anew",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "ALTER TYPE writes the whole table and its indexes anew under ACCESS EXCLUSIVE. It writes nothing when \
            varchar(n) becomes longer, varchar without a length or text; text becomes varchar without a length; \
            numeric(p,s) gets more digits in front or no limit; times, intervals and varbit get longer; cidr becomes \
            inet. What the type was is only known here when the changelog makes the table.",
        mend: "Add a column of the new type to {table}, keep both equal with a trigger, fill it in portions, and \
            change over in a later release.",
        judge: Judge::Done(|scene, act| match &act.deed {
            Deed::ChangeType { to, is_computed } => {
                let old = scene.kind(act.table.as_ref(), act.object.as_deref());
                let is_free = old.is_some_and(|old| old.becomes_without_rewrite(to));
                (*is_computed || !is_free) && !scene.is_new(act.table.as_ref())
            }
            _ => false,
        }),
    },
    Check {
        short_name: "PgNoWhere",
        id: "c7a7c878-dd0b-5b29-a716-8c1cac53d767",
        title: "UPDATE or DELETE of every row",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "Every row is locked until the transaction ends, and each UPDATE leaves a dead copy of it behind: the \
            table gets twice as big, and whoever writes one of them waits. Without a condition it is often not \
            even meant.",
        mend: "Say with WHERE which rows of {table} are meant, and go over a big table in portions.",
        judge: Judge::Written(|scene, act| {
            matches!(act.deed, Deed::Update { is_of_all: true } | Deed::Delete { is_of_all: true })
                && !scene.is_new(act.table.as_ref())
        }),
    },
];
