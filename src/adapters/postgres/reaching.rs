//! The way to a server: where it is and who logs in, as AWS knows it, and the session that is opened with that.
//!
//! A password may be changed at any time, by its rotation for example. What was found out is kept until the server
//! refuses it; then the secret is asked again, once, and the connection is tried again.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error, NoTls};

use super::encryption::Encrypted;
use super::{Databases, Session};
use crate::adapters::aws::{Aws, DatabaseServer};
use crate::config::LoginSettings;
use crate::domain::environment::Environment;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::lock::LOOKER;
use crate::domain::secret::Secret;

/// What was found out so far about reaching the server.
#[derive(Default)]
pub(super) struct Access {
    server: Option<DatabaseServer>,
    login: Option<Login>,
}

/// Who logs in.
#[derive(Clone, PartialEq, Eq)]
struct Login {
    user: String,
    password: Secret,
}

/// Everything that a child process needs to know to make a connection.
pub(in crate::adapters) struct Coordinates {
    /// The host.
    pub(in crate::adapters) host: String,
    /// The port.
    pub(in crate::adapters) port: u16,
    /// The user.
    pub(in crate::adapters) user: String,
    /// The password.
    pub(in crate::adapters) password: Secret,
    /// How the connection is encrypted.
    pub(in crate::adapters) encrypted: Encrypted,
    /// How long the server may take to let somebody in.
    pub(in crate::adapters) patience: Duration,
}

/// Where a session was to be opened, and as whom.
pub(super) struct Attempt {
    /// The host.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The user.
    pub(super) user: String,
    /// The database.
    pub(super) database: String,
    /// The secret was asked again, because the server had refused what it said, and it said the same.
    pub(super) is_asked_again: bool,
}

/// Why no session was opened.
pub(super) enum Unopened {
    /// It was not tried.
    Untried(Failure),
    /// The driver or the server says why.
    Refused(Error),
    /// Nobody answered for so long.
    Late(Duration),
}

impl Databases {
    /// How a child process reaches the database of an environment. A session is opened before, so that what is told
    /// is what the server takes at this moment, and a connection that cannot be made is told in lockstep's words.
    pub(in crate::adapters) async fn coordinates(
        &self,
        environment: &Environment,
    ) -> Result<Coordinates, Failure> {
        drop(self.connect(environment, LOOKER).await?);
        let (server, login) = self.way(environment).await?;
        let encrypted = self.0.encryption.for_child(&self.0.settings.database.encryption)?;
        let DatabaseServer { host, port, .. } = server;
        let Login { user, password } = login;
        Ok(Coordinates { host, port, user, password, encrypted, patience: self.look() })
    }

    /// Opens a session called `name`.
    pub(super) async fn connect(&self, environment: &Environment, name: &str) -> Result<Session, Failure> {
        let (server, login) = self.way(environment).await?;
        let mut attempt = Attempt {
            host: server.host.clone(),
            port: server.port,
            user: login.user.clone(),
            database: environment.database.clone(),
            is_asked_again: false,
        };
        let unopened = match Box::pin(self.open(name, &attempt, &login.password)).await {
            Ok(session) => return Ok(session),
            Err(unopened) => unopened,
        };
        if !unopened.is_login_refused() {
            if unopened.is_elsewhere() {
                self.access(environment, |access| access.server = None);
            }
            return Err(self.unreachable(environment, &attempt, unopened));
        }
        self.forget(environment, &login);
        let (_, renewed) = self.way(environment).await?;
        if renewed == login {
            self.forget(environment, &login);
            attempt.is_asked_again = true;
            return Err(self.unreachable(environment, &attempt, unopened));
        }
        attempt.user.clone_from(&renewed.user);
        Box::pin(self.open(name, &attempt, &renewed.password)).await.map_err(|unopened| {
            self.forget(environment, &renewed);
            self.unreachable(environment, &attempt, unopened)
        })
    }

    /// Where the server is and who logs in there; asked once, until something turns out wrong.
    async fn way(&self, environment: &Environment) -> Result<(DatabaseServer, Login), Failure> {
        let aws = self.aws(environment);
        let (server, login) =
            self.access(environment, |access| (access.server.clone(), access.login.clone()));
        let server = match server {
            Some(server) => server,
            None => Box::pin(aws.database_server()).await?,
        };
        let login = match login {
            Some(login) => login,
            None => Box::pin(self.fetch_login(aws, server.secret.as_deref())).await?,
        };
        self.access(environment, |access| {
            access.server = Some(server.clone());
            access.login = Some(login.clone());
        });
        Ok((server, login))
    }

