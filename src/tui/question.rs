//! What can be asked in a dialog: what exactly would happen, what it takes to confirm it, and the intent it leads to.

use crate::domain::environment::Tier;
use crate::domain::names::EnvironmentName;
use crate::domain::plan::{Direction, Order, Plan, PlanDigest};
use crate::domain::step::StepKind;
use crate::engine::State;
use crate::engine::event::Intent;
use crate::engine::planning::{Planning, Prepared};
use crate::engine::promotion::Stage;

/// Something that a person is asked to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// To carry out the plan on screen, whichever that is.
    Promote,
    /// To carry out this plan, which leads back.
    RollBack(PlanDigest),
    /// To stop what runs there.
    Abort(EnvironmentName),
    /// To mark the failure there as resolved.
    Resolve(EnvironmentName),
}

/// A question, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is confirmed; when this changes it has to be read anew.
    pub subject: String,
    /// What it is about, in a few words.
    pub title: String,
    /// What exactly would happen, one paragraph each.
    pub body: Vec<String>,
    /// What it takes.
    pub tier: Tier,
    /// The letter that confirms.
    pub key: char,
    /// What that letter does: `promotes v1.2.0 to test`.
    pub does: String,
    /// The name to type where the tier asks for one.
    pub environment: String,
    /// The plan's short digest, where there is a plan.
    pub code: Option<String>,
    /// Whether a reason is asked for.
    pub reason: Reason,
}

/// Whether a reason is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No.
    None,
    /// It cannot be left out.
    Needed,
}

impl Question {
    /// What is asked, or why that makes no sense any more.
    pub fn asked(&self, state: &State) -> Result<Asked, String> {
        match self {
            Self::Promote => Ok(promote(state, ready(state)?)),
            Self::RollBack(digest) => Ok(roll_back(of_plan(state, digest)?)),
            Self::Abort(environment) => abort(state, environment),
            Self::Resolve(environment) => resolve(state, environment),
        }
    }

    /// What confirming it leads to. `reason` is what was typed.
    pub fn intent(&self, asked: &Asked, reason: &str) -> Intent {
        let reason = reason.trim().to_owned();
        match self {
            Self::Promote => Intent::Promote { plan: PlanDigest::from_text(&asked.subject), reason: None },
            Self::RollBack(plan) => Intent::Promote { plan: plan.clone(), reason: Some(reason) },
            Self::Abort(environment) => Intent::Abort(environment.clone()),
            Self::Resolve(environment) => Intent::Resolve { environment: environment.clone(), reason },
        }
    }
}

/// The plan on screen, when it leads forward and nothing stands in its way.
fn ready(state: &State) -> Result<&Prepared, String> {
    match &state.planning {
        Planning::Ready(prepared) if prepared.plan.direction() == Direction::Back => {
            Err("it leads back".to_owned())
        }
        Planning::Ready(prepared) if prepared.unmet.is_empty() => Ok(prepared),
        Planning::Ready(_) => Err("something stands in its way".to_owned()),
        _ => Err("there is no plan".to_owned()),
    }
}

/// The plan on screen, when it is still this one.
fn of_plan<'a>(state: &'a State, digest: &PlanDigest) -> Result<&'a Prepared, String> {
    match &state.planning {
        Planning::Ready(prepared) if prepared.plan.digest() != digest => {
            Err("the plan changed underneath; look at the new one".to_owned())
        }
        Planning::Ready(prepared) => match prepared.unmet.first() {
            Some(unmet) => Err(unmet.what.clone()),
            None => Ok(prepared),
        },
        _ => Err("there is no plan any more".to_owned()),
    }
}

fn promote(state: &State, prepared: &Prepared) -> Asked {
    let plan = &prepared.plan;
    let tier = state.environment(&plan.environment).map_or(Tier::Three, |it| it.environment.tier());
    Asked {
        title: format!("promote {} to {}", plan.version, plan.environment),
        body: Vec::new(),
        tier,
        key: if tier == Tier::One { 'y' } else { 'P' },
        does: format!("promotes {} to {}", plan.version, plan.environment),
        reason: Reason::None,
        ..of(plan)
    }
}

