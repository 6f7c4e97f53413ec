//! Who answers at a database, and as whom a session is there: the whole of what `connect` asks.

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::{Databases, Session, because_of, unanswered};
use crate::adapters::report::within;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::domain::secret::Secret;

/// What the sessions that ask are called.
const NAME: &str = "lockstep connect";

/// What was answered.
pub(in crate::adapters) struct Greeting {
    /// The version of the server.
    pub(in crate::adapters) server: String,
    /// The user of the session.
    pub(in crate::adapters) user: String,
    /// The database.
    pub(in crate::adapters) database: String,
    /// The version of TLS, where the session is encrypted.
    pub(in crate::adapters) tls: Option<String>,
}

/// A database that is not one of an environment.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Place {
    host: String,
    port: u16,
    database: String,
    user: Option<String>,
    password: Option<Secret>,
}

impl Place {
    /// Reads an address as Java writes it: `jdbc:postgresql://host:port/database?user=…`.
    pub(in crate::adapters) fn read(
        url: &str,
        user: Option<String>,
        password: Option<Secret>,
    ) -> Result<Self, Failure> {
        let wrong = |because: &str| {
            Failure::new(FailureKind::Usage, "the address of the database cannot be used")
                .because(because)
                .hint("It is like `jdbc:postgresql://host:5432/database`.")
        };
        let rest = url.strip_prefix("jdbc:postgresql://").ok_or_else(|| {
            wrong("lockstep connects to PostgreSQL, by an address that begins with `jdbc:postgresql://`")
        })?;
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (server, database) = place.split_once('/').ok_or_else(|| wrong("it names no database"))?;
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong("its port is no number"))?)
            }
            _ => (server, 5432),
        };
        let parameter = |name: &str| {
            let mut pairs = parameters.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        if host.is_empty() || database.is_empty() {
            return Err(wrong("it names no server, or no database"));
        }
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            database: database.to_owned(),
            user: user.or_else(|| parameter("user")),
            password: password.or_else(|| parameter("password").map(Secret::new)),
        })
    }
}

impl Databases {
    /// Asks who answers at the database of an environment.
    pub(in crate::adapters) async fn greet(&self, name: &EnvironmentName) -> Result<Greeting, Failure> {
        let what = || format!("could not connect to the database of {name}");
        let environment = self.0.settings.environment(name);
        let environment = environment.ok_or_else(|| Failure::new(FailureKind::Configuration, what()))?;
        within(self.look(), what, async {
            let mut session = self.connect(&environment.environment, NAME).await?;
            let asked = session.run(ask).await;
            asked.map_err(|error| unanswered(what(), &error, self.look()))
        })
        .await
    }

    /// The same at any other place. It is not encrypted: lockstep trusts no certificates there.
    pub(in crate::adapters) async fn greet_at(&self, place: &Place) -> Result<Greeting, Failure> {
        let what = || format!("could not connect to {}:{}/{}", place.host, place.port, place.database);
        let failed = |error: &Error| {
            because_of(Failure::new(FailureKind::Unavailable, what()), error)
                .hint("Check the address, the user and the password.")
        };
        let mut config = Config::new();
        config.host(&place.host).port(place.port).dbname(&place.database).application_name(NAME);
        config.ssl_mode(SslMode::Disable).connect_timeout(self.look());
        if let Some(user) = &place.user {
            config.user(user);
        }
        if let Some(password) = &place.password {
            config.password(password.reveal());
        }
        within(self.look(), what, async {
            let (client, connection) = config.connect(NoTls).await.map_err(|error| failed(&error))?;
            let mut session = Session { client, connection: Box::pin(connection) };
            session.run(ask).await.map_err(|error| failed(&error))
        })
        .await
    }
}

async fn ask(client: &Client) -> Result<Greeting, Error> {
    let sql = "select current_setting('server_version'), current_user::text, current_database()::text, \
               (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl)";
    let row = client.query_one(sql, &[]).await?;
    Ok(Greeting {
        server: row.try_get(0)?,
        user: row.try_get(1)?,
        database: row.try_get(2)?,
        tls: row.try_get(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_java_writes_it() {
        let read = |url: &str| Place::read(url, None, None).map_err(|failure| failure.because.join("; "));
        let place = read("jdbc:postgresql://[::1]:6543/dev?user=app&ssl=true").unwrap();
        assert_eq!((place.host.as_str(), place.port, place.database.as_str()), ("::1", 6543, "dev"));
        assert_eq!(place.user.as_deref(), Some("app"));
        assert_eq!(read("jdbc:postgresql://db/dev").unwrap().port, 5432);
        for (url, because) in [
            ("jdbc:mysql://db/dev", "lockstep connects to PostgreSQL"),
            ("jdbc:postgresql://db", "it names no database"),
            ("jdbc:postgresql://db:x/dev", "its port is no number"),
            ("jdbc:postgresql:///dev", "it names no server"),
        ] {
            assert!(read(url).unwrap_err().starts_with(because), "{url}");
        }
    }
}
