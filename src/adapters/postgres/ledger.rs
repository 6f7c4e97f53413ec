//! Reading `databasechangelog`, `databasechangeloglock` and who holds lockstep's lock, all in one read-only
//! transaction. Tables that do not exist yet are empty; nothing is ever created.
//!
//! What need not wait for an answer is sent together: a look at an unchanged ledger takes three trips to the server.

use std::time::SystemTime;

use futures_util::future::{try_join, try_join3};
use tokio_postgres::{Client, Error, Row};

use super::rows::{Known, Tables, Texts};
use super::{Databases, Session, is_connection_lost, lock, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::Timestamp;
use crate::domain::failure::Failure;
use crate::domain::ledger::{Ledger, LockState, Rows};
use crate::domain::lock::LOOKER;

const LOCK: &str = "select lockedby, lockgranted from databasechangeloglock where locked limit 1";

/// A session that looks at one ledger again and again, and what it read the last time.
pub(super) struct Looker {
    session: Session,
    known: Option<Known>,
}

impl Databases {
    /// The ledger of an environment. A connection that turns out to be dead is replaced once.
    pub(in crate::adapters) async fn ledger(
        &self,
        environment: &EnvironmentSettings,
    ) -> Result<Ledger, Failure> {
        let name = &environment.environment.name;
        let what = || format!("could not read the ledger of {name}");
        // The deadline counts from a look's own turn: a hundred at once would make each other late.
        let _turn = self.0.turns.acquire().await;
        within(self.look(), what, async {
            let kept = self.looking().remove(name);
            if let Some(mut looker) = kept {
                match self.read(environment, &mut looker).await {
                    Ok(ledger) => {
                        self.looking().insert(name.clone(), looker);
                        return Ok(ledger);
                    }
                    Err(error) if !is_connection_lost(&error) => {
                        return Err(unanswered(what(), &error, self.look()));
                    }
                    Err(_) => {}
                }
            }
            let session = self.connect(&environment.environment, LOOKER).await?;
            let mut looker = Looker { session, known: None };
            let ledger = self.read(environment, &mut looker).await;
            let ledger = ledger.map_err(|error| unanswered(what(), &error, self.look()))?;
            self.looking().insert(name.clone(), looker);
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

    async fn read(&self, environment: &EnvironmentSettings, looker: &mut Looker) -> Result<Ledger, Error> {
        let key = lock::key(&self.0.settings.id, &environment.environment.name);
        let begin = format!(
            "begin transaction isolation level repeatable read read only; \
             set local statement_timeout = {}",
            self.look().as_millis().max(1)
        );
        let Looker { session, known } = looker;
        // Taken out: what a look that failed half-way leaves behind is not relied on.
        let before = known.take();
        let texts = &self.0.texts;
        let (ledger, read) = session
            .run(|client| async move {
                let read = Box::pin(read(client, &begin, key, before, texts)).await;
                // Also after an error, so that the connection can be used again.
                let ended = client.batch_execute("rollback").await;
                let read = read?;
                ended.map(|()| read)
            })
            .await?;
        *known = read;
        Ok(ledger)
    }
}

async fn read(
    client: &Client,
    begin: &str,
    key: i64,
    before: Option<Known>,
    texts: &Texts,
) -> Result<(Ledger, Option<Known>), Error> {
    let ((), now) = try_join(client.batch_execute(begin), Tables::find(client)).await?;
    let rows = async {
        match now.changelog {
            Some(table) => table.rows(client, before, texts).await,
            None => Ok((Rows::default(), None)),
        }
    };
    let held = async { if now.has_lock { client.query_typed_opt(LOCK, &[]).await } else { Ok(None) } };
    let ((rows, known), held, promoting) = try_join3(rows, held, lock::holder(client, key)).await?;
    let lock = match held {
        Some(held) => LockState::Held {
            by: held.try_get::<_, Option<String>>(0)?.unwrap_or_else(|| "somebody".to_owned()),
            since: time(&held, 1)?,
        },
        None => LockState::Free,
    };
    Ok((Ledger { rows, lock, promoting: promoting.map(|holder| holder.name) }, known))
}

/// A time without a zone, which counts as if it were UTC; `None` where there is none, or one beyond all calendars.
pub(super) fn time(row: &Row, column: usize) -> Result<Option<Timestamp>, Error> {
    let time: Option<SystemTime> = row.try_get(column)?;
    Ok(time.and_then(|time| Timestamp::try_from(time).ok()))
}
