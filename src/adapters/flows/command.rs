//! Commands of Liquibase that Liquibase itself carries out. Address, user and password go by its environment, and
//! nothing else of the flow's database does; a change is cancelled by the database, never by killing Liquibase first.

use std::env;
use std::ffi::OsString;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ground::{Database, Ground, PASSWORD, URL, USERNAME};
use super::{Doing, Ended, Flows, NOT_BEGUN, Voice};
use crate::adapters::liquibase::{CommandLine, Liquibase, Said, level};
use crate::adapters::postgres::Watch;
use crate::adapters::process::Launch;
use crate::adapters::report::Report;
use crate::config::EnvironmentSettings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::flow::{Given, Scope, Template, command};
use crate::domain::log::Source;
use crate::domain::secret::Secret;
use crate::engine::flow::{Deed, Order, Task};

/// Arguments that say where a database is and who asks: they go by the environment and never by the command line.
const ACCESS: [&str; 6] =
    ["url", "username", "password", "reference-url", "reference-username", "reference-password"];

/// A variable of the environment of a process.
type Variable = (OsString, OsString);

/// How its lines are told.
const VOICE: Voice = Voice { source: Source::Liquibase, level };

/// Between two attempts to cancel while no statement runs.
const BETWEEN_CANCELS: Duration = Duration::from_millis(50);

/// The argument of `tag` that keeps a tag from being overwritten.
const ADD_ROW: &str = "add-row";

/// What `status` says when nothing is pending.
const UP_TO_DATE: &str = " is up to date";

impl Flows {
    /// Has a command carried out by Liquibase.
    pub(super) async fn command(
        &self,
        doing: &Doing,
        ground: &Ground,
        order: &Order,
        liquibase: &Liquibase,
        report: &Report,
    ) -> Deed {
        let Task::Command { name, arguments, globals, is_change } = &order.task else {
            return Deed::done(String::new());
        };
        let what = format!("`{name}` failed");
        if let Some(environment) = self.changed(order).filter(|_| adds_row(arguments)) {
            match self.tag_that_stays(environment).await {
                Ok(None) => {}
                Ok(Some(tag)) => {
                    return Deed::done(format!("the newest row has the tag {tag}, and keeps it"));
                }
                Err(failure) => return Deed::failed(NOT_BEGUN, failure),
            }
        }
        let launch = Box::pin(self.launch(doing, ground, order, liquibase)).await;
        let launch = match launch {
            Ok(launch) => launch,
            Err(failure) => return Deed::failed(NOT_BEGUN, failure),
        };
        let mut said = Said::default();
        let mut pending = None;
        let keep = |texts: Vec<Arc<str>>| {
            pending = texts.iter().find_map(|text| count(text)).or(pending);
            said.extend(texts);
        };
        let changed = self.changed(order).filter(|_| *is_change);
        // A change is stopped by the database first.
        let stop = if changed.is_some() { CancellationToken::new() } else { self.token(doing) };
        let followed = self.follow(launch, stop.clone(), VOICE, report, keep);
        let ended = match changed {
            Some(environment) => self.follow_change(doing, environment, followed, &stop).await,
            None => followed.await,
        };
        let place = order.environment.as_ref().map_or("the database", |name| name.as_str());
        match ended {
            Ok(Ended::With(0)) => {
                if *name == "status" && pending.is_none() {
                    pending = written(ground, globals);
                }
                let pending = pending.filter(|_| *name == "status");
                Deed { pending, ..Deed::done(pending.map_or_else(String::new, pending_words)) }
            }
            Ok(Ended::With(code)) => Deed::failed(code, said.failure(&what, place)),
            Ok(ended) => {
                let deed = self.cut_short(&ended, &what).unwrap_or_else(|| Deed::done(String::new()));
                if *is_change { unknown(deed) } else { deed }
            }
            Err(error) => Deed::failed(NOT_BEGUN, Failure::new(FailureKind::Failed, what).because(error)),
        }
    }

    /// The tag of the newest row, which Liquibase would overwrite. It leads back to the same state as another would.
    async fn tag_that_stays(&self, environment: &EnvironmentSettings) -> Result<Option<String>, Failure> {
        let ledger = self.0.databases.ledger(environment).await?;
        Ok(ledger.rows.last().and_then(|row| row.tag.as_deref()).map(str::to_owned))
    }

    fn changed(&self, order: &Order) -> Option<&EnvironmentSettings> {
        self.0.settings.environment(order.environment.as_ref()?)
    }

