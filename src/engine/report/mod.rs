//! Reports of what ended: made from the state when the looks that follow an end are there, and handed out to be filed.
//!
//! What comes of filing one is a message and nothing else: no outcome ever depends on it.

mod flow;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::drift;
use crate::domain::failure::Failure;
use crate::domain::gate::Waiver;
use crate::domain::grid;
use crate::domain::journal::{Vote, VoteWord};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::observation::Facet;
use crate::domain::plan::{Anchor, Course, Direction, Plan, PlannedChangeset};
use crate::domain::release::{ImageRef, Version};
use crate::domain::report;
use crate::domain::report::{
    Change, Changeset, Filed, Grid, Instance, Kind, OperationReport, Origin, Outcome, Pair, PairSight, Proof,
    Worker,
};
use crate::domain::step::StepKind;
use crate::domain::{Timestamp, changelog};
use crate::engine::effect::Effect;
use crate::engine::promotion::{Promotion, Step, StepStatus};
use crate::engine::refresh::Wait;
use crate::engine::{EnvironmentState, State};

/// What an environment was when a promotion to it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    pair: PairSight,
    grid: Option<grid::Grid>,
    usual: Option<(Duration, Duration)>,
}

/// The reports that are on their way.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Reports {
    due: Vec<Due>,
    filing: BTreeSet<RunId>,
}

/// A promotion that has ended and whose looks are awaited.
#[derive(Debug, Clone)]
struct Due {
    promotion: Box<Promotion>,
    waits: Vec<Wait>,
}

impl State {
    /// True while a report is made or filed, or somebody is told of what it reports.
    pub fn is_reporting(&self) -> bool {
        !self.reports.due.is_empty() || !self.reports.filing.is_empty() || self.is_notifying()
    }

    /// What there is to know of an environment before a promotion to it changes anything.
    pub(in crate::engine) fn before(&self, environment: &EnvironmentName) -> Arc<Before> {
        Arc::new(Before {
            pair: self.pair_sight(environment),
            grid: self.grid_of_all(None),
            usual: self.history.usual(environment),
        })
    }

    /// Looks at an environment again, and reports the promotion that has just ended there once that was seen.
    pub(in crate::engine) fn report_when_seen(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        let questions = [
            EnvironmentState::ask_service,
            EnvironmentState::ask_ledger,
            EnvironmentState::ask_schema,
            EnvironmentState::ask_health,
        ];
        let (effects, waits) = self.ask(environment, &questions);
        if let Some(promotion) = self.promotion(environment).cloned() {
            self.reports.due.push(Due { promotion: Box::new(promotion), waits });
        }
        effects
    }

    /// Hands out every report whose looks are there. Whoever stops does not wait for them.
    pub(in crate::engine) fn settle_reports(&mut self) -> Vec<Effect> {
        let due = std::mem::take(&mut self.reports.due);
        let is_ready = |due: &Due| self.is_stopping || self.is_answered(&due.waits);
        let (ready, waiting): (Vec<_>, Vec<_>) = due.into_iter().partition(is_ready);
        self.reports.due = waiting;
        let reports: Vec<_> = ready.iter().map(|due| self.promotion_report(due)).collect();
        reports.into_iter().map(|report| self.file(report)).collect()
    }

    /// Reports how a release stands against these environments.
    pub(in crate::engine) fn report_drift(
        &mut self,
        environments: &[EnvironmentName],
        release: Option<&Version>,
        failure: Option<&Failure>,
    ) -> Vec<Effect> {
        let looks = self.environments.iter().filter(|it| environments.contains(&it.environment.name));
        let began = looks.filter_map(|it| it.ledger.asked_at()).min().unwrap_or(self.now);
        let origin = self.origin(RunId::of_look(self.now, &self.mark, Kind::Drift.word()), began, self.now);
        let found = self.grid(release, environments);
        let report = OperationReport::of_drift(found.as_ref(), failure.cloned(), origin);
        vec![self.file(report)]
    }

    /// The report of the promotion of this process that ran last in `environment`, once it is there.
    pub fn filed(&self, environment: &EnvironmentName) -> Option<&Filed> {
        self.promotion(environment)?.report.as_ref()?.as_ref().ok()
    }

    pub(in crate::engine) fn open_report(&mut self, environment: &EnvironmentName) -> Vec<Effect> {
        if let Some(filed) = self.filed(environment) {
            return vec![Effect::Open(filed.path.clone())];
        }
        let what = format!("nothing that ran here in {environment} has left a report");
        self.refuse(&what, "`lockstep report list` names those of other processes.");
        Vec::new()
    }

