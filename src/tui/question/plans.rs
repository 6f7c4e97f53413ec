//! Questions about the plan on screen: to carry it out, forward, back, or although its gate asks for more.

use super::{Asked, Reason};
use crate::domain::environment::Tier;
use crate::domain::plan::{Direction, Order, Plan, PlanDigest};
use crate::engine::State;
use crate::engine::planning::{Planning, Prepared};

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
pub(super) fn current<'a>(state: &'a State, digest: &PlanDigest) -> Result<&'a Prepared, String> {
    match &state.planning {
        Planning::Ready(prepared) if prepared.plan.digest() == digest => Ok(prepared),
        Planning::Ready(_) => Err("the plan changed underneath; look at the new one".to_owned()),
        _ => Err("there is no plan any more".to_owned()),
    }
}

/// The same, when nothing stands in its way.
fn free<'a>(state: &'a State, digest: &PlanDigest) -> Result<&'a Prepared, String> {
    let prepared = current(state, digest)?;
    prepared.unmet.first().map_or(Ok(prepared), |unmet| Err(unmet.what.clone()))
}

pub(super) fn promote(state: &State) -> Result<Asked, String> {
    let plan = &ready(state)?.plan;
    let tier = state.environment(&plan.environment).map_or(Tier::Three, |it| it.environment.tier());
    Ok(Asked {
        title: format!("promote {} to {}", plan.version, plan.environment),
        body: Vec::new(),
        tier,
        key: if tier == Tier::One { 'y' } else { 'P' },
        does: format!("promotes {} to {}", plan.version, plan.environment),
        ..of(plan)
    })
}

pub(super) fn roll_back(state: &State, digest: &PlanDigest) -> Result<Asked, String> {
    let plan = &free(state, digest)?.plan;
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
    let mut body = vec![steps];
    if !plan.changesets.is_empty() {
        body.push("What the changesets wrote is lost where their rollback drops it.".to_owned());
    }
    Ok(Asked {
        title: format!("roll {} back to {}", plan.environment, plan.version),
        body,
        tier: Tier::Three,
        key: 'R',
        does: format!("rolls {} back to {}", plan.environment, plan.version),
        reason: Reason::Needed,
        ..of(plan)
    })
}

/// Every condition that would be overridden, by name.
pub(super) fn overriding(state: &State, digest: &PlanDigest) -> Result<Asked, String> {
    let prepared = current(state, digest)?;
    let plan = &prepared.plan;
    if let Some(firm) = prepared.unmet.iter().find(|unmet| !unmet.can_override) {
        return Err(format!("this cannot be overridden: {}", firm.what));
    }
    if prepared.unmet.is_empty() {
        return Err("nothing stands in its way any more".to_owned());
    }
    let words: Vec<_> = prepared.unmet.iter().map(|unmet| unmet.condition.word()).collect();
    Ok(Asked {
        // The words of a condition tell the time; which one it is does not.
        subject: format!("{digest} {}", words.join(" ")),
        title: format!("promote {} to {} all the same", plan.version, plan.environment),
        body: prepared.unmet.iter().map(|unmet| format!("Overridden: {}.", unmet.what)).collect(),
        tier: Tier::Three,
        key: 'O',
        does: format!("overrides this and promotes {} to {}", plan.version, plan.environment),
        reason: Reason::Needed,
        ..of(plan)
    })
}

/// What every question about a plan has in common.
pub(super) fn of(plan: &Plan) -> Asked {
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
