//! Everything about one environment: whole, in part, old, and what is wrong there.

use super::super::locks::{RUN, held, session};
use super::super::{Backend, Deploys, Script};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().press("2<enter>").sight("detail", "test"),
        tale().press("4<enter>").sight("detail-prod", "PROD"),
        tale().unopened().press("2<enter>").sight("detail-loading", "test"),
        tale().turn(|story| story.script.hang()).wait(90_000).press("2<enter>").sight("detail-stale", "test"),
        // One witness after the other cannot be asked.
        tale()
            .world(|script| script.goes_down(Backend::Service))
            .press("2<enter>")
            .sight("detail-service-failed", "could not ask the service"),
        tale()
            .world(|script| script.goes_down(Backend::Database))
            .press("2<enter>")
            .sight("detail-database-failed", "test"),
        tale()
            .world(|script| script.goes_down(Backend::Schema))
            .press("2<enter>")
            .sight("detail-schema-failed", "test"),
        tale()
            .world(|script| script.goes_down(Backend::Health))
            .press("2<enter>")
            .sight("detail-health-failed", "could not ask the health"),
        tale()
            .turn(|story| story.script.goes_down(Backend::Database))
            .wait(90_000)
            .press("2<enter>")
            .sight("detail-database-lost", "test"),
        // What is wrong there.
        tale()
            .turn(|story| {
                story.script.adds_by_hand(2, "note");
                story.script.adds_by_hand(2, "gift");
            })
            .press("3")
            .refreshed()
            .press("<enter>")
            .sight("drifted-detail", "staging"),
        tale()
            .turn(|story| story.script.locked(1, held(Vec::new(), Vec::new())))
            .refreshed()
            .press("2<enter><down><down><down><down>")
            .sight("locked", "Liquibase's lock"),
        tale()
            .turn(|story| {
                let sessions = vec![session(4_711, RUN), session(4_713, RUN)];
                story.script.locked(1, held(sessions, vec![4_713]));
            })
            .refreshed()
            .press("2<enter><down><down><down><down>")
            .sight("locked-alive", "is held"),
        tale()
            .world(|script| script.goes_down(Backend::Locks))
            .turn(|story| story.script.locked(1, held(Vec::new(), Vec::new())))
            .refreshed()
            .press("2<enter><down><down><down><down>")
            .sight("locked-unseen", "could not ask the locks"),
        tale()
            .world(|script: &Script| script.deploys(Deploys::RollBack))
            .press("2p")
            .read()
            .press("P<enter>")
            .sight("detail-failed", "rolled back"),
    ]
}
