//! A database to try something in: made on the instance's own server, called so that nobody takes it for another,
//! and dropped when it has served.
//!
//! The session that made it is called as it is, and stays open as long as it is used. One whose session is gone
//! was left behind, and whoever makes the next one drops it.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

use super::{Databases, Session, unanswered};
use crate::adapters::report::within;
use crate::config::EnvironmentSettings;
use crate::domain::changelog::Selection;
use crate::domain::environment::Environment;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Admission, Gate};
use crate::domain::names::EnvironmentName;

/// What every name of one begins with.
const PREFIX: &str = "lockstep_scratch_";

/// One such database.
pub(in crate::adapters) struct Scratch {
    /// It, as if it were the database of an environment.
    pub(in crate::adapters) environment: EnvironmentSettings,
    owner: Session,
}

impl Databases {
    /// Makes one, after dropping those that were left behind. What runs in it is chosen by `selection`.
    pub(in crate::adapters) async fn scratch(&self, selection: Selection) -> Result<Scratch, Failure> {
        let what = || "could not make a scratch database".to_owned();
        let Some(neighbour) = self.0.settings.environments.first() else {
            return Err(Failure::new(FailureKind::Configuration, what()).because("there is no environment"));
        };
        self.0.clouds.by(&neighbour.aws).assure_change().await?;
        let digits: String = Uuid::new_v4().simple().to_string().chars().take(12).collect();
        let database = format!("{PREFIX}{digits}");
        let name = EnvironmentName::parse(&format!("scratch-{digits}"))
            .map_err(|reason| Failure::new(FailureKind::Failed, what()).because(reason))?;
        // Making one copies files: that takes longer than a look.
        within(self.0.settings.deadlines.liquibase, what, async {
            let mut owner = self.connect(&neighbour.environment, &database).await?;
            // Its session is what shows that it is used.
            self.assure_own(&neighbour.environment, &mut owner, what).await?;
            let made = owner
                .run(|client| async {
                    sweep(client).await?;
                    client.batch_execute(&format!("create database {database}")).await
                })
                .await;
            made.map_err(|error| unmade(what(), &error, self.look()))?;
            let environment = Environment {
                name,
                after: Vec::new(),
                gate: Gate::new(Admission::Automatic),
                production: false,
                service: String::new(),
                database: database.clone(),
                selection,
            };
            Ok(Scratch {
                environment: EnvironmentSettings { environment, address: None, aws: neighbour.aws.clone() },
                owner,
            })
        })
        .await
    }

    /// Drops it, whoever is still connected to it.
    pub(in crate::adapters) async fn drop_scratch(&self, mut scratch: Scratch) -> Result<(), Failure> {
        let name = &scratch.environment.environment.name;
        self.looking().remove(name);
        self.reading().remove(name);
        let database = &scratch.environment.environment.database;
        let what = || format!("could not drop the scratch database {database}");
        within(self.0.settings.deadlines.liquibase, what, async {
            let dropped = scratch.owner.run(|client| drop(client, database)).await;
            dropped.map_err(|error| {
                unanswered(what(), &error, self.look())
                    .hint("The next `lockstep diff` with a release drops it.")
            })
        })
        .await
    }
}

/// Drops those of this user whose sessions are gone.
async fn sweep(client: &Client) -> Result<(), Error> {
    let left = client
        .query(
            "select d.datname::text from pg_database d \
             where d.datname like $1 and pg_get_userbyid(d.datdba) = current_user \
             and not exists (select from pg_stat_activity a where a.application_name = d.datname)",
            &[&format!("{}%", PREFIX.replace('_', "\\_"))],
        )
        .await?;
    for row in left {
        let database: String = row.try_get(0)?;
        // Its name is one that we made: letters, digits and underscores, unless somebody imitates it.
        if database.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            match drop(client, &database).await {
                // Somebody else was quicker.
                Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {}
                other => other?,
            }
        }
    }
    Ok(())
}

async fn drop(client: &Client, database: &str) -> Result<(), Error> {
    let version = client.query_one("select current_setting('server_version_num')::int", &[]).await?;
    if version.try_get::<_, i32>(0)? >= 130_000 {
        return client.batch_execute(&format!("drop database {database} with (force)")).await;
    }
    let sessions = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
    client.query(sessions, &[&database]).await?;
    client.batch_execute(&format!("drop database {database}")).await
}

fn unmade(what: String, error: &Error, deadline: std::time::Duration) -> Failure {
    let failure = unanswered(what, error, deadline);
    match error.code() {
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => failure
            .with_kind(FailureKind::Configuration)
            .hint("Let the user make databases (`alter role … createdb`), or compare two environments."),
        Some(state) if *state == SqlState::OBJECT_IN_USE => {
            failure.hint("Somebody is connected to template1; try again when they have left.")
        }
        _ => failure,
    }
}
