//! Carrying out what flows ask for: reading their files, and one action after the other.
//!
//! What runs where is decided once, when a flow is read (`ground`); each kind of action has a file of its own. Absent on
//! purpose: the order of actions and what a failure means, which the engine decides.

mod checks;
mod command;
mod connect;
mod ground;
mod promotion;
mod reporting;
mod shell;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::ground::Ground;
use super::artifacts::Artifacts;
use super::aws::Clouds;
use super::leases::Leases;
use super::liquibase::Liquibase;
use super::postgres::Databases;
use super::process::{Launch, Process};
use super::redact::Redactor;
use super::report::{Heard, RawLine, Report};
use super::reports::Reports;
use super::texts::Texts;
use crate::config::Settings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::log::{Level, Source};
use crate::domain::names::RunId;
use crate::engine::effect::FlowCall;
use crate::engine::event::EventKind;
use crate::engine::flow::{Asking, Deed, INTERRUPTED, Order, Reading, Task};

/// How long a process that was asked to end may take before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What Liquibase says of a part of it that no open-source command needs, and that is left out for that.
const NO_LICENCE: &str = "WARNING: License service not loaded";

/// The exit code of an action that could not even be begun.
const NOT_BEGUN: u8 = 1;

/// What flows use. Cheap to clone.
#[derive(Clone)]
pub(super) struct Flows(Arc<Parts>);

pub(super) use promotion::Added;

struct Parts {
    settings: Arc<Settings>,
    clouds: Clouds,
    databases: Databases,
    texts: Texts,
    artifacts: Artifacts,
    leases: Leases,
    redactor: Redactor,
    reports: Reports,
    /// What each run stands on, from its reading to its end.
    grounds: Mutex<HashMap<RunId, Arc<Ground>>>,
    /// What stops the actions that run, by run and row. Whoever comes first, the action or its stop, puts it there.
    stops: Mutex<HashMap<Doing, CancellationToken>>,
}

/// An action of a run, by its row.
type Doing = (RunId, usize);

/// Whose lines they are, and how much each matters.
#[derive(Clone, Copy)]
struct Voice {
    source: Source,
    level: fn(&str) -> Level,
}

/// How a process ended.
enum Ended {
    /// By itself, with this exit code.
    With(u8),
    /// It was killed by something else.
    Killed(String),
    /// It was stopped, because somebody wanted that.
    Stopped,
    /// It was stopped, because it took too long.
    Late,
}

