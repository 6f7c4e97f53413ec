//! Running Liquibase on a release: validate, tag, update, with its lines as they come and every row as it appears.

pub mod checks;
mod command;
mod definition;
mod discover;
mod output;
mod reason;
mod running;
mod sums;
mod task;

use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use self::command::{Command, Job, Logging};
use self::running::{Ended, Running};
use super::archive::Folder;
use super::artifacts::Artifacts;
use super::aws::Clouds;
use super::cancels::Cancels;
use super::leases::Leases;
use super::postgres::{Databases, Seen, Watch};
use super::process::Process;
use super::report::{StepReport, seconds};
use crate::config::{EnvironmentSettings, RunnerKind, Settings, TaskSettings};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::ledger::LockState;
use crate::domain::lock::Grant;
use crate::domain::names::RunId;
use crate::domain::plan::Until;
use crate::domain::release::Release;
use crate::engine::event::StepOutcome;

pub use self::command::CommandLine;
pub(super) use self::command::{surroundings, url};
pub use self::discover::{Runner, find};
pub(super) use self::output::{Said, level};

/// Between two attempts to cancel while no statement runs.
const BETWEEN_CANCELS: Duration = Duration::from_millis(50);

/// Liquibase as one instance uses it.
pub(super) struct Liquibase {
    settings: Arc<Settings>,
    tools: Option<PathBuf>,
    clouds: Clouds,
    databases: Databases,
    artifacts: Artifacts,
    leases: Leases,
    runner: Mutex<Option<Runner>>,
    cancels: Cancels,
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

impl Liquibase {
    /// Liquibase for the instance that `settings` describe. Nothing is looked for before the first run.
    pub(super) fn new(
        settings: Arc<Settings>,
        tools: Option<PathBuf>,
        clouds: Clouds,
        (databases, artifacts): (Databases, Artifacts),
        (leases, cancels): (Leases, Cancels),
    ) -> Self {
        let runner = Mutex::default();
        Self { settings, tools, clouds, databases, artifacts, leases, runner, cancels }
    }

    /// What a task is told, where tasks run Liquibase.
    fn task_settings(&self) -> Option<&TaskSettings> {
        let settings = &self.settings.liquibase;
        settings.task.as_ref().filter(|_| settings.runner == RunnerKind::Ecs)
    }

    /// Lets Liquibase validate the changelog of a release against a database.
    pub(super) async fn validate(&self, target: &Target<'_>) -> Result<StepOutcome, Failure> {
        let what = format!("could not validate {} for {}", target.release.version, target.name());
        let mut running = self.start(target, Command::Validate, &what).await?;
        let cancelled = self.cancels.token(target.run);
        let ended = timeout(self.settings.deadlines.liquibase, running.finish(target.step));
        // It changes nothing, so it is ended wherever it stands.
        let Some(ended) = cancelled.run_until_cancelled(ended).await else {
            running.kill(target.step).await;
            return Err(Failure::new(FailureKind::Interrupted, what).because("it was aborted"));
        };
        match ended {
            Ok(Ok(ended)) if ended.is_success() => {
                Ok(StepOutcome::Done("Liquibase found no validation errors".to_owned()))
            }
            Ok(Ok(Ended::Never(why))) => Err(never(what, why)),
            Ok(Ok(_)) => Err(running.said.failure(&what, target.name())),
            Ok(Err(failure)) => Err(told(what, failure).with_kind(FailureKind::Failed)),
            Err(_) => {
                running.kill(target.step).await;
                Err(self.out_of_time(what, false).with_kind(FailureKind::Failed))
            }
        }
    }

    /// Tags the newest row of the ledger.
    pub(super) async fn tag(&self, target: &Target<'_>, tag: &str) -> Result<StepOutcome, Failure> {
        let what = format!("could not tag the database of {} as {tag}", target.name());
        self.refuse_while_locked(target.environment, &what).await?;
        let mut running = self.start(target, Command::Tag(tag), &what).await?;
        match timeout(self.settings.deadlines.liquibase, running.finish(target.step)).await {
            Ok(Ok(ended)) if ended.is_success() => Ok(StepOutcome::Done(format!("tagged as {tag}"))),
            Ok(Ok(Ended::Never(why))) => Err(never(what, why)),
            Ok(Ok(ended)) => {
                let failure = settled(running.said.failure(&what, target.name()), &ended);
                Err(self.with_lock_left(target, failure).await)
            }
            Ok(Err(failure)) => Err(told(what, failure)),
            Err(_) => {
                running.kill(target.step).await;
                Err(self.out_of_time(what, false))
            }
        }
    }

