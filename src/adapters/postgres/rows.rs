//! The rows of `databasechangelog`: all of them at the first look, and only those that are new at the next.
//!
//! **Why no change is missed.** PostgreSQL never changes a row in place: an insert or an update makes a version that
//! carries the number of its transaction (`xmin`), a delete or an update ends one. Every look notes its *horizon*:
//! the lowest transaction that was still under way. Rows from below it are *settled*: whoever could write one more
//! has ended. So at the next look the settled rows are some of those that were settled before, and if there are as
//! many, they are the same ones. Everything from the old horizon on is read again, however much of it was known: that
//! also covers transactions that began early and committed late, and their savepoints. If a settled row is gone (a
//! rollback, a tag, a checksum that was cleared) everything is read.
//!
//! That holds for one plain table on one server process, so what is known is dropped with its connection, and when
//! the table or a column of it is not the same any more: another table under the name, a restored database behind
//! a connection pool. A view, a table with children or with rows hidden by a policy is read whole every time.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryStreamExt as _;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

use super::ledger::time;
use crate::domain::Timestamp;
use crate::domain::changelog::{ChangesetId, Checksum};
use crate::domain::ledger::{LedgerRow, Rows};

/// The table, what tells it from every other, and the transactions of this moment, in one row. `txid_…` and not the
/// newer `pg_…` functions: they count in 64 bits, and every server that is still in use has them.
const FIND: &str = "select to_regclass('databasechangeloglock') is not null, c.oid is not null, \
     c.relkind = 'r' and not c.relhassubclass and not c.relrowsecurity and has_table_privilege(c.oid, 'select'), \
     concat_ws(' ', pg_backend_pid(), pg_postmaster_start_time(), c.oid, c.xmin, (select \
     string_agg(a.xmin::text, ' ' order by a.attnum) from pg_attribute a where a.attrelid = c.oid)), \
     txid_snapshot_xmin(s), txid_snapshot_xmax(s) \
     from txid_current_snapshot() s left join pg_class c on c.oid = to_regclass('databasechangelog')";

const COLUMNS: &str = "filename, id, author, orderexecuted, md5sum, tag, deployment_id, dateexecuted";

/// True for a row from below the horizon `$1`. A row holds the lower 32 bits of its transaction's number, and `age`
/// counts back from now with these: it is below 0 for what is older than it can count, and highest for "older than
/// anything". A number that has come round again looks new, and is read again.
const SETTLED: &str = "(age(xmin) < 0 or age(xmin) > (select age(($1::bigint & 4294967295)::text::xid)))";

/// How many transactions a horizon may lie back and be counted from: half of what `age` can count, for safety.
const FAR: i64 = 1 << 30;

/// What was found out about the two tables.
pub(super) struct Tables {
    /// `databasechangelog`, if it exists.
    pub(super) changelog: Option<Table>,
    /// True when `databasechangeloglock` exists.
    pub(super) has_lock: bool,
}

/// `databasechangelog` at the moment of one look.
pub(super) struct Table {
    /// What the table and the server process are told apart from others by; `None` when that says nothing.
    identity: Option<String>,
    horizon: i64,
    next: i64,
}

/// What a look leaves for the next one.
#[derive(Clone)]
pub(super) struct Known {
    identity: String,
    horizon: i64,
    /// The rows from below the horizon.
    settled: Rows,
    /// All rows.
    rows: Rows,
}

impl Tables {
    /// Finds the tables. Has to be the first question of its transaction.
    pub(super) async fn find(client: &Client) -> Result<Self, Error> {
        let row = client.query_typed_one(FIND, &[]).await?;
        let is_plain = row.try_get::<_, Option<bool>>(2)?.unwrap_or(false);
        let table = Table {
            identity: if is_plain { row.try_get(3)? } else { None },
            horizon: row.try_get(4)?,
            next: row.try_get(5)?,
        };
        Ok(Self { changelog: row.try_get::<_, bool>(1)?.then_some(table), has_lock: row.try_get(0)? })
    }
}

impl Table {
    /// The rows in the order they were executed, and what to bring to the next look.
    pub(super) async fn rows(
        self,
        client: &Client,
        before: Option<Known>,
        texts: &Texts,
    ) -> Result<(Rows, Option<Known>), Error> {
        let Some(identity) = self.identity.clone() else {
            return Ok((in_order(self.read_whole(client, texts).await?), None));
        };
        let before = before
            .filter(|known| known.identity == identity && (0..FAR).contains(&(self.next - known.horizon)));
        let (kept, read) = match &before {
            Some(before) => match self.read_since(client, before, texts).await? {
                Some(read) if read.is_empty() && before.settled.is_same(&before.rows) => {
                    let known = Known { identity, horizon: self.horizon, ..before.clone() };
                    return Ok((known.rows.clone(), Some(known)));
                }
                Some(read) => (before.settled.to_vec(), read),
                None => (Vec::new(), self.read(client, None, texts).await?),
            },
            None => (Vec::new(), self.read(client, None, texts).await?),
        };
        let is_settled = read.iter().all(|(_, is_settled)| *is_settled);
        let settled =
            kept.iter().chain(read.iter().filter(|(_, is_settled)| *is_settled).map(|(row, _)| row));
        let settled = if is_settled { Rows::default() } else { settled.cloned().collect() };
        let rows = in_order(kept.into_iter().chain(read.into_iter().map(|(row, _)| row)).collect());
        // The same rows stay the same in memory, for those who have worked something out for them.
        let rows = before.map(|before| before.rows).filter(|before| *before == rows).unwrap_or(rows);
        let settled = if is_settled { rows.clone() } else { settled };
        Ok((rows.clone(), Some(Known { identity, horizon: self.horizon, settled, rows })))
    }

