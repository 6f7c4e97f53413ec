//! The ledger: what `databasechangelog` and `databasechangeloglock` hold.
//!
//! A hundred environments may hold a hundred thousand rows, so what is the same is held once: clones share their
//! rows, and rows share their changesets and words. Absent on purpose: how the tables are read.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::changelog::{ChangesetId, Checksum};

/// What one database says was applied to it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// The rows in the order they were executed. Empty also when the table does not exist yet.
    pub rows: Rows,
    /// Liquibase's own lock.
    pub lock: LockState,
    /// Who holds lockstep's advisory lock of this environment, as the database names the session.
    pub promoting: Option<String>,
}

impl Ledger {
    /// The newest row.
    pub fn newest(&self) -> Option<&LedgerRow> {
        self.rows.last()
    }

    /// True while somebody holds Liquibase's lock or lockstep's.
    pub fn is_locked(&self) -> bool {
        self.promoting.is_some() || self.lock != LockState::Free
    }

    /// The tag nearest to the end.
    pub fn last_tag(&self) -> Option<&str> {
        self.rows.iter().rev().find_map(|row| row.tag.as_deref())
    }
}

/// One row of `databasechangelog`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// FILENAME, ID and AUTHOR; shared by every environment that ran it.
    pub id: Arc<ChangesetId>,
    /// ORDEREXECUTED.
    pub order: i32,
    /// DATEEXECUTED; the column has no time zone and is read as UTC.
    pub executed_at: Timestamp,
    /// MD5SUM; `None` after `clear-checksums`.
    pub checksum: Option<Checksum>,
    /// TAG.
    pub tag: Option<Arc<str>>,
    /// `DEPLOYMENT_ID`: one value per Liquibase run.
    pub deployment: Option<Arc<str>>,
}

impl LedgerRow {
    /// True for the row that `liquibase tag` writes into an empty table: it is no changeset's.
    pub fn is_anchor(&self) -> bool {
        self.id.path == "liquibase-internal"
    }
}

/// The row of `databasechangeloglock`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LockState {
    /// Nobody holds it, or the table does not exist yet.
    #[default]
    Free,
    /// Somebody holds it.
    Held {
        /// LOCKEDBY: host, run id if it is ours, address.
        by: String,
        /// LOCKGRANTED.
        since: Option<Timestamp>,
    },
}

/// The rows of one ledger, cheap to clone. Rows that are changed in place are this value's own from then on.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Rows(Arc<Vec<LedgerRow>>);

impl Rows {
    /// True when both are the same in memory, so that whatever was worked out for one holds for the other.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<Vec<LedgerRow>> for Rows {
    fn from(rows: Vec<LedgerRow>) -> Self {
        Self(Arc::new(rows))
    }
}

impl FromIterator<LedgerRow> for Rows {
    fn from_iter<T: IntoIterator<Item = LedgerRow>>(rows: T) -> Self {
        rows.into_iter().collect::<Vec<_>>().into()
    }
}

impl Deref for Rows {
    type Target = Vec<LedgerRow>;

    fn deref(&self) -> &Vec<LedgerRow> {
        &self.0
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut Vec<LedgerRow> {
        Arc::make_mut(&mut self.0)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str) -> LedgerRow {
        let id = ChangesetId { path: "a.sql".to_owned(), id: id.to_owned(), author: "store".to_owned() };
        LedgerRow {
            id: id.into(),
            order: 1,
            executed_at: Timestamp::UNIX_EPOCH,
            checksum: None,
            tag: None,
            deployment: None,
        }
    }

    #[test]
    fn a_clone_shares_its_rows_until_one_of_them_is_changed() {
        let first = Ledger { rows: [row("1"), row("2")].into_iter().collect(), ..Ledger::default() };
        let mut second = first.clone();
        assert!(first.rows.is_same(&second.rows));
        second.rows[1] = row("3");
        assert!(!first.rows.is_same(&second.rows));
        assert_eq!((&first.rows[1], &second.rows[1]), (&row("2"), &row("3")));
        assert_eq!(first.rows[0], second.rows[0]);
        assert_ne!(first, second);
    }
}
