//! How a promotion goes on: from one step to the next, to the truth check, to its end.

use std::sync::Arc;

use super::{Conclusion, Promotion, Stage, Step, StepStatus, refusal};
use crate::domain::evidence::Evidence;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Condition, Unmet, Waiver, differences};
use crate::domain::journal::{Entry, Override};
use crate::domain::names::RunId;
use crate::domain::observation::{Facet, OperationStatus};
use crate::domain::plan::{Anchor, PlanDigest};
use crate::domain::step::StepKind;
use crate::engine::effect::{CloudCall, DatabaseCall, Effect, HealthCall, LiquibaseCall};
use crate::engine::event::{Progress, StepOutcome};
use crate::engine::planning::{Planning, Prepared};
use crate::engine::{EnvironmentState, State};

impl State {
    /// Begins to carry out the plan with this digest, if it is the one on screen and nothing stands in its way.
    pub(in crate::engine) fn promote(
        &mut self,
        digest: &PlanDigest,
        override_reason: Option<&str>,
    ) -> Vec<Effect> {
        let Planning::Ready(prepared) = &self.planning else {
            self.refuse("there is no plan to carry out", "Make one first.");
            return Vec::new();
        };
        if self.is_stopping {
            self.refuse("lockstep is stopping", "Start it again.");
            return Vec::new();
        }
        if !prepared.plan.digest().is_named_by(digest) {
            let text = format!("the plan is {} now, not {}", prepared.plan.digest().short(), digest.short());
            self.refuse(&text, "Look at the plan again and confirm that one.");
            return Vec::new();
        }
        if let Some(running) = self.running() {
            let text = format!("{} is being promoted to {}", running.plan.version, running.plan.environment);
            self.refuse(&text, "Wait until that has ended.");
            return Vec::new();
        }
        match prepared.admit(override_reason) {
            Ok(waiver) => {
                let prepared = (**prepared).clone();
                self.planning = Planning::None;
                self.begin(prepared, waiver, self.operator())
            }
            Err(failure) => {
                self.say(Err(failure));
                Vec::new()
            }
        }
    }

    /// Begins to carry out a plan that nothing stands in the way of any more.
    pub(in crate::engine) fn begin(
        &mut self,
        prepared: Prepared,
        waiver: Option<Waiver>,
        by: String,
    ) -> Vec<Effect> {
        let Prepared { plan, release, .. } = prepared;
        let overridden = waiver.as_ref().map(|waiver| Override {
            conditions: waiver.unmet.iter().map(|unmet| unmet.what.clone()).collect(),
            reason: waiver.reason.clone(),
        });
        let promotion = Promotion {
            run: RunId::at(self.now, &plan.environment),
            by,
            waiver,
            began: self.now,
            steps: StepKind::ALL.map(|kind| Step { kind, status: StepStatus::Waiting }).to_vec(),
            applied: Vec::new(),
            operation: None,
            is_interrupted: false,
            stage: Stage::Performing(StepKind::Lock),
            schema: None,
            holds_lock: false,
            plan,
            release,
        };
        let began = Entry::Began {
            run: promotion.run.clone(),
            environment: promotion.plan.environment.clone(),
            version: promotion.plan.version.clone(),
            plan: promotion.plan.digest().to_string(),
            by: promotion.by.clone(),
            aim: None,
            overridden,
        };
        let mut effects: Vec<_> = self.keep_plan(&promotion.plan).into_iter().collect();
        self.promotion = Some(promotion);
        effects.push(Effect::Record(began));
        effects.extend(self.start(StepKind::Lock));
        effects
    }

    /// Stops as soon as it is safe: before the next step, or at once where only watching is given up.
    pub(in crate::engine) fn interrupt(&mut self) -> Vec<Effect> {
        self.is_stopping = true;
        let Some(promotion) = self.promotion.as_mut().filter(|promotion| promotion.conclusion().is_none())
        else {
            return Vec::new();
        };
        promotion.is_interrupted = true;
        match promotion.current() {
            Some(step @ StepKind::Service) => {
                let failure = Failure::new(FailureKind::Unknown, "nobody watches the deployment any more")
                    .because("it was interrupted while the platform was at work, which cannot be cancelled")
                    .hint("Look at it with `lockstep status` until the service is running again.");
                self.fail(step, failure)
            }
            Some(step @ (StepKind::Health | StepKind::Evidence)) => {
                let failure = Failure::new(FailureKind::Unknown, "the result was not proven")
                    .because("it was interrupted")
                    .hint("Look at it with `lockstep status`.");
                self.fail(step, failure)
            }
            _ => Vec::new(),
        }
    }