    /// Waits for a change to end. When it is to be stopped, the database is asked to cancel the statement, so that
    /// Liquibase undoes its changeset, lets its lock go and ends by itself; what is left then is stopped.
    async fn follow_change(
        &self,
        doing: &Doing,
        environment: &EnvironmentSettings,
        followed: impl Future<Output = std::io::Result<Ended>>,
        stop: &CancellationToken,
    ) -> std::io::Result<Ended> {
        let asked = self.token(doing);
        let mut followed = pin!(followed);
        tokio::select! {
            biased;
            ended = &mut followed => return ended,
            () = asked.cancelled() => {}
        }
        let look = self.0.settings.deadlines.look;
        if let Ok(mut watch) = Watch::begin(&self.0.databases, environment, &doing.0).await {
            let cancelled = timeout(look, async {
                while !watch.cancel().await {
                    sleep(BETWEEN_CANCELS).await;
                }
            });
            tokio::select! {
                biased;
                ended = &mut followed => return ended,
                _ = cancelled => {}
            }
            if let Ok(ended) = timeout(look, &mut followed).await {
                return ended;
            }
        }
        stop.cancel();
        followed.await
    }

    /// The whole command line of Liquibase.
    async fn launch(
        &self,
        doing: &Doing,
        ground: &Ground,
        order: &Order,
        liquibase: &Liquibase,
    ) -> Result<Launch, Failure> {
        let Task::Command { name, arguments, globals, is_change } = &order.task else {
            return Err(Failure::new(FailureKind::Failed, "there is no command to carry out"));
        };
        let what = format!("`{name}` could not be begun");
        let line = liquibase.runner()?.command_line_of(&doing.0).ok_or_else(|| {
            Failure::new(FailureKind::Unavailable, &what)
                .because("Liquibase in a container does not see the folder that the flow was started in")
                .hint("Set [liquibase] runner = \"auto\".")
        })?;
        if *is_change && let Some(environment) = self.changed(order) {
            let own = arguments.iter().find(|given| ACCESS.contains(&given.name.as_str()));
            if let Some(own) = own {
                return Err(Failure::new(FailureKind::Refused, what)
                    .because(format!("it names a database of its own with `{}`", own.name))
                    .hint(format!("Take that out: it runs against {}.", environment.environment.name)));
            }
            self.0.databases.assure(&environment.environment.name, &doing.0).await?;
            liquibase.refuse_while_locked(environment, &what).await?;
        }
        let CommandLine { program, mut args, env } = line;
        let mut env: Vec<Variable> =
            env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.database_of(doing, ground, &mut env).await?;
        let (given, own) = self.given(ground, name, arguments, globals);
        args.extend(given);
        let own = own.into_iter().map(|(name, value)| self.filled(name, &value, &env)).collect::<Vec<_>>();
        env.retain(|(name, _)| own.iter().all(|(other, _)| other != name));
        env.extend(own);
        let lease = self.0.leases.share(&doing.0).ok().flatten();
        Ok(Launch { program, args, env, folder: ground.here().to_owned(), lease })
    }

    /// Adds the way to the database.
    async fn database_of(
        &self,
        doing: &Doing,
        ground: &Ground,
        env: &mut Vec<Variable>,
    ) -> Result<(), Failure> {
        match &ground.database {
            Database::Environment(name) => {
                let [url, user, password] = Box::pin(self.access(&doing.0, name)).await?;
                env.extend([(URL.into(), url.into()), (USERNAME.into(), user.into())]);
                env.push((PASSWORD.into(), password.into()));
            }
            // The caller's own settings of Liquibase count, as they would without lockstep.
            Database::Caller | Database::Nowhere => {
                let own = env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LIQUIBASE_"));
                env.extend(own.filter(|(name, _)| name != "LIQUIBASE_HOME"));
            }
        }
        Ok(())
    }

