//! A promotion: its steps in order, each with its intent on record first, and what they prove.
//!
//! Here is what a promotion is; `steps` is how it goes on, `records` what becomes of it without its journal.

mod back;
mod closing;
mod records;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::changelog::ChangesetId;
use crate::domain::evidence::Evidence;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Condition, Unmet, Waiver};
use crate::domain::names::RunId;
use crate::domain::observation::OperationStatus;
use crate::domain::plan::{Direction, Plan};
use crate::domain::release::{Release, Version};
use crate::domain::report::Filed;
use crate::domain::schema::judgement::SchemaRecord;
use crate::domain::step::StepKind;
use crate::engine::refresh::Wait;
use crate::engine::report::Before;
pub(in crate::engine) use back::Return;

/// One run of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Its id; signs locks and sessions too.
    pub run: RunId,
    /// What it carries out.
    pub plan: Plan,
    /// The release it brings, or brings back.
    pub release: Arc<Release>,
    /// The release whose changelog Liquibase runs with: the same, or on the way back one that knows what is undone.
    pub source: Arc<Release>,
    /// Who asked for it.
    pub by: String,
    /// What of the gate was overridden, and why.
    pub waiver: Option<Waiver>,
    /// When it began.
    pub began: Timestamp,
    /// Every step, in order.
    pub steps: Vec<Step>,
    /// The changesets that got their row in this run, or lost it on the way back.
    pub applied: Vec<ChangesetId>,
    /// How the platform's operation ended, once it has.
    pub operation: Option<(String, OperationStatus)>,
    /// True once somebody asked to stop.
    pub is_interrupted: bool,
    /// True once Liquibase was asked to stop what it does.
    pub is_cancelling: bool,
    /// The failure of the promotion that this rollback answers by itself.
    pub answers: Option<Failure>,
    /// What could not be recorded while a step was under way: none follows it.
    unrecorded: Option<Failure>,
    /// Where it stands.
    pub stage: Stage,
    /// What the database really held when the result was proven.
    pub schema: Option<SchemaRecord>,
    /// What came of filing its report, once that is known. It changes nothing else.
    pub report: Option<Result<Filed, Failure>>,
    /// What the environment was when it began.
    pub(in crate::engine) before: Arc<Before>,
    owes: Owing,
}

/// What a promotion owes to its environment before it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owing {
    /// Nothing: it does not hold the lock.
    Nothing,
    /// To let the lock go.
    Lock,
    /// That, and what stands at the end of its flow: something behind the recheck has begun.
    Flow,
}

/// Where a promotion stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The gate is asked once more, right before the side effect of this step.
    Gating(StepKind),
    /// The outside world is at this step.
    Performing(StepKind),
    /// Fresh looks are awaited, for a step that only looks.
    Looking(StepKind, Vec<Wait>),
    /// It is decided; this step at the end of the flow is carried out all the same.
    Closing(Conclusion, StepKind),
    /// It is decided; the lock is being let go.
    Unlocking(Conclusion),
    /// It is over.
    Over(Conclusion, Timestamp),
}

/// What a promotion came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// The truth check, if it came that far.
    pub evidence: Option<Evidence>,
    /// Why it is not proven; `None` means that it is.
    pub failure: Option<Failure>,
}

/// One step and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub kind: StepKind,
    /// How it stands.
    pub status: StepStatus,
}

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepStatus {
    /// Its turn has not come.
    Waiting,
    /// It has nothing to do.
    Skipped,
    /// Under way.
    Running {
        /// Since when.
        since: Timestamp,
        /// Where it is, in words.
        note: String,
    },
    /// It did what it should.
    Done {
        /// How long it took.
        took: Duration,
        /// What came of it.
        note: String,
    },
    /// It did not.
    Failed {
        /// How long it took.
        took: Duration,
        /// Why.
        failure: Failure,
    },
}

