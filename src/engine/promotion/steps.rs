//! How a promotion goes on: from one step to the next, to the truth check, to its end.

use std::sync::Arc;

use super::{Conclusion, Owing, Promotion, Stage, Step, StepStatus, refusal};
use crate::domain::evidence::{Evidence, Promised};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Waiver, differences};
use crate::domain::journal::Entry;
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::observation::{Facet, OperationStatus};
use crate::domain::plan::{Anchor, Direction, Plan, PlanDigest};
use crate::domain::step::StepKind;
use crate::engine::effect::{CloudCall, DatabaseCall, Effect, FlowCall, HealthCall, LiquibaseCall};
use crate::engine::event::{Progress, StepOutcome};
use crate::engine::flow::{Facts, Order};
use crate::engine::planning::{Planning, Prepared, Request};
use crate::engine::{EnvironmentState, State};

impl State {
    /// Begins to carry out the plan with this digest, if it is the one on screen and nothing stands in its way.
    pub(in crate::engine) fn promote(&mut self, digest: &PlanDigest, reason: Option<&str>) -> Vec<Effect> {
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
        if let Some(running) = self.running_in(&prepared.plan.environment) {
            let text = format!("{} is being promoted to {}", running.plan.version, running.plan.environment);
            self.refuse(&text, "Wait until that has ended.");
            return Vec::new();
        }
        let waiver = match prepared.admit(reason) {
            Ok(waiver) => waiver,
            Err(failure) => {
                self.say(Err(failure));
                return Vec::new();
            }
        };
        if prepared.plan.direction() == Direction::Back
            && reason.is_none_or(|reason| reason.trim().is_empty())
        {
            self.refuse("a rollback needs a reason", "Say why; it is kept in the journal.");
            return Vec::new();
        }
        let prepared = prepared.clone();
        self.planning = Planning::None;
        let by = self.operator();
        self.begin(*prepared, waiver, reason, by)
    }

    /// Begins to carry out a plan that nothing stands in the way of any more.
    pub(in crate::engine) fn begin(
        &mut self,
        prepared: Prepared,
        waiver: Option<Waiver>,
        reason: Option<&str>,
        by: String,
    ) -> Vec<Effect> {
        let Prepared { plan, release, source, .. } = prepared;
        let environment = plan.environment.clone();
        let rows = self.environment(&environment).and_then(|state| state.ledger.value());
        let rows = rows.map_or(0, |ledger| ledger.rows.len());
        let (run, digest) = (RunId::at(self.now, &self.mark, &environment), plan.digest().to_string());
        let mut effects: Vec<_> = self.keep_plan(&plan).into_iter().collect();
        effects.push(Effect::Record(Entry::Began {
            run: run.clone(),
            environment: environment.clone(),
            version: plan.version.clone(),
            plan: digest,
            by: by.clone(),
            aim: Some(Box::new(plan.aim(rows))),
            reason: reason.map(str::to_owned),
            overridden: waiver.as_ref().map(Waiver::record),
        }));
        let before = self.before(&environment);
        let steps = plan.procedure.steps().chain(plan.procedure.closing.iter().copied());
        let steps = steps.map(|kind| Step { kind, status: StepStatus::Waiting }).collect();
        self.promotions.retain(|other| other.plan.environment != environment);
        self.promotions.push(Promotion {
            run,
            by,
            waiver,
            began: self.now,
            steps,
            applied: Vec::new(),
            operation: None,
            is_interrupted: false,
            is_cancelling: false,
            answers: None,
            unrecorded: None,
            stage: Stage::Performing(StepKind::Lock),
            schema: None,
            report: None,
            before,
            owes: Owing::Nothing,
            plan,
            release,
            source,
        });
        let order: Vec<_> = self.environments.iter().map(|state| state.environment.name.clone()).collect();
        self.promotions
            .sort_by_key(|promotion| order.iter().position(|name| *name == promotion.plan.environment));
        effects.extend(self.start(&environment, StepKind::Lock));
        effects
    }

