//! Watching `databasechangelog` while Liquibase runs: every row that comes or goes, exactly once, and the way to stop
//! a run without leaving its lock behind.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Error};

use super::{Databases, Session, lock, rows, unanswered};
use crate::adapters::report::{StepReport, within};
use crate::config::EnvironmentSettings;
use crate::domain::changelog::ChangesetId;
use crate::domain::failure::Failure;
use crate::domain::names::RunId;

/// Between two looks. Liquibase commits row by row, a few milliseconds each.
const PERIOD: Duration = Duration::from_millis(150);

/// The rows that come into `databasechangelog`, or go from it, from now on.
pub(in crate::adapters) struct Watch<'a> {
    databases: &'a Databases,
    environment: &'a EnvironmentSettings,
    run: &'a RunId,
    session: Option<Session>,
    /// What is there, by ORDEREXECUTED; what came or went is noted one by one.
    rows: BTreeMap<i32, ChangesetId>,
    seen: Seen,
}

/// How many rows came and went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::adapters) struct Seen {
    /// Rows that are new.
    pub(in crate::adapters) came: usize,
    /// Rows that are gone.
    pub(in crate::adapters) went: usize,
}

impl Seen {
    /// What Liquibase did, for people.
    pub(in crate::adapters) fn words(self) -> String {
        let counted = |count: usize, what: &str| match count {
            1 => format!("1 changeset was {what}"),
            count => format!("{count} changesets were {what}"),
        };
        match self {
            Self { came: 0, went: 0 } => "nothing was pending".to_owned(),
            Self { came, went: 0 } => counted(came, "applied"),
            Self { came: 0, went } => counted(went, "undone"),
            Self { came, went } => format!("{}, {}", counted(came, "applied"), counted(went, "undone")),
        }
    }
}

impl<'a> Watch<'a> {
    /// Begins to watch: notes which rows are there already.
    pub(in crate::adapters) async fn begin(
        databases: &'a Databases,
        environment: &'a EnvironmentSettings,
        run: &'a RunId,
    ) -> Result<Self, Failure> {
        let (rows, seen) = (BTreeMap::new(), Seen::default());
        let mut watch = Self { databases, environment, run, session: None, rows, seen };
        watch.rows = watch.changes().await?.came.into_iter().collect();
        Ok(watch)
    }

    /// How many rows came and went since it began.
    pub(in crate::adapters) fn seen(&self) -> Seen {
        self.seen
    }

    /// Reports what comes and goes until it is dropped. What cannot be read now is read by a later look.
    pub(in crate::adapters) async fn follow(&mut self, step: &StepReport) -> Infallible {
        loop {
            sleep(PERIOD).await;
            self.look(step).await.ok();
        }
    }

    /// Reports what came and went since the last look.
    pub(in crate::adapters) async fn look(&mut self, step: &StepReport) -> Result<(), Failure> {
        let Changes { came, went } = self.changes().await?;
        // Noted one by one, so that a look that is dropped half-way reports nothing twice.
        for (order, id) in came {
            step.applied(id.clone()).await;
            self.rows.insert(order, id);
            self.seen.came += 1;
        }
        for order in went {
            let Some(id) = self.rows.remove(&order) else { continue };
            // A changeset that runs again gets a new number: its old one goes.
            if !self.rows.values().any(|other| *other == id) {
                self.seen.went += 1;
                step.applied(id).await;
            }
        }
        Ok(())
    }

    /// Cancels the statement that the run's sessions execute at the moment; false when there was none. Liquibase then
    /// rolls its changeset back, releases its lock and ends. What it does to its own tables is never cancelled: the
    /// changeset is committed before its row is written.
    pub(in crate::adapters) async fn cancel(&mut self) -> bool {
        let (run, look) = (self.run.as_str().to_owned(), self.databases.look());
        let cancelled = self.on_session(async move |client| {
            let sql = "select pg_cancel_backend(pid) from pg_stat_activity where application_name = $1 \
                       and state = 'active' and query !~* 'databasechangelog' and pid <> pg_backend_pid()";
            client.query(sql, &[&run]).await.map(|rows| !rows.is_empty())
        });
        timeout(look, cancelled).await.is_ok_and(|cancelled| cancelled.unwrap_or(false))
    }

