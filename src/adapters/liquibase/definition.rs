//! What a task definition has to be like before a task is started from it: its password is a secret, its database is the
//! right one, and its lines can be read.

use crate::adapters::aws::{ContainerView, Definition};
use crate::config::TaskSettings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::RunId;

/// The variable with the address of the database.
pub(super) const URL: &str = "LIQUIBASE_COMMAND_URL";

/// The variable with the password.
const PASSWORD: &str = "LIQUIBASE_COMMAND_PASSWORD";

/// What is wrong with a task definition, and how to mend it.
pub(super) struct Problem(String, &'static str);

impl Problem {
    /// The failure that says so, when `what` could not be done.
    pub(super) fn failure(self, what: &str, definition: &Definition) -> Failure {
        let Self(problem, hint) = self;
        Failure::new(FailureKind::Configuration, what)
            .because(format!("the task definition {} {problem}", definition.name()))
            .hint(hint)
    }
}

/// The container that runs Liquibase and the one that fetches the archive, if the first is given its password as a secret.
pub(super) fn containers<'a>(
    definition: &'a Definition,
    settings: &TaskSettings,
) -> Result<(&'a ContainerView, &'a ContainerView), Problem> {
    let find = |name: &str| {
        definition.container(name).ok_or_else(|| {
            let names: Vec<_> = definition.containers.iter().map(|it| it.name.as_str()).collect();
            Problem(
                format!("has no container called {name}; it has {}", names.join(", ")),
                "Correct [liquibase.ecs] container and archive_container, or the definition.",
            )
        })
    };
    let (liquibase, archive) = (find(&settings.container)?, find(&settings.archive_container)?);
    if liquibase.variables.contains_key(PASSWORD) {
        return Err(Problem(
            format!(
                "holds the password of the database in {PASSWORD}, where everybody who may describe it reads it"
            ),
            "Name a secret in its `secrets` instead, and change the password.",
        ));
    }
    if !liquibase.secrets.contains(PASSWORD) {
        return Err(Problem(
            format!("gives {} no secret {PASSWORD}", liquibase.name),
            "Name the secret with the password in its `secrets`; lockstep never sends it.",
        ));
    }
    Ok((liquibase, archive))
}

/// Where the lines of a container can be read: the group, and what the name of its stream begins with.
pub(super) fn log_of(container: &ContainerView) -> Result<(String, String), Problem> {
    container.log.clone().ok_or_else(|| {
        Problem(
            format!("does not send the lines of {} to CloudWatch", container.name),
            "Give it the log driver awslogs, with awslogs-group and awslogs-stream-prefix.",
        )
    })
}

/// The address that the definition has, if it is that of the environment's database, with sessions that are named after
/// the run.
pub(super) fn addressed(url: &str, database: &str, run: &RunId) -> Result<String, Problem> {
    const HINT: &str = "Correct LIQUIBASE_COMMAND_URL there, or [liquibase.ecs] task_definition.";
    let (place, parameters) = url.split_once('?').map_or((url, None), |(place, rest)| (place, Some(rest)));
    let found = place.strip_prefix("jdbc:postgresql://").and_then(|place| place.split_once('/'));
    let Some((_, found)) = found else {
        let words = "has no address like jdbc:postgresql://HOST:PORT/DATABASE in LIQUIBASE_COMMAND_URL";
        return Err(Problem(words.to_owned(), HINT));
    };
    if found != database {
        return Err(Problem(format!("is for the database {found}, not {database}"), HINT));
    }
    let kept = parameters.into_iter().flat_map(|all| all.split('&'));
    let kept = kept.filter(|pair| !pair.is_empty() && !pair.starts_with("ApplicationName="));
    let name = format!("ApplicationName={run}");
    let all: Vec<&str> = [name.as_str()].into_iter().chain(kept).collect();
    Ok(format!("{place}?{}", all.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(change: impl FnOnce(&mut ContainerView)) -> Definition {
        let mut liquibase = ContainerView {
            name: "liquibase".to_owned(),
            secrets: [PASSWORD.to_owned()].into(),
            log: Some(("/g".to_owned(), "dev".to_owned())),
            ..ContainerView::default()
        };
        change(&mut liquibase);
        let archive = ContainerView { name: "archive".to_owned(), ..ContainerView::default() };
        let arn = "arn:aws:ecs:us-east-1:000000000000:task-definition/liquibase-dev:7".to_owned();
        Definition { arn, containers: vec![archive, liquibase] }
    }

    fn settings() -> TaskSettings {
        TaskSettings {
            cluster: "c".to_owned(),
            family: "liquibase-{environment}".to_owned(),
            container: "liquibase".to_owned(),
            archive_container: "archive".to_owned(),
            archive_path: "/release/changelog.zip".to_owned(),
            subnets: vec!["subnet-1".to_owned()],
            security_groups: Vec::new(),
            has_public_address: false,
            bucket: "releases".to_owned(),
            prefix: String::new(),
        }
    }

    #[test]
    fn a_definition_that_shows_its_password_or_has_none_is_refused() {
        let refused = |change: fn(&mut ContainerView)| {
            let definition = definition(change);
            let Err(problem) = containers(&definition, &settings()) else { panic!("it was taken") };
            problem.failure("could not", &definition).because[0].clone()
        };
        let shown = refused(|it| drop(it.variables.insert(PASSWORD.to_owned(), "x".to_owned())));
        assert!(shown.starts_with("the task definition liquibase-dev:7 holds the password"), "{shown}");
        let none = refused(|it| it.secrets.clear());
        assert!(none.contains("gives liquibase no secret LIQUIBASE_COMMAND_PASSWORD"), "{none}");
        let missing = refused(|it| it.name = "migrate".to_owned());
        assert!(missing.contains("has no container called liquibase; it has archive, migrate"), "{missing}");
        assert!(containers(&definition(|_| {}), &settings()).is_ok());
        assert!(log_of(&ContainerView::default()).is_err());
    }

    #[test]
    fn the_address_of_another_database_is_refused_and_the_right_one_names_the_run() {
        let run = RunId::from_text("r-1-dev");
        let url = "jdbc:postgresql://db.example:5432/dev?sslmode=require&ApplicationName=x";
        assert_eq!(
            addressed(url, "dev", &run).ok(),
            Some("jdbc:postgresql://db.example:5432/dev?ApplicationName=r-1-dev&sslmode=require".to_owned())
        );
        let Err(Problem(words, _)) = addressed(url, "prod", &run) else { panic!("it was taken") };
        assert_eq!(words, "is for the database dev, not prod");
        assert!(addressed("jdbc:h2:mem", "dev", &run).is_err());
    }
}