    /// Stops everything as soon as it is safe: before the next step, or at once where only watching is given up.
    /// Whoever asks once more wants what runs to be aborted.
    pub(in crate::engine) fn interrupt(&mut self) -> Vec<Effect> {
        let is_insisting = std::mem::replace(&mut self.is_stopping, true);
        let running: Vec<_> = self.running().map(|promotion| promotion.plan.environment.clone()).collect();
        let mut effects = self.stop_flow();
        for environment in &running {
            effects.extend(if is_insisting { self.abort(environment) } else { self.give_up(environment) });
        }
        effects
    }

    /// Stops the promotion that runs in `environment`. What Liquibase does is cancelled, so that the database undoes
    /// the changeset that is under way; the platform's operation cannot be cancelled, so only the watching ends.
    pub(in crate::engine) fn abort(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let by = self.operator();
        let Some(promotion) =
            self.promotion_mut(environment).filter(|promotion| promotion.current().is_some())
        else {
            self.refuse(&format!("nothing is being promoted to {environment}"), "There is nothing to abort.");
            return Vec::new();
        };
        let Some(step) = promotion.current() else { return Vec::new() };
        let run = promotion.run.clone();
        let mut effects = vec![Effect::Record(Entry::Aborted { run: run.clone(), by, step })];
        let is_at_it = matches!(promotion.stage, Stage::Performing(_) | Stage::Closing(..));
        if let Some(number) = step.number().filter(|_| is_at_it) {
            promotion.is_interrupted = true;
            effects.push(Effect::Flow(FlowCall::Stop(run, usize::from(number))));
            return effects;
        }
        if matches!(
            promotion.stage,
            Stage::Performing(StepKind::Validate | StepKind::Update | StepKind::Undo)
        ) {
            promotion.is_interrupted = true;
            if !promotion.is_cancelling {
                promotion.is_cancelling = true;
                effects.push(Effect::Cancel(environment.clone(), run));
            }
            return effects;
        }
        effects.extend(self.give_up(environment));
        effects
    }

    fn give_up(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let platform = self.platform(environment);
        let Some(promotion) =
            self.promotion_mut(environment).filter(|promotion| promotion.conclusion().is_none())
        else {
            return Vec::new();
        };
        promotion.is_interrupted = true;
        let failure = match promotion.stage {
            Stage::Performing(StepKind::Service) => {
                Failure::new(FailureKind::Unknown, "nobody watches the deployment any more").because(format!(
                    "it was interrupted while {} was at work, {}",
                    platform.name,
                    platform.fate()
                ))
            }
            Stage::Performing(StepKind::Health) | Stage::Looking(StepKind::Evidence, _) => {
                Failure::new(FailureKind::Unknown, "the result was not proven").because("it was interrupted")
            }
            _ => return Vec::new(),
        };
        let failure = failure.hint("Find out what became of it with `lockstep reconcile`.");
        let (run, step) = (promotion.run.clone(), promotion.current());
        let Some(step) = step else { return Vec::new() };
        // What the platform was not asked for yet must not be asked for once the lock is gone.
        let mut effects = Vec::new();
        if step == StepKind::Service {
            effects.push(Effect::Cancel(environment.clone(), run));
        }
        effects.extend(self.fail(environment, step, failure));
        effects
    }