    /// Ends the sessions of the run's Liquibase, which was killed, and once the server has let go of all of them, lets
    /// the lock go that this very run signed; true when it did. The session with lockstep's own lock stays.
    pub(in crate::adapters) async fn clear_away(&mut self) -> bool {
        let (run, look) = (self.run.as_str().to_owned(), self.databases.look());
        let key = lock::key(&self.databases.0.settings.id, &self.environment.environment.name);
        let cleared = self.on_session(async move |client| {
            let sql = "select count(pg_terminate_backend(a.pid)) from pg_stat_activity a \
                       where a.application_name = $1 and not exists (select from pg_locks l \
                       where l.pid = a.pid and l.locktype = 'advisory' and l.objsubid = 1 \
                       and (l.classid::bigint << 32) | l.objid::bigint = $2)";
            while client.query_one(sql, &[&run, &key]).await?.try_get::<_, i64>(0)? > 0 {
                sleep(PERIOD).await;
            }
            // Nothing of it lives any more: neither its process nor a session.
            let sql = "update databasechangeloglock set locked = false, lockgranted = null, lockedby = null \
                       where id = 1 and locked and split_part(split_part(lockedby, ' (', 1), '#', 2) = $1";
            client.execute(sql, &[&run]).await.map(|rows| rows > 0)
        });
        timeout(look, cleared).await.is_ok_and(|cleared| cleared.unwrap_or(false))
    }

    async fn changes(&mut self) -> Result<Changes, Failure> {
        let (count, newest) =
            (self.rows.len(), self.rows.last_key_value().map_or(i32::MIN, |(order, _)| *order));
        let (look, name) = (self.databases.look(), &self.environment.environment.name);
        let what = || format!("could not read the ledger of {name}");
        let read = self.on_session(async move |client| Read::since(client, newest).await);
        let read = within(look, what, read).await?;
        if read.older == count {
            return Ok(Changes { came: read.newer, went: Vec::new() });
        }
        let left = within(look, what, self.on_session(async move |client| orders(client).await)).await?;
        // The highest first: Liquibase undoes from the newest row back.
        let went = self.rows.keys().rev().filter(|order| !left.contains(order)).copied().collect();
        Ok(Changes { came: read.newer, went })
    }

    /// Uses the session, or a new one when there is none; one that failed is dropped.
    async fn on_session<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let environment = &self.environment.environment;
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.databases.connect(environment, &format!("{} watch", self.run)).await?,
        };
        let result = session.run(|client| work(client)).await;
        match result {
            Ok(value) => {
                self.session = Some(session);
                Ok(value)
            }
            Err(error) => {
                let what = format!("could not read the ledger of {}", environment.name);
                Err(unanswered(what, &error, self.databases.look()))
            }
        }
    }
}

/// What is not as it was at the last look.
struct Changes {
    came: Vec<(i32, ChangesetId)>,
    went: Vec<i32>,
}

/// One look at the table.
struct Read {
    newer: Vec<(i32, ChangesetId)>,
    older: usize,
}

impl Read {
    /// The rows above `newest`, and how many there are up to it.
    async fn since(client: &Client, newest: i32) -> Result<Self, Error> {
        if !exists(client).await? {
            return Ok(Self { newer: Vec::new(), older: 0 });
        }
        let sql = "select count(*) from databasechangelog where orderexecuted <= $1";
        let older: i64 = client.query_one(sql, &[&newest]).await?.try_get(0)?;
        let sql = "select filename, id, author, orderexecuted from databasechangelog \
                   where orderexecuted > $1 order by orderexecuted";
        let rows = client.query(sql, &[&newest]).await?;
        let newer = rows.iter().map(|row| Ok((row.try_get(3)?, rows::id(row)?)));
        Ok(Self {
            newer: newer.collect::<Result<_, Error>>()?,
            older: usize::try_from(older).unwrap_or(usize::MAX),
        })
    }
}

async fn orders(client: &Client) -> Result<BTreeSet<i32>, Error> {
    if !exists(client).await? {
        return Ok(BTreeSet::new());
    }
    let rows = client.query("select orderexecuted from databasechangelog", &[]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

async fn exists(client: &Client) -> Result<bool, Error> {
    client.query_one("select to_regclass('databasechangelog') is not null", &[]).await?.try_get(0)
}
