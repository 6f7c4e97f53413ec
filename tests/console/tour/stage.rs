//! What is shown to people who look on.

use lockstep::domain::step::StepKind;

use super::super::Deploys;
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().press("<f9>2").sight("stage", "v1.2.0"),
        tale()
            .world(|script| script.hold_at(StepKind::Update))
            .press("<f9>2p")
            .read()
            .press("P")
            .wait(3_000)
            .sight("stage-running", "promoting v1.2.0 to test"),
        tale()
            .world(|script| script.deploys(Deploys::RollBack))
            .press("<f9>2p")
            .read()
            .press("P")
            .sight("stage-failed", "v1.2.0 did not reach test"),
        tale().press("2<enter><f10>").sight("covered", "▒▒▒"),
    ]
}
