//! Running Liquibase on a release: validate, tag, update, with its lines as they come and every row as it appears.

mod command;
mod discover;
mod output;
mod sums;

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::timeout;

use self::command::{Command, Job};
use self::output::Said;
use super::archive::Folder;
use super::artifacts::Artifacts;
use super::leases::Leases;
use super::postgres::{Databases, Seen, Watch};
use super::process::Process;
use super::report::{RawLine, StepReport, seconds};
use crate::config::{EnvironmentSettings, Settings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::ledger::LockState;
use crate::domain::lock::Grant;
use crate::domain::log::Source;
use crate::domain::names::RunId;
use crate::domain::plan::Until;
use crate::domain::release::Release;
use crate::engine::event::StepOutcome;

pub use self::command::CommandLine;
pub(super) use self::command::surroundings;
pub use self::discover::{Runner, find};

/// Liquibase as one instance uses it.
pub(super) struct Liquibase {
    settings: Arc<Settings>,
    tools: Option<PathBuf>,
    databases: Databases,
    artifacts: Artifacts,
    leases: Leases,
    runner: Mutex<Option<Runner>>,
}

/// What a run is for: where, whose and which release.
pub(super) struct Target<'a> {
    /// Where.
    pub(super) environment: &'a EnvironmentSettings,
    /// The run.
    pub(super) run: &'a RunId,
    /// The release.
    pub(super) release: &'a Release,
    /// Where it reports to.
    pub(super) step: &'a StepReport,
}

/// A process that was started, and the folder that it works in.
struct Running {
    process: Process,
    said: Said,
    _folder: Folder,
}

impl Liquibase {
    /// Liquibase for the instance that `settings` describe. Nothing is looked for before the first run.
    pub(super) fn new(
        settings: Arc<Settings>,
        tools: Option<PathBuf>,
        databases: Databases,
        artifacts: Artifacts,
        leases: Leases,
    ) -> Self {
        Self { settings, tools, databases, artifacts, leases, runner: Mutex::default() }
    }

    /// Lets Liquibase validate the changelog of a release against a database.
    pub(super) async fn validate(&self, target: &Target<'_>) -> Result<StepOutcome, Failure> {
        let what = format!("could not validate {} for {}", target.release.version, target.name());
        let mut running = self.start(target, Command::Validate, &what).await?;
        match timeout(self.settings.deadlines.liquibase, running.finish(target.step)).await {
            Ok(Ok(status)) if status.success() => {
                Ok(StepOutcome::Done("Liquibase found no validation errors".to_owned()))
            }
            Ok(Ok(_)) => Err(running.said.failure(&what, target.name())),
            Ok(Err(error)) => Err(Failure::new(FailureKind::Failed, what).because(error)),
            Err(_) => Err(self.out_of_time(what).with_kind(FailureKind::Failed)),
        }
    }

    /// Tags the newest row of the ledger.
    pub(super) async fn tag(&self, target: &Target<'_>, tag: &str) -> Result<StepOutcome, Failure> {
        let what = format!("could not tag the database of {} as {tag}", target.name());
        self.refuse_while_locked(target, &what).await?;
        let mut running = self.start(target, Command::Tag(tag), &what).await?;
        match timeout(self.settings.deadlines.liquibase, running.finish(target.step)).await {
            Ok(Ok(status)) if status.success() => Ok(StepOutcome::Done(format!("tagged as {tag}"))),
            Ok(Ok(status)) => Err(settled(running.said.failure(&what, target.name()), status)),
            Ok(Err(error)) => Err(Failure::new(FailureKind::Unknown, what).because(error)),
            Err(_) => Err(self.out_of_time(what)),
        }
    }

    /// Lets Liquibase run what is pending, reporting every row as it appears.
    pub(super) async fn update(&self, target: &Target<'_>) -> Result<StepOutcome, Failure> {
        let what = format!("could not update the database of {}", target.name());
        self.refuse_while_locked(target, &what).await?;
        let watch = Watch::begin(&self.databases, target.environment, target.run).await?;
        self.migrate(target, Command::Update, what, watch).await
    }

