//! The frontend without a screen: progress on standard error, the result on standard output, an exit code that
//! means something.

pub mod changelog;
pub mod doctor;
pub mod findings;
pub mod journal;

mod approvals;
mod drift;
mod flow;
mod inspection;
mod job;
mod json;
mod line;
mod locks;
mod narrator;
mod progress;
mod reconcile;
mod text;

use std::future;
use std::io::{self, Write};

use crate::domain::environment::Tier;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Admission;
use crate::domain::plan::{Direction, PlanDigest};
use crate::engine::State;
use crate::engine::event::{Event, EventKind, Intent};
use crate::engine::planning::{Planning, Prepared};
use crate::engine::promotion::{Promotion, refusal};
use crate::exit::Exit;
use crate::runtime::{Frontend, Next, StopSignals};

pub use flow::{Flowing, problems_json as flow_problems_json, problems_text as flow_problems_text};
pub use job::{Job, LineWord};
pub use json::{failure as failure_json, release as release_json};
pub use narrator::Narrator;
pub use progress::Progress;
pub use reconcile::{Reconciling, Task, sign as finding_sign};
pub use text::failure as failure_text;

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; docs/json.md describes it.
    Json,
}

/// Steers one job through the loop.
pub struct Headless<Out, Err> {
    job: Job,
    format: Format,
    out: Out,
    progress: Progress<Err>,
    signals: Option<StopSignals>,
    stage: Stage,
    refused: Option<Failure>,
    /// What was said to what was asked for, and the plan that it was about.
    answer: Option<Result<String, Failure>>,
    meant: Option<PlanDigest>,
}

#[derive(PartialEq)]
enum Stage {
    Begun,
    Planned,
    Asked,
}

impl<Out: Write, Err: Write> Headless<Out, Err> {
    /// A frontend that writes the result to `out` and progress to `progress`. With `signals` it stops safely when
    /// one arrives.
    pub fn new(job: Job, format: Format, out: Out, progress: Err, signals: Option<StopSignals>) -> Self {
        let progress = Progress::new(progress);
        let (stage, refused, answer, meant) = (Stage::Begun, None, None, None);
        Self { job, format, out, progress, signals, stage, refused, answer, meant }
    }

    /// Writes the result and says how it ended.
    pub fn finish(mut self, state: &State) -> io::Result<Exit> {
        let (exit, failure) = self.outcome(state);
        match self.format {
            Format::Json => {
                let value = match &self.job {
                    Job::Status => json::status(state),
                    Job::Locks(names) => locks::json(state, names),
                    Job::Drift { environments, release, .. } => {
                        drift::json(state, environments, release.as_ref(), failure.as_ref())
                    }
                    Job::Plan { .. } => json::plan(state, failure.as_ref()),
                    Job::Promote { .. } => json::promotion(state.promotions.first(), failure.as_ref(), exit),
                    Job::Vote { .. } => {
                        let said = self.answer.as_ref().and_then(|answer| answer.as_deref().ok());
                        approvals::vote_json(state, said, self.meant.as_ref(), failure.as_ref())
                    }
                    Job::Approvals => approvals::json(state, failure.as_ref()),
                    Job::Line(_) => line::json(state, failure.as_ref()),
                };
                serde_json::to_writer_pretty(&mut self.out, &value)?;
                writeln!(self.out)?;
            }
            Format::Text => {
                match &self.job {
                    Job::Status => write!(self.out, "{}", text::status(state))?,
                    Job::Locks(names) => write!(self.out, "{}", locks::text(state, names))?,
                    Job::Drift { environments, release, .. } => {
                        write!(self.out, "{}", drift::text(state, environments, release.as_ref()))?;
                    }
                    Job::Plan { .. } => {
                        if let Planning::Ready(prepared) = &state.planning {
                            write!(self.out, "{}", text::plan(state, prepared))?;
                        }
                    }
                    Job::Promote { .. } => {
                        if let Some(promotion) = state.promotions.first() {
                            write!(self.out, "{}", text::promotion(promotion))?;
                        } else if let (Planning::Ready(prepared), Some(_)) = (&state.planning, &self.refused)
                            && prepared.plan.direction() == Direction::Back
                        {
                            // Whoever goes back without having seen what it does is shown it first.
                            write!(self.out, "{}", text::plan(state, prepared))?;
                        }
                    }
                    Job::Vote { .. } | Job::Line(Some(_)) => {
                        if let Some(Ok(said)) = &self.answer {
                            writeln!(self.out, "{said}")?;
                        }
                    }
                    Job::Approvals => write!(self.out, "{}", approvals::text(state))?,
                    Job::Line(None) => write!(self.out, "{}", line::text(state))?,
                }
                if let Some(failure) = failure {
                    self.out.flush()?;
                    self.progress.failure(&failure)?;
                }
            }
        }
        self.out.flush()?;
        Ok(exit)
    }

