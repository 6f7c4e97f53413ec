//! What policy finds, and what it cannot tell.

use lockstep::domain::policy::Severity;
use lockstep::engine::State;

use super::super::Script;
use super::super::checks::{unreadable, verdict, wrong};
use super::{Tale, tale};

/// At BLOCKER policy blocks.
fn policed(state: &mut State) {
    *state = state.clone().policed(Severity::Blocker);
}

pub(super) fn tales() -> Vec<Tale> {
    let tale = || tale().set_up(policed);
    vec![
        tale()
            .world(|script| script.judges(Ok(verdict(wrong()))))
            .sight("policy-board", "test")
            .press("1p")
            .read()
            .sight("policy-plan", "BLOCKER")
            .press("C<down>")
            .sight("checks", "BLOCKER")
            .press("<enter>")
            .sight("checks-finding", "ChangeDropColumnWarn")
            .turn(|story| story.script.judges(Ok(verdict(Vec::new()))))
            .press("<esc><f5>")
            .sight("checks-none", "12 checks"),
        tale().world(Script::ponders).press("C").sight("checks-loading", "checks of v1.4.0"),
        tale()
            .world(|script| script.judges(Err(unreadable())))
            .press("C")
            .sight("checks-failed", "cannot be read"),
        tale()
            .world(|script| script.judges(Ok(verdict(wrong()))))
            .press("C")
            .turn(|story| story.script.judges(Err(unreadable())))
            .press("<f5>")
            .sight("checks-stale", "old: policy cannot be read now")
            .press("/nowhere<enter>")
            .sight("checks-nothing", "Nothing matches"),
    ]
}
