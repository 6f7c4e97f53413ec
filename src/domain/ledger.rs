//! The ledger: what `databasechangelog` and `databasechangeloglock` hold.

use crate::domain::Timestamp;
use crate::domain::changelog::{ChangesetId, Checksum};

/// What one database says was applied to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// The rows in the order they were executed. Empty also when the table does not exist yet.
    pub rows: Vec<LedgerRow>,
    /// Liquibase's own lock.
    pub lock: LockState,
    /// Who holds lockstep's advisory lock of this environment, as the database names the session.
    pub promoting: Option<String>,
}

impl Ledger {
    /// The row of a changeset.
    pub fn row(&self, id: &ChangesetId) -> Option<&LedgerRow> {
        self.rows.iter().find(|row| row.id == *id)
    }

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
    /// FILENAME, ID and AUTHOR.
    pub id: ChangesetId,
    /// ORDEREXECUTED.
    pub order: i32,
    /// DATEEXECUTED; the column has no time zone and is read as UTC.
    pub executed_at: Timestamp,
    /// MD5SUM; `None` after `clear-checksums`.
    pub checksum: Option<Checksum>,
    /// TAG.
    pub tag: Option<String>,
    /// `DEPLOYMENT_ID`: one value per Liquibase run.
    pub deployment: Option<String>,
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
