//! The log on the whole screen.

use lockstep::domain::log::Level;
use lockstep::domain::step::StepKind;

use super::super::Story;
use super::{Tale, tale};

/// What a run on a bad day writes.
fn warns(story: &mut Story) {
    let long =
        format!("the pool of the store waits for a connection{}, and then goes on", " and waits".repeat(30));
    story.logs(
        None,
        &[
            (Level::Normal, "Liquibase: 3 changesets to run"),
            (Level::Warning, "the lock is old: it was taken 14 minutes ago"),
            (Level::Error, "could not write to the disk: no space left on device"),
            (Level::Normal, long.as_str()),
        ],
    );
}

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().press("L").sight("log-empty", "Nothing has been logged yet"),
        tale()
            .turn(|story| story.script.hold_at(StepKind::Update))
            .press("2p")
            .read()
            .press("PL")
            .sight("log-running", "following"),
        tale()
            .press("2p")
            .read()
            .press("PL")
            .turn(warns)
            .sight("log", "following")
            .press("w")
            .sight("log-wrapped", "following")
            .press("wt")
            .sight("log-times", "+00:0")
            .press("t/changeset<enter>N")
            .sight("log-found", "3 of 4 with")
            .press("<esc>e")
            .sight("log-warnings", "2 warnings and errors")
            .press("ei")
            .sight("log-nothing", "No line is shown"),
    ]
}
