//! What somebody said, and has to be taken back by a word.

use super::{Finding, Surroundings, one};
use crate::domain::gate::Tally;

pub(super) fn line(all: &Surroundings<'_>) -> Vec<Finding> {
    let Some((since, notice)) = all.history.line() else { return Vec::new() };
    let since = since.strftime("%F %R UTC");
    one(
        format!("the line is stopped by {} since {since}: {}", notice.by, notice.reason),
        "Nothing may begin until it is resumed: `lockstep line resume --reason REASON`.",
    )
}

pub(super) fn barred(all: &Surroundings<'_>) -> Vec<Finding> {
    let version = &all.plan.version;
    let Some((_, notice)) = all.history.bar(version) else { return Vec::new() };
    one(
        format!("{version} goes no further, says {}: {}", notice.by, notice.reason),
        format!("Promote another release, or lift it: `lockstep unbar {version} --reason REASON`."),
    )
}

pub(super) fn rejected(all: &Surroundings<'_>) -> Vec<Finding> {
    let plan = all.plan;
    let (name, version, short) = (&plan.environment, &plan.version, plan.digest().short());
    let tally = Tally::of(all.history, name, plan.digest().as_str());
    tally
        .rejections
        .iter()
        .map(|ballot| {
            let by = &ballot.by;
            let how = format!(
                "Settle it with {by}, who can approve it now, or ask everybody again: `lockstep request {name} --release {version} --plan {short}`."
            );
            (format!("{by} rejected the plan {short}: {}", ballot.note), how)
        })
        .collect()
}
