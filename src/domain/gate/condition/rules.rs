//! What the gate of an environment asks for.

use super::{Finding, Look, Surroundings, one};
use crate::domain::age::age;
use crate::domain::drift::ChangesetState;
use crate::domain::gate::{Admission, Lapse, Tally, actions};
use crate::domain::release::Version;

pub(super) fn order(all: &Surroundings<'_>) -> Vec<Finding> {
    let version = &all.plan.version;
    let others = all.before.iter().filter(|look| look.version.as_ref() != Some(version));
    others
        .map(|look| {
            let name = look.name;
            let runs =
                look.version.as_ref().map_or_else(|| "an unknown version".to_owned(), Version::to_string);
            let how = gone_on(all, look).unwrap_or_else(|| {
                format!("Promote {version} to {name} first: `lockstep promote {name} --release {version}`.")
            });
            (format!("{name} runs {runs}, not {version}"), how)
        })
        .collect()
}

pub(super) fn verified(all: &Surroundings<'_>) -> Vec<Finding> {
    if !all.environment.gate.before.is_verified {
        return Vec::new();
    }
    let version = &all.plan.version;
    let unproven = all.before.iter().filter(|look| all.history.proven(look.name, version).is_none());
    unproven
        .map(|look| {
            let name = look.name;
            let how = if look.version.as_ref() == Some(version) {
                format!(
                    "{version} came to {name} by other means; only a promotion by lockstep proves a release."
                )
            } else {
                gone_on(all, look).unwrap_or_else(|| {
                    format!("A promotion proves it: `lockstep promote {name} --release {version}`.")
                })
            };
            (format!("it is not on record that {version} was proven in {name}"), how)
        })
        .collect()
}

pub(super) fn soak(all: &Surroundings<'_>) -> Vec<Finding> {
    let (needed, version) = (all.environment.gate.before.soak, &all.plan.version);
    if needed.is_zero() {
        return Vec::new();
    }
    let running = all.before.iter().filter(|look| look.version.as_ref() == Some(version));
    running
        .filter_map(|look| {
            let name = look.name;
            // Whatever else changed the service was later than that.
            let updated = look.service.map(|service| service.updated_at);
            let Some(since) = all.history.proven(name, version).or(updated) else {
                let what = format!("it is not known since when {version} runs in {name}");
                return Some((what, "Look again: `lockstep status`.".to_owned()));
            };
            let ran = all.now.duration_since(since);
            let ran = std::time::Duration::try_from(ran).unwrap_or_default();
            if ran >= needed {
                return None;
            }
            let what = format!("{version} has run in {name} for {} of {}", age(ran), age(needed));
            let end = since
                .checked_add(needed)
                .map_or_else(|_| "later".to_owned(), |end| end.strftime("%F %R UTC").to_string());
            Some((what, format!("Wait until {end}.")))
        })
        .collect()
}

pub(super) fn freeze(all: &Surroundings<'_>) -> Vec<Finding> {
    let freezes = all.environment.gate.freezes.iter();
    freezes
        .filter_map(|freeze| {
            let end = freeze.ends(all.begins)?;
            let how = format!("Wait until {} {}.", end.strftime("%a %F %R"), freeze.zone());
            Some((format!("{} is frozen: {freeze}", all.here.name), how))
        })
        .collect()
}

pub(super) fn drift(all: &Surroundings<'_>) -> Vec<Finding> {
    if !all.environment.gate.drift_blocks {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (is_before, look) in all.before.iter().map(|look| (true, look)).chain([(false, &all.here)]) {
        let name = look.name;
        let mut find = |what: String| {
            findings.push((what, format!("See what it is and settle it: `lockstep drift {name}`.")));
        };
        match look.drifts {
            None => find(format!("it is not known whether the schema of {name} drifts")),
            Some(drifts) => drifts.iter().take(1).for_each(|drift| {
                find(format!("{name} drifts: {}", drift.words(|at| at.strftime("%F %R UTC").to_string())));
            }),
        }
        match look.comparison {
            None => find(format!("it is not known whether the changesets of {name} drift")),
            Some(comparison) => {
                // Here an edited changeset is a fact of its own, which nobody can override.
                let edited = if is_before { comparison.count(ChangesetState::Edited) } else { 0 };
                if edited > 0 {
                    find(format!("{} of {name} edited after {} ran", count(edited), it(edited)));
                }
                let unexpected = comparison.unexpected.len();
                if unexpected > 0 {
                    find(format!("{} of {name} that the release does not know", count(unexpected)));
                }
            }
        }
    }
    findings
}

pub(super) fn approval(all: &Surroundings<'_>) -> Vec<Finding> {
    let (gate, plan) = (&all.environment.gate, all.plan);
    let needed = gate.approval.needed;
    if gate.admission != Admission::Approve || (plan.is_empty() && !has_other_actions(all)) {
        return Vec::new();
    }
    let (name, version, short) = (&plan.environment, &plan.version, plan.digest().short());
    let tally = Tally::of(all.history, name, plan.digest().as_str());
    let counting = gate.approval.counting(&tally, all.runner.as_ref());
    if counting.len() >= needed {
        return Vec::new();
    }
    let noun = if needed == 1 { "approval" } else { "approvals" };
    let mut what = format!("the plan {short} has {} of {needed} {noun}", counting.len());
    if let Some(mine) =
        tally.approvals.iter().find(|own| all.runner.as_ref().is_some_and(|me| me.is_same(&own.by)))
        && !counting.contains(&mine)
    {
        what.push_str("; whoever promotes cannot approve it too");
    } else if all.runner.is_none() && !gate.approval.requester_may_approve && tally.requests.is_empty() {
        what.push_str("; none counts while it is not known who promotes");
    }
    let ask = format!("`lockstep approve {name} --release {version} --plan {short}`");
    let mut findings = one(what, format!("Ask {} to approve it: {ask}.", gate.approval.who()));
    if let Some(lapse) = Lapse::of(all.history, plan) {
        findings.push((lapse.words(), "What was said of that one does not count for this one.".to_owned()));
    }
    findings
}

/// What to do where an environment before runs something newer already: it is not sent back for what comes after it.
fn gone_on(all: &Surroundings<'_>, before: &Look<'_>) -> Option<String> {
    let runs = before.version.as_ref().filter(|runs| **runs > all.plan.version)?;
    let (name, here) = (before.name, all.here.name);
    Some(format!("{name} has gone on: promote what it runs, `lockstep promote {here} --release {runs}`."))
}

/// True when a plan that has nothing left to do proves once more what failed, by a flow that does now what was no part of
/// that: nobody has seen it.
fn has_other_actions(all: &Surroundings<'_>) -> bool {
    let Some(failed) = all.unproven() else { return false };
    let known = all.history.plan(&failed.plan);
    known.is_none_or(|known| actions(known) != actions(&all.plan.canonical()))
}

fn count(count: usize) -> String {
    if count == 1 { "1 changeset".to_owned() } else { format!("{count} changesets") }
}

fn it(count: usize) -> &'static str {
    if count == 1 { "it" } else { "they" }
}
