//! From arguments to an exit code: builds adapters and a frontend, and lets them run.

mod appearance;
mod arguments;
mod changelog;
mod check;
mod checked;
mod config;
mod demo;
mod diff;
mod doctor;
mod fault;
mod flow;
mod instance;
mod journal;
mod notify;
mod picture;
mod plans;
mod reconcile;
mod release;
mod report;
mod votes;

use std::io::{self, Write as _, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use jiff::tz::TimeZone;

use crate::adapters::Adapters;
use crate::config::appearance::Symbols;
use crate::config::remembered::Remembered;
use crate::config::{DesktopSettings, Settings, keys, paths};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::VoteWord;
use crate::domain::names::EnvironmentName;
use crate::domain::release::Version;
use crate::engine::State;
use crate::exit::Exit;
use crate::headless::{self, Headless, Job, Narrator};
use crate::runtime::{Clock, Journal, Runtime, StopSignals, drive, mark};
use crate::tui::Console;
use crate::tui::alert::Alert;
use crate::tui::keymap::Keymap;
use crate::tui::terminal::{self, Screen};
use appearance::AppearanceArguments;
use arguments::{Arguments, Command, Demo, Output};

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

/// How a console is opened.
#[derive(Clone, Copy)]
struct Opening<'a> {
    appearance: &'a AppearanceArguments,
    /// True when new releases go by themselves where the gate is automatic.
    is_automatic: bool,
    /// True when nothing may be changed.
    is_read_only: bool,
}

async fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    fit(arguments)?;
    let format = arguments.format();
    let opening = Opening {
        appearance: &arguments.appearance,
        is_automatic: arguments.auto,
        is_read_only: arguments.read_only,
    };
    match &arguments.command {
        None => console(instance::settings(arguments)?, opening).await,
        Some(Command::Demo(demo)) => Box::pin(demo::run(demo, format, opening)).await,
        Some(Command::Check(words)) => check::run(words, arguments).await,
        Some(Command::Release(release)) => release::run(release, arguments, format).await,
        Some(Command::Diff(words)) => diff::run(words, arguments, format).await,
        Some(Command::Changelog(changelog)) => changelog::run(&changelog.command, format),
        Some(Command::Flow(words)) => Box::pin(flow::run(&words.command, arguments)).await,
        Some(Command::Journal(words)) => journal::run(&words.command, arguments, format),
        Some(Command::Notify(words)) => Box::pin(notify::run(&words.command, arguments)).await,
        Some(Command::Report(words)) => report::run(&words.command, arguments, format),
        Some(Command::Board(frame)) => picture::board(arguments, frame).await,
        Some(Command::Picture(words)) => picture::run(arguments, words).await,
        Some(Command::Status) => job(arguments, Job::Status).await,
        Some(Command::Config(words)) => config::run(&words.command, arguments),
        Some(Command::Doctor) => Box::pin(doctor::run(arguments)).await,
        Some(Command::Locks(chosen)) => {
            let settings = instance::settings(arguments)?;
            let names = instance::environments(&settings, &chosen.environments)?;
            job_with(settings, arguments, Job::Locks(names)).await
        }
        Some(Command::Drift(drift)) => {
            let settings = instance::settings(arguments)?;
            let environments = instance::environments(&settings, &drift.chosen.environments)?;
            let release = version(drift.release.as_deref())?;
            job_with(settings, arguments, Job::Drift { environments, release, report: drift.report }).await
        }
        Some(Command::Reconcile(words)) => reconcile::run(words, arguments).await,
        Some(Command::Plan(words)) => plans::plan(words, arguments).await,
        Some(Command::Promote(words)) => plans::promote(words, arguments).await,
        Some(Command::Rollback(words)) => plans::rollback(words, arguments).await,
        Some(Command::Approvals) => job(arguments, Job::Approvals).await,
        Some(
            command @ (Command::Request(_)
            | Command::Approve(_)
            | Command::Reject(_)
            | Command::Line(_)
            | Command::Bar(_)
            | Command::Unbar(_)),
        ) => job(arguments, said(command)?).await,
    }
}

/// What somebody says with one of the commands that put a word on record.
fn said(command: &Command) -> Result<Job, Failure> {
    match command {
        Command::Request(it) => votes::vote(&it.ballot, VoteWord::Request, &it.note),
        Command::Approve(it) => votes::vote(&it.ballot, VoteWord::Approve, &it.note),
        Command::Reject(it) => votes::vote(&it.ballot, VoteWord::Reject, &it.reason),
        Command::Line(line) => Ok(votes::line(&line.command)),
        Command::Bar(bar) => votes::bar(bar, true),
        Command::Unbar(bar) => votes::bar(bar, false),
        _ => Ok(Job::Approvals),
    }
}

