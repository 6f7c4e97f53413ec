//! The way back: planned, read, confirmed with a name and a reason.

use crossterm::event::Event as Input;

use super::Story;

/// The plan for the way back of test, from the board.
async fn planned(width: u16, height: u16) -> Story {
    let mut story = Story::begin(width, height).await;
    story.press("2R").await.wait(600).await;
    story
}

#[tokio::test]
async fn the_way_back_shows_what_is_undone_in_which_order_and_why() {
    let mut story = planned(100, 30).await;
    story.shows("test back to v1.0.0");
    story.shows("v1.1.0 → v1.0.0");
    story.shows("? v1.0.0 may not run on the newer schema: v1.1.0 does not say which images run on it");
    story.shows("database, then app");
    story.shows("drop table categories;");
    story.press("o").await;
    story.shows("app only");
    story.shows("it cannot go back now");
    story.press("o").await;
    story.shows("database, then app");
    story.press("<left>").await;
    story.shows("v1.0.0 is the oldest release");
    story.press("<right>").await;
    story.shows("test back to v1.1.0");
    story.shows("test runs v1.1.0 already");
    story.press("<right>").await;
    story.shows("v1.1.0 is the newest that there is a way back to");
}

#[tokio::test]
async fn a_way_back_takes_the_name_and_a_reason_and_is_proven() {
    let mut story = planned(100, 30).await;
    story.press("R").await;
    story.shows("roll test back to v1.0.0");
    story.shows("read it first");
    story.press("too early").await.wait(600).await;
    story.hides("too early");
    story.press("orders fail, P1<enter>").await;
    story.shows("reason  orders fail, P1");
    story.press("R").await;
    story.shows("type test first");
    story.press("testR").await;
    story.shows("✔ test runs v1.0.0, proven");
    assert_eq!(story.script.mutations(), 2);
    story.press("<esc>").await;
    story.shows("4 PROD");
}

#[tokio::test]
async fn without_a_reason_nothing_goes_back_and_a_paste_is_only_text() {
    let mut story = planned(100, 30).await;
    story.press("R").await.wait(600).await.press("<enter>testR").await;
    story.shows("say why first");
    story.input(Input::Paste("orders\nfail\ntestR\n".to_owned())).await;
    story.shows("reason  orders fail testR");
    story.input(Input::Paste("R".to_owned())).await;
    story.press("<tab>").await.input(Input::Paste("R\n".to_owned())).await;
    assert_eq!(story.script.mutations(), 0);
    story.press("<esc>").await;
    story.shows("test back to v1.0.0");
    story.hides("tab goes back to it");
    story.hides("orders fail");
    assert_eq!(story.script.mutations(), 0);
}

#[tokio::test]
async fn a_dialog_puts_itself_away_when_the_plan_changes_underneath() {
    let mut story = planned(100, 30).await;
    story.press("R").await.wait(600).await.press("orders fail<tab>tes").await;
    story.script.runs(1, "v1.1.0", 12);
    story.wait(6_000).await;
    story.shows("nothing was done: the plan changed underneath");
    story.press("tR").await.wait(600).await;
    assert_eq!(story.script.mutations(), 0);
}