    /// A report was filed, or was not.
    pub(in crate::engine) fn reported(
        &mut self,
        run: &RunId,
        result: &Result<Filed, Failure>,
    ) -> Vec<Effect> {
        self.reports.filing.remove(run);
        if let Some(promotion) = self.promotions.iter_mut().find(|promotion| promotion.run == *run) {
            promotion.report = Some(result.clone());
        }
        if let Some(flow) = self.flow.as_mut().filter(|flow| flow.run == *run) {
            flow.report = Some(result.clone());
        }
        self.say(match result {
            Err(failure) | Ok(Filed { upload: Some(Err(failure)), .. }) => Err(failure.clone()),
            Ok(Filed { path, upload: None }) => Ok(format!("the report is in {path}")),
            Ok(Filed { path, upload: Some(Ok(address)) }) => {
                Ok(format!("the report is in {path} and in {address}"))
            }
        });
        self.tell_of(run, result.as_ref().ok())
    }

    fn file(&mut self, report: OperationReport) -> Effect {
        self.reports.filing.insert(report.run.clone());
        self.tell_when_filed(&report);
        Effect::Report(Box::new(report))
    }

    fn origin(&self, run: RunId, began: Timestamp, ended: Timestamp) -> Origin {
        let nowhere = || Instance { id: String::new(), title: String::new(), mode: String::new() };
        // A flow may run without an instance.
        let instance = if self.environments.is_empty() { nowhere() } else { self.instance() };
        Origin { run, instance, began, ended, by: self.operator() }
    }

    fn promotion_report(&self, due: &Due) -> OperationReport {
        let promotion = &*due.promotion;
        let (plan, before) = (&promotion.plan, &promotion.before);
        let conclusion = promotion.conclusion();
        let failure = conclusion.and_then(|conclusion| conclusion.failure.clone());
        let kind = match plan.direction() {
            Direction::Forward => Kind::Promotion,
            Direction::Back => Kind::Rollback,
        };
        let summary = match &failure {
            None => format!("{} runs {}", plan.environment, plan.version),
            Some(failure) => failure.what.clone(),
        };
        let ended = promotion.ended().unwrap_or(self.now);
        let origin =
            Origin { by: promotion.by.clone(), ..self.origin(promotion.run.clone(), promotion.began, ended) };
        let is_seen = self.is_answered(&due.waits);
        let after = before.grid.as_ref().and_then(|grid| self.grid_of_all(Some(&grid.version)));
        let after = after.filter(|_| is_seen);
        let ids: Vec<_> = plan.changesets.iter().map(|changeset| changeset.id.clone()).collect();
        let evidence = conclusion.and_then(|conclusion| conclusion.evidence.as_ref());
        let proof = |(name, proof): (&str, &crate::domain::evidence::Proof)| Proof {
            witness: name.to_owned(),
            verdict: proof.word().to_owned(),
            seen: proof.text().to_owned(),
        };
        let unseen = (!is_seen).then(|| {
            "lockstep was stopped before it could look at the environment again: what stands here as after is the \
             last that it saw."
                .to_owned()
        });
        // As it counted for this run: what was begun is judged by the day on which it began.
        let verdict = self.verdict_on(plan, promotion.began);
        let unread = match &verdict {
            Some(Err(failure)) => {
                Some(format!("What policy says about it could not be told: {}.", failure.what))
            }
            _ => None,
        };
        OperationReport {
            change: Some(Change {
                from: plan.image_from.as_ref().and_then(ImageRef::version).map(|it| it.to_string()),
                to: plan.version.to_string(),
                image_from: plan.image_from.as_ref().map(ToString::to_string),
                image_to: plan.image_to.to_string(),
            }),
            usual: before.usual,
            reason: self.history.run(&promotion.run).and_then(|past| past.reason.clone()),
            words: self.words_about(plan),
            overridden: promotion.waiver.as_ref().map(Waiver::record),
            plan: Some(planned(promotion)),
            steps: steps(promotion),
            evidence: evidence.map(|it| it.proofs().map(proof).into()).unwrap_or_default(),
            pair: Some(Pair { before: before.pair.clone(), after: self.pair_sight(&plan.environment) }),
            grid: before.grid.as_ref().map(|grid| Grid::of(grid, after.as_ref(), &ids)),
            findings: verdict.and_then(Result::ok),
            remarks: unseen.into_iter().chain(unread).collect(),
            failure: failure.clone(),
            ..OperationReport::new(
                origin,
                kind,
                Outcome::of(failure.as_ref()),
                summary,
                plan.environment.to_string(),
            )
        }
    }

    /// A release, the newest one by default, held against every environment.
    fn grid_of_all(&self, version: Option<&Version>) -> Option<grid::Grid> {
        let all: Vec<_> = self.environments.iter().map(|it| it.environment.name.clone()).collect();
        self.grid(version, &all)
    }