    /// A step reported something.
    pub(in crate::engine) fn step_went_on(
        &mut self,
        run: &RunId,
        kind: StepKind,
        progress: &Progress,
    ) -> Vec<Effect> {
        let now = self.now;
        let is_at_it = |promotion: &Promotion| match promotion.stage {
            Stage::Performing(step) | Stage::Closing(_, step) => step == kind,
            _ => false,
        };
        let Some(promotion) =
            self.promotions.iter_mut().find(|promotion| promotion.run == *run && is_at_it(promotion))
        else {
            return Vec::new();
        };
        let environment = promotion.plan.environment.clone();
        // Which of the actions that a flow adds it was is not to be guessed.
        let action = promotion.plan.procedure.action(kind);
        let blamed = |failure: &Failure| action.map_or_else(|| failure.clone(), |it| it.row.blamed(failure));
        match progress {
            Progress::Ended(result) if promotion.conclusion().is_some() => {
                let result = result.as_ref().map(StepOutcome::text).map_err(blamed);
                self.closed(&environment, kind, result)
            }
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
                vec![Effect::Record(Entry::Operated { run: run.clone(), operation: id.clone() })]
            }
            Progress::Ended(Ok(outcome)) => {
                if kind == StepKind::Lock {
                    promotion.owes = Owing::Lock;
                }
                if let StepOutcome::Deployed { operation, status } = outcome {
                    promotion.operation = Some((operation.clone(), *status));
                }
                let text = outcome.text();
                self.complete(&environment, kind, text)
            }
            Progress::Ended(Err(failure)) => {
                let failure = blamed(failure);
                if action.is_some_and(|action| action.continues) && !promotion.is_interrupted {
                    return self.pass_over(&environment, kind, &failure);
                }
                self.fail(&environment, kind, failure)
            }
        }
    }

    /// The lock was let go: the run is over.
    pub(in crate::engine) fn unlocked(&mut self, run: &RunId) -> Vec<Effect> {
        let promotion = self.promotions.iter().find(|promotion| promotion.run == *run);
        match promotion.map(|promotion| (&promotion.stage, promotion.plan.environment.clone())) {
            Some((Stage::Unlocking(conclusion), environment)) => {
                let conclusion = conclusion.clone();
                self.end(&environment, conclusion)
            }
            _ => Vec::new(),
        }
    }

    /// Goes on wherever every look that a step waits for is there.
    pub(in crate::engine) fn settle_promotions(&mut self) -> Vec<Effect> {
        let answered = self.promotions.iter().filter_map(|promotion| match &promotion.stage {
            Stage::Looking(step, waits) if self.is_answered(waits) => {
                Some((promotion.plan.environment.clone(), *step))
            }
            _ => None,
        });
        let answered: Vec<_> = answered.collect();
        let mut effects = Vec::new();
        for (environment, step) in answered {
            effects.extend(match step {
                StepKind::Recheck => match self.recheck_release(&environment) {
                    asked if asked.is_empty() => self.recheck(&environment),
                    asked => asked,
                },
                _ => self.judge(&environment),
            });
        }
        effects
    }

    /// The journal was read: whoever stands right before a side effect goes on if the gate still lets them.
    pub(in crate::engine) fn pass_gates(&mut self) -> Vec<Effect> {
        let waiting = self.promotions.iter().filter_map(|promotion| match promotion.stage {
            Stage::Gating(step) => Some((promotion.plan.environment.clone(), step)),
            _ => None,
        });
        let waiting: Vec<_> = waiting.collect();
        waiting.iter().flat_map(|(environment, step)| self.pass_gate(environment, *step)).collect()
    }

    /// Stands in front of the gate again; what others said is on its way.
    pub(in crate::engine) fn overtaken(&mut self, run: &RunId) -> Vec<Effect> {
        let promotion = self.promotions.iter_mut().find(|promotion| promotion.run == *run);
        let Some((promotion, step)) = promotion.and_then(|it| it.current().map(|step| (it, step))) else {
            return Vec::new();
        };
        promotion.stage = Stage::Gating(step);
        vec![Effect::ReadJournal]
    }

    fn pass_gate(&mut self, environment: &EnvironmentName, step: StepKind) -> Vec<Effect> {
        let Some(promotion) = self.promotion(environment) else { return Vec::new() };
        if promotion.is_interrupted || promotion.unrecorded.is_some() {
            // It was to stop while it stood here: beginning anew says so.
            return self.start(environment, step);
        }
        let unmet = promotion.not_waived(self.unmet_at_gate(&promotion.plan));
        if unmet.is_empty() {
            return self.act(environment, step);
        }
        let failure = refusal(&promotion.plan, &unmet).because(format!("it stopped before `{step}`"));
        self.fail(environment, step, failure)
    }

    /// Starts `kind`, or the next step after it that has something to do.
    fn start(&mut self, environment: &EnvironmentName, kind: StepKind) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        if promotion.is_interrupted {
            let failure = Failure::new(FailureKind::Interrupted, "the promotion was interrupted")
                .because(format!("it stopped before the step `{kind}`"))
                .hint("Plan it again to go on from where it stands.");
            let failure = promotion.weigh(kind, failure);
            return self.conclude(environment, Conclusion { evidence: None, failure: Some(failure) });
        }
        if let Some(failure) = promotion.unrecorded.clone() {
            let failure = promotion.weigh(kind, failure);
            return self.conclude(environment, Conclusion { evidence: None, failure: Some(failure) });
        }
        if !promotion.plan.needs(kind) {
            promotion.set(kind, StepStatus::Skipped);
            let next = promotion.plan.after(kind);
            return next.map(|next| self.start(environment, next)).unwrap_or_default();
        }
        promotion.set(kind, StepStatus::Running { since: now, note: String::new() });
        if matches!(kind, StepKind::Recheck | StepKind::Evidence) {
            return self.look(environment, kind);
        }
        if promotion.plan.is_side_effect(kind) {
            promotion.stage = Stage::Gating(kind);
            return vec![Effect::ReadJournal];
        }
        self.act(environment, kind)
    }

    /// Has the work of `kind` done, with its intent on record first when it changes anything.
    fn act(&mut self, environment: &EnvironmentName, kind: StepKind) -> Vec<Effect> {
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        promotion.stage = Stage::Performing(kind);
        if kind != StepKind::Lock {
            promotion.owes = Owing::Flow;
        }
        carried_out(promotion, kind)
    }

    /// Asks for the looks that `kind` judges.
    fn look(&mut self, environment: &EnvironmentName, kind: StepKind) -> Vec<Effect> {
        let questions: &[_] = match kind {
            StepKind::Recheck => &[EnvironmentState::ask_service, EnvironmentState::ask_ledger],
            _ => &[
                EnvironmentState::ask_service,
                EnvironmentState::ask_ledger,
                EnvironmentState::ask_schema,
                EnvironmentState::ask_health,
            ],
        };
        let (mut effects, mut waits) = self.ask(environment, questions);
        if kind == StepKind::Recheck {
            // What others said meanwhile is there before the first answer.
            effects.push(Effect::ReadJournal);
            let (effect, wait) = self.await_releases();
            effects.push(effect);
            waits.push(wait);
        }
        if let Some(promotion) = self.promotion_mut(environment) {
            promotion.stage = Stage::Looking(kind, waits);
        }
        effects
    }

    /// Asks policy and the registry once more, once it is known that the release is still there: settings may have
    /// changed, and what stands under a tag.
    fn recheck_release(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let Some(promotion) = self.promotion(environment) else { return Vec::new() };
        let Stage::Looking(_, waits) = &promotion.stage else { return Vec::new() };
        let (request, waits) = (Request::of(&promotion.plan), waits.clone());
        let policy = self.ask_policy_for(environment, &request, &waits);
        let image = self.seek_image_for(environment, &request, &waits);
        let (effects, more): (Vec<_>, Vec<_>) = policy.into_iter().chain(image).unzip();
        if let Some(Stage::Looking(_, waits)) = self.promotion_mut(environment).map(|it| &mut it.stage) {
            waits.extend(more);
        }
        effects
    }

    /// Compares the plan made from fresh looks with the one that was confirmed.
    fn recheck(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let Some(promotion) = self.promotion(environment) else { return Vec::new() };
        let (plan, step) = (&promotion.plan, StepKind::Recheck);
        match self.prepare(environment, &Request::of(plan)) {
            Err(failure) => self.fail(environment, step, failure),
            Ok(fresh) if fresh.plan.digest() != plan.digest() => {
                let failure = Failure::new(FailureKind::Refused, "the plan changed after it was confirmed")
                    .hint("Look at the new plan and confirm that one.");
                let differences = differences(&plan.canonical(), &fresh.plan.canonical());
                self.fail(environment, step, differences.iter().fold(failure, Failure::because))
            }
            Ok(fresh) => {
                let unmet = promotion.not_waived(fresh.unmet);
                if unmet.is_empty() {
                    return self.complete(environment, step, "nothing has changed".to_owned());
                }
                self.fail(environment, step, refusal(&fresh.plan, &unmet))
            }
        }
    }

    /// The truth check.
    fn judge(&mut self, name: &EnvironmentName) -> Vec<Effect> {
        let (Some(promotion), Some(state)) = (self.promotion(name), self.environment(name)) else {
            return Vec::new();
        };
        let undone: Vec<_> = match promotion.plan.direction() {
            Direction::Forward => Vec::new(),
            Direction::Back => {
                promotion.plan.changesets.iter().map(|changeset| changeset.id.clone()).collect()
            }
        };
        let selection = &state.environment.selection;
        let evidence = Evidence::judge(
            &Promised { release: &promotion.release, selection, undone: &undone },
            promotion.operation.as_ref().map(|(id, status)| (id.as_str(), *status)),
            current(&state.service),
            current(&state.health),
            current(&state.ledger),
        );
        let record = state.proven_schema().map(|witness| witness.record());
        let evidence = match &record {
            Some(record) => evidence.with_schema(&record.digest),
            None => evidence,
        };
        if evidence.is_proven() {
            if let Some(promotion) = self.promotion_mut(name) {
                promotion.schema = record;
            }
            let mut effects = self.complete(name, StepKind::Evidence, "all four proven".to_owned());
            effects.extend(self.conclude(name, Conclusion { evidence: Some(evidence), failure: None }));
            return effects;
        }
        let failure = unproven(&promotion.plan, &evidence);
        let mut effects = self.failed(name, StepKind::Evidence, &failure);
        effects.extend(self.conclude(name, Conclusion { evidence: Some(evidence), failure: Some(failure) }));
        effects
    }

    /// A step did what it should: the next one follows.
    fn complete(&mut self, environment: &EnvironmentName, kind: StepKind, note: String) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        let took = promotion.took(kind, now);
        promotion.set(kind, StepStatus::Done { took, note: note.clone() });
        let (run, next) = (promotion.run.clone(), promotion.plan.after(kind));
        let mut effects = vec![Effect::Record(Entry::Ended { run, step: kind, result: Ok(note) })];
        effects.extend(next.map(|next| self.start(environment, next)).unwrap_or_default());
        effects
    }

    /// A step failed: nothing follows but letting the lock go.
    pub(super) fn fail(
        &mut self,
        environment: &EnvironmentName,
        kind: StepKind,
        failure: Failure,
    ) -> Vec<Effect> {
        let Some(promotion) = self.promotion(environment) else { return Vec::new() };
        let failure = promotion.weigh(kind, failure);
        let mut effects = self.failed(environment, kind, &failure);
        effects.extend(self.conclude(environment, Conclusion { evidence: None, failure: Some(failure) }));
        effects
    }

    /// A step failed, and its flow says that what comes after it is done all the same.
    fn pass_over(&mut self, environment: &EnvironmentName, kind: StepKind, failure: &Failure) -> Vec<Effect> {
        let mut effects = self.failed(environment, kind, failure);
        let next = self.promotion(environment).and_then(|promotion| promotion.plan.after(kind));
        effects.extend(next.map(|next| self.start(environment, next)).unwrap_or_default());
        effects
    }

    pub(super) fn failed(
        &mut self,
        environment: &EnvironmentName,
        kind: StepKind,
        failure: &Failure,
    ) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        let took = promotion.took(kind, now);
        promotion.set(kind, StepStatus::Failed { took, failure: failure.clone() });
        let run = promotion.run.clone();
        vec![Effect::Record(Entry::Ended { run, step: kind, result: Err(failure.clone()) })]
    }

    fn conclude(&mut self, environment: &EnvironmentName, conclusion: Conclusion) -> Vec<Effect> {
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        match promotion.owes {
            Owing::Nothing => self.end(environment, conclusion),
            Owing::Lock => {
                promotion.skip_closing();
                self.close(environment, conclusion)
            }
            Owing::Flow => self.close(environment, conclusion),
        }
    }

    fn end(&mut self, environment: &EnvironmentName, conclusion: Conclusion) -> Vec<Effect> {
        let now = self.now;
        let Some(promotion) = self.promotion_mut(environment) else { return Vec::new() };
        let run = promotion.run.clone();
        let result = match &conclusion.failure {
            None => Ok(format!("{environment} runs {}, proven", promotion.plan.version)),
            Some(failure) => Err(failure.clone()),
        };
        let schema = promotion.schema.clone();
        promotion.owes = Owing::Nothing;
        promotion.stage = Stage::Over(conclusion, now);
        self.say(result.clone());
        let over = Effect::Forget(run.clone());
        let concluded = Entry::Concluded { run, environment: environment.clone(), result, schema };
        let mut effects = vec![Effect::Record(concluded), over];
        effects.extend(self.report_when_seen(environment));
        effects.extend(self.go_back_if_due(environment));
        effects
    }

    pub(super) fn promotion_mut(&mut self, environment: &EnvironmentName) -> Option<&mut Promotion> {
        self.promotions.iter_mut().find(|promotion| promotion.plan.environment == *environment)
    }

    pub(in crate::engine) fn refuse(&mut self, what: &str, hint: &str) {
        self.say(Err(Failure::new(FailureKind::Refused, what).hint(hint)));
    }
}

