//! The board: what is known of every environment, and what is not.

use lockstep::domain::journal::VoteWord;
use lockstep::engine::State;

use super::super::locks::{RUN, held, session};
use super::super::people::{ben_says, two_approvals};
use super::super::unknown::dies;
use super::super::{Backend, Script};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().unopened().sight("loading", "looking"),
        tale().world(Script::hang).sight("looking", "looking"),
        tale()
            .sight("board", "test")
            .press("2")
            .sight("board-test", "next for test")
            .press("4")
            .sight("board-prod", "PROD"),
        tale()
            .world(|script| (0..4).for_each(|index| script.runs(index, "v1.4.0", 18)))
            .sight("board-done", "Nothing is waiting"),
        tale().world(Script::forgets_releases).sight("board-no-releases", "test"),
        // What cannot be seen: never yet, not any more, for a long time.
        tale().world(|script| script.goes_down(Backend::Releases)).sight("board-releases-failed", "test"),
        tale().world(|script| script.goes_down(Backend::Database)).sight("board-never-seen", "unknown"),
        tale().world(|script| script.goes_down(Backend::Identity)).sight("nobody", "test"),
        tale()
            .turn(|story| story.script.goes_down(Backend::Database))
            .wait(90_000)
            .sight("database-down", "test"),
        tale()
            .turn(|story| story.script.goes_down(Backend::Health))
            .wait(90_000)
            .sight("health-down", "test"),
        tale()
            .turn(|story| story.script.goes_down(Backend::Service))
            .wait(90_000)
            .sight("service-down", "test"),
        tale().turn(|story| story.script.hang()).wait(90_000).sight("board-stale", "test"),
        // What somebody else does, or did.
        tale()
            .turn(|story| {
                story.script.adds_by_hand(2, "note");
                story.script.adds_by_hand(2, "gift");
            })
            .press("3")
            .refreshed()
            .sight("drifted", "drifted"),
        tale()
            .turn(|story| {
                dies(story);
                story.script.locked(1, held(vec![session(4_713, RUN)], vec![4_713]));
            })
            .refreshed()
            .refreshed()
            .press("2")
            .sight("elsewhere", "elsewhere"),
        tale().set_up(State::promote_automatically).wait(1_000).wait(1_000).sight("automatic", "test"),
        tale()
            .set_up(two_approvals)
            .turn(|story| ben_says(story, VoteWord::Request, "after the smoke test"))
            .turn(|story| ben_says(story, VoteWord::Approve, ""))
            .refreshed()
            .press("4")
            .sight("approval-board", "PROD"),
        tale().press("s").read().press("orders fail<tab>S").sight("stopped", "LINE STOPPED"),
    ]
}
