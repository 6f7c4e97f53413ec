//! From arguments to an exit code: builds adapters and a frontend, and lets them run.

mod arguments;
mod changelog;
mod demo;
mod diff;
mod fault;
mod instance;
mod reconcile;
mod release;

use std::io::{self, Write as _, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use jiff::tz::TimeZone;

use crate::adapters::Adapters;
use crate::config::{Settings, paths};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::domain::plan::PlanDigest;
use crate::domain::release::Version;
use crate::engine::State;
use crate::engine::planning::Request;
use crate::exit::Exit;
use crate::headless::{self, Format, Headless, Job};
use crate::runtime::{Clock, Journal, Runtime, StopSignals, drive};
use crate::tui::terminal::{self, Screen};
use crate::tui::{self, Console};
use arguments::{Arguments, Command};

/// How often time goes by for the console: the clock, arming delays, looks that are due.
const TICK: Duration = Duration::from_millis(250);

/// Runs the program with this process's arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            error.print().ok();
            return if error.use_stderr() { Exit::Usage } else { Exit::Proven }.into();
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(run(&arguments));
            // What still waits for an answer must not hold the exit up.
            runtime.shutdown_timeout(Duration::from_millis(200));
            result
        }
        Err(error) => {
            Err(Failure::new(FailureKind::Unavailable, "lockstep could not start its tasks").because(error))
        }
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // When standard error is closed nobody can be told.
            write!(stderr(), "{}", headless::failure_text(&failure)).ok();
            Exit::from(&failure).into()
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let format = arguments.format();
    match &arguments.command {
        None => console(instance::settings(arguments)?, &arguments.theme).await,
        Some(Command::Demo(demo)) => demo::run(demo, format, &arguments.theme).await,
        Some(Command::Release(release)) => release::run(release, arguments, format).await,
        Some(Command::Diff(words)) => diff::run(words, arguments, format).await,
        Some(Command::Changelog(changelog)) => changelog::run(&changelog.command, format),
        Some(Command::Board(board)) => picture(arguments, board).await,
        Some(Command::Status) => job(arguments, Job::Status).await,
        Some(Command::Locks(chosen)) => {
            let settings = instance::settings(arguments)?;
            let names = instance::environments(&settings, &chosen.environments)?;
            job_with(settings, arguments, Job::Locks(names)).await
        }
        Some(Command::Drift(drift)) => {
            let settings = instance::settings(arguments)?;
            let environments = instance::environments(&settings, &drift.chosen.environments)?;
            let release = version(drift.release.as_deref())?;
            job_with(settings, arguments, Job::Drift { environments, release }).await
        }
        Some(Command::Reconcile(words)) => reconcile::run(words, arguments).await,
        Some(Command::Plan(plan)) => {
            let (environment, release) = target(&plan.environment, plan.release.as_deref())?;
            job(arguments, Job::Plan { environment, request: Request::Forward(release) }).await
        }
        Some(Command::Promote(promote)) => {
            let (environment, release) = target(&promote.environment, promote.release.as_deref())?;
            let plan = promote.plan.as_deref().map(PlanDigest::from_text);
            let request = Request::Forward(release);
            let confirm = promote.confirm.clone();
            job(arguments, Job::Promote { environment, request, confirm, plan, reason: None }).await
        }
        Some(Command::Rollback(back)) => {
            let (environment, release) = target(&back.environment, back.to.as_deref())?;
            let request = Request::Back { release, keep_schema: back.app_only };
            let plan = back.plan.as_deref().map(PlanDigest::from_text);
            let (confirm, reason) = (back.confirm.clone(), back.reason.clone());
            job(arguments, Job::Promote { environment, request, confirm, plan, reason }).await
        }
    }
}

/// Opens the console on an instance and stays until the operator leaves.
async fn console(settings: Settings, theme: &str) -> Result<Exit, Failure> {
    let signals = StopSignals::listen().map_err(|error| terminal_failure(&error))?;
    let runtime = runtime(settings);
    let screen = Screen::enter().map_err(|error| terminal_failure(&error))?;
    let mut console = Console::new(screen, terminal::inputs(), Some(signals), TimeZone::system(), theme)?;
    runtime.tick(TICK);
    drive(runtime, &mut console).await.map_err(|error| terminal_failure(&error))?;
    Ok(Exit::Proven)
}

async fn job(arguments: &Arguments, job: Job) -> Result<Exit, Failure> {
    job_with(instance::settings(arguments)?, arguments, job).await
}

async fn job_with(settings: Settings, arguments: &Arguments, job: Job) -> Result<Exit, Failure> {
    let output = |error: io::Error| {
        Failure::new(FailureKind::Failed, "the output could not be written").because(error)
    };
    let signals = StopSignals::listen().map_err(output)?;
    let mut headless = Headless::new(job, arguments.format(), stdout(), stderr(), Some(signals));
    let state = drive(runtime(settings), &mut headless).await.map_err(output)?;
    headless.finish(&state).map_err(output)
}

/// Draws the board as it stands now into a file.
async fn picture(arguments: &Arguments, board: &arguments::Board) -> Result<Exit, Failure> {
    let settings = instance::settings(arguments)?;
    let failed = |error: io::Error| {
        Failure::new(FailureKind::Failed, format!("{} could not be written", board.svg.display()))
            .because(error)
    };
    let mut headless = Headless::new(Job::Status, Format::Json, io::sink(), io::sink(), None);
    let state = drive(runtime(settings), &mut headless).await.map_err(failed)?;
    let (width, height) = board.size;
    let buffer = tui::picture(&state, width, height, &arguments.theme, TimeZone::system())?;
    std::fs::write(&board.svg, tui::svg::render(&buffer)).map_err(failed)?;
    Ok(Exit::Proven)
}

fn runtime(settings: Settings) -> Runtime<Adapters> {
    let environments = settings.environments.iter().map(|it| it.environment.clone()).collect();
    let state = State::new(
        settings.id.clone(),
        settings.title.clone(),
        settings.mode.clone(),
        environments,
        settings.polling.observe,
    );
    let journal = Journal::at(paths::journal(&settings.id));
    let leases = paths::leases(&settings.id);
    let adapters = Adapters::leasing(Arc::new(settings), paths::tools(), leases);
    Runtime::new(state, adapters, journal, Clock::system())
}

fn target(environment: &str, release: Option<&str>) -> Result<(EnvironmentName, Option<Version>), Failure> {
    let usage = |reason: String| Failure::new(FailureKind::Usage, reason);
    let environment = EnvironmentName::parse(environment).map_err(usage)?;
    Ok((environment, version(release)?))
}

fn version(release: Option<&str>) -> Result<Option<Version>, Failure> {
    let parsed = release.map(Version::parse).transpose();
    parsed.map_err(|reason| Failure::new(FailureKind::Usage, reason))
}

fn terminal_failure(error: &io::Error) -> Failure {
    Failure::new(FailureKind::Unavailable, "the console needs a terminal")
        .because(error)
        .hint("Without one use `lockstep status`, `lockstep plan` and `lockstep promote`.")
}

/// The folder that the command was started in.
fn here() -> std::path::PathBuf {
    std::env::current_dir().unwrap_or_else(|_| Path::new(".").to_owned())
}