/// What it takes to have the work of `kind` done: its intent on record first when it changes anything.
pub(super) fn carried_out(promotion: &Promotion, kind: StepKind) -> Vec<Effect> {
    let Some(effect) = perform(promotion, kind) else { return Vec::new() };
    if !promotion.plan.is_side_effect(kind) {
        return vec![effect];
    }
    let (run, what) = (promotion.run.clone(), intention(promotion, kind));
    vec![Effect::Record(Entry::Intended { run, step: kind, what }), effect]
}

/// What is about to be done, for the journal.
fn intention(promotion: &Promotion, kind: StepKind) -> String {
    let plan = &promotion.plan;
    let environment = &plan.environment;
    match kind {
        StepKind::Service => format!("update the service of {environment} to {}", plan.image_to),
        StepKind::Update => {
            format!("run {} changesets of {} in {environment}", plan.changesets.len(), plan.version)
        }
        StepKind::Undo => format!("undo {} changesets in {environment}", plan.changesets.len()),
        StepKind::Action(_) | StepKind::Closing(_) => {
            format!("carry out `{}` in {environment}", plan.step_words(kind))
        }
        _ => match plan.anchor() {
            Some(Anchor::New(tag)) => format!("tag the database of {environment} as {tag}"),
            _ => format!("{} {environment}", kind.word()),
        },
    }
}