fn roll_back(prepared: &Prepared) -> Asked {
    let plan = &prepared.plan;
    let order = plan.way_back().map_or(Order::AppOnly, |way| way.order);
    let undone = match plan.changesets.len() {
        0 => "no changeset is undone".to_owned(),
        1 => "1 changeset is undone".to_owned(),
        count => format!("{count} changesets are undone, the newest first"),
    };
    let image = format!("image {} → {}", plan.image_from_words(), plan.image_to.short());
    let steps = match order {
        Order::DatabaseFirst => format!("First {undone}, then {image}."),
        Order::AppFirst => format!("First {image}, then {undone}."),
        Order::AppOnly => format!("Only {image}; the schema stays as it is."),
    };
    Asked {
        title: format!("roll {} back to {}", plan.environment, plan.version),
        body: vec![steps, "What the changesets wrote is lost where their rollback drops it.".to_owned()]
            .into_iter()
            .take(if plan.changesets.is_empty() { 1 } else { 2 })
            .collect(),
        tier: Tier::Three,
        key: 'R',
        does: format!("rolls {} back to {}", plan.environment, plan.version),
        reason: Reason::Needed,
        ..of(plan)
    }
}

/// Exactly what stopping it does at the step at which it is.
fn abort(state: &State, environment: &EnvironmentName) -> Result<Asked, String> {
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
        StepKind::Update | StepKind::Undo if is_at_it => {
            format!(
                "Liquibase is at work. The database is asked to cancel the statement that runs, and takes back the \
                 changeset that is under way.{stay}"
            )
        }
        StepKind::Service if is_at_it => {
            format!(
                "The platform is at work, and its operation cannot be cancelled. lockstep stops watching it: what \
                 becomes of it is unknown until it is reconciled.{stay}"
            )
        }
        StepKind::Health | StepKind::Evidence => {
            format!(
                "Everything was changed already, and only the proof is missing. lockstep stops looking: the result \
                 is unknown until it is reconciled.{stay}"
            )
        }
        _ => format!("It is at the step `{}` and stops before the next one.{stay}", step.word()),
    };
    Ok(Asked {
        // How many changesets have run meanwhile is no other question.
        subject: format!("{} {} {is_at_it}", promotion.run, step.word()),
        title: format!("abort the promotion of {} to {environment}", promotion.plan.version),
        body: vec![body],
        tier: Tier::Two,
        key: 'X',
        does: format!("aborts it in {environment}"),
        environment: environment.to_string(),
        code: Some(promotion.plan.digest().short().to_owned()),
        reason: Reason::None,
    })
}

fn resolve(state: &State, environment: &EnvironmentName) -> Result<Asked, String> {
    let Some((past, failure)) = state.history.alarm(environment) else {
        return Err(format!("{environment} shows no failure any more"));
    };
    Ok(Asked {
        subject: past.run.to_string(),
        title: format!("mark the failure of {environment} as resolved"),
        body: vec![
            format!("{} failed: {}.", past.version, failure.what),
            "Nothing is changed by this: it says that a person has looked and settled it.".to_owned(),
        ],
        tier: Tier::Two,
        key: 'C',
        does: format!("marks it resolved in {environment}"),
        environment: environment.to_string(),
        code: None,
        reason: Reason::Needed,
    })
}

/// What every question about a plan has in common.
fn of(plan: &Plan) -> Asked {
    Asked {
        subject: plan.digest().to_string(),
        title: String::new(),
        body: Vec::new(),
        tier: Tier::Three,
        key: ' ',
        does: String::new(),
        environment: plan.environment.to_string(),
        code: Some(plan.digest().short().to_owned()),
        reason: Reason::None,
    }
}