    fn outcome(&self, state: &State) -> (Exit, Option<Failure>) {
        match &self.job {
            Job::Locks(names) => return locks::outcome(state, names),
            Job::Drift { environments, release, .. } => {
                return drift::outcome(state, environments, release.as_ref());
            }
            Job::Line(None) => return (Exit::Proven, None),
            _ => {}
        }
        let refused = || match (&self.refused, &self.answer) {
            (Some(failure), _) | (None, Some(Err(failure))) => Some(failure.clone()),
            (None, Some(Ok(_))) => None,
            (None, None) => Some(interrupted()),
        };
        let failure = match (&self.job, &state.planning, state.promotions.first()) {
            (Job::Status | Job::Approvals, ..) => looked_at(state),
            (Job::Line(_), ..) => refused(),
            (_, Planning::Failed(_, failure), _) => Some(failure.clone()),
            (Job::Plan { .. }, Planning::Ready(prepared), _) if !prepared.unmet.is_empty() => {
                Some(refusal(&prepared.plan, &prepared.unmet))
            }
            (Job::Plan { .. }, Planning::Ready(_), _) => None,
            (Job::Promote { .. }, _, Some(promotion)) => match promotion.conclusion() {
                Some(_) => promotion.failure().map(|failure| leading_back(promotion, failure)),
                None => Some(Failure::new(FailureKind::Unknown, "the promotion was left before it ended")),
            },
            (Job::Promote { .. } | Job::Vote { .. }, ..) => refused(),
            _ => Some(interrupted()),
        };
        (failure.as_ref().map_or(Exit::Proven, Exit::from), failure)
    }

    /// The next thing to ask for, or `None` to wait.
    fn step(&mut self, state: &State, is_idle: bool) -> Option<Next> {
        if state.is_stopping && state.running().next().is_none() && !state.is_reporting() {
            return Some(Next::Leave);
        }
        if !is_idle {
            return None;
        }
        match self.stage {
            Stage::Begun => {
                self.stage = Stage::Planned;
                if let Some((environment, request)) = self.job.target() {
                    return Some(Next::Intent(Intent::Plan { environment: environment.clone(), request }));
                }
                self.step(state, is_idle)
            }
            Stage::Planned => {
                self.stage = Stage::Asked;
                match self.ask(state) {
                    Ok(Some(intent)) => Some(Next::Intent(intent)),
                    Ok(None) => Some(Next::Leave),
                    Err(failure) => {
                        self.refused = Some(failure);
                        Some(Next::Leave)
                    }
                }
            }
            Stage::Asked => Some(Next::Leave),
        }
    }

    /// What to ask the engine for once everything has been looked at.
    fn ask(&mut self, state: &State) -> Result<Option<Intent>, Failure> {
        if let Job::Line(Some(word)) = &self.job {
            return Ok(Some(word.intent()));
        }
        if let Job::Drift { environments, release, report: true } = &self.job {
            let (_, failure) = drift::outcome(state, environments, release.as_ref());
            let (environments, release) = (environments.clone(), release.clone());
            return Ok(Some(Intent::ReportDrift { environments, release, failure }));
        }
        let Planning::Ready(prepared) = &state.planning else { return Ok(None) };
        Ok(match &self.job {
            Job::Promote { confirm, plan, reason, .. } => {
                let said =
                    Said { confirm: confirm.as_deref(), plan: plan.as_ref(), reason: reason.as_deref() };
                let plan = confirmed(state, prepared, &said)?;
                Some(Intent::Promote { plan, reason: reason.clone() })
            }
            Job::Vote { environment, word, plan, note, .. } => {
                let plan = approvals::meant(prepared, *word, plan.as_ref())?;
                self.meant = Some(plan.clone());
                let (environment, word, note) = (environment.clone(), *word, note.clone());
                Some(Intent::Vote { environment, word, plan, note })
            }
            _ => None,
        })
    }
}