    /// Lets Liquibase undo changesets, reporting every row as it goes.
    pub(super) async fn roll_back(&self, target: &Target<'_>, until: &Until) -> Result<StepOutcome, Failure> {
        let what = format!("could not roll the database of {} back", target.name());
        let command = match until {
            Until::Tag(tag) => Command::RollbackTo(tag),
            Until::Count(count) => Command::RollbackCount(*count),
            Until::Nothing => return Ok(StepOutcome::Done("nothing was to be undone".to_owned())),
        };
        self.refuse_while_locked(target, &what).await?;
        let watch = Watch::begin(&self.databases, target.environment, target.run).await?;
        self.migrate(target, command, what, watch).await
    }

    /// Runs Liquibase while the ledger is watched.
    async fn migrate(
        &self,
        target: &Target<'_>,
        command: Command<'_>,
        what: String,
        mut watch: Watch<'_>,
    ) -> Result<StepOutcome, Failure> {
        let mut running = self.start(target, command, &what).await?;
        let ended = tokio::select! {
            ended = timeout(self.settings.deadlines.liquibase, running.finish(target.step)) => ended,
            never = watch.follow(target.step) => match never {},
        };
        let ended = if let Ok(ended) = ended {
            Some(ended)
        } else {
            target.step.advanced("the time is up; asking the database to cancel").await;
            watch.cancel().await;
            timeout(self.settings.deadlines.look, running.finish(target.step)).await.ok()
        };
        let last = watch.look(target.step).await;
        let Some(ended) = ended else { return Err(self.out_of_time(what)) };
        match ended {
            Ok(status) if status.success() => Ok(StepOutcome::Done(watch.seen().words())),
            Ok(status) => {
                let failure = settled(running.said.failure(&what, target.name()), status);
                Err(half_done(failure, watch.seen(), last))
            }
            Err(error) => Err(Failure::new(FailureKind::Unknown, what).because(error)),
        }
    }

    /// Liquibase 4.29 lets go locks that it does not hold, so it is not even started while somebody holds one.
    async fn refuse_while_locked(&self, target: &Target<'_>, what: &str) -> Result<(), Failure> {
        match self.databases.liquibase_lock(target.environment).await? {
            LockState::Free => Ok(()),
            LockState::Held { by, since } => {
                let since = Grant { by: by.clone(), wall: since }.holder().since.words();
                let since = since.map_or_else(String::new, |since| format!(" since {since}"));
                Err(Failure::new(FailureKind::Refused, what)
                    .because(format!("{by} holds Liquibase's lock{since}"))
                    .hint(
                        "`lockstep locks` shows whether its holder is alive, and what to do when it is not.",
                    ))
            }
        }
    }

    async fn start(&self, target: &Target<'_>, command: Command<'_>, what: &str) -> Result<Running, Failure> {
        let runner = self.runner()?;
        let files = self.artifacts.files(target.release).await?;
        let failed = |error: std::io::Error| Failure::new(FailureKind::Failed, what).because(error);
        let folder = Folder::with(&files)
            .map_err(|error| failed(error).hint("Make room in the folder for temporary files."))?;
        let coordinates = self.databases.coordinates().await?;
        let job = Job {
            run: target.run,
            root: folder.path(),
            coordinates: &coordinates,
            database: &target.environment.environment.database,
            ca_bundle: self.settings.database.ca_bundle.as_deref(),
            selection: &target.environment.environment.selection,
            image: &self.settings.liquibase.docker_image,
            command,
        };
        let mut launch = job.launch(&runner);
        launch.lease = self.leases.share(target.run).map_err(failed)?;
        let program = launch.program.clone();
        let process = Process::start(launch).map_err(|error| {
            failed(error)
                .because(format!("{} cannot be started", program.display()))
                .with_kind(FailureKind::Unavailable)
                .hint("Run `make setup`, or correct [liquibase] runner.")
        })?;
        if let Some(version) = &runner.version {
            target.step.advanced(format!("Liquibase {version} started")).await;
        }
        Ok(Running { process, said: Said::default(), _folder: folder })
    }

