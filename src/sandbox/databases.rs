//! The databases of a sandbox, in SQL: copies, removals, and the times of the start state.
//!
//! Deliberately absent: which environments and releases there are, and Liquibase.

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::SandboxError;
use super::faults::statements::OWN_SESSION;

/// The database that is always there and never anybody's.
const MAINTENANCE: &str = "postgres";

/// Where the server is and who may do everything on it; the password stays out of `Debug`.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) port: u16,
    pub(super) user: &'static str,
    pub(super) password: String,
}

/// Asks for `select 1`: during crash recovery the port is open long before queries are answered.
pub(super) async fn answers(access: &Access) -> Result<(), tokio_postgres::Error> {
    open(access, MAINTENANCE).await?.batch_execute("select 1").await
}

/// True when asking again cannot help: the server answers, and says no to this user.
pub(super) fn is_refusal(error: &tokio_postgres::Error) -> bool {
    [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION]
        .iter()
        .any(|state| error.code() == Some(state))
}

/// The server as its superuser sees it, for work on whole databases.
pub(super) struct Databases {
    access: Access,
    client: Client,
}

impl Databases {
    pub(super) async fn open(access: &Access) -> Result<Self, SandboxError> {
        let client = open(access, MAINTENANCE).await.map_err(SandboxError::database("let the sandbox in"))?;
        Ok(Self { access: access.clone(), client })
    }

    /// The names of all databases, templates of ours included.
    pub(super) async fn names(&self) -> Result<Vec<String>, SandboxError> {
        let rows =
            "select datname from pg_database where datname not in ('postgres', 'template0', 'template1')";
        let rows =
            self.client.query(rows, &[]).await.map_err(SandboxError::database("list its databases"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    pub(super) async fn create(&self, name: &str) -> Result<(), SandboxError> {
        self.run(format!("make {name}"), &format!("create database {}", quoted(name))).await
    }

    /// Makes a database as a copy of another, which nobody may be using.
    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<(), SandboxError> {
        let sql = format!("create database {} template {}", quoted(to), quoted(from));
        self.run(format!("copy {from} to {to}"), &sql).await
    }

    /// Turns a database into a copy's source that nobody can connect to.
    pub(super) async fn seal(&self, name: &str) -> Result<(), SandboxError> {
        let sql = format!("alter database {} allow_connections false", quoted(name));
        self.run(format!("seal {name}"), &sql).await
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Result<(), SandboxError> {
        let sql = format!("alter database {} rename to {}", quoted(from), quoted(to));
        self.run(format!("rename {from}"), &sql).await
    }

    /// Removes a database, whoever is connected to it.
    pub(super) async fn drop(&self, name: &str) -> Result<(), SandboxError> {
        let sql = format!("drop database if exists {} with (force)", quoted(name));
        self.run(format!("drop {name}"), &sql).await
    }

    /// Takes back what a visitor changed for the whole server: settings and users of their own.
    pub(super) async fn forget_visitors(&self) -> Result<(), SandboxError> {
        let doing = "take back its settings";
        self.run(doing.to_owned(), "alter system reset all").await?;
        let reset = format!("alter role {} reset all; select pg_reload_conf()", quoted(self.access.user));
        self.run(doing.to_owned(), &reset).await?;
        let others = "select rolname from pg_roles where rolname !~ '^pg_' and rolname <> $1";
        let rows = self.client.query(others, &[&self.access.user]).await;
        for row in rows.map_err(SandboxError::database("list its users"))? {
            let role = quoted(row.get(0));
            self.run(format!("drop the user {role}"), &format!("drop owned by {role}; drop role {role}"))
                .await?;
        }
        Ok(())
    }

    /// Marks what the newest Liquibase run applied as belonging to one release.
    pub(super) async fn label(
        &self,
        database: &str,
        label: &str,
        labels: &[String],
    ) -> Result<(), SandboxError> {
        let sql = "update databasechangelog set deployment_id = $1 where not deployment_id = any($2)";
        let doing = || SandboxError::database(format!("mark the changesets in {database}"));
        let client = open(&self.access, database).await.map_err(doing())?;
        client.execute(sql, &[&label, &labels]).await.map(drop).map_err(doing())
    }

    /// Tells when a marked release was applied: its rows keep their order, a plausible moment apart.
    ///
    /// Liquibase's deployment id is the last ten digits of the run's start in milliseconds.
    pub(super) async fn date(&self, database: &str, label: &str, at: Timestamp) -> Result<(), SandboxError> {
        let sql = "update databasechangelog c set deployment_id = $3, dateexecuted = r.at from (
              select ctid as row, to_timestamp($2) at time zone 'UTC' + interval '1180 ms'
                   + sum(23 + (orderexecuted * 37) % 61) over (order by orderexecuted) * interval '1 ms' as at
              from databasechangelog where deployment_id = $1) r
            where c.ctid = r.row";
        let doing = || SandboxError::database(format!("date the changesets in {database}"));
        let client = open(&self.access, database).await.map_err(doing())?;
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit in the 53 bits of a double")]
        let seconds = at.as_second() as f64;
        let id = deployment_id(at);
        client.execute(sql, &[&label, &seconds, &id]).await.map(drop).map_err(doing())
    }

    async fn run(&self, doing: String, sql: &str) -> Result<(), SandboxError> {
        self.client.batch_execute(sql).await.map_err(SandboxError::database(doing))
    }
}

/// The last ten digits of a moment in milliseconds since 1970.
pub(super) fn deployment_id(at: Timestamp) -> String {
    format!("{:010}", at.as_millisecond().rem_euclid(10_000_000_000))
}

async fn open(access: &Access, database: &str) -> Result<Client, tokio_postgres::Error> {
    open_as(access, database, OWN_SESSION).await
}

/// Opens a session that calls itself `name`.
pub(super) async fn open_as(
    access: &Access,
    database: &str,
    name: &str,
) -> Result<Client, tokio_postgres::Error> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(access.port).user(access.user).password(&access.password).dbname(database);
    config.application_name(name).connect_timeout(Duration::from_secs(5));
    let (client, connection) = config.connect(NoTls).await?;
    // Ends with the client; its error reaches the client's next query.
    tokio::spawn(async move { connection.await.ok() });
    Ok(client)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