impl<Out: Write, Err: Write> Frontend for Headless<Out, Err> {
    fn first(&self) -> Intent {
        self.job.first()
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
        let Some(event) = event else { return Ok(()) };
        let is_asked = matches!(&event.kind, EventKind::Intent(_)) && self.stage == Stage::Asked;
        if is_asked || matches!(&event.kind, EventKind::JournalFailed(..)) {
            self.answer = state.messages.back().map(|message| message.text.clone());
        }
        self.progress.show(event, state)
    }
}

/// What the command line said to confirm a plan.
struct Said<'a> {
    confirm: Option<&'a str>,
    plan: Option<&'a PlanDigest>,
    reason: Option<&'a str>,
}

/// Checks that the words of the command line mean this plan. The refusal names the exact flags.
fn confirmed(state: &State, prepared: &Prepared, said: &Said<'_>) -> Result<PlanDigest, Failure> {
    let digest = prepared.plan.digest();
    let waiver = prepared.admit(said.reason)?;
    let name = &prepared.plan.environment;
    let environment = state.environment(name).map(|state| &state.environment);
    let is_back = prepared.plan.direction() == Direction::Back;
    // What deploys by itself needs nobody's word; a digest that is given must still be the right one. An override is
    // always confirmed.
    let is_automatic = !is_back
        && waiver.is_none()
        && environment.is_some_and(|environment| {
            environment.gate.admission == Admission::Automatic && environment.tier() == Tier::One
        });
    let version = &prepared.plan.version;
    let refuse = |what: String| {
        let over = if waiver.is_some() { " --override REASON" } else { "" };
        let hint = format!("Confirm it with: {}{over}", text::command(&prepared.plan));
        Err(Failure::new(FailureKind::Refused, what).hint(hint))
    };
    if is_back && said.reason.is_none_or(|reason| reason.trim().is_empty()) {
        return refuse(format!("going back to {version} in {name} has to be confirmed, with a reason"));
    }
    match (said.confirm, said.plan) {
        (Some(other), _) if other != name.as_str() => {
            refuse(format!("`--confirm {other}` does not name {name}"))
        }
        (_, Some(given)) if !digest.is_named_by(given) => {
            refuse(format!("the plan for {name} is {} now, not {given}", digest.short()))
        }
        (Some(_), Some(_)) => Ok(digest.clone()),
        _ if is_automatic => Ok(digest.clone()),
        _ if is_back => refuse(format!("going back to {version} in {name} has to be confirmed")),
        _ => refuse(format!("promoting {version} to {name} has to be confirmed")),
    }
}

/// The failure with the command that leads back, where something was changed.
fn leading_back(promotion: &Promotion, failure: Failure) -> Failure {
    let Some(before) = promotion.leads_back_to() else { return failure };
    let hint = failure.hint.as_ref().map_or_else(String::new, |hint| format!("{hint}\n"));
    let back = format!("`lockstep rollback {} --to {before}`", promotion.plan.environment);
    failure.hint(format!("{hint}Or go back: {back} shows what that takes before it does anything."))
}

fn interrupted() -> Failure {
    Failure::new(FailureKind::Interrupted, "it was interrupted before anything was done")
}

/// A status in which something could not be looked at is not a proven one.
fn looked_at(state: &State) -> Option<Failure> {
    let mut failures = state.environments.iter().flat_map(|state| {
        let name = &state.environment.name;
        [state.service.failure(), state.ledger.failure(), state.schema.failure(), state.health.failure()]
            .into_iter()
            .flatten()
            .map(move |failure| (name, failure))
    });
    let first = failures.next().or_else(|| {
        state.catalog.failure().map(|failure| (&state.environments[0].environment.name, failure))
    })?;
    let failure = Failure::new(FailureKind::Unavailable, "not everything could be looked at");
    let mut failure = failure.because(format!("{}: {}", first.0, first.1.what));
    failure.because.extend(first.1.because.iter().cloned());
    failure.hint.clone_from(&first.1.hint);
    Some(failures.fold(failure, |failure, (name, other)| failure.because(format!("{name}: {}", other.what))))
}
