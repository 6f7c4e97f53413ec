//! The ledger: what `databasechangelog` and `databasechangeloglock` hold.
//!
//! A hundred environments may hold a hundred thousand rows, so what is the same is held once: clones share their
//! rows, and rows share their changesets and words. Absent on purpose: how the tables are read.

use std::collections::HashMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

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
    /// The row of a changeset. Of several with one identity it is the one that Liquibase goes by: the latest, and
    /// of those with the same time the one that ran first.
    pub fn row(&self, id: &ChangesetId) -> Option<&LedgerRow> {
        self.rows.get(self.rows.position(id)?)
    }

    /// The newest row.
    pub fn newest(&self) -> Option<&LedgerRow> {
        self.rows.last()
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

/// The rows of one ledger: a slice that is cheap to clone and knows where each changeset stands. Rows that are
/// changed in place are this value's own from then on.
#[derive(Clone, Default)]
pub struct Rows(Arc<Table>);

#[derive(Clone, Default)]
struct Table {
    rows: Vec<LedgerRow>,
    /// Where each changeset stands; made when it is first asked for.
    positions: OnceLock<HashMap<Arc<ChangesetId>, u32>>,
}

impl Rows {
    /// True when both are one table in memory, so that whatever was worked out for one holds for the other.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn position(&self, id: &ChangesetId) -> Option<usize> {
        let rows = &self.0.rows;
        let positions = self.0.positions.get_or_init(|| {
            let mut positions = HashMap::with_capacity(rows.len());
            for (row, position) in rows.iter().zip(0_u32..) {
                let held = positions.entry(row.id.clone()).or_insert(position);
                if rows[*held as usize].executed_at < row.executed_at {
                    *held = position;
                }
            }
            positions
        });
        positions.get(id).map(|position| *position as usize)
    }
}

impl From<Vec<LedgerRow>> for Rows {
    fn from(rows: Vec<LedgerRow>) -> Self {
        Self(Arc::new(Table { rows, positions: OnceLock::new() }))
    }
}

impl FromIterator<LedgerRow> for Rows {
    fn from_iter<T: IntoIterator<Item = LedgerRow>>(rows: T) -> Self {
        rows.into_iter().collect::<Vec<_>>().into()
    }
}

impl Deref for Rows {
    type Target = [LedgerRow];

    fn deref(&self) -> &[LedgerRow] {
        &self.0.rows
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut [LedgerRow] {
        let table = Arc::make_mut(&mut self.0);
        // What is changed now may be an identity.
        table.positions = OnceLock::new();
        &mut table.rows
    }
}

impl PartialEq for Rows {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self[..] == other[..]
    }
}

impl Eq for Rows {}

impl fmt::Debug for Rows {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, order: i32, second: i64) -> LedgerRow {
        let id = ChangesetId { path: "a.sql".to_owned(), id: id.to_owned(), author: "store".to_owned() };
        LedgerRow {
            id: id.into(),
            order,
            executed_at: Timestamp::from_second(second).unwrap(),
            checksum: None,
            tag: None,
            deployment: None,
        }
    }

    fn ledger(rows: impl IntoIterator<Item = LedgerRow>) -> Ledger {
        Ledger { rows: rows.into_iter().collect(), ..Ledger::default() }
    }

    #[test]
    fn a_changeset_finds_its_row_and_a_strange_one_finds_none() {
        let ledger = ledger((1..=500).map(|number| row(&number.to_string(), number, i64::from(number))));
        assert_eq!(ledger.row(&row("321", 0, 0).id).map(|row| row.order), Some(321));
        assert_eq!(ledger.row(&row("501", 0, 0).id), None);
    }

    #[test]
    fn of_several_rows_with_one_identity_the_latest_counts_and_then_the_one_that_ran_first() {
        let order = |rows| ledger(rows).row(&row("1", 0, 0).id).map(|row| row.order);
        assert_eq!(order([row("1", 1, 10), row("2", 2, 11), row("1", 3, 12)]), Some(3));
        assert_eq!(order([row("1", 1, 12), row("2", 2, 12), row("1", 3, 12)]), Some(1));
        assert_eq!(order([row("1", 1, 12), row("2", 2, 12), row("1", 3, 9)]), Some(1));
    }

    #[test]
    fn a_clone_shares_its_rows_until_one_of_them_is_changed() {
        let first = ledger([row("1", 1, 1), row("2", 2, 2)]);
        let mut second = first.clone();
        assert!(first.rows.is_same(&second.rows));
        let old = row("2", 0, 0).id;
        assert!(second.row(&old).is_some());
        second.rows[1] = row("3", 2, 2);
        assert!(!first.rows.is_same(&second.rows));
        assert_ne!(first, second);
        assert_eq!((second.row(&old), second.row(&row("3", 0, 0).id)), (None, Some(&row("3", 2, 2))));
        assert_eq!(first.rows[1], row("2", 2, 2));
    }
}
