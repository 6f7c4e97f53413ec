//! What ran, what was said and done: and planning it again from there.

use super::{Deploys, Script, Story};

/// v1.2.0 went to test, v1.3.0 did not reach dev.
async fn lived(width: u16, height: u16) -> Story {
    let mut story = Story::begin(width, height).await;
    story.press("2p").await.wait(600).await.press("P").await.wait(21_000).await;
    story.script.deploys(Deploys::RollBack);
    story.press("1p<left>").await.wait(600).await.press("y").await.wait(5_000).await;
    story.script.deploys(Deploys::Well);
    story
}

#[tokio::test]
async fn what_ran_is_listed_newest_first_with_its_outcome() {
    let mut story = lived(100, 30).await;
    story.press("H").await;
    story.shows("2 runs · 1 proven · 1 not");
    story.shows("▸ ✖ dev");
    story.shows("✔ test");
    story.press("<down><enter>").await;
    story.shows("v1.2.0 to test  ✔ proven");
    story.shows("begun by    ana");
    story.shows("operation-report.html");
    story.shows("steps that changed something");
    story.press("<esc><esc>").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn a_failed_run_is_planned_again_from_the_history() {
    let mut story = lived(100, 30).await;
    story.press("Hr").await.wait(600).await;
    story.shows("v1.3.0 to dev");
    let before = story.script.mutations();
    story.press("y").await;
    story.shows("✔ dev runs v1.3.0, proven");
    assert!(story.script.mutations() > before);
}

#[tokio::test]
async fn the_way_back_to_what_ran_is_planned_and_what_is_none_says_why() {
    let mut story = lived(100, 30).await;
    story.press("HR").await;
    story.shows("v1.3.0 was not proven in dev, so nothing leads back to it");
    story.press("<down>R").await;
    story.shows("test runs v1.2.0: v1.2.0 is no way back from there");
    story.press("<esc>1p<left>").await.wait(600).await.press("y").await;
    story.press("2p").await.wait(600).await.press("P").await;
    story.shows("✔ test runs v1.3.0, proven");
    story.press("H/test v1.2.0<enter>R").await.wait(600).await;
    story.shows("test back to v1.2.0");
}

#[tokio::test]
async fn the_journal_tells_what_was_done_and_said_newest_last() {
    let mut story = lived(100, 40).await;
    story.press("sx<esc>J").await;
    story.shows("ana begins v1.2.0 to test");
    story.shows("v1.2.0 to test is proven");
    story.shows("v1.3.0 to dev ended: ");
    let screen = story.screen();
    let place = |words: &str| screen.find(words).unwrap();
    assert!(place("ana begins v1.2.0 to test") < place("ana begins v1.3.0 to dev"));
    story.press("J").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn without_a_run_both_say_so() {
    let mut story = Story::unopened(Script::new(), 100, 30, "dark");
    story.press("H").await;
    story.shows("Reading the journal");
    let mut story = Story::begin(100, 30).await;
    story.press("H").await;
    story.shows("Nothing has been promoted or rolled back yet");
    story.press("r").await;
    story.shows("nothing has run yet");
    story.press("J").await;
    story.shows("Nothing was said or done yet.");
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_said_above_what_was_read_last_and_goes_with_the_cause() {
    let mut story = lived(100, 30).await;
    story.breaks_the_journal();
    story.press("H<f5>").await;
    story.shows("the journal cannot be read");
    story.shows("That is what was read last.");
    story.shows("2 runs · 1 proven · 1 not");
    story.press("<esc>J").await;
    for (width, height) in [(80, 24), (100, 30), (200, 50)] {
        story.resize(width, height);
        story.shows("the journal cannot be read");
        story.shows("ana begins v1.3.0 to dev");
    }
}
