//! `lockstep reconcile`: what became of runs that nobody saw end, for people and for programs, and what is done about it.

use std::fmt::Write as _;
use std::future;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::json::failure;
use super::{Format, Progress};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::{PastFlow, PastRun};
use crate::domain::lock::Verdict;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::reconcile::{Finding, Report};
use crate::engine::State;
use crate::engine::event::{Event, Intent};
use crate::exit::Exit;
use crate::runtime::{Frontend, Next, StopSignals};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Look at the runs in these environments, everywhere when none is named.
    Look {
        /// Where.
        environments: Vec<EnvironmentName>,
        /// Wait until nothing of them runs any more.
        attaches: bool,
        /// Put on record what was found out.
        settles: bool,
    },
    /// Put on record that a person has settled what could not be found out.
    Resolve {
        /// Where.
        environment: EnvironmentName,
        /// What was seen and done.
        reason: String,
    },
    /// Let Liquibase's lock go, whose holder is proven to be gone.
    ReleaseLock {
        /// Where.
        environment: EnvironmentName,
        /// The environment's name, said again.
        confirm: Option<String>,
    },
}

/// Steers one task through the loop.
pub struct Reconciling<Out, Err> {
    task: Task,
    format: Format,
    out: Out,
    progress: Progress<Err>,
    signals: Option<StopSignals>,
    /// What was settled, so that nothing is asked for twice.
    settled: Vec<RunId>,
    has_acted: bool,
    refused: Option<Failure>,
}

impl<Out: Write, Err: Write> Reconciling<Out, Err> {
    /// A frontend that writes the result to `out` and progress to `progress`, and stops when a signal arrives.
    pub fn new(task: Task, format: Format, out: Out, progress: Err, signals: Option<StopSignals>) -> Self {
        let progress = Progress::new(progress);
        let (settled, has_acted, refused) = (Vec::new(), false, None);
        Self { task, format, out, progress, signals, settled, has_acted, refused }
    }

