//! What breaks a running application, or will be regretted.

use super::{CHANGELOG, Check, Judge};
use crate::domain::policy::deed::{Act, Deed};
use crate::domain::policy::types::Type;

pub(super) const CHECKS: &[Check] = &[
    Check {
        short_name: "PgRenameColumn",
        id: "50d25363-46ef-5bd1-b0ee-4233dc2f9367",
        title: "Column renamed",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "The schema changes first and the application after it: until then the old one asks for a name that is \
            gone, and so would it after a rollback of the application alone.",
        mend: "Add a column of the new name to {table}, keep both equal with a trigger, and drop `{object}` in a \
            later release.",
        judge: Judge::Done(|scene, act| {
            matches!(act.deed, Deed::RenameColumn) && !scene.is_new(act.table.as_ref())
        }),
    },
    Check {
        short_name: "PgRenameTable",
        id: "f96705a1-4a3c-5f6b-ba66-6383f08da451",
        title: "Table or view renamed",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "The schema changes first and the application after it: until then the old one asks for a name that is \
            gone, and so would it after a rollback of the application alone.",
        mend: "Rename it and make a view called {table} on it in the same changeset, which a later release drops.",
        judge: Judge::Done(|scene, act| {
            matches!(act.deed, Deed::RenameTable { .. }) && !scene.is_new(act.table.as_ref())
        }),
    },
    Check {
        short_name: "PgDropCascade",
        id: "3719abe1-4492-5486-891c-d21d47687f79",
        title: "DROP … CASCADE",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "CASCADE drops everything that depends on it as well: views, foreign keys, columns, whatever is there at \
            that moment, in that environment, and nobody has named it.",
        mend: "Drop what depends on it by name, and then it without CASCADE.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::Cascade)),
    },
    Check {
        short_name: "PgDynamicSql",
        id: "e6f7a344-a6d3-5d99-8d6a-50eb51f50a8e",
        title: "Statement that is put together while it runs",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "What EXECUTE runs is only known when it runs: no check can judge it, and a value in it may be taken for \
            SQL.",
        mend: "Write the statement out. Where a name has to be put in, use `format` with %I, values with USING, and \
            waive this once somebody has read it.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::Dynamic)),
    },
    Check {
        short_name: "PgCharType",
        id: "83a5aadb-dad9-579d-b1f4-b0b41935519e",
        title: "Column of type char(n)",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "char(n) fills every value up with blanks, which take room, and leaves them out of comparisons and most \
            functions; it is never faster than text in PostgreSQL.",
        mend: "Use text, with a check constraint if the length matters.",
        judge: Judge::Done(|_, act| makes(act, Type::is_padded)),
    },
    Check {
        short_name: "PgTimestampWithoutZone",
        id: "eb6987bd-fe39-5fb1-8b25-510b245ceefe",
        title: "Column of type timestamp without time zone",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "timestamp is what a clock shows, not a moment: which one was meant hangs on the time zone of who wrote \
            it and of who reads it. timestamptz is a moment and takes the same eight bytes.",
        mend: "Use `timestamp with time zone`.",
        judge: Judge::Done(|_, act| makes(act, Type::is_timestamp_without_zone)),
    },
    Check {
        short_name: "PgSerial",
        id: "27475ae4-c2c2-59af-8c6b-7af8a07cc9ab",
        title: "Column of type serial",
        scopes: CHANGELOG,
        is_on_by_default: false,
        why: "serial makes a sequence with rights of its own, which whoever inserts needs too, and anybody can write \
            another number. An identity column (PostgreSQL 10 and later) belongs to the table and refuses that.",
        mend: "Use `bigint generated always as identity`.",
        judge: Judge::Done(|_, act| makes(act, Type::is_serial)),
    },
];

/// True when a column gets such a type.
fn makes(act: &Act, is_meant: fn(&Type) -> bool) -> bool {
    match &act.deed {
        Deed::CreateTable(columns) => columns.iter().any(|column| is_meant(&column.kind)),
        Deed::AddColumn(column) => is_meant(&column.kind),
        Deed::ChangeType { to, .. } => is_meant(to),
        _ => false,
    }
}
