//! What becomes of a promotion when an entry of its journal could not be written: nothing new begins, and what is under
//! way is watched to its end all the same, with its lock held.

use super::{Conclusion, Promotion, Stage};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::journal::Entry;
use crate::engine::State;
use crate::engine::effect::Effect;

impl State {
    /// The journal could not be written: what this entry announced was not done.
    pub(in crate::engine) fn journal_failed(&mut self, entry: &Entry, failure: &Failure) -> Vec<Effect> {
        self.keep_quiet_about(entry);
        match entry {
            // What it was to be kept for fails with it, and says so.
            Entry::Planned { .. } => return Vec::new(),
            // The lock was not touched.
            Entry::LetGo { result: None, .. } => self.releasing = None,
            _ => {}
        }
        let promotion = self.promotions.iter_mut().find(|promotion| Some(&promotion.run) == entry.run());
        let Some(promotion) = promotion else {
            self.say(Err(failure.clone()));
            return Vec::new();
        };
        let environment = promotion.plan.environment.clone();
        let failure = match entry {
            // They stand in front of no step: the one that is under way goes on, and none follows it.
            Entry::Operated { .. } | Entry::Aborted { .. } if promotion.conclusion().is_none() => {
                promotion.unrecorded = Some(failure.clone());
                failure.clone()
            }
            Entry::Concluded { result: Ok(_), .. } => promotion.stay_open(failure),
            _ => match promotion.current() {
                Some(step) if promotion.conclusion().is_some() => {
                    return self.leave_open(&environment, step, failure);
                }
                Some(step) => return self.fail(&environment, step, failure.clone()),
                None => failure.clone(),
            },
        };
        self.say(Err(failure));
        Vec::new()
    }
}

impl Promotion {
    /// It is proven and nobody else knows: for them the run has not ended, and has to be reconciled.
    fn stay_open(&mut self, failure: &Failure) -> Failure {
        let environment = &self.plan.environment;
        let what = format!("{environment} runs {}, proven, and that is not on record", self.plan.version);
        let unknown = failure.because.iter().fold(Failure::new(FailureKind::Unknown, what), Failure::because);
        let failure = unknown.hint(format!(
            "Put right what kept it out of the journal; then `lockstep reconcile {environment} --settle` puts it there."
        ));
        if let Stage::Over(conclusion, _) = &mut self.stage {
            *conclusion = Conclusion { evidence: conclusion.evidence.take(), failure: Some(failure.clone()) };
        }
        failure
    }
}
