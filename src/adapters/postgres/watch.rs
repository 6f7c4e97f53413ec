//! Watching `databasechangelog` while Liquibase runs: every row that is new, exactly once, and the way to stop a
//! run without leaving its lock behind.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Error};

use super::{Databases, Session, rows, unanswered};
use crate::adapters::report::{StepReport, within};
use crate::config::EnvironmentSettings;
use crate::domain::changelog::ChangesetId;
use crate::domain::failure::Failure;
use crate::domain::names::RunId;

/// Between two looks. Liquibase commits row by row, a few milliseconds each.
const PERIOD: Duration = Duration::from_millis(150);

/// The rows that come into `databasechangelog` from now on.
pub(in crate::adapters) struct Watch<'a> {
    databases: &'a Databases,
    environment: &'a EnvironmentSettings,
    run: &'a RunId,
    session: Option<Session>,
    newest: i32,
    seen: usize,
}

impl<'a> Watch<'a> {
    /// Begins to watch: notes which rows are there already.
    pub(in crate::adapters) async fn begin(
        databases: &'a Databases,
        environment: &'a EnvironmentSettings,
        run: &'a RunId,
    ) -> Result<Self, Failure> {
        let mut watch = Self { databases, environment, run, session: None, newest: 0, seen: 0 };
        let rows = watch.rows().await?;
        watch.newest = rows.last().map_or(0, |(order, _)| *order);
        Ok(watch)
    }

    /// How many rows of this run were seen.
    pub(in crate::adapters) fn seen(&self) -> usize {
        self.seen
    }

    /// Reports new rows until it is dropped. What cannot be read now is read by a later look.
    pub(in crate::adapters) async fn follow(&mut self, step: &StepReport) -> Infallible {
        loop {
            sleep(PERIOD).await;
            self.look(step).await.ok();
        }
    }

    /// Reports the rows that are new since the last look.
    pub(in crate::adapters) async fn look(&mut self, step: &StepReport) -> Result<(), Failure> {
        for (order, id) in self.rows().await? {
            step.applied(id).await;
            // Noted one by one, so that a look that is dropped half-way reports nothing twice.
            self.newest = order;
            self.seen += 1;
        }
        Ok(())
    }

    /// Cancels what the run's sessions do at the moment. Liquibase then rolls back, releases its lock and ends.
    pub(in crate::adapters) async fn cancel(&mut self) {
        let (run, look) = (self.run.as_str().to_owned(), self.databases.look());
        let cancelled = self.on_session(async move |client| {
            let sql = "select pg_cancel_backend(pid) from pg_stat_activity \
                       where application_name = $1 and state <> 'idle' and pid <> pg_backend_pid()";
            client.query(sql, &[&run]).await.map(drop)
        });
        timeout(look, cancelled).await.ok();
    }

    async fn rows(&mut self) -> Result<Vec<(i32, ChangesetId)>, Failure> {
        let newest = self.newest;
        let (look, name) = (self.databases.look(), &self.environment.environment.name);
        let what = || format!("could not read the ledger of {name}");
        within(look, what, self.on_session(async move |client| since(client, newest).await)).await
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

async fn since(client: &Client, newest: i32) -> Result<Vec<(i32, ChangesetId)>, Error> {
    let exists = client.query_one("select to_regclass('databasechangelog') is not null", &[]).await?;
    if !exists.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let sql = "select filename, id, author, orderexecuted from databasechangelog \
               where orderexecuted > $1 order by orderexecuted";
    let rows = client.query(sql, &[&newest]).await?;
    rows.iter().map(|row| Ok((row.try_get(3)?, rows::id(row)?))).collect()
}
