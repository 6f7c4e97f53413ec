//! Environments held against each other: two schemas, and the locks of all.

use super::super::Backend;
use super::super::locks::{RUN, held, session};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().unopened().press("3D").sight("schemas-loading", "Reading the schema of staging"),
        tale().press("3D").sight("schemas-same", "the same"),
        tale()
            .turn(|story| {
                story.script.adds_by_hand(2, "note");
                story.script.adds_by_hand(2, "gift");
            })
            .refreshed()
            .press("3D")
            .sight("schemas", "column note")
            .turn(|story| story.script.goes_down(Backend::Schema))
            .refreshed()
            .sight("schemas-stale", "when it was read last"),
        tale()
            .world(|script| script.goes_down(Backend::Schema))
            .press("3D")
            .sight("schemas-failed", "could not ask the schema"),
        tale().unopened().press("K").sight("locks-loading", "looking"),
        tale().press("K").sight("locks-free", "nothing is held"),
        tale()
            .turn(|story| story.script.locked(1, held(Vec::new(), Vec::new())))
            .refreshed()
            .press("K")
            .sight("locks", "held, stale"),
        tale()
            .turn(|story| {
                let sessions = vec![session(4_711, RUN), session(4_713, RUN)];
                story.script.locked(1, held(sessions, vec![4_713]));
            })
            .refreshed()
            .press("K")
            .sight("locks-alive", "held, alive"),
        tale()
            .world(|script| script.goes_down(Backend::Database))
            .press("K")
            .sight("locks-failed", "cannot be seen"),
    ]
}
