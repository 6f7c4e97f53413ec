//! `connect`: opens a session and says who is there. The open-source edition of Liquibase has no such command.

use super::ground::{Database, Ground, PASSWORD, URL, USERNAME};
use super::{Flows, NOT_BEGUN};
use crate::adapters::postgres::{Greeting, Place};
use crate::adapters::report::Report;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Given, Template};
use crate::domain::secret::Secret;
use crate::engine::flow::Deed;

impl Flows {
    /// Says which server answers, and as whom.
    pub(super) async fn connect(
        &self,
        ground: &Ground,
        arguments: &[Given],
        globals: &[Given],
        report: &Report,
    ) -> Deed {
        let greeting = match self.greeting(ground, arguments).await {
            Ok(greeting) => greeting,
            Err(failure) => return Deed::failed(NOT_BEGUN, failure),
        };
        let Greeting { server, user, database, tls } = greeting;
        let tls =
            tls.map_or_else(|| "not encrypted".to_owned(), |version| format!("encrypted with {version}"));
        let lines = vec![
            format!("Connected to PostgreSQL {server}"),
            format!("  database: {database}"),
            format!("  user:     {user}"),
            format!("  session:  {tls}"),
        ];
        let output = globals.iter().find(|given| given.name == "output-file");
        match self.say(ground, output.map(|given| given.value.as_str()), lines, report).await {
            Ok(()) => Deed::done(format!("PostgreSQL {server}, {database} as {user}")),
            Err(failure) => Deed::failed(NOT_BEGUN, failure),
        }
    }

    async fn greeting(&self, ground: &Ground, arguments: &[Given]) -> Result<Greeting, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        let given = |name: &str| {
            let given = arguments.iter().find(|given| given.name == name)?;
            Some(Template::read(&given.value).expand(&mut |name| environment(name)))
        };
        match (&ground.database, given("url")) {
            (Database::Environment(name), None) => self.0.databases.greet(name).await,
            (database, url) => {
                let url = url.or_else(|| environment(URL).filter(|_| matches!(database, Database::Caller)));
                let url = url.ok_or_else(|| {
                    Failure::new(FailureKind::Usage, "there is no database to connect to")
                        .hint(format!("Set {URL}, or name an environment with `--environment`."))
                })?;
                let user = given("username").or_else(|| environment(USERNAME));
                let password = given("password").or_else(|| environment(PASSWORD)).map(Secret::new);
                if let Some(password) = &password {
                    self.0.redactor.learn(password);
                }
                let place = Place::read(&url, user, password)?;
                self.0.databases.greet_at(&place).await
            }
        }
    }
}
