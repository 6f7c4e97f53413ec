//! What people are asked, and what they say.

use lockstep::domain::journal::VoteWord;

use super::super::Backend;
use super::super::people::{ben_says, two_approvals};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    inbox().into_iter().chain(words()).collect()
}

fn inbox() -> Vec<Tale> {
    vec![
        tale()
            .press("a")
            .turn(|story| story.script.runs(3, "v1.1.0", 11))
            .refreshed()
            .sight("approvals-empty", "Nothing waits for approval"),
        tale()
            .unopened()
            .set_up(two_approvals)
            .press("a")
            .sight("approvals-loading", "Looking at the releases"),
        tale()
            .set_up(two_approvals)
            .world(|script| script.goes_down(Backend::Database))
            .press("a")
            .sight("approvals-unknown", "nobody can tell"),
        tale()
            .set_up(two_approvals)
            .world(|script| script.goes_down(Backend::Releases))
            .press("a")
            .sight("approvals-failed", "could not be read"),
        tale()
            .set_up(two_approvals)
            .turn(|story| ben_says(story, VoteWord::Request, "after the smoke test"))
            .turn(|story| ben_says(story, VoteWord::Approve, ""))
            .refreshed()
            .press("4a")
            .sight("approvals", "v1.1.0 to PROD")
            .press("<enter>")
            .read()
            .sight("approval-plan", "v1.1.0")
            .press("O")
            .read()
            .press("the shop is down<tab>pro")
            .above("override", "all the same")
            .press("<esc>")
            .turn(|story| story.script.runs(3, "v1.0.0", 10))
            .refreshed()
            .press("<esc>")
            .sight("approvals-lapsed", "has lapsed")
            .press("/nowhere<enter>")
            .sight("approvals-nothing", "Nothing matches"),
        tale()
            .set_up(two_approvals)
            .turn(|story| ben_says(story, VoteWord::Reject, "not before the sale"))
            .refreshed()
            .press("a")
            .sight("approvals-rejected", "v1.1.0 to PROD"),
    ]
}

/// What is asked of people, and what they ask for.
fn words() -> Vec<Tale> {
    vec![
        tale()
            .set_up(two_approvals)
            .press("a<enter>")
            .read()
            .press("a")
            .read()
            .press("read it twice")
            .above("approve", "approve v1.1.0 to prod")
            .press("<esc>x")
            .read()
            .above("reject", "reject v1.1.0")
            .press("<esc>r")
            .read()
            .above("ask", "v1.1.0")
            .press("<esc>B")
            .read()
            .above("bar", "v1.1.0"),
        tale()
            .press("s")
            .read()
            .press("orders fail")
            .above("stop", "stop the line")
            .press("<tab>Ss")
            .read()
            .above("resume", "let the line run again"),
    ]
}
