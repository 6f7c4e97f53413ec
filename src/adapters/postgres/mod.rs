//! The databases themselves: a connection per question asked of them, kept open for the next one.
//!
//! Nothing here writes, but that a scratch database is made and dropped, and that a stale lock is let go. A connection is driven beside the work that uses it; no task is spawned for it.

mod greeting;
mod ledger;
mod lock;
mod locks;
mod release;
mod rows;
mod schema;
mod scratch;
mod trail;
mod visit;
mod watch;

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::ledger::Looker;
use self::rows::Texts;
use super::aws::{Aws, Clouds};
use super::redact::Redactor;
use super::report::seconds;
use crate::config::{AwsSettings, Settings};
use crate::domain::environment::Environment;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::secret::Secret;

pub(super) use greeting::{Greeting, Place};
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

/// What was found out so far about reaching the server.
#[derive(Default)]
struct Access {
    place: Option<(String, u16)>,
    login: Option<(String, Secret)>,
}

/// Everything that a connection, or a child process that makes one, needs to know.
pub(super) struct Coordinates {
    /// The host.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The user.
    pub(super) user: String,
    /// The password.
    pub(super) password: Secret,
}

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
            looking: Mutex::default(),
            reading: Mutex::default(),
            texts: Texts::default(),
            turns: Semaphore::new(TURNS),
            locks: Mutex::default(),
        }))
    }

    /// Where the server is and how to log in, as AWS knows it; asked once, until something turns out wrong.
    pub(super) async fn coordinates(&self, environment: &Environment) -> Result<Coordinates, Failure> {
        let aws = self.aws(environment);
        let (place, login) = self.access(environment, |access| (access.place.clone(), access.login.clone()));
        let (host, port) = match place {
            Some(place) => place,
            None => Box::pin(aws.database_place()).await?,
        };
        let (user, password) = match login {
            Some(login) => login,
            None => Box::pin(self.fetch_login(aws)).await?,
        };
        self.access(environment, |access| {
            access.place = Some((host.clone(), port));
            access.login = Some((user.clone(), password.clone()));
        });
        Ok(Coordinates { host, port, user, password })
    }

    /// AWS as the environment reaches it. A scratch database stands beside the first one.
    fn aws(&self, environment: &Environment) -> &Aws {
        let settings = &self.0.settings;
        let known = settings.environment(&environment.name).or_else(|| settings.environments.first());
        self.0.clouds.by(known.map_or(&settings.aws, |known| &known.aws))
    }

    async fn fetch_login(&self, aws: &Aws) -> Result<(String, Secret), Failure> {
        let settings = &self.0.settings.database;
        let user = aws.secret(&settings.username_secret, "username").await?;
        let password = aws.secret(&settings.password_secret, "password").await?;
        self.0.redactor.learn(&password);
        Ok((user.reveal().to_owned(), password))
    }

    /// Opens a session called `name`. A login that is refused is fetched once more: it may have been changed.
    async fn connect(&self, environment: &Environment, name: &str) -> Result<Session, Failure> {
        let coordinates = self.coordinates(environment).await?;
        let error = match Box::pin(self.open(environment, name, &coordinates)).await? {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        if !is_login_refused(&error) {
            if error.as_db_error().is_none() {
                self.access(environment, |access| access.place = None);
            }
            return Err(self.unreachable(environment, &coordinates, &error));
        }
        self.access(environment, |access| access.login = None);
        let coordinates = self.coordinates(environment).await?;
        Box::pin(self.open(environment, name, &coordinates)).await?.map_err(|error| {
            self.access(environment, |access| access.login = None);
            self.unreachable(environment, &coordinates, &error)
        })
    }

    async fn open(
        &self,
        environment: &Environment,
        name: &str,
        coordinates: &Coordinates,
    ) -> Result<Result<Session, tokio_postgres::Error>, Failure> {
        let mut config = Config::new();
        config
            .host(&coordinates.host)
            .port(coordinates.port)
            .user(&coordinates.user)
            .password(coordinates.password.reveal())
            .dbname(&environment.database)
            .application_name(name)
            .connect_timeout(self.look());
        let Some(bundle) = &self.0.settings.database.ca_bundle else {
            config.ssl_mode(SslMode::Disable);
            return Ok(config
                .connect(NoTls)
                .await
                .map(|(client, connection)| Session { client, connection: Box::pin(connection) }));
        };
        config.ssl_mode(SslMode::Require);
        let tls = MakeRustlsConnect::new(super::tls::trusting(bundle)?);
        Ok(config
            .connect(tls)
            .await
            .map(|(client, connection)| Session { client, connection: Box::pin(connection) }))
    }

    fn unreachable(
        &self,
        environment: &Environment,
        coordinates: &Coordinates,
        error: &tokio_postgres::Error,
    ) -> Failure {
        let what = format!("could not connect to the database of {}", environment.name);
        let Coordinates { host, port, user, .. } = coordinates;
        let place = format!("{}:{port}/{}", host, environment.database);
        let settings = &self.0.settings.database;
        let state = error.code();
        let failure = because_of(Failure::new(FailureKind::Unavailable, what), error);
        if is_login_refused(error) {
            let hint =
                format!("Correct the secrets {} and {}.", settings.username_secret, settings.password_secret);
            let failure = failure.because(format!("{user} may not log in to {place}"));
            return failure.with_kind(FailureKind::Configuration).hint(hint);
        }
        let failure = failure.because(format!("the address is {place}"));
        if state == Some(&SqlState::INVALID_CATALOG_NAME) {
            let hint = "Create the database, or correct [[environment]] database.";
            failure.with_kind(FailureKind::Configuration).hint(hint)
        } else if settings.ca_bundle.is_some() {
            failure
                .hint("Check security group, network and VPN, and that [database] ca_bundle fits the server.")
        } else {
            failure.hint(
                "Check security group, network and VPN; a server that asks for TLS needs [database] ca_bundle.",
            )
        }
    }

    fn look(&self) -> Duration {
        self.0.settings.deadlines.look
    }

    /// Reads or writes what was found out about reaching the server of an environment.
    fn access<T>(&self, environment: &Environment, with: impl FnOnce(&mut Access) -> T) -> T {
        let way = self.aws(environment).way();
        let mut all = self.0.access.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|(known, _)| known == way);
        let place = known.unwrap_or_else(|| {
            all.push((way.clone(), Access::default()));
            all.len() - 1
        });
        with(&mut all[place].1)
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
        _ => failure.hint("Look whether the database is up, and try again."),
    }
}

fn is_login_refused(error: &tokio_postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(state) if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(state)
    )
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