/// Refuses words that do not belong to the command.
fn fit(arguments: &Arguments) -> Result<(), Failure> {
    let is_console = matches!(arguments.command, None | Some(Command::Demo(Demo { command: None, .. })));
    if arguments.auto && !is_console {
        return Err(Failure::new(FailureKind::Usage, "`--auto` is for the console")
            .hint("Where nobody can see and hold it, use `lockstep promote ENV`."));
    }
    if arguments.appearance.plain && !is_console {
        return Err(Failure::new(FailureKind::Usage, "`--plain` is for the console")
            .hint("What commands say are lines already."));
    }
    let is_check = matches!(arguments.command, Some(Command::Check(_)));
    if matches!(arguments.output, Output::Sarif | Output::Junit) && !is_check {
        return Err(Failure::new(FailureKind::Usage, "only `lockstep check` writes SARIF and JUnit")
            .hint("Use `--output text` or `--output json`."));
    }
    Ok(())
}

/// Opens the console on an instance and stays until the operator leaves.
async fn console(settings: Settings, opening: Opening<'_>) -> Result<Exit, Failure> {
    let settings = if opening.is_read_only { settings.read_only() } else { settings };
    let signals = StopSignals::listen().map_err(|error| terminal_failure(&error))?;
    // What is chosen later counts, and the user's own file comes after that of the project.
    let mut chosen = settings.keys.clone();
    chosen.extend(keys::of_user(&paths::user_file())?);
    let keymap = Keymap::with(&chosen)?;
    let place = paths::remembered(&settings.id);
    let left = Remembered::read(&place);
    let mut state = state(&settings);
    if opening.is_automatic {
        state.promote_automatically();
    }
    let look = opening.appearance.look(&settings.console, left.theme.as_deref())?;
    let appearance = opening.appearance.appearance(&settings.console);
    let desktop = settings.notify.desktop.clone();
    let runtime = runtime(settings, state);
    if appearance.is_plain {
        let mut narrator = Narrator::new(stdout(), appearance.symbols == Symbols::Ascii, Some(signals));
        runtime.tick(TICK);
        Box::pin(drive(runtime, &mut narrator)).await.map_err(|error| unwritten(&error))?;
        return Ok(Exit::Proven);
    }
    let screen = Screen::enter().map_err(|error| terminal_failure(&error))?;
    let console = Console::new(screen, terminal::inputs(), Some(signals), TimeZone::system(), look);
    let mut console = console.keyed(keymap).resuming(left);
    if let Some(DesktopSettings { signal, occasions }) = desktop {
        console = console.alerting(Alert::decide(signal, |name| std::env::var(name).ok()), occasions);
    }
    runtime.tick(TICK);
    let state = Box::pin(drive(runtime, &mut console)).await.map_err(|error| terminal_failure(&error))?;
    let left = console.remembered(&state);
    // The terminal is given back first. Where the operator left is a convenience: failing to write it changes nothing.
    drop(console);
    left.write(&place).ok();
    Ok(Exit::Proven)
}

async fn job(arguments: &Arguments, job: Job) -> Result<Exit, Failure> {
    job_with(instance::settings(arguments)?, arguments, job).await
}

async fn job_with(settings: Settings, arguments: &Arguments, job: Job) -> Result<Exit, Failure> {
    let output = |error: io::Error| unwritten(&error);
    let signals = StopSignals::listen().map_err(output)?;
    let mut headless = Headless::new(job, arguments.format(), stdout(), stderr(), Some(signals));
    let state = drive(at_rest(settings), &mut headless).await.map_err(output)?;
    headless.finish(&state).map_err(output)
}

/// A runtime in whose state nothing begins by itself.
fn at_rest(settings: Settings) -> Runtime<Adapters> {
    let state = state(&settings);
    runtime(settings, state)
}

fn state(settings: &Settings) -> State {
    let environments = settings.environments.iter().map(|it| it.environment.clone()).collect();
    let state = State::new(
        settings.id.clone(),
        settings.title.clone(),
        settings.mode.clone(),
        environments,
        settings.polling.observe,
    );
    let state = state.marked(mark());
    let state = state.notifying(settings.notify.listeners());
    let state = if settings.is_read_only { state.only_reading() } else { state };
    let state = if settings.releases.registry.is_some() { state.seeing_images() } else { state };
    match &settings.policy {
        Some(policy) => state.policed(policy.blocks_at),
        None => state,
    }
}

fn runtime(settings: Settings, state: State) -> Runtime<Adapters> {
    let mut journal = Journal::at(settings.journal());
    // Before there is a screen that could be kept waiting by a long one. Whoever goes on reads it again, and is told then
    // why it could not be read.
    journal.read().ok();
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

fn unwritten(error: &io::Error) -> Failure {
    Failure::new(FailureKind::Failed, "the output could not be written").because(error)
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
