//! What runs, how it ended, and what became of it where nobody saw that.

use lockstep::domain::step::StepKind;

use super::super::locks::held;
use super::super::unknown::dies;
use super::super::{Backend, Deploys};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    running().into_iter().chain(unknown()).collect()
}

fn running() -> Vec<Tale> {
    vec![
        tale()
            .turn(|story| story.script.hold_at(StepKind::Update))
            .press("2p")
            .read()
            .press("P")
            .wait(4_100)
            .sight("running", "v1.2.0")
            .turn(|story| story.script.go_on())
            .sight("proven", "proven"),
        tale()
            .turn(|story| story.script.hold_at(StepKind::Service))
            .press("2p")
            .read()
            .press("Pq")
            .sight("leaving", "lockstep leaves"),
        tale()
            .turn(|story| story.script.runs(2, "v1.0.0", 9))
            .refreshed()
            .turn(|story| story.script.hold_at(StepKind::Update))
            .press("2p")
            .read()
            .press("P")
            .wait(1_100)
            .press("3p<esc>3p")
            .read()
            .press("P")
            .wait(2_100)
            .sight("two", "v1.1.0 to staging")
            .press("X")
            .read()
            .above("abort", "abort the promotion"),
        tale()
            .turn(|story| story.script.deploys(Deploys::RollBack))
            .press("1p<left>")
            .read()
            .press("y")
            .sight("failed", "did not reach dev"),
        tale()
            .turn(|story| story.script.deploys(Deploys::RollBack))
            .press("2p")
            .read()
            .press("P")
            .sight("failed-halfway", "did not reach test")
            .press("c")
            .read()
            .press("rolled back by hand")
            .above("resolve", "as resolved"),
        tale()
            .press("2R")
            .read()
            .press("R")
            .read()
            .press("orders fail<tab>testR")
            .sight("went-back", "v1.0.0"),
    ]
}

fn unknown() -> Vec<Tale> {
    vec![
        tale()
            .turn(dies)
            .refreshed()
            .refreshed()
            .press("2")
            .sight("unknown", "unknown")
            .turn(|story| story.script.runs(1, "v1.1.0", 14))
            .press("u")
            .sight("reconcile", "half done")
            .press("S")
            .read()
            .above("settle", "settle what became"),
        tale()
            .turn(dies)
            .refreshed()
            .refreshed()
            .press("2u")
            .sight("reconcile-not-started", "not started")
            .press("S")
            .read()
            .press("S")
            .sight("reconcile-empty", "Every run was seen to its end"),
        tale()
            .turn(dies)
            .refreshed()
            .refreshed()
            .turn(|story| story.script.hang())
            .press("2u")
            .sight("reconcile-loading", "looking"),
        tale()
            .turn(dies)
            .refreshed()
            .refreshed()
            .turn(|story| story.script.goes_down(Backend::Database))
            .press("2u")
            .sight("reconcile-failed", "v1.2.0 to test"),
        tale()
            .turn(|story| {
                dies(story);
                story.script.locked(1, held(Vec::new(), Vec::new()));
            })
            .refreshed()
            .refreshed()
            .press("2u")
            .sight("reconcile-locked", "v1.2.0 to test")
            .press("K")
            .read()
            .above("release-lock", "lock"),
    ]
}
