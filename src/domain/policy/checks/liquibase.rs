//! The checks that Liquibase has too, with its names and identities.

use super::{CHANGELOG, Check, Judge, Scope};
use crate::domain::changelog::Rollback;
use crate::domain::policy::deed::Deed;

pub(super) const CHECKS: &[Check] = &[
    Check {
        short_name: "ChangeDropColumnWarn",
        id: "223ed841-5f53-3eab-8ca8-f66393c689a4",
        title: "Warn when 'DROP COLUMN' detected",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "What is in a dropped column is lost, and no rollback brings it back. An application that is still \
            running may read it.",
        mend: "Stop using `{object}` in one release, and drop it in a later one, once nobody reads it and its \
            values are kept elsewhere.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::DropColumn)),
    },
    Check {
        short_name: "ChangeDropTableWarn",
        id: "218fa8f2-ea81-308e-b010-5c25cf62c8fc",
        title: "Warn when 'DROP TABLE' detected",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "What is in a dropped table is lost, and no rollback brings it back.",
        mend: "Stop using {table} in one release, rename it or take the rights on it away, and drop it in a later \
            one, once nobody has missed it.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::DropTable)),
    },
    Check {
        short_name: "ChangeTruncateTableWarn",
        id: "136bed9a-17c5-3edc-b1e7-30065052e859",
        title: "Warn when 'TRUNCATE TABLE' detected",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "TRUNCATE takes every row at once, under a lock that keeps even readers out, and no trigger for rows \
            sees it.",
        mend: "Delete the rows of {table} that have to go, with a condition and in portions.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::Truncate)),
    },
    Check {
        short_name: "CheckTablesForIndex",
        id: "b945447e-9e2a-3422-b40c-543d7505568a",
        title: "Table must have an index",
        scopes: &[Scope::Database],
        is_on_by_default: true,
        why: "Without an index every question to a table reads all of it.",
        mend: "Give {table} a primary key, or an index on what it is asked for.",
        judge: Judge::Indexes,
    },
    Check {
        short_name: "ModifyDataTypeWarn",
        id: "e98e0a4d-0582-360b-a89f-37b2f65e65d2",
        title: "Warn when 'MODIFY <column>' detected",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "A value may not fit the new type, or lose something in it, and the running application expects the \
            old one.",
        mend: "Add a column of the new type to {table}, fill it, let the application use it, and drop `{object}` \
            in a later release.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::ChangeType { .. })),
    },
    Check {
        short_name: "RollbackRequired",
        id: "d517b518-8a6f-3084-a5be-97e7d89c6860",
        title: "Rollback Required for Changeset",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "Without a rollback there is no way back behind this changeset: Liquibase stops there.",
        mend: "Write `--rollback` with what undoes it, or `--rollback empty` when there is nothing to undo.",
        judge: Judge::Changeset(|changeset| changeset.rollback == Rollback::Missing),
    },
    Check {
        short_name: "SqlGrantAdminWarn",
        id: "a85a72fd-9d93-33cd-bbdb-59f21538af9d",
        title: "Warn on Detection of grant that contains 'WITH ADMIN OPTION'",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "Who gets a role with the admin option can give it to anybody, and take it from anybody.",
        mend: "Grant the role without `with admin option`.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::Grant { with_admin_option: true, .. })),
    },
    Check {
        short_name: "SqlGrantOptionWarn",
        id: "892b5881-6d02-3846-bdf0-c8538e7b013f",
        title: "Warn on Detection of grant that contains 'WITH GRANT OPTION'",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "Who gets a right with the grant option can hand it on to anybody.",
        mend: "Grant the right without `with grant option`.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::Grant { with_grant_option: true, .. })),
    },
    Check {
        short_name: "SqlGrantWarn",
        id: "38fc7edf-9a60-3d00-8b40-23c7e719745f",
        title: "Warn on Detection of 'GRANT' Statements",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "Rights that a changelog grants are in every environment, and nobody who looks after them sees it.",
        mend: "Grant rights where roles are managed; if it must be here, waive it with who agreed.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::Grant { .. })),
    },
    Check {
        short_name: "SqlRevokeWarn",
        id: "0b73828f-2e8d-3c36-b1c3-7153bcb6f160",
        title: "Warn on Detection of 'REVOKE' Statements",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "Whoever needs the right that is taken away fails from that moment on.",
        mend: "Revoke rights where roles are managed; if it must be here, waive it with who agreed.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::Revoke)),
    },
    Check {
        short_name: "SqlSelectStarWarn",
        id: "b36ff4e4-b647-3bfa-b73f-33c7a588c567",
        title: "Warn on Detection of 'SELECT *'",
        scopes: CHANGELOG,
        is_on_by_default: true,
        why: "The columns that come are those that the table has at that moment: one more or less, and what reads \
            them breaks. A view keeps those of the moment at which it was made.",
        mend: "Name the columns.",
        judge: Judge::Written(|_, act| matches!(act.deed, Deed::SelectStar)),
    },
    Check {
        short_name: "TableColumnLimit",
        id: "2abde5de-a71d-3ead-8fd6-e13a743c0aec",
        title: "Check Table Column Count",
        scopes: &[Scope::Changelog, Scope::Database],
        is_on_by_default: true,
        why: "A table of that many columns mostly holds several things in one, and every change of a row writes \
            the whole row again.",
        mend: "Put what belongs together into a table of its own that refers to {table}.",
        judge: Judge::Columns,
    },
];

/// What is said about SQL that cannot be read.
pub(super) const SYNTAX: Check = Check {
    short_name: "SqlParseFailure",
    id: "29039faa-9bd4-5169-8df5-0322c38ae95f",
    title: "SQL that cannot be read",
    scopes: CHANGELOG,
    is_on_by_default: true,
    why: "What cannot be read cannot be judged, and PostgreSQL will most likely refuse it too.",
    mend: "Correct the statement. Where Liquibase cuts it inside a body, add `splitStatements:false` or an \
        `endDelimiter`.",
    judge: Judge::Syntax,
};