    /// What the command is given: arguments, and variables for what must not be one.
    fn given(
        &self,
        ground: &Ground,
        name: &str,
        arguments: &[Given],
        globals: &[Given],
    ) -> (Vec<OsString>, Vec<(String, String)>) {
        let (mut args, mut env): (Vec<OsString>, Vec<_>) = (Vec::new(), Vec::new());
        let is_given = |list: &[Given], name: &str| list.iter().any(|given| given.name == name);
        for (option, value) in [("show-banner", "false"), ("headless", "true")] {
            if !is_given(globals, option) {
                args.push(format!("--{option}={value}").into());
            }
        }
        if ground.has_release() && !is_given(globals, "search-path") {
            let mut option = OsString::from("--search-path=");
            option.push(ground.search_path());
            args.push(option);
        }
        for given in globals {
            match given.name.as_str() {
                // The open-source edition has no reports, and refuses the arguments.
                name if name.starts_with("reports-") => {}
                "license-key" => env.push(("LIQUIBASE_LICENSE_KEY".to_owned(), given.value.clone())),
                name => args.push(format!("--{name}={}", given.value).into()),
            }
        }
        args.extend(name.split(' ').map(OsString::from));
        for given in arguments {
            if ACCESS.contains(&given.name.as_str()) {
                let variable = given.name.replace('-', "_").to_uppercase();
                env.push((format!("LIQUIBASE_COMMAND_{variable}"), given.value.clone()));
            } else if given.name != ADD_ROW {
                args.push(format!("--{}={}", given.name, given.value).into());
            }
        }
        args.extend(self.selected(ground, name, arguments));
        (args, env)
    }

    /// The contexts and labels of an environment, for a command that takes them and is given none.
    fn selected(&self, ground: &Ground, name: &str, arguments: &[Given]) -> Vec<OsString> {
        let Database::Environment(environment) = &ground.database else { return Vec::new() };
        let (Some(settings), Some(command)) = (self.0.settings.environment(environment), command::find(name))
        else {
            return Vec::new();
        };
        let selection = &settings.environment.selection;
        let takes = |option: &str| {
            command.arguments().contains(&option) && !arguments.iter().any(|given| given.name == option)
        };
        let contexts = Some(selection.contexts.join(",")).filter(|contexts| !contexts.is_empty());
        let contexts =
            contexts.filter(|_| takes("context-filter")).map(|it| format!("--context-filter={it}"));
        let labels = selection.label_filter.as_ref().filter(|_| takes("label-filter"));
        let labels = labels.map(|it| format!("--label-filter={it}"));
        contexts.into_iter().chain(labels).map(OsString::from).collect()
    }

    /// A variable of Liquibase's environment. What the flow left to the environment is filled in from there, and what
    /// may be secret is kept out of every text from now on.
    fn filled(&self, variable: String, value: &str, around: &[Variable]) -> Variable {
        let value = Template::read(value).expand(&mut |name| {
            let own = around.iter().find(|(other, _)| other == name);
            own.and_then(|(_, value)| value.to_str().map(str::to_owned)).or_else(|| env::var(name).ok())
        });
        if Scope::is_secret(&variable) {
            self.0.redactor.learn(&Secret::new(value.clone()));
        }
        (variable.into(), value.into())
    }
}

fn adds_row(arguments: &[Given]) -> bool {
    arguments.iter().any(|given| given.name == ADD_ROW && given.value == "true")
}

/// A change that did not end by itself may have left anything behind.
fn unknown(deed: Deed) -> Deed {
    let result = deed.result.map_err(|failure| {
        failure
            .with_kind(FailureKind::Unknown)
            .hint("Look with `lockstep status` and `lockstep locks` what it got done before you go on.")
    });
    Deed { result, ..deed }
}

/// How many changesets a line of `status` says are pending.
fn count(text: &str) -> Option<usize> {
    if text.ends_with(UP_TO_DATE) {
        return Some(0);
    }
    let (count, rest) = text.split_once(' ')?;
    let is_it = rest.starts_with("changesets have not been applied to ")
        || rest.starts_with("changeset has not been applied to ");
    count.parse().ok().filter(|_| is_it)
}

/// The same from the file that the output went to.
fn written(ground: &Ground, globals: &[Given]) -> Option<usize> {
    let file = globals.iter().find(|given| given.name == "output-file")?;
    let text = std::fs::read_to_string(ground.path(&file.value)).ok()?;
    text.lines().find_map(count)
}

fn pending_words(pending: usize) -> String {
    match pending {
        0 => "nothing is pending".to_owned(),
        1 => "1 changeset is pending".to_owned(),
        count => format!("{count} changesets are pending"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_status_says_is_counted() {
        for (text, expected) in [
            ("5 changesets have not been applied to postgres@jdbc:postgresql://h/d", Some(5)),
            ("1 changeset has not been applied to postgres@jdbc:postgresql://h/d", Some(1)),
            ("postgres@jdbc:postgresql://h/d is up to date", Some(0)),
            ("     changelog/a.sql::1::a", None),
            ("5 apples", None),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
    }
}