    /// The rows from the horizon of the look before on; `None` when a settled row is gone.
    async fn read_since(
        &self,
        client: &Client,
        before: &Known,
        texts: &Texts,
    ) -> Result<Option<Vec<(LedgerRow, bool)>>, Error> {
        let sql = format!("select count(*) filter (where {SETTLED}), count(*) from databasechangelog");
        let counts = client.query_typed_one(&sql, &bound(&[before.horizon])).await?;
        let (settled, all): (i64, i64) = (counts.try_get(0)?, counts.try_get(1)?);
        if usize::try_from(settled) != Ok(before.settled.len()) {
            return Ok(None);
        }
        if settled == all {
            return Ok(Some(Vec::new()));
        }
        self.read(client, Some(before.horizon), texts).await.map(Some)
    }

    /// The rows from the horizon `since` on, or all of them; each with whether it is settled by now.
    async fn read(
        &self,
        client: &Client,
        since: Option<i64>,
        texts: &Texts,
    ) -> Result<Vec<(LedgerRow, bool)>, Error> {
        let sql = format!("select {COLUMNS}, {SETTLED} from databasechangelog");
        match since {
            Some(since) => {
                let fresh = SETTLED.replace("$1", "$2");
                let sql = format!("{sql} where not {fresh}");
                fetch(client, &sql, &[self.horizon, since], texts).await
            }
            None => fetch(client, &sql, &[self.horizon], texts).await,
        }
    }

    /// All rows of what is not a plain table, and has no `xmin` perhaps.
    async fn read_whole(&self, client: &Client, texts: &Texts) -> Result<Vec<LedgerRow>, Error> {
        let sql = format!("select {COLUMNS}, false from databasechangelog");
        Ok(fetch(client, &sql, &[], texts).await?.into_iter().map(|(row, _)| row).collect())
    }
}

async fn fetch(
    client: &Client,
    sql: &str,
    numbers: &[i64],
    texts: &Texts,
) -> Result<Vec<(LedgerRow, bool)>, Error> {
    let mut stream = pin!(client.query_typed_raw(sql, bound(numbers)).await?);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push((texts.row(&row)?, row.try_get(8)?));
    }
    Ok(rows)
}

fn bound(numbers: &[i64]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    numbers.iter().map(|number| (number as &(dyn ToSql + Sync), Type::INT8)).collect()
}

/// Liquibase's own order. Nearly sorted rows, as a table mostly gives them, are sorted quickly.
fn in_order(mut rows: Vec<LedgerRow>) -> Rows {
    rows.sort_by_key(|row| (row.executed_at, row.order));
    rows.into()
}

/// What the rows of all environments have in common, held once: the same changesets run everywhere.
#[derive(Default)]
pub(super) struct Texts(Mutex<Shared>);

#[derive(Default)]
struct Shared {
    ids: HashSet<Arc<ChangesetId>>,
    words: HashSet<Arc<str>>,
}

impl Texts {
    fn row(&self, row: &Row) -> Result<LedgerRow, Error> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(LedgerRow {
            id: shared.id(id(row)?),
            order: row.try_get(3)?,
            checksum: row.try_get::<_, Option<&str>>(4)?.map(Checksum::stored),
            tag: row.try_get::<_, Option<&str>>(5)?.map(|tag| shared.word(tag)),
            deployment: row.try_get::<_, Option<&str>>(6)?.map(|deployment| shared.word(deployment)),
            executed_at: time(row, 7)?.unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }
}

impl Shared {
    fn id(&mut self, id: ChangesetId) -> Arc<ChangesetId> {
        if let Some(held) = self.ids.get(&id) {
            return held.clone();
        }
        let id = Arc::new(id);
        self.ids.insert(id.clone());
        id
    }

    fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(held) = self.words.get(word) {
            return held.clone();
        }
        let word: Arc<str> = word.into();
        self.words.insert(word.clone());
        word
    }
}

/// The identity in a row that begins with FILENAME, ID and AUTHOR.
pub(super) fn id(row: &Row) -> Result<ChangesetId, Error> {
    Ok(ChangesetId { path: row.try_get(0)?, id: row.try_get(1)?, author: row.try_get(2)? })
}
