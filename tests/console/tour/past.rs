//! What ran, and what was said and done.

use super::super::Deploys;
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().unopened().press("H").sight("history-loading", "Reading the journal"),
        tale().unopened().press("J").sight("journal-loading", "Reading the journal"),
        tale().press("H").sight("history-empty", "Nothing has been promoted"),
        tale().press("J").sight("journal-empty", "Nothing was said or done yet"),
        tale()
            .press("2p")
            .read()
            .press("P")
            .wait(21_000)
            .turn(|story| story.script.deploys(Deploys::RollBack))
            .press("1p<left>")
            .read()
            .press("y")
            .wait(5_000)
            .turn(|story| story.script.deploys(Deploys::Well))
            .press("H")
            .sight("history", "2 runs")
            .press("<enter>")
            .sight("history-failed", "v1.3.0 to dev")
            .press("<esc><down><enter>")
            .sight("history-proven", "v1.2.0 to test")
            .press("J")
            .sight("journal", "journal and messages")
            .press("<esc><esc>/nowhere<enter>")
            .sight("history-nothing", "Nothing matches"),
    ]
}
