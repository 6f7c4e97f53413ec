//! Two schemas, held against each other.

use super::Story;

/// Staging has a column and a table that somebody made by hand.
async fn changed(width: u16, height: u16) -> Story {
    let mut story = Story::begin(width, height).await;
    story.script.adds_by_hand(2, "note");
    story.script.adds_by_hand(2, "gift");
    story.wait(6_000).await;
    story
}

#[tokio::test]
async fn what_one_environment_has_and_another_has_not_is_told_table_by_table() {
    let mut story = changed(100, 30).await;
    story.press("3D").await;
    story.shows("schema of staging, held against test");
    story.shows("◆ 2 differences");
    story.shows("+ column note  only in staging");
    story.shows("lockstep diff test staging");
    story.press("<left>").await;
    story.shows("held against dev");
    story.press("<right><right>").await;
    story.shows("held against prod");
    story.press("<right>").await;
    story.shows("held against prod");
    story.press("/gift<enter>").await;
    story.shows("1 of 1");
    // What a release brings is a difference like any other.
    story.press("<esc><esc>2D").await;
    story.shows("schema of test, held against dev");
    story.shows("- column 009-allergens  only in dev");
}

#[tokio::test]
async fn two_schemas_that_are_the_same_are_said_to_be_so() {
    let mut story = Story::begin(100, 30).await;
    story.press("3D").await;
    story.shows("✔ the same");
    story.shows("test and staging hold the same objects.");
}

#[tokio::test]
async fn a_schema_that_was_not_read_yet_or_cannot_be_read_is_said_so() {
    let mut story = Story::unopened(super::Script::new(), 100, 30, "dark");
    story.press("3D").await;
    story.shows("Reading the schema of test …");
    story.shows("Reading the schema of staging …");
    let mut story = Story::begin(100, 30).await;
    story.script.goes_down(super::Backend::Database);
    story.press("3D").await.wait(90_000).await;
    story.shows("What follows is what staging held when it was read last.");
    story.shows("✔ the same");
}