    /// A step reported something.
    pub(in crate::engine) fn step_went_on(
        &mut self,
        run: &RunId,
        kind: StepKind,
        progress: &Progress,
    ) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self
            .promotion
            .as_mut()
            .filter(|promotion| promotion.run == *run && promotion.stage == Stage::Performing(kind))
        else {
            return Vec::new();
        };
        match progress {
            Progress::Advanced(words) => {
                let since = now.checked_sub(promotion.took(kind, now)).unwrap_or(now);
                promotion.set(kind, StepStatus::Running { since, note: words.clone() });
                Vec::new()
            }
            Progress::Applied(id) => {
                if !promotion.applied.contains(id) {
                    promotion.applied.push(id.clone());
                }
                Vec::new()
            }
            Progress::Operation(id) => {
                promotion.operation = Some((id.clone(), OperationStatus::Running));
                Vec::new()
            }
            Progress::Ended(Ok(outcome)) => {
                if kind == StepKind::Lock {
                    promotion.holds_lock = true;
                }
                if let StepOutcome::Deployed { operation, status } = outcome {
                    promotion.operation = Some((operation.clone(), *status));
                }
                let text = outcome.text();
                self.complete(kind, text)
            }
            Progress::Ended(Err(failure)) => {
                let failure = failure.clone();
                self.fail(kind, failure)
            }
        }
    }

    /// The journal cannot be written: the next step must not happen.
    pub(in crate::engine) fn journal_failed(&mut self, failure: &Failure) -> Vec<Effect> {
        let current = self.running().and_then(Promotion::current);
        if let Some(step) = current {
            return self.fail(step, failure.clone());
        }
        self.say(Err(failure.clone()));
        Vec::new()
    }

    /// The lock was let go: the run is over.
    pub(in crate::engine) fn unlocked(&mut self, run: &RunId) -> Vec<Effect> {
        match &self.promotion {
            Some(promotion) if promotion.run == *run => match &promotion.stage {
                Stage::Unlocking(conclusion) => {
                    let conclusion = conclusion.clone();
                    self.end(conclusion)
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Goes on when every look that a step waits for is there.
    pub(in crate::engine) fn settle_promotion(&mut self) -> Vec<Effect> {
        let Some(promotion) = &self.promotion else { return Vec::new() };
        match &promotion.stage {
            Stage::Looking(StepKind::Recheck, waits) if self.is_answered(waits) => self.recheck(),
            Stage::Looking(StepKind::Evidence, waits) if self.is_answered(waits) => self.judge(),
            _ => Vec::new(),
        }
    }

    /// Starts `kind`, or the next step after it that has something to do.
    fn start(&mut self, kind: StepKind) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = &mut self.promotion else { return Vec::new() };
        if promotion.is_interrupted {
            let failure = Failure::new(FailureKind::Interrupted, "the promotion was interrupted")
                .because(format!("it stopped before the step `{}`", kind.word()))
                .hint("Plan it again to go on from where it stands.");
            let failure = promotion.weigh(kind, failure);
            return self.conclude(Conclusion { evidence: None, failure: Some(failure) });
        }
        if !promotion.plan.needs(kind) {
            promotion.set(kind, StepStatus::Skipped);
            return kind.next().map(|next| self.start(next)).unwrap_or_default();
        }
        promotion.set(kind, StepStatus::Running { since: now, note: String::new() });
        promotion.stage = Stage::Performing(kind);
        let (run, environment) = (promotion.run.clone(), promotion.plan.environment.clone());
        match kind {
            StepKind::Recheck | StepKind::Evidence => return self.look(kind),
            _ => {}
        }
        let Some(effect) = perform(promotion, kind) else { return Vec::new() };
        if !effect.is_mutation() {
            return vec![effect];
        }
        let what = match kind {
            StepKind::Service => {
                format!("update the service of {environment} to {}", promotion.plan.image_to)
            }
            StepKind::Anchor => format!("tag the database of {environment}"),
            _ => format!("apply {} changesets to {environment}", promotion.plan.changesets.len()),
        };
        vec![Effect::Record(Entry::Intended { run, step: kind, what }), effect]
    }

    /// Asks for the looks that `kind` judges.
    fn look(&mut self, kind: StepKind) -> Vec<Effect> {
        let Some(promotion) = &self.promotion else { return Vec::new() };
        let environment = promotion.plan.environment.clone();
        let questions: &[_] = match kind {
            StepKind::Recheck => &[EnvironmentState::ask_service, EnvironmentState::ask_ledger],
            _ => &[
                EnvironmentState::ask_service,
                EnvironmentState::ask_ledger,
                EnvironmentState::ask_schema,
                EnvironmentState::ask_health,
            ],
        };
        let (mut effects, mut waits) = self.ask(&environment, questions);
        if kind == StepKind::Recheck {
            // What others said meanwhile is there before the first answer.
            effects.push(Effect::ReadJournal);
            let (effect, wait) = self.await_releases();
            effects.push(effect);
            waits.push(wait);
        }
        if let Some(promotion) = &mut self.promotion {
            promotion.stage = Stage::Looking(kind, waits);
        }
        effects
    }

    /// Compares the plan made from fresh looks with the one that was confirmed.
    fn recheck(&mut self) -> Vec<Effect> {
        let Some(promotion) = &self.promotion else { return Vec::new() };
        let (plan, step) = (&promotion.plan, StepKind::Recheck);
        match self.prepare(&plan.environment, Some(&plan.version)) {
            Err(failure) => self.fail(step, failure),
            Ok(fresh) if fresh.plan.digest() != plan.digest() => {
                let failure = Failure::new(FailureKind::Refused, "the plan changed after it was confirmed")
                    .hint("Look at the new plan and confirm that one.");
                let differences = differences(&plan.canonical(), &fresh.plan.canonical());
                let failure = differences.iter().fold(failure, Failure::because);
                self.fail(step, failure)
            }
            Ok(fresh) => {
                let waiver = promotion.waiver.as_ref();
                // This promotion itself is not in its own way, nor is what was overridden for it.
                let is_in_the_way = |unmet: &Unmet| {
                    unmet.condition != Condition::Busy && !waiver.is_some_and(|waiver| waiver.covers(unmet))
                };
                let unmet: Vec<_> = fresh.unmet.into_iter().filter(is_in_the_way).collect();
                if unmet.is_empty() {
                    self.complete(step, "nothing has changed".to_owned())
                } else {
                    let failure = refusal(&fresh.plan, &unmet);
                    self.fail(step, failure)
                }
            }
        }
    }

    /// The truth check.
    fn judge(&mut self) -> Vec<Effect> {
        let Some(promotion) = &self.promotion else { return Vec::new() };
        let Some(state) = self.environment(&promotion.plan.environment) else { return Vec::new() };
        let operation = promotion.operation.as_ref().map(|(id, status)| (id.as_str(), *status));
        let evidence = Evidence::judge(
            &promotion.release,
            &state.environment.selection,
            operation,
            current(&state.service),
            current(&state.health),
            current(&state.ledger),
        );
        let record = state.proven_schema().map(|witness| witness.record());
        let evidence = match &record {
            Some(record) => evidence.with_schema(&record.digest),
            None => evidence,
        };
        let (environment, version) = (&promotion.plan.environment, &promotion.plan.version);
        if evidence.is_proven() {
            if let Some(promotion) = &mut self.promotion {
                promotion.schema = record;
            }
            let mut effects = self.complete(StepKind::Evidence, "all four proven".to_owned());
            effects.extend(self.conclude(Conclusion { evidence: Some(evidence), failure: None }));
            return effects;
        }
        let (kind, what) = if evidence.is_refuted() {
            (FailureKind::ActionNeeded, format!("{environment} is not what {version} promised"))
        } else {
            (FailureKind::Unknown, format!("it is not proven that {environment} runs {version}"))
        };
        let proofs = evidence.proofs();
        let missing = proofs.iter().filter(|(_, proof)| proof.word() != "proven");
        let failure = missing
            .fold(Failure::new(kind, what), |failure, (name, proof)| {
                failure.because(format!("{name}: {}", proof.text()))
            })
            .hint("Look at the environment with `lockstep status` before anything else is done to it.");
        let mut effects = self.failed(StepKind::Evidence, &failure);
        effects.extend(self.conclude(Conclusion { evidence: Some(evidence), failure: Some(failure) }));
        effects
    }

    /// A step did what it should: the next one follows.
    fn complete(&mut self, kind: StepKind, note: String) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = &mut self.promotion else { return Vec::new() };
        let took = promotion.took(kind, now);
        promotion.set(kind, StepStatus::Done { took, note: note.clone() });
        let run = promotion.run.clone();
        let mut effects = vec![Effect::Record(Entry::Ended { run, step: kind, result: Ok(note) })];
        if let Some(next) = kind.next() {
            effects.extend(self.start(next));
        }
        effects
    }

    /// A step failed: nothing follows but letting the lock go.
    fn fail(&mut self, kind: StepKind, failure: Failure) -> Vec<Effect> {
        let Some(promotion) = &self.promotion else { return Vec::new() };
        let failure = promotion.weigh(kind, failure);
        let mut effects = self.failed(kind, &failure);
        effects.extend(self.conclude(Conclusion { evidence: None, failure: Some(failure) }));
        effects
    }

    fn failed(&mut self, kind: StepKind, failure: &Failure) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = &mut self.promotion else { return Vec::new() };
        let took = promotion.took(kind, now);
        promotion.set(kind, StepStatus::Failed { took, failure: failure.clone() });
        let run = promotion.run.clone();
        vec![Effect::Record(Entry::Ended { run, step: kind, result: Err(failure.clone()) })]
    }

    fn conclude(&mut self, conclusion: Conclusion) -> Vec<Effect> {
        let Some(promotion) = &mut self.promotion else { return Vec::new() };
        if !promotion.holds_lock {
            return self.end(conclusion);
        }
        let unlock =
            Effect::Database(promotion.plan.environment.clone(), DatabaseCall::Unlock(promotion.run.clone()));
        promotion.stage = Stage::Unlocking(conclusion);
        vec![unlock]
    }

    fn end(&mut self, conclusion: Conclusion) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = &mut self.promotion else { return Vec::new() };
        let (run, environment) = (promotion.run.clone(), promotion.plan.environment.clone());
        let result = match &conclusion.failure {
            None => Ok(format!("{environment} runs {}, proven", promotion.plan.version)),
            Some(failure) => Err(failure.clone()),
        };
        let schema = promotion.schema.clone();
        promotion.holds_lock = false;
        promotion.stage = Stage::Over(conclusion, now);
        self.say(result.clone());
        let concluded = Entry::Concluded { run, environment: environment.clone(), result, schema };
        let mut effects = vec![Effect::Record(concluded)];
        effects.extend(self.observe(&environment));
        effects
    }

    fn refuse(&mut self, what: &str, hint: &str) {
        self.say(Err(Failure::new(FailureKind::Refused, what).hint(hint)));
    }
}

