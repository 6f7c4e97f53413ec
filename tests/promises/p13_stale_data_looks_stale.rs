//! P13: what is old looks old, and the last good value stays.

use crate::console::{Backend, Story};

/// Where all rows of a column fit, where some are left out, and where an environment is one row.
const SIZES: [(u16, u16); 3] = [(100, 30), (80, 24), (70, 20)];

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
    for (width, height) in SIZES {
        let mut story = Story::begin(width, height).await;
        story.script.hang();
        story.wait(5_000).await;
        story.hides("stale");
        story.wait(85_000).await;
        for words in ["stale, 90 s ago", "v1.2.0", "14 + 4", "4 healthy"] {
            story.shows(words);
        }
        let screen = story.screen();
        assert_eq!(screen.matches("stale").count(), 4, "every environment says so:\n{screen}");
    }
}

#[tokio::test]
async fn p13_the_details_say_of_everything_how_old_it_is() {
    let mut story = Story::begin(100, 30).await;
    story.press("<enter>").await;
    story.shows("── 0 s ago");
    story.script.goes_down(Backend::Health);
    story.wait(6_000).await;
    let screen = story.screen();
    let line = |words: &str| screen.lines().find(|line| line.contains(words)).unwrap().to_owned();
    assert!(line("── health ─").ends_with("stale, 6 s ago \""), "{screen}");
    assert!(line("── service ─").ends_with("─ 0 s ago \""), "{screen}");
    story.script.hang();
    story.wait(90_000).await;
    assert_eq!(story.screen().matches("stale, 9").count(), 3, "{}", story.screen());
}