    /// Lets Liquibase run what is pending, reporting every row as it appears.
    pub(super) async fn update(&self, target: &Target<'_>) -> Result<StepOutcome, Failure> {
        let what = format!("could not update the database of {}", target.name());
        self.refuse_while_locked(target.environment, &what).await?;
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
        self.refuse_while_locked(target.environment, &what).await?;
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
        let cancelled = self.cancels.token(target.run);
        let mut running = self.start(target, command, &what).await?;
        let ended = tokio::select! {
            ended = timeout(self.settings.deadlines.liquibase, running.finish(target.step)) => ended.ok(),
            never = watch.follow(target.step) => match never {},
            () = cancelled.cancelled() => None,
        };
        let is_aborted = cancelled.is_cancelled();
        let ended = if let Some(ended) = ended {
            Some(ended)
        } else {
            let why = if is_aborted { "aborting" } else { "the time is up" };
            target.step.advanced(format!("{why}: asking the database to cancel")).await;
            self.cancel_statement(target, &mut running, &mut watch).await
        };
        // Its session may have ended with those of the run; the second look opens another.
        let last = match watch.look(target.step).await {
            Ok(()) => Ok(()),
            Err(_) => watch.look(target.step).await,
        };
        self.cancels.forget(target.run);
        match ended {
            Some(Ok(ended)) if ended.is_success() => Ok(StepOutcome::Done(watch.seen().words())),
            Some(Ok(Ended::Never(_))) if is_aborted => {
                Err(aborted(target, &running.said).because("its task was stopped before it began anything"))
            }
            Some(Ok(Ended::Never(why))) => Err(never(what, why)),
            Some(Ok(ended)) => {
                let failure = if is_aborted {
                    aborted(target, &running.said)
                } else {
                    running.said.failure(&what, target.name())
                };
                let failure = settled(target.in_parts(failure, &running.said), &ended);
                Err(self.with_lock_left(target, half_done(failure, watch.seen(), last)).await)
            }
            Some(Err(failure)) => Err(told(what, failure)),
            None => {
                running.kill(target.step).await;
                let failure = self.out_of_time(what, is_aborted);
                let is_released = watch.clear_away().await;
                let failure = if is_released { failure.because("its lock was let go") } else { failure };
                Err(self.with_lock_left(target, failure).await)
            }
        }
    }

    /// Asks the database to cancel the statement that runs, until one was hit, and waits for Liquibase to undo its
    /// changeset and to end by itself; then its lock is let go too. `None` when it did not end in time.
    async fn cancel_statement(
        &self,
        target: &Target<'_>,
        running: &mut Running,
        watch: &mut Watch<'_>,
    ) -> Option<Result<Ended, Failure>> {
        if !running.has_begun() {
            return running.kill(target.step).await.map(Ok);
        }
        let mut ended = pin!(running.finish(target.step));
        timeout(self.settings.deadlines.look, async {
            // Between two statements there is nothing to cancel.
            while !watch.cancel().await {
                tokio::select! {
                    ended = &mut ended => return ended,
                    () = sleep(BETWEEN_CANCELS) => {}
                }
            }
            ended.await
        })
        .await
        .ok()
    }

