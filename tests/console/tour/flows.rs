//! Flow files, and the flow that runs.

use lockstep::domain::step::StepKind;

use super::super::{Backend, Script};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().turn(|story| story.script.hang()).press("F").sight("flows-loading", "Looking into the folder"),
        tale().world(Script::forgets_flows).press("F").sight("flows-empty", "There is no flow file"),
        tale()
            .world(|script| script.goes_down(Backend::Flows))
            .press("F")
            .sight("flows-failed", "could not ask the flows"),
        tale()
            .press("F")
            .sight("flows", "flow")
            .turn(|story| story.script.hold_at(StepKind::Update))
            .press("<enter>")
            .sight("flow-running", "flows/check.yaml")
            .turn(|story| story.script.go_on())
            .sight("flow-failed", "ended with 4")
            .press("<esc>/nowhere<enter>")
            .sight("flows-nothing", "Nothing matches"),
        tale()
            .turn(|story| story.script.hold_at(StepKind::Update))
            .press("F<enter>")
            .turn(|story| story.script.hang())
            .press("XX")
            .sight("flow-stopping", "flows/check.yaml"),
        tale()
            .press("F<down><enter>")
            .read()
            .above("flow-asked", "run flows/deploy.yaml")
            .press("y")
            .sight("flow-done", "ended with 0"),
        tale().press("4F<down><enter>").read().press("prodP").sight("flow-refused", "was not run"),
    ]
}
