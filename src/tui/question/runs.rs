//! Questions about runs: to stop one, to settle what became of one, to let go of the lock that one left behind.

use super::{Asked, Reason};
use crate::domain::environment::Tier;
use crate::domain::lock::{LockSight, Verdict};
use crate::domain::names::{EnvironmentName, RunId};
use crate::domain::plan::Direction;
use crate::domain::step::StepKind;
use crate::engine::State;
use crate::engine::promotion::Stage;
use crate::tui::ui::open_reports;

/// Exactly what stopping it does at the step at which it is.
pub(super) fn abort(state: &State, environment: &EnvironmentName) -> Result<Asked, String> {
    let Some(promotion) = state.running_in(environment) else {
        return Err(format!("what ran in {environment} has ended"));
    };
    let Some(step) = promotion.current() else {
        return Err(format!("what ran in {environment} is ending"));
    };
    let (count, all) = (promotion.applied.len(), promotion.plan.changesets.len());
    let stay = match (count, promotion.plan.direction()) {
        (0, _) => String::new(),
        (1, Direction::Forward) => format!(" 1 of {all} changesets has run and stays."),
        (_, Direction::Forward) => format!(" {count} of {all} changesets have run and stay."),
        (1, Direction::Back) => format!(" 1 of {all} changesets is undone and stays so."),
        (_, Direction::Back) => format!(" {count} of {all} changesets are undone and stay so."),
    };
    let is_at_it = matches!(promotion.stage, Stage::Performing(_) | Stage::Looking(..));
    let body = match step {
        StepKind::Validate if is_at_it => {
            "Liquibase validates the changelog, which changes nothing. It is ended.".to_owned()
        }
        StepKind::Update | StepKind::Undo if is_at_it => {
            format!(
                "Liquibase is at work. The database is asked to cancel the statement that runs, and takes back the \
                 changeset that is under way.{stay}"
            )
        }
        StepKind::Service if is_at_it => {
            let platform = state.platform(environment);
            format!(
                "The service is being changed, {}. lockstep stops watching it: what becomes of it in {} is unknown until \
                 it is reconciled.{stay}",
                platform.fate(),
                platform.name
            )
        }
        StepKind::Health | StepKind::Evidence => {
            format!(
                "Everything was changed already, and only the proof is missing. lockstep stops looking: the result \
                 is unknown until it is reconciled.{stay}"
            )
        }
        _ => format!("It is at the step `{step}` and stops before the next one.{stay}"),
    };
    Ok(Asked {
        body: vec![body],
        environment: environment.to_string(),
        code: Some(promotion.plan.digest().short().to_owned()),
        ..Asked::plain(
            // How many changesets have run meanwhile is no other question.
            format!("{} {step} {is_at_it}", promotion.run),
            format!("abort the promotion of {} to {environment}", promotion.plan.version),
            'X',
            format!("aborts it in {environment}"),
        )
    })
}

/// What a person says about a run that failed, or of which nobody could find out what became.
pub(super) fn resolve(state: &State, environment: &EnvironmentName) -> Result<Asked, String> {
    let report = open_reports(state).into_iter().find(|report| report.environment == *environment);
    let (run, body) = match (state.history.alarm(environment), report) {
        (_, Some(report)) => {
            let found = format!("What was found out about {}: {}.", report.version, report.finding.word());
            (report.run.to_string(), found)
        }
        (Some((past, failure)), None) => {
            (past.run.to_string(), format!("{} failed: {}.", past.version, failure.what))
        }
        (None, None) => return Err(format!("{environment} shows no failure any more")),
    };
    let rest = "Nothing is changed by this: it says that a person has looked and settled it.";
    Ok(Asked {
        body: vec![body, rest.to_owned()],
        reason: Reason::Needed,
        ..Asked::plain(
            run,
            format!("mark the failure of {environment} as resolved"),
            'C',
            format!("marks it resolved in {environment}"),
        )
    })
}

/// The finding that is put on record.
pub(super) fn settle(state: &State, run: &RunId) -> Result<Asked, String> {
    let Some(report) = open_reports(state).into_iter().find(|report| report.run == *run) else {
        return Err("it is settled already".to_owned());
    };
    let words = match report.result() {
        None => return Err(format!("it is not decided: {}", report.finding.word())),
        Some(Ok(words)) => words,
        Some(Err(failure)) => failure.what,
    };
    let environment = &report.environment;
    Ok(Asked {
        body: vec![
            format!("On record will be: {words}."),
            "Nothing else is changed by this. After it something new may begin there.".to_owned(),
        ],
        ..Asked::plain(
            format!("{run} {}", report.finding.word()),
            format!("settle what became of {} in {environment}", report.version),
            'S',
            format!("puts on record: {}", report.finding.word()),
        )
    })
}

/// The proof that whoever holds it is gone.
pub(super) fn release_lock(state: &State, environment: &EnvironmentName) -> Result<Asked, String> {
    let sight = state.environment(environment).and_then(|it| it.locks.current());
    let Some([liquibase, _]) = sight.map(LockSight::locks) else {
        return Err(format!("nobody has looked who holds the lock of {environment}"));
    };
    let (Some(holder), Verdict::Stale(proof)) = (&liquibase.holder, &liquibase.verdict) else {
        return Err(format!("Liquibase's lock on {environment} is {}", liquibase.verdict.words()));
    };
    Ok(Asked {
        body: vec![
            format!("It is held by {}, who is gone: {proof}.", holder.name),
            "It is looked once more right before, and let go only while that is still so.".to_owned(),
        ],
        tier: Tier::Three,
        environment: environment.to_string(),
        ..Asked::plain(
            holder.name.clone(),
            format!("let Liquibase's lock on {environment} go"),
            'L',
            format!("lets the lock on {environment} go"),
        )
    })
}
