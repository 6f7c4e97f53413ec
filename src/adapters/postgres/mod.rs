//! The databases themselves: a connection per question asked of them, kept open for the next one.
//!
//! Nothing here writes, but that a scratch database is made and dropped, and that a stale lock is let go. A connection is driven beside the work that uses it; no task is spawned for it.

mod encryption;
mod greeting;
mod ledger;
mod lock;
mod locks;
mod pool;
mod reaching;
mod release;
mod rows;
mod schema;
mod scratch;
mod trail;
mod unreachable;
mod visit;
mod watch;

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use self::encryption::Encryption;
use self::ledger::Looker;
use self::reaching::Access;
use self::rows::Texts;
use super::aws::Clouds;
use super::redact::Redactor;
use super::report::seconds;
use crate::config::{AwsSettings, Settings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::{EnvironmentName, RunId};

#[cfg(test)]
pub(super) use encryption::Encrypted;
pub(super) use greeting::{Greeting, Place};
pub(super) use reaching::Coordinates;
pub(super) use scratch::Scratch;
pub(super) use watch::{Seen, Watch};

/// How many ledgers are looked at at the same time.
const TURNS: usize = 16;

/// The databases of one instance. Cheap to clone; clones share connections and what was found out.
#[derive(Clone)]
pub(super) struct Databases(Arc<Parts>);

struct Parts {
    settings: Arc<Settings>,
    clouds: Clouds,
    redactor: Redactor,
    /// One for each way to reach AWS.
    access: Mutex<Vec<(AwsSettings, Access)>>,
    encryption: Encryption,
    /// A connection per database, open for the next look, with what the last one read.
    looking: Mutex<HashMap<EnvironmentName, Looker>>,
    texts: Texts,
    /// A turn for every look that may go on at the same time.
    turns: Semaphore,
    /// A connection per database, open for the next look at its schema.
    reading: Mutex<HashMap<EnvironmentName, schema::Reading>>,
    /// Sessions that hold lockstep's lock. They need no attention while they do; whoever asks one has it alone.
    locks: Mutex<HashMap<RunId, Held>>,
}

/// A session that holds lockstep's lock, until the last one who has it lets it go.
type Held = Arc<tokio::sync::Mutex<Session>>;

/// An open connection, with the half of it that has to be driven.
struct Session {
    client: Client,
    connection: Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>,
}

impl Databases {
    /// The databases as `settings` describe them. Nothing is asked before the first call.
    pub(super) fn new(settings: Arc<Settings>, clouds: Clouds, redactor: Redactor) -> Self {
        Self(Arc::new(Parts {
            settings,
            clouds,
            redactor,
            access: Mutex::default(),
            encryption: Encryption::default(),
            looking: Mutex::default(),
            reading: Mutex::default(),
            texts: Texts::default(),
            turns: Semaphore::new(TURNS),
            locks: Mutex::default(),
        }))
    }

    fn look(&self) -> Duration {
        self.0.settings.deadlines.look
    }

    fn looking(&self) -> MutexGuard<'_, HashMap<EnvironmentName, Looker>> {
        self.0.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> MutexGuard<'_, HashMap<EnvironmentName, schema::Reading>> {
        self.0.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<RunId, Held>> {
        self.0.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Drives the connection until `work` with its client is done.
    async fn run<'a, T, W>(
        &'a mut self,
        work: impl FnOnce(&'a Client) -> W,
    ) -> Result<T, tokio_postgres::Error>
    where
        W: Future<Output = Result<T, tokio_postgres::Error>> + 'a,
    {
        let mut work = pin!(work(&self.client));
        tokio::select! {
            biased;
            result = &mut work => result,
            // The connection ended first: the work is told so through its own channel, unless this says more.
            end = &mut self.connection => match end {
                Ok(()) => work.await,
                Err(error) => Err(error),
            },
        }
    }
}

/// Adds what the server or the driver says, without the driver's own envelope.
fn because_of(failure: Failure, error: &tokio_postgres::Error) -> Failure {
    match error.as_db_error() {
        Some(error) => {
            let failure = failure.because(error.message());
            error.detail().into_iter().fold(failure, Failure::because)
        }
        None => failure.because_of(error),
    }
}

/// A failure of a question that was asked on an open connection.
fn unanswered(what: String, error: &tokio_postgres::Error, deadline: Duration) -> Failure {
    let failure = because_of(Failure::new(FailureKind::Unavailable, what), error);
    match error.code() {
        Some(state) if *state == SqlState::QUERY_CANCELED => failure.hint(format!(
            "The database took longer than {}; look what keeps it busy or locked.",
            seconds(deadline)
        )),
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => failure
            .with_kind(FailureKind::Configuration)
            .hint("Let the user read databasechangelog and databasechangeloglock."),
        // What one session has prepared, another one was lent.
        Some(state)
            if [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT].contains(state) =>
        {
            failure.with_kind(FailureKind::Configuration).hint(
                "A connection pool in transaction mode does this: connect to the server itself, or to a pool in \
                 session mode.",
            )
        }
        _ => failure.hint("Look whether the database is up, and try again."),
    }
}

/// True when the connection is of no use any more, and a new one may do.
fn is_connection_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error.code().is_none()
        || matches!(
            error.code(),
            Some(state) if [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(state)
        )
}