impl Promotion {
    /// True when nothing more will happen to it.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(..))
    }

    /// What it came to, once that is decided.
    pub fn conclusion(&self) -> Option<&Conclusion> {
        match &self.stage {
            Stage::Closing(conclusion, _) | Stage::Unlocking(conclusion) | Stage::Over(conclusion, _) => {
                Some(conclusion)
            }
            Stage::Gating(_) | Stage::Performing(_) | Stage::Looking(..) => None,
        }
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Over(_, at) => Some(at),
            _ => None,
        }
    }

    /// The step that is under way.
    pub fn current(&self) -> Option<StepKind> {
        match self.stage {
            Stage::Gating(step)
            | Stage::Performing(step)
            | Stage::Looking(step, _)
            | Stage::Closing(_, step) => Some(step),
            Stage::Unlocking(_) | Stage::Over(..) => None,
        }
    }

    /// How a step stands.
    pub fn step(&self, kind: StepKind) -> Option<&Step> {
        self.steps.iter().find(|step| step.kind == kind)
    }

    /// What of `unmet` was not overridden for this run.
    fn not_waived(&self, mut unmet: Vec<Unmet>) -> Vec<Unmet> {
        if let Some(waiver) = &self.waiver {
            unmet.retain(|unmet| !waiver.covers(unmet));
        }
        unmet
    }

    fn set(&mut self, kind: StepKind, status: StepStatus) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.kind == kind) {
            step.status = status;
        }
    }

    fn took(&self, kind: StepKind, now: Timestamp) -> Duration {
        match self.step(kind).map(|step| &step.status) {
            Some(StepStatus::Running { since, .. }) => now.duration_since(*since).unsigned_abs(),
            _ => Duration::ZERO,
        }
    }

    /// The older release that ran before, where the promotion failed after it had changed something.
    pub fn leads_back_to(&self) -> Option<Version> {
        let failure = self.conclusion()?.failure.as_ref()?;
        let before = self.plan.image_from.as_ref()?.version()?;
        let is_ahead = self.plan.direction() == Direction::Forward && before < self.plan.version;
        (is_ahead && failure.kind == FailureKind::ActionNeeded).then_some(before)
    }

    /// What a failure of the step `kind` means for the whole, given what was changed before it.
    fn weigh(&self, kind: StepKind, mut failure: Failure) -> Failure {
        let has_moved = !self.applied.is_empty();
        if !has_moved && kind == StepKind::Service && failure.kind == FailureKind::Failed {
            // The platform put the old image back, and the schema was not touched.
            return failure;
        }
        if (has_moved || self.operation.is_some()) && failure.kind != FailureKind::Unknown {
            if has_moved && !matches!(kind, StepKind::Update | StepKind::Undo) {
                let count = self.applied.len();
                let noun = if count == 1 { "changeset was" } else { "changesets were" };
                let service = self.step(StepKind::Service).map(|step| &step.status);
                let is_apart = self.plan.changes_image() && !matches!(service, Some(StepStatus::Done { .. }));
                let (done, apart) = match self.plan.direction() {
                    Direction::Forward => ("applied before and stay", ": the schema is ahead of the app"),
                    Direction::Back => ("undone before", ": the app is ahead of the schema"),
                };
                let apart = if is_apart { apart } else { "" };
                failure = failure.because(format!("{count} {noun} {done}{apart}"));
            }
            return failure.with_kind(FailureKind::ActionNeeded);
        }
        let anchor = self.step(StepKind::Anchor).map(|step| &step.status);
        if failure.kind == FailureKind::Refused && matches!(anchor, Some(StepStatus::Done { .. })) {
            // Refused would mean that nothing was done.
            let harmless = "the tag to go back to was set before, which is harmless";
            return failure.because(harmless).with_kind(FailureKind::Failed);
        }
        failure
    }
}

/// The failure that lists every unmet condition.
pub fn refusal(plan: &Plan, unmet: &[Unmet]) -> Failure {
    let what = match plan.direction() {
        Direction::Forward => format!("{} cannot be promoted to {} now", plan.version, plan.environment),
        Direction::Back => format!("{} cannot go back to {} now", plan.environment, plan.version),
    };
    // Nothing was done, but something that nobody knows has to be found out first.
    let is_unknown = unmet.iter().any(|unmet| unmet.condition == Condition::Unknown);
    let kind = if is_unknown { FailureKind::Unknown } else { FailureKind::Refused };
    let failure = unmet.iter().fold(Failure::new(kind, what), |failure, unmet| failure.because(&unmet.what));
    let mut how: Vec<_> = unmet.iter().map(|unmet| unmet.how.clone()).collect();
    if unmet.iter().all(|unmet| unmet.can_override) {
        let (environment, version, short) = (&plan.environment, &plan.version, plan.digest().short());
        how.push(format!(
            "Or override it: `lockstep promote {environment} --release {version} --confirm {environment} --plan {short} --override REASON`."
        ));
    }
    failure.hint(how.join("\n"))
}