fn perform(promotion: &Promotion, kind: StepKind) -> Option<Effect> {
    let (run, release) = (promotion.run.clone(), Arc::clone(&promotion.release));
    let environment = promotion.plan.environment.clone();
    Some(match kind {
        StepKind::Lock => Effect::Database(environment, DatabaseCall::Lock(run)),
        StepKind::Validate => Effect::Liquibase(environment, LiquibaseCall::Validate(run, release)),
        StepKind::Anchor => match &promotion.plan.anchor {
            Anchor::New(tag) => Effect::Liquibase(environment, LiquibaseCall::Tag(run, release, tag.clone())),
            Anchor::Existing(_) | Anchor::NotNeeded => return None,
        },
        StepKind::Update => Effect::Liquibase(environment, LiquibaseCall::Update(run, release)),
        StepKind::Service => Effect::Cloud(environment, deploy(promotion, run)),
        StepKind::Health => {
            Effect::Health(environment, HealthCall::Await(run, promotion.plan.version.clone()))
        }
        StepKind::Recheck | StepKind::Evidence => return None,
    })
}

fn deploy(promotion: &Promotion, run: RunId) -> CloudCall {
    let plan = &promotion.plan;
    CloudCall::Deploy { run, image: plan.image_to.clone(), expected: plan.image_from.clone() }
}

/// A facet's value if the newest look found it, else why not.
fn current<T>(facet: &Facet<T>) -> Result<&T, String> {
    match (facet.current(), facet.failure()) {
        (Some(value), _) => Ok(value),
        (None, Some(failure)) => Err(failure.what.clone()),
        (None, None) => Err("it was not looked at".to_owned()),
    }
}
