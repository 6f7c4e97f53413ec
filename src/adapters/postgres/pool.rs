//! Telling a session of one's own from one that a connection pool lends out between two transactions.
//!
//! lockstep's lock belongs to a process of the server. `PgBouncer` in transaction or statement mode gives a client
//! another process for every transaction, and the one from before, with the lock, to whoever comes next: two
//! promotions would share one lock. So before a lock is relied on, a second session asks in turns with the first one
//! which process serves it. A pool gives the process that it got back last, which the other has just used; one that
//! goes round all its processes comes to that one within as many turns as this user has processes. Sessions of their
//! own never share one, directly or through a pool in session mode.

use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::{Databases, Session, unanswered};
use crate::domain::environment::Environment;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::lock::LOOKER;

/// Which process serves. Asked in the simple protocol: a prepared statement would be left with a process.
const PROCESS: &str = "select pg_backend_pid()";

/// How many processes this user has in this database.
const PROCESSES: &str = "select count(*) from pg_stat_activity \
     where datname = current_database() and usename = current_user";

/// The most turns that are taken.
const TURNS: usize = 64;

impl Databases {
    /// Fails when `session` is not one process of the server for as long as it lasts; then `what` is not done.
    pub(super) async fn assure_own(
        &self,
        environment: &Environment,
        session: &mut Session,
        what: impl Fn() -> String,
    ) -> Result<(), Failure> {
        let failed = |error: &Error| unanswered(what(), error, self.look());
        let mut other = self.connect(environment, LOOKER).await?;
        let first = session.run(|client| number(client, PROCESS)).await.map_err(|error| failed(&error))?;
        let turns = other.run(|client| number(client, PROCESSES)).await.map_err(|error| failed(&error))?;
        for _ in 0..=turns.min(TURNS) {
            let own = session.run(|client| number(client, PROCESS)).await.map_err(|error| failed(&error))?;
            let others = other.run(|client| number(client, PROCESS)).await.map_err(|error| failed(&error))?;
            if own != first || others == first {
                return Err(lent(what()));
            }
        }
        Ok(())
    }
}

async fn number(client: &Client, sql: &str) -> Result<usize, Error> {
    let messages = client.simple_query(sql).await?;
    let number = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).and_then(|text| text.parse().ok()),
        _ => None,
    });
    Ok(number.unwrap_or_default())
}

fn lent(what: String) -> Failure {
    Failure::new(FailureKind::Configuration, what)
        .because(
            "its address is a connection pool that lends sessions out between two transactions (PgBouncer in \
             transaction or statement mode): a lock would be anybody's",
        )
        .hint("Connect to the server itself, or to a pool in session mode.")
}
