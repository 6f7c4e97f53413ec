//! How the world is: whoever wants it, it cannot be carried out.

use super::{Finding, Surroundings, one};
use crate::domain::drift::ChangesetState;
use crate::domain::ledger::LockState;
use crate::domain::observation::ServiceStatus;
use crate::domain::plan::Direction;

pub(super) fn read_only(all: &Surroundings<'_>) -> Vec<Finding> {
    if !all.is_read_only {
        return Vec::new();
    }
    one("lockstep only reads here".to_owned(), "Start it without --read-only to change anything.")
}

pub(super) fn busy(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(version) = all.running else { return Vec::new() };
    one(format!("{version} is being promoted to {}", all.here.name), "Wait until that has ended.")
}

pub(super) fn rival(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(holder) = all.rival else { return Vec::new() };
    let what = format!("{holder} is promoting to {}", all.here.name);
    one(what, "Wait until it has ended, or ask whoever runs it.")
}

pub(super) fn nothing(all: &Surroundings<'_>) -> Vec<Finding> {
    let (name, version) = (all.here.name, &all.plan.version);
    // What was proven has nothing to do.
    if !all.plan.is_empty() || all.unproven().is_some() {
        return Vec::new();
    }
    match all.plan.direction() {
        Direction::Forward => {
            one(format!("{name} runs {version} already, with every changeset"), "Choose another release.")
        }
        Direction::Back => one(format!("{name} runs {version} already"), "Choose an older release."),
    }
}

pub(super) fn newer(all: &Surroundings<'_>) -> Vec<Finding> {
    let (name, version) = (all.here.name, &all.plan.version);
    let back = format!("with `lockstep rollback {name} --to {version}`.");
    if let Some(runs) = all.here.version.as_ref().filter(|runs| *runs > version) {
        return one(format!("{name} runs {runs}, newer than {version}"), format!("Go back {back}"));
    }
    // The app may have stayed behind, or gone back alone: what the release does not know tells how far the schema is.
    let Some((comparison, catalog)) = all.here.comparison.zip(all.catalog) else { return Vec::new() };
    let brought = comparison.unexpected.iter().filter_map(|id| catalog.first_with(id));
    let Some(newest) = brought.map(|release| &release.version).max().filter(|newest| *newest > version)
    else {
        return Vec::new();
    };
    let what = format!("the schema of {name} is that of {newest}, newer than {version}");
    one(what, format!("Go on to {newest}, or go back {back}"))
}

pub(super) fn image(all: &Surroundings<'_>) -> Vec<Finding> {
    if !all.is_without_image {
        return Vec::new();
    }
    let (image, version) = (&all.plan.image_to, &all.plan.version);
    one(
        format!("the image {image} is not in its registry"),
        format!(
            "Push the image of {version}, or correct [releases] image; image and archive have one version."
        ),
    )
}

pub(super) fn service(all: &Surroundings<'_>) -> Vec<Finding> {
    let name = all.here.name;
    let Some(view) = all.here.service else { return Vec::new() };
    match &view.status {
        ServiceStatus::Running => Vec::new(),
        ServiceStatus::Busy => one(
            format!("the service of {name} is being changed"),
            "Wait until the operation has ended; it cannot be interrupted.",
        ),
        ServiceStatus::Paused => {
            one(format!("the service of {name} is paused"), "Resume it; nothing can be deployed before.")
        }
        ServiceStatus::Down(word) => one(
            format!("the service of {name} is {word}"),
            "Look at its logs; it has to run before it can be updated.",
        ),
    }
}

pub(super) fn lock(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(LockState::Held { by, .. }) = all.here.ledger.map(|ledger| &ledger.lock) else {
        return Vec::new();
    };
    one(
        format!("{by} holds Liquibase's lock on {}", all.here.name),
        "`lockstep locks` shows whether its holder is alive, and what to do when it is not.",
    )
}

pub(super) fn edited(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some(comparison) = all.here.comparison else { return Vec::new() };
    let edited = comparison.changesets().filter(|(_, standing)| standing.state == ChangesetState::Edited);
    edited
        .map(|(changeset, _)| {
            (
                format!("changeset {} was edited after it ran in {}", changeset.id.id, all.here.name),
                "Restore its text and put the change into a new changeset.".to_owned(),
            )
        })
        .collect()
}

pub(super) fn unknown(all: &Surroundings<'_>) -> Vec<Finding> {
    let name = all.here.name;
    let how = format!("`lockstep reconcile {name}` finds it out and says how to go on.");
    let run = all.unknown.map(|past| {
        format!("what became of {} is unknown: {} to {name}, begun by {}", past.run, past.version, past.by)
    });
    let flow = all.history.unsettled_flow(name).map(|flow| {
        format!("what became of {} is unknown: {} in {name}, begun by {}", flow.run, flow.file, flow.by)
    });
    run.into_iter().chain(flow).map(|what| (what, how.clone())).collect()
}