    /// AWS as the environment reaches it. A scratch database stands beside the first one.
    fn aws(&self, environment: &Environment) -> &Aws {
        let settings = &self.0.settings;
        let known = settings.environment(&environment.name).or_else(|| settings.environments.first());
        self.0.clouds.by(known.map_or(&settings.aws, |known| &known.aws))
    }

    /// Makes sure that whoever logs in can be found out. Who that is stays here.
    pub(super) async fn try_login(&self, aws: &Aws) -> Result<(), Failure> {
        let managed = match self.0.settings.database.login {
            LoginSettings::Managed => Box::pin(aws.database_server()).await?.secret,
            LoginSettings::Secret(_) | LoginSettings::Secrets { .. } => None,
        };
        self.fetch_login(aws, managed.as_deref()).await.map(drop)
    }

    /// Who logs in; `managed` is the secret that RDS keeps itself, if it keeps one.
    async fn fetch_login(&self, aws: &Aws, managed: Option<&str>) -> Result<Login, Failure> {
        let settings = &self.0.settings.database;
        let (user, password) = match &settings.login {
            LoginSettings::Managed => {
                let secret = managed.ok_or_else(|| not_managed(&settings.instance))?;
                aws.login(secret).await?
            }
            LoginSettings::Secret(secret) => aws.login(secret).await?,
            LoginSettings::Secrets { username, password } => {
                let user = aws.secret(username, "username").await?;
                (user.reveal().to_owned(), aws.secret(password, "password").await?)
            }
        };
        self.0.redactor.learn(&password);
        Ok(Login { user, password })
    }

    async fn open(&self, name: &str, attempt: &Attempt, password: &Secret) -> Result<Session, Unopened> {
        let mut config = Config::new();
        config
            .host(&attempt.host)
            .port(attempt.port)
            .user(&attempt.user)
            .password(password.reveal())
            .dbname(&attempt.database)
            .application_name(name);
        let encryption = &self.0.settings.database.encryption;
        let connector = self.0.encryption.connector(encryption).map_err(Unopened::Untried)?;
        // The driver's own limit ends with TCP; a server can fall silent in the middle of TLS or of logging in.
        let limit = self.connecting();
        let opened = timeout(limit, async {
            match connector {
                None => {
                    config.ssl_mode(SslMode::Disable);
                    let (client, connection) = config.connect(NoTls).await?;
                    Ok(Session { client, connection: Box::pin(connection) })
                }
                Some(tls) => {
                    config.ssl_mode(SslMode::Require);
                    let (client, connection) = config.connect(tls).await?;
                    Ok(Session { client, connection: Box::pin(connection) })
                }
            }
        });
        opened.await.map_err(|_| Unopened::Late(limit))?.map_err(Unopened::Refused)
    }

    /// How long a server may take to let somebody in: less than a look, so that the look can say what was slow.
    fn connecting(&self) -> Duration {
        self.look() * 2 / 3
    }

    /// Forgets a login that was refused, unless another one is known by now.
    fn forget(&self, environment: &Environment, refused: &Login) {
        self.access(environment, |access| access.login.take_if(|login| login == refused));
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
}

impl Unopened {
    /// True when the server does not take this user with this password.
    pub(super) fn is_login_refused(&self) -> bool {
        const REFUSED: [SqlState; 2] =
            [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
        match self {
            Self::Refused(error) => error.code().is_some_and(|state| REFUSED.contains(state)),
            Self::Untried(_) | Self::Late(_) => false,
        }
    }

    /// True when the server may be somewhere else by now.
    fn is_elsewhere(&self) -> bool {
        match self {
            Self::Refused(error) => error.as_db_error().is_none(),
            Self::Late(_) => true,
            Self::Untried(_) => false,
        }
    }
}

fn not_managed(instance: &str) -> Failure {
    Failure::new(FailureKind::Configuration, format!("could not find the password of {instance}"))
        .because("RDS does not manage it: the instance has no MasterUserSecret")
        .hint("Let RDS manage it (`manage_master_user_password`), or name its secret: [database] secret.")
}