    fn runner(&self) -> Result<Runner, Failure> {
        let mut known = self.runner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runner) = known.as_ref() {
            return Ok(runner.clone());
        }
        let runner = find(self.settings.liquibase.runner, self.tools.as_deref())?;
        Ok(known.insert(runner).clone())
    }

    fn out_of_time(&self, what: String) -> Failure {
        Failure::new(FailureKind::Unknown, what)
            .because(format!("Liquibase had not ended after {}", seconds(self.settings.deadlines.liquibase)))
            .hint(
                "It was stopped. Look at the ledger and at Liquibase's lock before anything else is done; \
                 [deadlines] liquibase says how long to wait.",
            )
    }
}

impl Target<'_> {
    fn name(&self) -> &str {
        self.environment.environment.name.as_str()
    }
}

impl Running {
    /// Forwards its lines until it ends.
    async fn finish(&mut self, step: &StepReport) -> std::io::Result<ExitStatus> {
        while let Some(lines) = self.process.lines().await {
            let lines = lines.into_iter().filter(|text| !text.trim().is_empty());
            let lines = lines.map(|text| RawLine {
                at: None,
                source: Source::Liquibase,
                level: output::level(&text),
                text,
            });
            let texts = step.report.lines(lines.collect()).await;
            if let Some(changeset) = texts.iter().rev().find_map(|text| output::running(text)) {
                step.advanced(format!("running {changeset}")).await;
            }
            self.said.extend(texts);
        }
        self.process.end().await
    }
}

/// A process that was killed may have left anything behind; one that ended by itself says what happened.
fn settled(failure: Failure, status: ExitStatus) -> Failure {
    match status.code() {
        Some(_) => failure,
        None => failure
            .because(format!("Liquibase was killed ({status})"))
            .with_kind(FailureKind::Unknown)
            .hint("Look at the ledger and at Liquibase's lock: a changeset may have run without leaving its row."),
    }
}

/// What a failed update means depends on what it got done before.
fn half_done(failure: Failure, seen: Seen, last: Result<(), Failure>) -> Failure {
    match (failure.kind, last) {
        (FailureKind::Unknown, _) => failure,
        (_, Err(unread)) => failure
            .because(format!("which changesets got or lost their row is not known: {}", unread.what))
            .with_kind(FailureKind::Unknown),
        (_, Ok(())) if seen != Seen::default() => {
            failure.because(format!("before it, {}", seen.words())).with_kind(FailureKind::ActionNeeded)
        }
        (_, Ok(())) => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn failure() -> Failure {
        Failure::new(FailureKind::Failed, "could not")
    }

    #[test]
    fn a_failed_update_needs_action_only_when_it_got_something_done() {
        let (nothing, two) = (Seen::default(), Seen { came: 2, went: 0 });
        assert_eq!(half_done(failure(), nothing, Ok(())).kind, FailureKind::Failed);
        let half = half_done(failure(), two, Ok(()));
        assert_eq!(half.kind, FailureKind::ActionNeeded);
        assert_eq!(half.because, ["before it, 2 changesets were applied"]);
        assert_eq!(half_done(failure(), nothing, Err(failure())).kind, FailureKind::Unknown);
    }

    #[test]
    fn a_killed_run_is_unknown_and_stays_so() {
        let killed = settled(failure(), ExitStatus::from_raw(9));
        assert_eq!(killed.kind, FailureKind::Unknown);
        assert_eq!(half_done(killed, Seen { came: 2, went: 0 }, Ok(())).kind, FailureKind::Unknown);
        assert_eq!(settled(failure(), ExitStatus::from_raw(256)).kind, FailureKind::Failed);
    }
}
