//! What a database lets a session do, asked without doing any of it.

use tokio_postgres::{Client, Error};

use super::{Databases, unanswered};
use crate::adapters::aws::Aws;
use crate::adapters::report::within;
use crate::config::LoginSettings;
use crate::domain::doctor::judgement::Server;
use crate::domain::environment::Environment;
use crate::domain::failure::Failure;
use crate::domain::host;
use crate::runtime::Clock;

/// What the sessions that ask are called.
const NAME: &str = "lockstep doctor";

/// The answers of a server, in the order of the question.
struct Answers {
    version: String,
    user: String,
    tls: Option<String>,
    may_create: bool,
    is_standby: bool,
}

impl Databases {
    /// Makes sure that the secrets of the database can be read. Their values stay here.
    pub(in crate::adapters) async fn sign_in(&self, aws: &Aws) -> Result<String, Failure> {
        self.try_login(aws).await?;
        Ok(match &self.0.settings.database.login {
            LoginSettings::Managed => "the secret that RDS manages can be read".to_owned(),
            LoginSettings::Secret(secret) => format!("{secret} can be read"),
            LoginSettings::Secrets { username, password } => {
                format!("{username} and {password} can be read")
            }
        })
    }

    /// Asks the database of an environment what it is and what it allows.
    pub(in crate::adapters) async fn visit(
        &self,
        environment: &Environment,
        clock: &Clock,
    ) -> Result<Server, Failure> {
        let what = || format!("could not ask the database of {}", environment.name);
        within(self.look(), what, async {
            let watch = clock.stopwatch();
            let host = self.coordinates(environment).await?.host;
            let mut session = self.connect(environment, NAME).await?;
            let answers = session.run(ask).await;
            let answers = answers.map_err(|error| unanswered(what(), &error, self.look()))?;
            let Answers { version, user, tls, may_create, is_standby } = answers;
            // A path is that of a socket.
            let is_local = host::is_here(&host) || host.starts_with('/');
            Ok(Server { version, user, tls, is_local, may_create, is_standby, took: watch.elapsed() })
        })
        .await
    }
}

async fn ask(client: &Client) -> Result<Answers, Error> {
    // Liquibase makes its tables in the first schema of the search path that there is.
    let sql = "select current_setting('server_version'), current_user::text, \
               (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl), \
               coalesce(has_schema_privilege(current_schema(), 'create'), false), pg_is_in_recovery()";
    let row = client.query_one(sql, &[]).await?;
    Ok(Answers {
        version: row.try_get(0)?,
        user: row.try_get(1)?,
        tls: row.try_get(2)?,
        may_create: row.try_get(3)?,
        is_standby: row.try_get(4)?,
    })
}
