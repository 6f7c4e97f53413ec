//! Who answers at a database, and as whom a session is there: the whole of what `connect` asks.

use std::path::PathBuf;

use reqwest::Url;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Databases, Session, because_of, unanswered};
use crate::adapters::report::within;
use crate::adapters::tls;
use crate::config::{EncryptionSettings, TrustSettings};
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
    encryption: EncryptionSettings,
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
        let parameters = Url::parse(&format!("parameters:?{parameters}")).ok();
        let parameter = |name: &str| {
            let mut pairs = parameters.as_ref()?.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if host.is_empty() || database.is_empty() {
            return Err(wrong("it names no server, or no database"));
        }
        let encryption = encryption(
            parameter("sslmode").as_deref(),
            parameter("ssl").is_some_and(|ssl| ssl.is_empty() || ssl == "true"),
            parameter("sslrootcert").map(PathBuf::from),
        );
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            database: database.to_owned(),
            user: user.or_else(|| parameter("user")),
            password: password.or_else(|| parameter("password").map(Secret::new)),
            encryption: encryption.map_err(wrong)?,
        })
    }
}

/// What an address says of encryption. Where Java would look for encryption and do without it (`prefer`, which is what
/// it does when nothing is said), lockstep does without.
fn encryption(
    mode: Option<&str>,
    is_on: bool,
    bundle: Option<PathBuf>,
) -> Result<EncryptionSettings, &'static str> {
    let trust = || bundle.map(TrustSettings::Bundle).ok_or("it names no sslrootcert to check the server by");
    match mode {
        Some("require") => Ok(EncryptionSettings::Require),
        Some("verify-ca") => Ok(EncryptionSettings::VerifyCa(trust()?)),
        Some("verify-full") => Ok(EncryptionSettings::VerifyFull(trust()?)),
        None if is_on => Ok(EncryptionSettings::VerifyFull(trust()?)),
        None | Some("disable" | "allow" | "prefer") => Ok(EncryptionSettings::Disable),
        Some(_) => Err("its sslmode is none that PostgreSQL knows"),
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

    /// The same at any other place, encrypted as its address says.
    pub(in crate::adapters) async fn greet_at(&self, place: &Place) -> Result<Greeting, Failure> {
        let what = || format!("could not connect to {}:{}/{}", place.host, place.port, place.database);
        let failed = |error: &Error| {
            because_of(Failure::new(FailureKind::Unavailable, what()), error)
                .hint("Check the address, the user and the password.")
        };
        let mut config = Config::new();
        config.host(&place.host).port(place.port).dbname(&place.database).application_name(NAME);
        config.connect_timeout(self.look());
        if let Some(user) = &place.user {
            config.user(user);
        }
        if let Some(password) = &place.password {
            config.password(password.reveal());
        }
        within(self.look(), what, async {
            let tls = tls::client(&place.encryption)?.map(MakeRustlsConnect::new);
            let mut session = match tls {
                None => {
                    config.ssl_mode(SslMode::Disable);
                    let opened = config.connect(NoTls).await;
                    let (client, connection) = opened.map_err(|error| failed(&error))?;
                    Session { client, connection: Box::pin(connection) }
                }
                Some(tls) => {
                    config.ssl_mode(SslMode::Require);
                    let opened = config.connect(tls).await;
                    let (client, connection) = opened.map_err(|error| failed(&error))?;
                    Session { client, connection: Box::pin(connection) }
                }
            };
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
        let place =
            read("jdbc:postgresql://[::1]:6543/dev?user=app&ssl=true&sslrootcert=%2Fmy%20ca.pem").unwrap();
        assert_eq!((place.host.as_str(), place.port, place.database.as_str()), ("::1", 6543, "dev"));
        assert_eq!(place.user.as_deref(), Some("app"));
        let bundle = || TrustSettings::Bundle("/my ca.pem".into());
        assert_eq!(place.encryption, EncryptionSettings::VerifyFull(bundle()));
        let encryption = |words: &str| {
            read(&format!("jdbc:postgresql://db/dev?{words}&sslrootcert=/my%20ca.pem")).unwrap().encryption
        };
        assert_eq!(encryption("sslmode=verify-ca"), EncryptionSettings::VerifyCa(bundle()));
        assert_eq!(encryption("sslmode=require"), EncryptionSettings::Require);
        assert_eq!(encryption("sslmode=disable&ssl=true"), EncryptionSettings::Disable);
        let plain = read("jdbc:postgresql://db/dev").unwrap();
        assert_eq!((plain.port, plain.encryption), (5432, EncryptionSettings::Disable));
        for (url, because) in [
            ("jdbc:mysql://db/dev", "lockstep connects to PostgreSQL"),
            ("jdbc:postgresql://db", "it names no database"),
            ("jdbc:postgresql://db:x/dev", "its port is no number"),
            ("jdbc:postgresql:///dev", "it names no server"),
            ("jdbc:postgresql://db/dev?sslmode=verify-full", "it names no sslrootcert"),
            ("jdbc:postgresql://db/dev?sslmode=on", "its sslmode is none"),
        ] {
            assert!(read(url).unwrap_err().starts_with(because), "{url}");
        }
    }
}