    /// Writes the result and says how it ended.
    pub fn finish(mut self, state: &State) -> io::Result<Exit> {
        let failed = state.messages.iter().rev().find_map(|message| message.text.as_ref().err());
        let failure = self.refused.take().or_else(|| failed.cloned()).or_else(|| self.cut_short(state));
        let exit = match &failure {
            Some(failure) => Exit::from(failure),
            None if matches!(self.task, Task::Look { .. }) => match weight(state.reconciliation.reports()) {
                Exit::Proven if unsettled_flows(state).next().is_some() => Exit::Unknown,
                exit => exit,
            },
            None => Exit::Proven,
        };
        match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut self.out, &json(state, failure.as_ref()))?;
                writeln!(self.out)?;
            }
            Format::Text => {
                write!(self.out, "{}", self.text(state))?;
                self.out.flush()?;
                if let Some(failure) = failure {
                    self.progress.failure(&failure)?;
                }
            }
        }
        self.out.flush()?;
        Ok(exit)
    }

    fn cut_short(&self, state: &State) -> Option<Failure> {
        let is_cut = match self.task {
            Task::Look { .. } => state.reconciliation.ended().is_none() || state.reconciliation.is_watching(),
            Task::Resolve { .. } | Task::ReleaseLock { .. } => !self.has_acted,
        };
        let interrupted = || Failure::new(FailureKind::Interrupted, "it was interrupted before all was seen");
        (is_cut && state.is_stopping).then(interrupted)
    }

    /// The next thing to ask for, or `None` to wait.
    fn step(&mut self, state: &State, is_idle: bool) -> Option<Next> {
        if state.is_stopping {
            return Some(Next::Leave);
        }
        if !is_idle {
            return None;
        }
        match &self.task {
            Task::Look { attaches: true, .. } if state.reconciliation.is_watching() => None,
            Task::Look { settles, .. } => {
                let open = |report: &&Report| {
                    is_open(state, report)
                        && report.finding.is_conclusive()
                        && !self.settled.contains(&report.run)
                };
                let next = state.reconciliation.reports().iter().find(open).filter(|_| *settles);
                let Some(run) = next.map(|report| report.run.clone()) else { return Some(Next::Leave) };
                self.settled.push(run.clone());
                Some(Next::Intent(Intent::Settle(run)))
            }
            Task::Resolve { environment, reason } if !self.has_acted => {
                self.has_acted = true;
                Some(Next::Intent(Intent::Resolve {
                    environment: environment.clone(),
                    reason: reason.clone(),
                }))
            }
            Task::ReleaseLock { environment, confirm } if !self.has_acted => {
                self.has_acted = true;
                self.refused = unconfirmed(state, environment, confirm.as_deref());
                if self.refused.is_some() {
                    return Some(Next::Leave);
                }
                Some(Next::Intent(Intent::ReleaseLock(environment.clone())))
            }
            Task::Resolve { .. } | Task::ReleaseLock { .. } => Some(Next::Leave),
        }
    }

    fn text(&self, state: &State) -> String {
        let mut text = String::new();
        match &self.task {
            Task::Look { .. } => {
                let is_clear =
                    state.reconciliation.reports().is_empty() && unsettled_flows(state).next().is_none();
                if is_clear && state.reconciliation.ended().is_some() {
                    writeln!(text, "Every run was seen to its end; there is nothing to reconcile.").ok();
                }
                for report in state.reconciliation.reports() {
                    details(&mut text, state, report);
                }
                for flow in unsettled_flows(state) {
                    let (run, file, by, name) = (&flow.run, &flow.file, &flow.by, &flow.environment);
                    let last = flow.last.as_deref().unwrap_or_default();
                    writeln!(
                        text,
                        "The flow {run} ({file}, by {by}) announced {last}; its end is not on record."
                    )
                    .ok();
                    writeln!(text, "  `lockstep locks {name}` shows whether it is at work; docs/flows.md says how it is settled.")
                        .ok();
                }
            }
            Task::Resolve { .. } | Task::ReleaseLock { .. } => {
                for words in state.messages.iter().filter_map(|message| message.text.as_ref().ok()) {
                    writeln!(text, "{words}").ok();
                }
            }
        }
        text
    }
}

/// The flows that announced a change of which the journal does not see the end.
fn unsettled_flows(state: &State) -> impl Iterator<Item = &PastFlow> {
    state.environments.iter().filter_map(|it| state.history.unsettled_flow(&it.environment.name))
}

impl<Out: Write, Err: Write> Frontend for Reconciling<Out, Err> {
    fn first(&self) -> Intent {
        match &self.task {
            Task::Look { environments, attaches: true, .. } => Intent::Attach(environments.clone()),
            Task::Look { environments, .. } => Intent::Reconcile(environments.clone()),
            Task::Resolve { environment, .. } => Intent::Reconcile(vec![environment.clone()]),
            Task::ReleaseLock { environment, .. } => Intent::InspectLocks(vec![environment.clone()]),
        }
    }

    async fn next(&mut self, state: &State, is_idle: bool) -> io::Result<Next> {
        if let Some(next) = self.step(state, is_idle) {
            return Ok(next);
        }
        match &mut self.signals {
            Some(signals) => signals.next().await,
            None => future::pending().await,
        }
        Ok(Next::Intent(Intent::Interrupt))
    }

    fn show(&mut self, event: Option<&Event>, state: &State, _more: bool) -> io::Result<()> {
        match event {
            Some(event) => self.progress.show(event, state),
            None => Ok(()),
        }
    }
}