    /// Liquibase 4.29 lets go locks that it does not hold, so it is not even started while somebody holds one.
    pub(super) async fn refuse_while_locked(
        &self,
        environment: &EnvironmentSettings,
        what: &str,
    ) -> Result<(), Failure> {
        match self.databases.liquibase_lock(environment).await? {
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

    /// A Liquibase whose connection or life was cut leaves its lock behind, and nobody else lets it go. How the statement
    /// ended that was under way then, a commit perhaps, nobody has told it.
    async fn with_lock_left(&self, target: &Target<'_>, failure: Failure) -> Failure {
        let LockState::Held { by, since } = (match self.databases.liquibase_lock(target.environment).await {
            Ok(lock) => lock,
            // What cannot be seen is told by whoever looks next.
            Err(_) => return failure,
        }) else {
            return failure;
        };
        let holder = Grant { by, wall: since }.holder();
        if holder.run.as_ref() != Some(target.run) {
            return failure;
        }
        failure.because("it left Liquibase's lock behind").with_kind(FailureKind::Unknown).hint(
            "Find out with `lockstep reconcile` what it got done, and let the lock go whose holder is gone.",
        )
    }

    async fn start(&self, target: &Target<'_>, command: Command<'_>, what: &str) -> Result<Running, Failure> {
        if let Some(task) = self.task_settings() {
            return Box::pin(self.start_task(target, command, what, task)).await;
        }
        let runner = self.runner()?;
        let files = self.artifacts.files(target.release).await?;
        let failed = |error: std::io::Error| Failure::new(FailureKind::Failed, what).because(error);
        let folder = Folder::with(&files)
            .and_then(|folder| {
                std::fs::write(folder.path().join(Logging::FILE), Logging::TEXT).map(|()| folder)
            })
            .map_err(|error| failed(error).hint("Make room in the folder for temporary files."))?;
        let coordinates = self.databases.coordinates(&target.environment.environment).await?;
        let job = Job {
            run: target.run,
            root: folder.path(),
            coordinates: &coordinates,
            database: &target.environment.environment.database,
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
        Ok(Running::here(process, folder))
    }

    pub(super) fn runner(&self) -> Result<Runner, Failure> {
        let mut known = self.runner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runner) = known.as_ref() {
            return Ok(runner.clone());
        }
        let runner = find(self.settings.liquibase.runner, self.tools.as_deref())?;
        Ok(known.insert(runner).clone())
    }

    fn out_of_time(&self, what: String, is_aborted: bool) -> Failure {
        let because = if is_aborted {
            "it was aborted, and Liquibase did not end when the database was asked to cancel".to_owned()
        } else {
            format!("Liquibase had not ended after {}", seconds(self.settings.deadlines.liquibase))
        };
        Failure::new(FailureKind::Unknown, what)
            .because(because)
            .because("it was killed and its sessions were ended")
            .hint("Find out with `lockstep reconcile` what it got done; [deadlines] liquibase says how long to wait.")
    }
}

impl Target<'_> {
    fn name(&self) -> &str {
        self.environment.environment.name.as_str()
    }

    /// True unless the changeset that Liquibase said it runs, last, does not run in a transaction.
    fn is_atomic(&self, said: &Said) -> bool {
        let Some(running) = said.running() else { return true };
        let mut changesets = self.release.changelog.changesets().iter();
        changesets
            .find(|changeset| changeset.id.to_string() == running)
            .is_none_or(|it| it.runs_in_transaction)
    }

    /// What a changeset without a transaction did before it failed stays.
    fn in_parts(&self, failure: Failure, said: &Said) -> Failure {
        if failure.kind == FailureKind::Unknown || self.is_atomic(said) {
            return failure;
        }
        failure
            .because("it does not run in a transaction: what it did before that stays")
            .with_kind(FailureKind::ActionNeeded)
            .hint("Look how far it came, and finish it or undo it by hand before it is run again.")
    }
}

/// What an aborted migration failed with: the changeset that was under way is rolled back, if it can be.
fn aborted(target: &Target<'_>, said: &Said) -> Failure {
    let what = format!("what Liquibase did in {} was aborted", target.name());
    let failure = Failure::new(FailureKind::Interrupted, what);
    let failure = match said.running() {
        Some(changeset) if target.is_atomic(said) => {
            failure.because(format!("{changeset} was cancelled and rolled back"))
        }
        Some(changeset) => failure.because(format!("{changeset} was cancelled")),
        None => failure,
    };
    failure.hint("Plan it again to go on from where it stands, or roll back what was done.")
}

/// Liquibase never began, so nothing was done.
fn never(what: String, why: Vec<String>) -> Failure {
    let failure = Failure::new(FailureKind::Unavailable, what)
        .because("the task of Liquibase never started: nothing was done");
    why.into_iter().fold(failure, Failure::because).hint(
        "Mend what ECS names: the image, the secrets and roles of the task definition, the way out of its subnets, the \
         archive in its bucket.",
    )
}

/// The same failure, said of what could not be done.
fn told(what: String, failure: Failure) -> Failure {
    let told = Failure::new(failure.kind, what).because(failure.what);
    let told = failure.because.into_iter().fold(told, Failure::because);
    match failure.hint {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// A Liquibase that was killed may have left anything behind; one that ended by itself says what happened.
fn settled(failure: Failure, ended: &Ended) -> Failure {
    let Ended::Killed(words) = ended else { return failure };
    let last = failure.because.last().map(|line| format!("its last line was: {line}"));
    let killed = Failure::new(FailureKind::Unknown, failure.what)
        .because(format!("Liquibase was killed ({words})"))
        .hint(
            "Look at the ledger and at Liquibase's lock: a changeset may have run without leaving its row.",
        );
    last.into_iter().fold(killed, Failure::because)
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
        let killed = settled(failure(), &Ended::Killed("signal: 9 (SIGKILL)".to_owned()));
        assert_eq!(killed.kind, FailureKind::Unknown);
        assert_eq!(half_done(killed, Seen { came: 2, went: 0 }, Ok(())).kind, FailureKind::Unknown);
        assert_eq!(settled(failure(), &Ended::Itself(1)).kind, FailureKind::Failed);
    }
}
