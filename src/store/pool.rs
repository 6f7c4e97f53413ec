//! A handful of database connections that are lent out one at a time.
//!
//! A connection comes back to the pool only when its borrower says it is clean; one that failed, timed out or was
//! abandoned half-way is closed, and the next borrower gets a new one. Nothing is retried here.

use super::settings::DatabaseSettings;
use super::tls::Encryption;
use std::error::Error as _;
use std::fmt::Write as _;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

/// How long each step of borrowing and asking may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For a connection to come up, sign-in included.
    pub(super) connect: Duration,
    /// For a statement, after which the server ends it.
    pub(super) statement: Duration,
    /// For a seat to become free.
    pub(super) seat: Duration,
}

/// Lends connections to one database, never more than it has seats.
pub(super) struct Pool {
    config: Config,
    encryption: Encryption,
    idle: Mutex<Vec<Client>>,
    seats: Semaphore,
    limits: Limits,
}

/// A borrowed connection; dropping it closes the connection, [`Lease::give_back`] keeps it for the next one.
pub(super) struct Lease<'pool> {
    client: Client,
    pool: &'pool Pool,
    _seat: SemaphorePermit<'pool>,
}

/// Says why the database gave no answer that can be used.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum DatabaseError {
    /// Nothing came back: no connection, a lost one, or too slow.
    #[error("database does not answer: {0}")]
    Silent(String),
    /// The database answered with an error; whatever was asked did not happen.
    #[error("database refused: {reason}")]
    Refused {
        /// The database's own words.
        reason: String,
        /// Says whether a table or column is missing, that is, the schema is not what this release needs.
        schema: bool,
    },
}

impl Pool {
    /// Makes a pool of `seats` connections; connects to nothing yet.
    pub(super) fn new(database: &DatabaseSettings, seats: usize, limits: Limits) -> Self {
        let mut config = Config::new();
        config
            .host(&database.host)
            .port(database.port)
            .dbname(&database.name)
            .user(&database.username)
            .password(database.password.reveal())
            .application_name("bagel-store")
            .ssl_mode(database.encryption.mode())
            .connect_timeout(limits.connect)
            .tcp_user_timeout(Duration::from_secs(10))
            .options(format!("-c statement_timeout={}", limits.statement.as_millis()));
        Self {
            config,
            encryption: database.encryption.clone(),
            idle: Mutex::new(Vec::new()),
            seats: Semaphore::new(seats),
            limits,
        }
    }

    /// Borrows a connection, a new one if no living one is idle.
    pub(super) async fn borrow(&self) -> Result<Lease<'_>, DatabaseError> {
        let Ok(Ok(seat)) = timeout(self.limits.seat, self.seats.acquire()).await else {
            return Err(DatabaseError::Silent("every connection is busy".to_owned()));
        };
        let client = match self.idle_client() {
            Some(client) => client,
            None => self.connect().await?,
        };
        Ok(Lease { client, pool: self, _seat: seat })
    }

    fn idle_client(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    async fn connect(&self) -> Result<Client, DatabaseError> {
        let (client, connection) =
            timeout(self.limits.connect, self.config.connect(self.encryption.connector()))
                .await
                .map_err(|_| DatabaseError::Silent("it took too long to connect".to_owned()))?
                .map_err(|why| DatabaseError::Silent(in_words(&why)))?;
        // Its errors also reach whoever uses the client.
        tokio::spawn(async move { connection.await.ok() });
        Ok(client)
    }
}

impl Lease<'_> {
    /// Returns the connection to the pool: nothing is running on it and no transaction is open.
    pub(super) fn give_back(self) {
        if !self.client.is_closed() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.client);
        }
    }
}

impl Deref for Lease<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl DatabaseError {
    /// Says whether it is unknown what became of the statement that failed.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Silent(_))
    }
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            // The server closes the connection with these, so nobody knows how far it came.
            Some(refusal)
                if [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(refusal.code()) =>
            {
                Self::Silent(refusal.message().to_owned())
            }
            Some(refusal) => Self::Refused {
                reason: refusal.message().to_owned(),
                schema: [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN].contains(refusal.code()),
            },
            None => Self::Silent(in_words(&error)),
        }
    }
}

/// Waits for `work` no longer than `limit`, for a database that neither answers nor hangs up.
pub(super) async fn within<T, E: From<DatabaseError>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(DatabaseError::Silent(format!("no answer within {} s", limit.as_secs_f32())).into()),
    }
}

/// Joins an error with its causes, because the driver's own text names only the step.
fn in_words(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return refusal.message().to_owned();
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        write!(words, ": {inner}").ok();
        cause = inner.source();
    }
    words
}