/// Why the lock is not let go, with the exact flags where only they are missing. Without proof no flag helps.
fn unconfirmed(state: &State, name: &EnvironmentName, confirm: Option<&str>) -> Option<Failure> {
    let environment = state.environment(name)?;
    if let Some(failure) = environment.locks.failure() {
        return Some(failure.clone());
    }
    let [liquibase, _] = environment.locks.current()?.locks();
    let Verdict::Stale(proof) = &liquibase.verdict else { return None };
    if confirm == Some(name.as_str()) {
        return None;
    }
    let holder = liquibase.holder.map_or_else(|| "somebody".to_owned(), |holder| holder.name);
    let flags = format!("lockstep reconcile --release-lock {name} --confirm {name}");
    let what = match confirm {
        Some(other) => format!("`--confirm {other}` does not name {name}"),
        None => format!("letting Liquibase's lock on {name} go has to be confirmed"),
    };
    Some(
        Failure::new(FailureKind::Refused, what)
            .because(format!("{holder} holds it: {proof}"))
            .hint(format!("Confirm it with: {flags}")),
    )
}

/// 5 where nobody can tell yet, 4 where somebody has to act, 3 where nothing is left half-done.
fn weight(reports: &[Report]) -> Exit {
    let has = |findings: &[Finding]| reports.iter().any(|report| findings.contains(&report.finding));
    if has(&[Finding::MustLook, Finding::Running]) {
        Exit::Unknown
    } else if has(&[Finding::HalfDone, Finding::Unwell]) {
        Exit::ActionNeeded
    } else if has(&[Finding::NotStarted, Finding::TakenBack, Finding::Superseded]) {
        Exit::Failed
    } else {
        Exit::Proven
    }
}

fn is_open(state: &State, report: &Report) -> bool {
    state.history.run(&report.run).is_some_and(PastRun::is_open)
}

/// A shape for each finding, beside its word.
pub fn sign(finding: Finding) -> &'static str {
    match finding {
        Finding::Finished => "✔",
        Finding::NotStarted | Finding::TakenBack | Finding::Superseded => "○",
        Finding::Running => "▶",
        Finding::HalfDone => "▲",
        Finding::Unwell => "✖",
        Finding::MustLook => "?",
    }
}

fn details(text: &mut String, state: &State, report: &Report) {
    let Report { run, environment, version, finding, .. } = report;
    if !text.is_empty() {
        writeln!(text).ok();
    }
    writeln!(text, "{} {environment}: {version}, {}: {run}", sign(*finding), finding.word()).ok();
    let mut fact = |name: &str, value: &str| {
        writeln!(text, "  {name:16} {value}").ok();
    };
    for because in &report.because {
        fact("because", because);
    }
    for seen in &report.evidence {
        fact(seen.what, &seen.seen);
    }
    if !is_open(state, report) {
        fact("on record", "put there now");
        return;
    }
    for next in &report.next {
        fact("next", &format!("{}  ({})", next.command(environment), next.about()));
    }
}

/// For programs; docs/json.md describes it.
fn json(state: &State, failed: Option<&Failure>) -> Value {
    let runs = state.reconciliation.reports().iter().map(|report| {
        json!({
            "run": report.run.as_str(),
            "environment": report.environment.as_str(),
            "version": report.version.to_string(),
            "finding": report.finding.word(),
            "is_conclusive": report.finding.is_conclusive(),
            "is_on_record": !is_open(state, report),
            "because": report.because,
            "evidence": report.evidence.iter().map(|seen| json!({ "what": seen.what, "seen": seen.seen }))
                .collect::<Vec<_>>(),
            "next": report.next.iter().map(|next| json!({
                "step": next.word(),
                "about": next.about(),
                "command": next.command(&report.environment),
            })).collect::<Vec<_>>(),
        })
    });
    let said = state.messages.iter().filter_map(|message| message.text.as_ref().ok());
    json!({
        "looked_at": state.reconciliation.ended().map(|at| at.to_string()),
        "runs": runs.collect::<Vec<_>>(),
        "flows": unsettled_flows(state).map(|flow| json!({
            "run": flow.run.as_str(),
            "environment": flow.environment.as_str(),
            "flow": flow.file,
            "by": flow.by,
            "announced": flow.last,
        })).collect::<Vec<_>>(),
        "done": said.collect::<Vec<_>>(),
        "failure": failure(failed),
    })
}
