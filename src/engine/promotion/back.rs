//! Going back by itself: where the gate says so, after a promotion whose result was not what it promised.
//!
//! It is an ordinary rollback, with its plan and its record. Absent on purpose: going back from a rollback, from
//! what a person stopped, and from what nobody knows the end of.

use super::{Promotion, StepStatus, refusal};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::names::EnvironmentName;
use crate::domain::plan::Direction;
use crate::domain::release::{ImageRef, Version};
use crate::domain::step::StepKind;
use crate::engine::effect::Effect;
use crate::engine::planning::Request;
use crate::engine::refresh::Wait;
use crate::engine::{EnvironmentState, State};

/// A rollback that begins by itself once what it takes has been looked at.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Return {
    environment: EnvironmentName,
    release: Version,
    /// What the promotion failed with.
    failure: Failure,
    waits: Vec<Wait>,
}

impl State {
    /// Prepares to go back when the promotion that just ended in `environment` has to.
    pub(super) fn go_back_if_due(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let goes_back = self.environment(environment).is_some_and(|it| it.environment.gate.rolls_back);
        let due = self.promotion(environment).filter(|_| goes_back && !self.is_stopping);
        let Some((release, failure)) = due.and_then(failed_verification) else { return Vec::new() };
        let (mut effects, mut waits) =
            self.ask(environment, &[EnvironmentState::ask_service, EnvironmentState::ask_ledger]);
        let (effect, wait) = self.await_releases();
        effects.push(effect);
        waits.push(wait);
        self.returns.push(Return { environment: environment.clone(), release, failure, waits });
        effects
    }

    /// Begins every rollback whose looks are there.
    pub(in crate::engine) fn settle_returns(&mut self) -> Vec<Effect> {
        let (ready, waiting) =
            std::mem::take(&mut self.returns).into_iter().partition(|it| self.is_answered(&it.waits));
        self.returns = waiting;
        let ready: Vec<Return> = ready;
        ready.into_iter().flat_map(|back| self.go_back(back)).collect()
    }

    fn go_back(&mut self, back: Return) -> Vec<Effect> {
        if self.is_stopping {
            self.say(Err(back
                .failure
                .because("it was not rolled back by itself, because lockstep is stopping")));
            return Vec::new();
        }
        let request = Request::Back { release: Some(back.release.clone()), keep_schema: false };
        let prepared = match self.prepare(&back.environment, &request) {
            Ok(prepared) if prepared.unmet.is_empty() => prepared,
            Ok(prepared) => {
                self.say(Err(refusal(&prepared.plan, &prepared.unmet)));
                return Vec::new();
            }
            Err(failure) => {
                self.say(Err(failure));
                return Vec::new();
            }
        };
        let reason = format!("by itself, because {}", back.failure.what);
        let effects = self.begin(prepared, None, Some(&reason), "lockstep".to_owned());
        if let Some(promotion) = self.promotion_mut(&back.environment) {
            promotion.answers = Some(back.failure);
        }
        effects
    }
}

impl Promotion {
    /// Why this run, or the one that it answers by going back, did not bring what was asked for. A promotion that was
    /// rolled back by itself failed, even though its rollback is proven.
    pub fn failure(&self) -> Option<Failure> {
        let own = self.conclusion().and_then(|conclusion| conclusion.failure.as_ref());
        match (&self.answers, own) {
            (None, own) => own.cloned(),
            (Some(answered), None) => Some(
                answered
                    .clone()
                    .because(format!("it was rolled back by itself: {} is proven", self.plan.version))
                    .with_kind(FailureKind::Failed)
                    .hint("Mend it in a new release, then promote that."),
            ),
            (Some(answered), Some(own)) => {
                let failure =
                    answered.clone().because(format!("going back by itself failed too: {}", own.what));
                let failure = own.because.iter().fold(failure, Failure::because);
                Some(Failure { hint: own.hint.clone(), kind: own.kind, ..failure })
            }
        }
    }
}

/// The release that ran before and why its successor has to go, when `promotion` changed something and the result was
/// not what it promised.
fn failed_verification(promotion: &Promotion) -> Option<(Version, Failure)> {
    let failure = promotion.conclusion()?.failure.as_ref()?;
    let step = promotion.steps.iter().find(|step| matches!(step.status, StepStatus::Failed { .. }))?.kind;
    let is_verification = matches!(step, StepKind::Service | StepKind::Health | StepKind::Evidence);
    let is_due = promotion.plan.direction() == Direction::Forward
        && !promotion.is_interrupted
        && is_verification
        && failure.kind == FailureKind::ActionNeeded;
    let before = promotion.plan.image_from.as_ref().and_then(ImageRef::version)?;
    is_due.then(|| (before, failure.clone()))
}
