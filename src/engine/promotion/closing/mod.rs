//! The end of a flow that has begun: what is carried out there whatever happened before, while the lock is still held.
//!
//! It is decided by then what the promotion came to, and nothing here changes that: a failure is put on record and
//! told, and what comes after it is done all the same.

#[cfg(test)]
mod tests;

use super::steps::carried_out;
use super::{Conclusion, Promotion, Stage, StepStatus};
use crate::domain::failure::Failure;
use crate::domain::journal::Entry;
use crate::domain::names::EnvironmentName;
use crate::domain::step::StepKind;
use crate::engine::State;
use crate::engine::effect::{DatabaseCall, Effect};

impl Promotion {
    /// Nothing of the flow began, so nothing stands at its end either.
    pub(super) fn skip_closing(&mut self) {
        for step in self.plan.procedure.closing.clone() {
            self.set(step, StepStatus::Skipped);
        }
    }
}

impl State {
    /// Carries out the next step at the end of the flow; after the last one the lock is let go.
    pub(super) fn close(&mut self, environment: &EnvironmentName, conclusion: Conclusion) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        let Some(step) = next(promotion) else { return self.unlock(environment, conclusion) };
        promotion.set(step, StepStatus::Running { since: now, note: String::new() });
        promotion.stage = Stage::Closing(conclusion, step);
        carried_out(promotion, step)
    }

    /// A step at the end of the flow has ended, as it may.
    pub(super) fn closed(
        &mut self,
        environment: &EnvironmentName,
        step: StepKind,
        result: Result<String, Failure>,
    ) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        let Stage::Closing(conclusion, _) = promotion.stage.clone() else { return Vec::new() };
        let mut effects = match result {
            Err(failure) => self.failed(environment, step, &failure),
            Ok(note) => {
                let (run, took) = (promotion.run.clone(), promotion.took(step, now));
                promotion.set(step, StepStatus::Done { took, note: note.clone() });
                vec![Effect::Record(Entry::Ended { run, step, result: Ok(note) })]
            }
        };
        effects.extend(self.close(environment, conclusion));
        effects
    }

    /// The journal cannot be written, so what is left at the end of the flow is left.
    pub(super) fn leave_open(
        &mut self,
        environment: &EnvironmentName,
        step: StepKind,
        failure: &Failure,
    ) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        let Stage::Closing(conclusion, _) = promotion.stage.clone() else { return Vec::new() };
        let took = promotion.took(step, now);
        promotion.set(step, StepStatus::Failed { took, failure: failure.clone() });
        self.say(Err(failure.clone()));
        self.unlock(environment, conclusion)
    }

    fn unlock(&mut self, environment: &EnvironmentName, conclusion: Conclusion) -> Vec<Effect> {
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        let run = promotion.run.clone();
        promotion.stage = Stage::Unlocking(conclusion);
        vec![Effect::Database(environment.clone(), DatabaseCall::Unlock(run))]
    }
}

/// The first step at the end of the flow that has not begun.
fn next(promotion: &Promotion) -> Option<StepKind> {
    let is_waiting =
        |step: &StepKind| promotion.step(*step).is_some_and(|step| step.status == StepStatus::Waiting);
    promotion.plan.procedure.closing.iter().copied().find(is_waiting)
}