impl Flows {
    /// Flows of the instance that `settings` describe.
    pub(super) fn new(
        settings: Arc<Settings>,
        clouds: Clouds,
        databases: Databases,
        (texts, artifacts): (Texts, Artifacts),
        leases: Leases,
        (redactor, reports): (Redactor, Reports),
    ) -> Self {
        let (grounds, stops) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Parts {
            settings,
            clouds,
            databases,
            texts,
            artifacts,
            leases,
            redactor,
            reports,
            grounds,
            stops,
        }))
    }

    /// Does what a flow asks for.
    pub(super) async fn perform(&self, call: FlowCall, liquibase: &Liquibase, report: &Report) {
        match call {
            FlowCall::List => {
                let listed = report.clean(ground::list());
                report.send(EventKind::FlowsListed(listed)).await;
            }
            FlowCall::Read(run, asking) => {
                let read = Box::pin(self.read(&run, &asking)).await.map(Box::new);
                report.send(EventKind::FlowRead(run, report.clean(read))).await;
            }
            FlowCall::Find(run, row, files) => {
                let ground = self.ground(&run);
                let is_there = |file: &String| ground.as_ref().is_ok_and(|ground| ground.path(file).exists());
                let found = files.into_iter().filter(is_there).collect();
                report.send(EventKind::FlowFound(run, row, found)).await;
            }
            FlowCall::Act { run, row, order } => {
                let report = report.for_run(&run);
                let doing = (run, row);
                let deed = Box::pin(self.act(&doing, &order, liquibase, &report)).await;
                self.stops().remove(&doing);
                let deed = Deed { result: report.clean(deed.result), ..deed };
                report.send(EventKind::FlowActed(doing.0, row, Box::new(deed))).await;
            }
            FlowCall::Stop(run, row) => self.token(&(run, row)).cancel(),
        }
    }

    /// A run is over.
    pub(super) fn forget(&self, run: &RunId) {
        self.grounds().remove(run);
        self.stops().retain(|(other, _), _| other != run);
    }

    async fn read(&self, run: &RunId, asking: &Asking) -> Result<Reading, Failure> {
        let (ground, reading) = self.prepare(run, asking).await?;
        self.grounds().insert(run.clone(), Arc::new(ground));
        Ok(reading)
    }

    async fn act(&self, doing: &Doing, order: &Order, liquibase: &Liquibase, report: &Report) -> Deed {
        let ground = match self.ground(&doing.0) {
            Ok(ground) => ground,
            Err(failure) => return Deed::failed(NOT_BEGUN, failure),
        };
        match reporting::Wanted::by(order, report.clock().now()) {
            None => self.carry(doing, &ground, order, liquibase, report).await,
            Some(wanted) => {
                let heard = Heard::default();
                let deed = self.carry(doing, &ground, order, liquibase, &report.heard_by(&heard)).await;
                let ended = report.clock().now();
                let told = self.told(&wanted, &doing.0, &ground, &deed, ended);
                Box::pin(self.leave_report(&wanted, &ground, told, heard.log(), report)).await;
                deed
            }
        }
    }

    /// Makes sure that something may be changed where the flow runs.
    async fn assure_change(&self, ground: &Ground) -> Result<(), Failure> {
        let environment = match &ground.database {
            ground::Database::Environment(name) => self.0.settings.environment(name),
            ground::Database::Caller | ground::Database::Nowhere => None,
        };
        let clouds = &self.0.clouds;
        environment.map_or(clouds.own(), |environment| clouds.by(&environment.aws)).assure_change().await
    }

    /// Carries out an action.
    async fn carry(
        &self,
        doing: &Doing,
        ground: &Ground,
        order: &Order,
        liquibase: &Liquibase,
        report: &Report,
    ) -> Deed {
        // What a shell does, nobody can tell before.
        if (order.is_change() || matches!(order.task, Task::Shell { .. }))
            && let Err(failure) = Box::pin(self.assure_change(ground)).await
        {
            return Deed::failed(NOT_BEGUN, failure);
        }
        match &order.task {
            Task::Shell { command, interpreter, exported } => {
                let shell = shell::Shell { command, interpreter: interpreter.as_deref(), exported };
                self.shell(doing, ground, &shell, report).await
            }
            Task::Command { name: "connect", arguments, globals, .. } => {
                Box::pin(self.connect(ground, arguments, globals, report)).await
            }
            Task::Command { name: "checks run", arguments, globals, .. } => {
                Box::pin(self.checks_run(ground, arguments, globals, report)).await
            }
            Task::Command { name: "checks show", arguments, globals, .. } => {
                Box::pin(self.checks_show(ground, arguments, globals, report)).await
            }
            Task::Command { .. } => Box::pin(self.command(doing, ground, order, liquibase, report)).await,
        }
    }

    fn ground(&self, run: &RunId) -> Result<Arc<Ground>, Failure> {
        self.grounds().get(run).cloned().ok_or_else(|| {
            Failure::new(FailureKind::Failed, "the action could not be begun")
                .because(format!("nothing was read for the run {run}"))
        })
    }

    /// Forwards what a process writes until it ends, or is to be stopped, and hands its lines to `keep`.
    async fn follow(
        &self,
        launch: Launch,
        stop: CancellationToken,
        voice: Voice,
        report: &Report,
        mut keep: impl FnMut(Vec<Arc<str>>),
    ) -> std::io::Result<Ended> {
        let mut process = Process::start(launch)?;
        let ended = {
            let running = async {
                while let Some(lines) = process.lines().await {
                    let lines = lines.into_iter().filter(|line| !line.starts_with(NO_LICENCE));
                    let lines = lines.map(|text| {
                        let level = (voice.level)(&text);
                        RawLine { at: None, source: voice.source, level, text }
                    });
                    keep(report.lines(lines.collect()).await);
                }
                process.end().await
            };
            tokio::select! {
                ended = timeout(self.0.settings.deadlines.liquibase, running) => ended.map_err(|_| Ended::Late),
                () = stop.cancelled() => Err(Ended::Stopped),
            }
        };
        match ended {
            Ok(status) => {
                let status = status?;
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                Ok(code.map_or_else(|| Ended::Killed(status.to_string()), Ended::With))
            }
            Err(ended) => {
                process.terminate(PATIENCE).await?;
                Ok(ended)
            }
        }
    }

    /// What the end of a process that was stopped, or is gone, means. `None` when it ended by itself.
    fn cut_short(&self, ended: &Ended, what: &str) -> Option<Deed> {
        let failure = |kind| Failure::new(kind, what);
        Some(match ended {
            Ended::With(_) => return None,
            Ended::Killed(status) => {
                Deed::failed(1, failure(FailureKind::Failed).because(format!("it was killed ({status})")))
            }
            Ended::Stopped => Deed::failed(
                INTERRUPTED,
                failure(FailureKind::Interrupted).because("it was stopped, because the flow was interrupted"),
            ),
            Ended::Late => {
                let limit = super::report::seconds(self.0.settings.deadlines.liquibase);
                let because = format!("it had not ended after {limit}, and was stopped");
                Deed::failed(1, failure(FailureKind::Failed).because(because))
            }
        })
    }

    /// Says lines of lockstep's own words, or puts them into the file that `output-file` names.
    async fn say(
        &self,
        ground: &Ground,
        output: Option<&str>,
        lines: Vec<String>,
        report: &Report,
    ) -> Result<(), Failure> {
        let Some(file) = output else {
            let lines = lines.into_iter();
            let raw = |text| RawLine { at: None, source: Source::Lockstep, level: Level::Normal, text };
            report.lines(lines.map(raw).collect()).await;
            return Ok(());
        };
        let path: PathBuf = ground.path(file);
        let mut text = lines.iter().map(|line| self.0.redactor.line(line)).collect::<Vec<_>>().join("\n");
        text.push('\n');
        let parent = path.parent().map(std::fs::create_dir_all).transpose();
        parent.and_then(|_| std::fs::write(&path, text)).map_err(|error| {
            Failure::new(FailureKind::Failed, format!("{file} could not be written")).because(error)
        })
    }

    fn token(&self, doing: &Doing) -> CancellationToken {
        self.stops().entry(doing.clone()).or_default().clone()
    }

    fn grounds(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Ground>>> {
        self.0.grounds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stops(&self) -> MutexGuard<'_, HashMap<Doing, CancellationToken>> {
        self.0.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
