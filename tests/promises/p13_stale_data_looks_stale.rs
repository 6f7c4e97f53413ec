//! P13: what is old looks old, and the last good value stays.

use crate::console::{Backend, Story};

#[tokio::test]
async fn p13_whoever_cannot_be_asked_leaves_the_last_good_value_and_it_looks_stale() {
    for (backend, value, told) in [
        (Backend::Service, "v1.2.0", "could not ask the service of dev"),
        (Backend::Database, "14 + 4", "could not read the ledger of dev"),
        // That nobody answers is the news here; what ran there before is kept.
        (Backend::Health, "v1.2.0", "could not ask the health of dev"),
    ] {
        let mut story = Story::begin(100, 30).await;
        story.shows(value);
        story.hides("stale");
        story.script.goes_down(backend);
        // At the next look already, not only when the value has become old.
        story.wait(6_000).await;
        story.shows("stale, 6 s ago");
        story.shows(told);
        story.wait(84_000).await;
        story.shows("stale, 90 s ago");
        story.shows(value);
        story.shows("because connection refused");
        story.script.comes_back(backend);
        story.wait(6_000).await;
        story.hides("stale");
        story.shows(value);
    }
}

#[tokio::test]
async fn p13_an_answer_that_does_not_come_makes_what_is_shown_stale() {
    let mut story = Story::begin(100, 30).await;
    story.script.hang();
    story.wait(5_000).await;
    story.hides("stale");
    story.wait(85_000).await;
    for words in ["stale, 90 s ago", "v1.2.0", "14 + 4", "8 ms", "4 healthy"] {
        story.shows(words);
    }
}