    fn pair_sight(&self, name: &EnvironmentName) -> PairSight {
        let environment = self.environment(name);
        let pair = environment.map(|environment| self.pair(environment));
        let ledger = environment.and_then(|environment| Facet::value(&environment.ledger));
        PairSight {
            state: pair.as_ref().map_or("unknown", drift::Pair::words).to_owned(),
            why: match pair {
                Some(drift::Pair::Unknown(why)) => Some(why),
                _ => None,
            },
            app: environment.and_then(EnvironmentState::version).map(|version| version.to_string()),
            applied: ledger.map(|ledger| ledger.rows.iter().filter(|row| !row.is_anchor()).count()),
            tag: ledger.and_then(|ledger| ledger.last_tag()).map(str::to_owned),
        }
    }

    /// What was said about a plan.
    fn words_about(&self, plan: &Plan) -> Vec<report::Word> {
        let votes = self.history.votes().iter();
        let about = votes
            .filter(|(_, vote)| vote.environment == plan.environment && vote.plan == plan.digest().as_str());
        about.map(|(at, vote)| word(*at, vote)).collect()
    }
}

fn word(at: Timestamp, vote: &Vote) -> report::Word {
    let said = match vote.word {
        VoteWord::Request => "asked for approval",
        VoteWord::Approve => "approved",
        VoteWord::Reject => "rejected",
    };
    let (by, arn, note) = (vote.by.clone(), vote.arn.clone(), vote.note.clone());
    report::Word { at, by, arn, said: said.to_owned(), note }
}

fn planned(promotion: &Promotion) -> report::Plan {
    let plan = &promotion.plan;
    let way_back = match &plan.course {
        Course::Forward(Anchor::Existing(tag)) => format!("to the tag {tag}, which was there"),
        Course::Forward(Anchor::New(tag)) => format!("to the tag {tag}, which it sets first"),
        Course::Forward(Anchor::NotNeeded) => "the image only: no changeset was to run".to_owned(),
        Course::Back(way) => {
            format!("{}; undoes {}; {}", way.order.words(), way.until.words(), way.verdict.why())
        }
    };
    report::Plan {
        digest: plan.digest().to_string(),
        archive_digest: plan.archive_digest.clone(),
        changesets: plan.changesets.iter().map(|it| changeset(it, &promotion.applied)).collect(),
        already_applied: plan.already_applied,
        order: plan.steps().into_iter().map(|step| plan.step_words(step).to_owned()).collect(),
        way_back,
    }
}

fn changeset(planned: &PlannedChangeset, done: &[changelog::ChangesetId]) -> Changeset {
    Changeset {
        path: planned.id.path.clone(),
        id: planned.id.id.clone(),
        author: planned.id.author.clone(),
        comment: planned.comment.clone(),
        checksum: planned.checksum.as_ref().map(ToString::to_string),
        sql: planned.sql.clone(),
        rollback_kind: planned.rollback.word().to_owned(),
        rollback: planned.rollback.text().map(str::to_owned),
        is_done: done.contains(&planned.id),
    }
}

/// The steps follow each other without a gap, so each begins where the one before it ended.
fn steps(promotion: &Promotion) -> Vec<report::Step> {
    let plan = &promotion.plan;
    let mut at = promotion.began;
    let told = promotion.steps.iter().map(|Step { kind, status }| {
        let (word, took, note) = match status {
            StepStatus::Waiting => (report::StepStatus::NotReached, None, String::new()),
            StepStatus::Skipped => (report::StepStatus::Skipped, None, String::new()),
            // It was given up while it went on.
            StepStatus::Running { since, note } => {
                let until = promotion.ended().unwrap_or(*since);
                (report::StepStatus::Failed, Some(until.duration_since(*since).unsigned_abs()), note.clone())
            }
            StepStatus::Done { took, note } => (report::StepStatus::Done, Some(*took), note.clone()),
            StepStatus::Failed { took, failure } => {
                (report::StepStatus::Failed, Some(*took), failure.what.clone())
            }
        };
        let began = took.map(|_| at);
        let took = took.unwrap_or_default();
        at = at.checked_add(took).unwrap_or(at);
        let worker = match kind {
            StepKind::Service | StepKind::Health => Worker::Others,
            _ => Worker::Own,
        };
        let (name, about) = (plan.step_words(*kind).to_owned(), kind.about().to_owned());
        let group = group(plan, *kind);
        report::Step { name, group, about, worker, status: word, began, took, code: None, note }
    });
    told.collect()
}

/// The stage of the flow that a step stands in; empty where there is no flow.
fn group(plan: &Plan, step: StepKind) -> String {
    if !plan.procedure.is_staged() {
        return String::new();
    }
    plan.procedure.stage(step).map_or("at the end", |stage| &stage.name).to_owned()
}
