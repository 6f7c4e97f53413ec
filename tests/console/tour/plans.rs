//! Plans, forward and back, and what is asked before they are carried out.

use super::super::{Backend, Script};
use super::{Tale, tale};

pub(super) fn tales() -> Vec<Tale> {
    vec![
        tale().press("2p").sight("plan-unread", "v1.2.0").read().sight("plan", "v1.2.0"),
        tale().press("4p").read().press("pro").sight("plan-prod", "type prod to go on"),
        tale().press("2p<right>").sight("refused", "v1.3.0"),
        tale().turn(|story| story.script.hang()).press("2p").sight("plan-loading", "test"),
        tale().world(|script| script.goes_down(Backend::Releases)).press("2p").sight("plan-failed", "test"),
        tale().world(Script::forgets_releases).press("2p").sight("plan-no-releases", "test"),
        tale()
            .press("2p")
            .read()
            .turn(|story| story.script.runs(1, "v1.1.0", 12))
            .refreshed()
            .sight("plan-moved", "v1.2.0"),
        tale()
            .press("2R")
            .read()
            .sight("back", "test")
            .press("R")
            .wait(300)
            .above("back-unread", "read it first")
            .wait(300)
            .press("ベーグル orders fail since noon<tab>te")
            .above("back-typed", "orders fail"),
        tale().press("2Ro").read().sight("back-refused", "app only"),
        tale().press("4R").read().sight("back-none", "prod"),
    ]
}
