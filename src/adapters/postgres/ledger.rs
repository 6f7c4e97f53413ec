//! Reading `databasechangelog`, `databasechangeloglock` and who holds lockstep's lock, all in one read-only
//! transaction. Tables that do not exist yet are empty; nothing is ever created.

use tokio_postgres::{Client, Error, Row};

use super::{Databases, Session, is_connection_lost, lock, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::changelog::{ChangesetId, Checksum};
use crate::domain::failure::Failure;
use crate::domain::ledger::{Ledger, LedgerRow, LockState};
use crate::domain::lock::LOOKER;

/// `extract` of a time without a zone counts as if it were UTC, which is how the column is meant.
const ROWS: &str = "select filename, id, author, orderexecuted, md5sum, tag, deployment_id, \
     (extract(epoch from dateexecuted) * 1000000)::bigint \
     from databasechangelog order by dateexecuted, orderexecuted";

const LOCK: &str = "select lockedby, (extract(epoch from lockgranted) * 1000000)::bigint \
     from databasechangeloglock where locked limit 1";

impl Databases {
    /// The ledger of an environment. A connection that turns out to be dead is replaced once.
    pub(in crate::adapters) async fn ledger(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<Ledger, Failure> {
        let name = &environment.environment.name;
        let what = || format!("could not read the ledger of {name}");
        within(self.look(), what, async {
            let kept = self.looking().remove(name);
            if let Some(mut session) = kept {
                match self.read(environment, &mut session).await {
                    Ok(ledger) => {
                        self.looking().insert(name.clone(), session);
                        return Ok(ledger);
                    }
                    Err(error) if !is_connection_lost(&error) => {
                        return Err(unanswered(what(), &error, self.look()));
                    }
                    Err(_) => {}
                }
            }
            let mut session = self.connect(&environment.environment, LOOKER).await?;
            let ledger = self.read(environment, &mut session).await;
            let ledger = ledger.map_err(|error| unanswered(what(), &error, self.look()))?;
            self.looking().insert(name.clone(), session);
            Ok(ledger)
        })
        .await
    }

    /// Who holds Liquibase's own lock of an environment, if anybody does.
    pub(in crate::adapters) async fn liquibase_lock(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<LockState, Failure> {
        Ok(self.ledger(environment).await?.lock)
    }

    async fn read(&self, environment: &EnvironmentSettings, session: &mut Session) -> Result<Ledger, Error> {
        let key = lock::key(&self.0.settings.id, &environment.environment.name);
        let begin = format!(
            "begin transaction isolation level repeatable read read only; \
             set local statement_timeout = {}",
            self.look().as_millis().max(1)
        );
        session
            .run(|client| async move {
                client.batch_execute(&begin).await?;
                let ledger = read(client, key).await;
                // Also after an error, so that the connection can be used again.
                let ended = client.batch_execute("rollback").await;
                let ledger = ledger?;
                ended.map(|()| ledger)
            })
            .await
    }
}

async fn read(client: &Client, key: i64) -> Result<Ledger, Error> {
    let exists = client
        .query_one(
            "select to_regclass('databasechangelog') is not null, \
             to_regclass('databasechangeloglock') is not null",
            &[],
        )
        .await?;
    let rows = if exists.try_get(0)? { client.query(ROWS, &[]).await? } else { Vec::new() };
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    let held = if exists.try_get(1)? { client.query_opt(LOCK, &[]).await? } else { None };
    let lock = match held {
        Some(held) => LockState::Held {
            by: held.try_get::<_, Option<String>>(0)?.unwrap_or_else(|| "somebody".to_owned()),
            since: held.try_get::<_, Option<i64>>(1)?.and_then(time),
        },
        None => LockState::Free,
    };
    let promoting = lock::holder(client, key).await?.map(|holder| holder.name);
    Ok(Ledger { rows, lock, promoting })
}

fn row(row: &Row) -> Result<LedgerRow, Error> {
    Ok(LedgerRow {
        id: id(row)?,
        order: row.try_get(3)?,
        checksum: row.try_get::<_, Option<&str>>(4)?.map(Checksum::stored),
        tag: row.try_get(5)?,
        deployment: row.try_get(6)?,
        executed_at: time(row.try_get(7)?).unwrap_or(Timestamp::UNIX_EPOCH),
    })
}

/// The identity in a row that begins with FILENAME, ID and AUTHOR.
pub(super) fn id(row: &Row) -> Result<ChangesetId, Error> {
    Ok(ChangesetId { path: row.try_get(0)?, id: row.try_get(1)?, author: row.try_get(2)? })
}

/// A time from microseconds since 1970.
pub(super) fn time(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}