/// Why the truth check did not turn green.
fn unproven(plan: &Plan, evidence: &Evidence) -> Failure {
    let (environment, version) = (&plan.environment, &plan.version);
    let (kind, what) = if evidence.is_refuted() {
        (FailureKind::ActionNeeded, format!("{environment} is not what {version} promised"))
    } else {
        (FailureKind::Unknown, format!("it is not proven that {environment} runs {version}"))
    };
    let proofs = evidence.proofs();
    let missing = proofs.iter().filter(|(_, proof)| proof.word() != "proven");
    missing
        .fold(Failure::new(kind, what), |failure, (name, proof)| {
            failure.because(format!("{name}: {}", proof.text()))
        })
        .hint("Look at the environment with `lockstep status` before anything else is done to it.")
}

fn perform(promotion: &Promotion, kind: StepKind) -> Option<Effect> {
    let (run, release) = (promotion.run.clone(), Arc::clone(&promotion.source));
    let environment = promotion.plan.environment.clone();
    Some(match kind {
        StepKind::Lock => Effect::Database(environment, DatabaseCall::Lock(run)),
        StepKind::Validate => Effect::Liquibase(environment, LiquibaseCall::Validate(run, release)),
        StepKind::Anchor => match promotion.plan.anchor() {
            Some(Anchor::New(tag)) => {
                Effect::Liquibase(environment, LiquibaseCall::Tag(run, release, tag.clone()))
            }
            _ => return None,
        },
        StepKind::Update => Effect::Liquibase(environment, LiquibaseCall::Update(run, release)),
        StepKind::Undo => {
            let until = promotion.plan.way_back()?.until.clone();
            Effect::Liquibase(environment, LiquibaseCall::Rollback(run, release, until))
        }
        StepKind::Service => Effect::Cloud(environment, deploy(promotion, run)),
        StepKind::Health => {
            Effect::Health(environment, HealthCall::Await(run, promotion.plan.version.clone()))
        }
        StepKind::Action(_) | StepKind::Closing(_) => {
            let action = promotion.plan.procedure.action(kind)?;
            let order = Order::of(&action.row, Some(environment.clone()), &Facts::default(), &promotion.by)?;
            let (step, order, is_change) = (kind, Box::new(order), action.is_side_effect);
            Effect::Action { environment, run, step, release, order, is_change }
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
